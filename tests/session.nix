# A server in the session of a user, and the desktop entry, by home-manager.
{ module }:
{
  name = "session";

  nodes.machine =
    { lib, pkgs, ... }:
    {
      imports = [ module ];
      environment.systemPackages = [ pkgs.socat ];
      users.users.alice = {
        isNormalUser = true;
        linger = true;
        uid = 1000;
      };
      home-manager.useGlobalPkgs = true;
      home-manager.users.alice = {
        imports = [ ../home ];
        home.stateVersion = "26.05";
        manual.manpages.enable = false;
        programs.man.enable = false;
        services.ai.mcpGateway = {
          pwa = {
            enable = true;
            host = "box";
            tailnetDomain = "tail1234.ts.net";
          };
          agents = {
            claude-code = { };
            codex = { };
          };
          servers.echo.command = lib.getExe' pkgs.coreutils "cat";
          servers.locked = {
            command = lib.getExe' pkgs.coreutils "printenv";
            args = [ "KEY" ];
            credentialFiles.KEY = "/home/alice/key";
          };
        };
      };
    };

  testScript = ''
    import json

    machine.wait_for_unit("home-manager-alice.service")
    with subtest("the desktop entry"):
        entry = machine.succeed("cat \"$(find -L /home/alice/ /etc/profiles -name mcp-gateway.desktop -print -quit 2>/dev/null)\"")
        assert "Name=MCP Gateway" in entry and "StartupWMClass=chrome-box.tail1234.ts.net__-Default" in entry, entry
        machine.succeed("grep -q svg /home/alice/.local/share/icons/hicolor/scalable/apps/mcp-gateway.svg")

    with subtest("the files of agents"):
        claude = json.loads(machine.succeed("cat /home/alice/.claude.json"))
        assert claude["mcpServers"]["switchyard"]["url"] == "http://127.0.0.1:8085/mcp", claude
        machine.succeed("grep -F 'http://127.0.0.1:8085/mcp' /home/alice/.codex/config.toml")

    with subtest("a server of the session"):
        machine.wait_for_unit("default.target", "alice")
        machine.succeed("systemctl --user -M alice@ start mcp-echo.socket mcp-locked.socket || su alice -c 'XDG_RUNTIME_DIR=/run/user/1000 systemctl --user start mcp-echo.socket mcp-locked.socket'")
        connect = "socat -t 10 - UNIX-CONNECT:/run/user/1000/mcp/"
        assert machine.succeed(f"echo hello | {connect}echo.sock").strip() == "hello"
        assert machine.succeed(f"{connect}locked.sock < /dev/null").strip() == ""
        machine.succeed("echo sk-of-alice > /home/alice/key", "chown alice /home/alice/key")
        assert machine.succeed(f"{connect}locked.sock < /dev/null").strip() == "sk-of-alice"
  '';
}
