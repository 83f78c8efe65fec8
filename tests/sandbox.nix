# What a server is given beyond nothing: a folder it may write to with others, addresses it may reach, and no more than that.
{
  name = "sandbox";

  nodes.machine =
    { lib, pkgs, ... }:
    {
      imports = [
        ./provider.nix
        ../modules/mcp-gateway.nix
      ];
      environment.systemPackages = [
        pkgs.socat
        pkgs.switchyard
      ];
      users.groups.team = { };
      users.users.alice = {
        isNormalUser = true;
        extraGroups = [ "team" ];
      };
      systemd.tmpfiles.settings.team = {
        "/srv/team".d = {
          mode = "2770";
          group = "team";
        };
        "/srv/other".d.mode = "0777";
        "/home/alice/notes".d = {
          mode = "0755";
          user = "alice";
        };
        "/home/alice/notes/a.txt".f = {
          mode = "0644";
          user = "alice";
          argument = "a note";
        };
      };
      services.ai.mcpGateway = {
        enable = true;
        servers =
          let
            # Not MCP: answers a connection with the status line of the provider, or with nothing.
            fetch = sandbox: {
              command = lib.getExe pkgs.curl;
              args = [
                "-s"
                "-m"
                "3"
                "-o"
                "/dev/null"
                "-w"
                "%{http_code}\\n"
                "http://127.0.0.1:9000/v1/models"
              ];
              settings.disabled = true;
              inherit sandbox;
            };
          in
          {
            team = {
              command = lib.getExe' pkgs.switchyard-mcp-servers "mcp-server-filesystem";
              args = [
                "/srv"
                "/home/alice"
              ];
              sandbox = {
                readPaths = [ "/home/alice/notes" ];
                writePaths = [ "/srv/team" ];
                groups = [ "team" ];
              };
            };
            without = fetch { };
            local = fetch {
              network = true;
              allowedAddresses = [ "localhost" ];
            };
            elsewhere = fetch {
              network = true;
              allowedAddresses = [ "192.0.2.0/24" ];
            };
          };
      };
    };

  testScript = ''
    def write(path: str) -> str:
        return f"switchyard call team write_file '{{\"path\": \"{path}\", \"content\": \"x\"}}'"

    machine.wait_for_unit("mcp-gateway.service")
    machine.wait_until_succeeds("curl -sf http://127.0.0.1:8085/health/ready | grep -q '\"status\":\"ready\"'", timeout=60)

    with subtest("it writes where it may, for the group, and nowhere else"):
        machine.succeed(write("/srv/team/new.txt"))
        machine.succeed("su alice -c 'cat /srv/team/new.txt'")
        machine.execute(write("/srv/other/new.txt"))
        machine.fail("test -e /srv/other/new.txt")

    with subtest("of homes it sees what it is shown, read-only"):
        assert "a note" in machine.succeed("switchyard call team read_text_file '{\"path\": \"/home/alice/notes/a.txt\"}'")
        assert ".bash" not in machine.succeed("switchyard call team list_directory '{\"path\": \"/home/alice\"}'")
        machine.execute(write("/home/alice/notes/new.txt"))
        machine.fail("test -e /home/alice/notes/new.txt")

    with subtest("it reaches the addresses it was given"):
        def fetch(server: str) -> str:
            return machine.succeed(f"socat -t 10 - UNIX-CONNECT:/run/mcp/{server}.sock < /dev/null || true").strip()

        assert fetch("local") == "401", fetch("local")
        assert fetch("elsewhere") == "000"
        assert fetch("without") == "000"
  '';
}
