# Twenty restarts of each daemon under 50 requests a second over kept-alive connections: none fails.
{
  name = "restart";

  nodes.machine =
    { lib, pkgs, ... }:
    {
      imports = [
        ./provider.nix
        ../modules/ai-inference.nix
        ../modules/mcp-gateway.nix
        ../modules/openai-proxy.nix
      ];
      environment.systemPackages = [ pkgs.nodejs_24 ];
      environment.etc."load.mjs".source = ./load.mjs;
      services.mcp-credentials.provider.path = "/run/keys/provider";
      services.ai-inference = {
        enable = true;
        settings = {
          discoverProviders = false;
          providers.local = {
            type = "openai-compatible";
            baseUrl = "http://127.0.0.1:9000/v1";
            apiKey = "\${credential:provider}";
          };
        };
      };
      services.openai-proxy.enable = true;
      services.ai.mcpGateway = {
        enable = true;
        servers.memory = {
          command = lib.getExe' pkgs.switchyard-mcp-servers "mcp-server-memory";
          env.MEMORY_FILE_PATH = "/var/lib/mcp-memory/memory.jsonl";
          sandbox.stateDirectory = true;
        };
      };
    };

  testScript = ''
    import json

    ask = json.dumps({"model": "local/small", "messages": [{"role": "user", "content": "ping"}]})
    targets = {
        "mcp-gateway": ("http://127.0.0.1:8085/api/tools/memory/read_graph", "{}"),
        "ai-inference": ("http://127.0.0.1:8765/v1/chat/completions", ask),
        "openai-proxy": ("http://127.0.0.1:3001/v1/chat/completions", ask),
    }
    for daemon in [*targets, "provider"]:
        machine.wait_for_unit(f"{daemon}.service")

    for daemon, (url, body) in targets.items():
        with subtest(daemon):
            machine.wait_until_succeeds(f"curl -sf -m 20 -H 'content-type: application/json' -d '{body}' {url}", timeout=60)
            machine.succeed(f"rm -f /tmp/stop /tmp/result; : > /tmp/answered; (node /etc/load.mjs {url} '{body}' /tmp/stop /tmp/answered > /tmp/result; touch /tmp/done-{daemon}) >&2 &")
            for restarts in range(1, 21):
                machine.succeed(f"systemctl restart {daemon}.service")
                machine.succeed(f"until [ $(wc -c < /tmp/answered) -ge {15 * restarts} ]; do sleep 0.05; done", timeout=60)
            machine.succeed("touch /tmp/stop")
            machine.wait_for_file(f"/tmp/done-{daemon}", timeout=60)
            result = json.loads(machine.succeed("cat /tmp/result"))
            machine.log(f"{daemon}: {result}")
            assert result["failed"] == 0 and result["ok"] >= 300, result
  '';
}
