# Real MCP servers, each in units of its own: they work through the gateway, see nothing of each other, and end with it.
{
  name = "servers";

  nodes.machine =
    { lib, pkgs, ... }:
    {
      imports = [ ../modules/mcp-gateway.nix ];
      environment.systemPackages = [
        pkgs.nodejs_24
        pkgs.socat
        pkgs.switchyard
      ];
      environment.etc."connections.mjs".source = ./connections.mjs;
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
            # Four at a time, and those that systemd has not buried yet.
            maxConnections = 16;
          };
          memory = {
            command = lib.getExe' pkgs.switchyard-mcp-servers "mcp-server-memory";
            env.MEMORY_FILE_PATH = "/var/lib/mcp-memory/memory.jsonl";
            sandbox.stateDirectory = true;
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
    import json

    servers = ["files", "memory", "everything"]

    def main_pid(server: str) -> str:
        return machine.succeed(f"systemctl show -P MainPID 'mcp-{server}@*.service'").strip()

    def wait_ready() -> None:
        machine.wait_until_succeeds("curl -sf http://127.0.0.1:8085/health/ready | grep -q '\"status\":\"ready\"'", timeout=60)

    # in brackets, so that it does not find its own shell
    processes = "pgrep -f '[s]witchyard-mcp-servers'"

    def wait_for_nothing_of(*names: str) -> None:
        """No instance, not even a failed one, no process and no memory: of servers that nobody is connected to."""
        for server in names:
            machine.wait_until_succeeds(f"test -z \"$(systemctl list-units --all --plain --no-legend 'mcp-{server}@*')\"", timeout=120)
            unit = f"system-mcp\\x2d{server}.slice"
            path = machine.succeed(f"systemctl show -P ControlGroup '{unit}'").strip()
            assert path.endswith(f"/{unit}"), path
            machine.succeed(f"cd '/sys/fs/cgroup{path}'; grep -qx 'populated 0' cgroup.events; grep -qx 'nr_descendants 0' cgroup.stat")
            # there where the kernel counts memory by group
            machine.succeed(f"cd '/sys/fs/cgroup{path}'; test ! -e memory.stat || grep -qx 'anon 0' memory.stat")
            machine.succeed(f"systemctl is-active mcp-{server}.socket")

    machine.wait_for_unit("mcp-gateway.service")
    wait_ready()

    with subtest("the servers work"):
        text = machine.succeed("switchyard call files read_text_file '{\"path\": \"/srv/files/hello.txt\"}'")
        assert "hello from a file" in text, text
        machine.succeed("switchyard call memory create_entities '{\"entities\": [{\"name\": \"a\", \"entityType\": \"b\", \"observations\": [\"kept\"]}]}'")
        assert "kept" in machine.succeed("switchyard call memory read_graph '{}'")
        assert "sk-only-for-everything" in machine.succeed("switchyard call everything get-env '{}'")
        machine.wait_until_succeeds("systemctl status mcp-gateway.service | grep '3 servers: 3 ready'", timeout=30)

    with subtest("a server can not write what it may only read"):
        machine.fail("switchyard call files write_file '{\"path\": \"/srv/files/new.txt\", \"content\": \"x\"}'")
        machine.fail("test -e /srv/files/new.txt")

    with subtest("each has a user of its own, and no network"):
        users = {machine.succeed(f"stat -c %u /proc/{main_pid(server)}").strip() for server in servers}
        assert len(users) == 3 and "0" not in users, users
        for server in servers:
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
        wait_for_nothing_of(*servers)
        machine.fail(processes)
        accepted = int(machine.get_unit_property("mcp-files.socket", "NAccepted"))
        result = json.loads(machine.succeed("node /etc/connections.mjs /run/mcp/files.sock 1000 4"))
        assert result == {"answered": 1000, "failed": 0, "errors": {}}, result
        assert int(machine.get_unit_property("mcp-files.socket", "NAccepted")) == accepted + 1000
        wait_for_nothing_of("files")
        machine.fail(processes)
        machine.succeed("systemctl start mcp-gateway.socket mcp-gateway.service")
        wait_ready()

    with subtest("a killed gateway leaves no server behind"):
        machine.succeed(
            processes,
            "mkdir -p /run/systemd/system/mcp-gateway.service.d",
            "printf '[Service]\\nRestart=no\\n' > /run/systemd/system/mcp-gateway.service.d/once.conf",
            "systemctl daemon-reload",
            "systemctl kill --signal=KILL mcp-gateway.service",
        )
        wait_for_nothing_of(*servers)
        machine.fail(processes)
        failed = [line.split()[0] for line in machine.succeed("systemctl --failed --plain --no-legend").splitlines()]
        assert failed == ["mcp-gateway.service"], failed

    with subtest("and comes back with them"):
        machine.succeed("rm -r /run/systemd/system/mcp-gateway.service.d", "systemctl daemon-reload", "systemctl start mcp-gateway.service")
        wait_ready()
        old = [main_pid(server) for server in servers]
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
