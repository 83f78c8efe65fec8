# Real MCP servers, each in units of its own: they work through the gateway, see nothing of each other, and end with it.
{
  name = "servers";

  nodes.machine =
    { lib, pkgs, ... }:
    {
      imports = [ ../modules/mcp-gateway.nix ];
      environment.systemPackages = [
        pkgs.switchyard
        pkgs.socat
      ];
      systemd.tmpfiles.settings.servers = {
        "/srv/files".d.mode = "0755";
        "/srv/files/hello.txt".f = {
          mode = "0644";
          argument = "hello from a file";
        };
        "/run/keys/everything".f = {
          mode = "0400";
          argument = "sk-only-for-everything";
        };
      };
      services.mcp-credentials.everything.path = "/run/keys/everything";
      services.ai.mcpGateway = {
        enable = true;
        servers = {
          files = {
            command = lib.getExe' pkgs.switchyard-mcp-servers "mcp-server-filesystem";
            args = [ "/srv/files" ];
            sandbox.readPaths = [ "/srv/files" ];
          };
          memory = {
            command = lib.getExe' pkgs.switchyard-mcp-servers "mcp-server-memory";
            env.MEMORY_FILE_PATH = "/var/lib/mcp-memory/memory.jsonl";
            sandbox.stateDirectory = true;
          };
          # Not MCP: a program that answers each line, to count processes with. The gateway leaves it alone.
          echo = {
            command = lib.getExe' pkgs.coreutils "cat";
            settings.disabled = true;
            maxConnections = 64;
          };
          everything = {
            command = lib.getExe' pkgs.switchyard-mcp-servers "mcp-server-everything";
            args = [ "stdio" ];
            credentials.EVERYTHING_KEY = "everything";
          };
        };
      };
    };

  testScript = ''
    def main_pid(server: str) -> str:
        return machine.succeed(f"systemctl show -P MainPID 'mcp-{server}@*.service'").strip()

    def wait_ready() -> None:
        machine.wait_until_succeeds("curl -sf http://127.0.0.1:8085/health/ready | grep -q '\"status\":\"ready\"'", timeout=60)

    machine.wait_for_unit("mcp-gateway.service")
    wait_ready()

    with subtest("the servers work"):
        text = machine.succeed("switchyard call files read_text_file '{\"path\": \"/srv/files/hello.txt\"}'")
        assert "hello from a file" in text, text
        machine.succeed("switchyard call memory create_entities '{\"entities\": [{\"name\": \"a\", \"entityType\": \"b\", \"observations\": [\"kept\"]}]}'")
        assert "kept" in machine.succeed("switchyard call memory read_graph '{}'")
        assert "sk-only-for-everything" in machine.succeed("switchyard call everything get-env '{}'")
        machine.wait_until_succeeds("systemctl status mcp-gateway.service | grep '4 servers: 3 ready'", timeout=30)

    with subtest("a server can not write what it may only read"):
        machine.fail("switchyard call files write_file '{\"path\": \"/srv/files/new.txt\", \"content\": \"x\"}'")
        machine.fail("test -e /srv/files/new.txt")

    with subtest("each has a user of its own, and no network"):
        users = {machine.succeed(f"stat -c %u /proc/{main_pid(server)}").strip() for server in ["files", "memory", "everything"]}
        assert len(users) == 3 and "0" not in users, users
        for server in ["files", "memory", "everything"]:
            links = machine.succeed(f"nsenter -t {main_pid(server)} -n ip -o link")
            assert len(links.splitlines()) == 1 and "lo" in links, links

    with subtest("nobody but the gateway may open a socket, and only the server has its credential"):
        machine.fail("su -s /bin/sh nobody -c 'echo | socat -u - UNIX-CONNECT:/run/mcp/files.sock'")
        machine.fail("grep -la sk-only-for-everything $(ls -d /proc/[0-9]*/environ | grep -v /$(systemctl show -P MainPID 'mcp-everything@*.service')/)")
        gateway = machine.get_unit_property("mcp-gateway.service", "MainPID")
        machine.fail(f"grep -r sk-only /proc/{gateway}/root/run/credentials/mcp-gateway.service/ 2>/dev/null")
        for server in ["files", "memory"]:
            view = f"nsenter -t {main_pid(server)} -m -S $(stat -c %u /proc/{main_pid(server)})"
            machine.fail(f"{view} cat /run/keys/everything")
            machine.fail(f"{view} ls /var/lib/private/mcp-gateway")

    with subtest("the memory is kept when its server ends, and the others keep their process"):
        before = main_pid("files")
        machine.succeed("systemctl stop 'mcp-memory@*.service'")
        machine.wait_until_succeeds("switchyard call memory read_graph '{}' | grep kept", timeout=60)
        assert main_pid("files") == before

    with subtest("nothing is left of a thousand connections"):
        machine.succeed("systemctl stop mcp-gateway.service mcp-gateway.socket")
        machine.wait_until_fails("pgrep -f mcp-servers-0", timeout=60)
        machine.succeed("for i in $(seq 1000); do test \"$(echo $i | socat -t 30 - UNIX-CONNECT:/run/mcp/echo.sock)\" = $i || exit 1; done")
        machine.wait_until_succeeds("test -z \"$(systemctl list-units --no-legend --all 'mcp-echo@*.service')\"", timeout=120)
        machine.succeed("for i in $(seq 20); do socat -u /dev/null UNIX-CONNECT:/run/mcp/files.sock; done")
        machine.wait_until_fails("pgrep -f mcp-servers-0", timeout=120)
        machine.succeed("systemctl is-active mcp-files.socket mcp-echo.socket")
        machine.succeed("systemctl start mcp-gateway.socket mcp-gateway.service")
        wait_ready()

    with subtest("a killed gateway leaves no server behind"):
        old = [main_pid(server) for server in ["files", "memory", "everything"]]
        machine.succeed("systemctl kill --signal=KILL mcp-gateway.service")
        for pid in old:
            machine.wait_until_fails(f"test -e /proc/{pid}", timeout=60)
        wait_ready()

    with subtest("without its credential a server does not start, and says what is missing"):
        machine.succeed("rm /run/keys/everything", "systemctl stop 'mcp-everything@*.service'")
        machine.wait_until_succeeds(
            "journalctl -t mcp-everything | grep 'services.ai.mcpGateway.servers.everything.credentials.EVERYTHING_KEY'", timeout=60
        )
        machine.succeed("switchyard call files list_allowed_directories '{}'")
  '';
}
