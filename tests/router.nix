# A model call through proxy and router to a provider, with a key from a credential; the key turns up nowhere else.
{
  name = "router";

  nodes.machine =
    { ... }:
    {
      imports = [
        ./provider.nix
        ../modules/ai-inference.nix
        ../modules/openai-proxy.nix
      ];
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
      services.openai-proxy = {
        enable = true;
        settings.aliases."gpt-*" = "local/small";
      };
    };

  testScript = ''
    import json

    body = json.dumps({"model": "gpt-5", "messages": [{"role": "user", "content": "ping"}]})
    ask = f"curl -sf -m 20 -H 'content-type: application/json' -d '{body}' http://127.0.0.1:3001/v1/chat/completions"

    machine.wait_for_unit("provider.service")
    machine.wait_for_unit("openai-proxy.service")
    with subtest("an OpenAI app is answered"):
        answer = json.loads(machine.wait_until_succeeds(ask, timeout=60))
        assert answer["choices"][0]["message"]["content"] == "pong", answer

    with subtest("the key is in no environment, no unit and no configuration"):
        machine.fail("grep -la sk-first-key /proc/[0-9]*/environ")
        machine.fail("systemctl show ai-inference.service | grep sk-first-key")
        machine.fail("grep -r sk-first-key /etc/switchyard/ /etc/systemd/system/")

    with subtest("a rotated key is used after a restart"):
        machine.succeed("printf sk-second-key > /run/keys/provider")
        machine.fail(ask)
        machine.succeed("systemctl restart ai-inference.service")
        machine.wait_until_succeeds(ask, timeout=60)

    with subtest("a missing key is named with option and file"):
        machine.succeed("rm /run/keys/provider")
        machine.execute("systemctl restart ai-inference.service")
        machine.wait_until_succeeds(
            "journalctl -u ai-inference.service | grep 'services.mcp-credentials.provider.path): /run/keys/provider does not exist'",
            timeout=60,
        )
  '';
}
