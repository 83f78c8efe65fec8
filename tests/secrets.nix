# The same for every provider of secrets: a daemon and a server get their secret and nobody else does; a new one is taken up
# while the router goes on answering.
{
  name,
  modules,
  rotate ? "",
}:
{
  name = "secrets-${name}";

  nodes.machine =
    { lib, pkgs, ... }:
    {
      imports = modules ++ [
        ./provider.nix
        ../modules/ai-inference.nix
        ../modules/mcp-gateway.nix
      ];
      environment.systemPackages = [
        pkgs.nodejs_24
        pkgs.socat
      ];
      environment.etc."load.mjs".source = ./load.mjs;
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
      # Answers every connection with its variable.
      services.ai.mcpGateway = {
        enable = true;
        servers.echo = {
          command = lib.getExe' pkgs.coreutils "printenv";
          args = [ "ECHO_KEY" ];
          credentials.ECHO_KEY = "echo";
          settings.disabled = true;
        };
      };
    };

  testScript = ''
    import json

    body = json.dumps({"model": "local/small", "messages": [{"role": "user", "content": "ping"}]})
    url = "http://127.0.0.1:8765/v1/chat/completions"
    ask = f"curl -sf -m 20 -H 'content-type: application/json' -d '{body}' {url}"
    read = "socat -t 10 - UNIX-CONNECT:/run/mcp/echo.sock < /dev/null"

    machine.wait_for_unit("multi-user.target")
    with subtest("the daemon has its key"):
        machine.wait_until_succeeds(ask, timeout=90)

    with subtest("the server has its key"):
        assert "sk-only-for-echo" in machine.wait_until_succeeds(read, timeout=30)

    with subtest("the keys are nowhere else"):
        machine.fail("grep -la -e sk-first-key -e sk-only-for-echo /proc/[0-9]*/environ")
        machine.fail("systemctl show ai-inference.service mcp-gateway.service mcp-echo@.service | grep -e sk-first-key -e sk-only")
        gateway = machine.get_unit_property("mcp-gateway.service", "MainPID")
        user = f"nsenter -t {gateway} -m -S $(stat -c %u /proc/{gateway})"
        machine.fail(f"{user} grep -rs sk-only-for-echo /run/credentials /run/agenix /run/secrets /var/lib/opnix /etc/credstore.encrypted")
  ''
  + (
    if rotate == "" then
      ""
    else
      ''
        with subtest("a new key is taken up, and the router answers all the while"):
            machine.succeed("(node /etc/load.mjs http://127.0.0.1:8765/health/live \"\" /tmp/stop > /tmp/result; touch /tmp/done) >&2 &")
            ${builtins.replaceStrings [ "\n" ] [ "\n    " ] rotate}
            machine.succeed("printf sk-second-key > /run/keys/provider")
            machine.wait_until_succeeds(ask, timeout=60)
            machine.wait_until_succeeds(f"{read} | grep sk-second-for-echo", timeout=60)
            machine.succeed("touch /tmp/stop")
            machine.wait_for_file("/tmp/done", timeout=60)
            result = json.loads(machine.succeed("cat /tmp/result"))
            assert result["failed"] == 0 and result["ok"] > 10, result
      ''
  );
}
