# The files of a user's agents, from one declaration: written, kept in step, and left alone where the user has edited them.
{
  name = "user-agents";

  nodes.machine =
    { ... }:
    {
      imports = [ ../modules/mcp-configuration.nix ];
      users.users.alice.isNormalUser = true;
      systemd.tmpfiles.settings.agents = {
        "/home/alice/.codex".d = {
          mode = "0755";
          user = "alice";
        };
        "/home/alice/.codex/config.toml".f = {
          mode = "0644";
          user = "alice";
          argument = "model = 'mine' # and a comment";
        };
      };
      services.mcp-configuration = {
        enable = true;
        user = "alice";
        tokenFile = "/run/keys/token";
        manageGlobalSettings = true;
        agents = {
          claude-code = { };
          codex = { };
          zed = { };
        };
      };
    };

  testScript = ''
    import json

    def entries(path: str, key: str) -> dict:
        return json.loads(machine.succeed(f"cat /home/alice/{path}"))[key]

    machine.wait_for_unit("mcp-configuration.service")
    with subtest("each in its own way"):
        claude = entries(".claude.json", "mcpServers")["switchyard"]
        zed = entries(".config/zed/settings.json", "context_servers")["switchyard"]
        for entry in [claude, zed]:
            assert entry["command"] == "/run/current-system/sw/bin/switchyard", entry
            assert "/run/keys/token" in json.dumps(entry) and "connect" in json.dumps(entry), entry
        codex = machine.succeed("cat /home/alice/.codex/config.toml")
        assert codex.startswith("model = 'mine' # and a comment\n") and "[mcp_servers.switchyard]" in codex, codex
        assert machine.succeed("stat -c %U /home/alice/.claude.json").strip() == "alice"
        assert entries(".config/mcp/mcp.json", "mcpServers")["switchyard"]["url"] == "http://127.0.0.1:8085/mcp"

    with subtest("a second run changes nothing"):
        before = machine.succeed("sha256sum /home/alice/.claude.json /home/alice/.codex/config.toml /home/alice/.config/zed/settings.json")
        machine.succeed("systemctl restart mcp-configuration.service")
        assert machine.succeed("sha256sum /home/alice/.claude.json /home/alice/.codex/config.toml /home/alice/.config/zed/settings.json") == before
        machine.wait_until_succeeds("journalctl -u mcp-configuration | grep 'up to date'", timeout=60)

    with subtest("an entry of the user stays"):
        machine.succeed("sed -i 's#/run/keys/token#/home/alice/token#' /home/alice/.claude.json")
        machine.succeed("systemctl restart mcp-configuration.service")
        assert "/home/alice/token" in json.dumps(entries(".claude.json", "mcpServers")["switchyard"])
  '';
}
