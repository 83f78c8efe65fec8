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
        # In the store they stand only where this test put them: as the provider's own key and in the stand-in for a vault.
        closure = "$(nix-store -qR /run/current-system 2>/dev/null || ls -d /nix/store/*)"
        kinds = "--include='*.json' --include='*.service' --include='*.socket' --include='*.conf' --include='*.sh'"
        found = machine.succeed(f"grep -rlsa -e sk-first-key-of -e sk-only-for-echo {kinds} {closure} || true").split()
        leaks = [file for file in found if not file.endswith(("/tmpfiles.d/provider.conf", "-fake-vault.json"))]
        assert leaks == [], leaks
        machine.fail(f"{user} grep -rs sk-only-for-echo /run/credentials /run/agenix /run/secrets /var/lib/opnix /etc/credstore.encrypted")
  ''
  + (
    if rotate == "" then
      ""
    else
      ''
        with subtest("a new key is taken up, and every model call is answered all the while"):
            # As providers do it: both keys are good until the old one is taken away.
            machine.succeed("printf 'sk-first-key-of-the-test\\nsk-second-key\\n' > /run/keys/provider")
            machine.succeed("rm -f /tmp/stop; : > /tmp/answered")
            machine.succeed(f"(node /etc/load.mjs {url} '{body}' /tmp/stop /tmp/answered > /tmp/result; touch /tmp/done) >&2 &")
            machine.wait_until_succeeds("test $(wc -c < /tmp/answered) -ge 20", timeout=60)
            ${builtins.replaceStrings [ "\n" ] [ "\n    " ] rotate}
            machine.wait_until_succeeds("grep -qx sk-second-key /run/provider-key", timeout=90)
            machine.succeed("printf sk-second-key > /run/keys/provider")
            more = int(machine.succeed("wc -c < /tmp/answered")) + 20
            machine.wait_until_succeeds(f"test $(wc -c < /tmp/answered) -ge {more}", timeout=60)
            machine.wait_until_succeeds(f"{read} | grep sk-second-for-echo", timeout=60)
            machine.succeed("touch /tmp/stop")
            machine.wait_for_file("/tmp/done", timeout=60)
            result = json.loads(machine.succeed("cat /tmp/result"))
            machine.log(f"rotation: {result}")
            assert result["failed"] == 0 and result["ok"] >= 40, result
      ''
  );
}
