# A changed server is replaced alone: the gateway and the other servers keep their process, and no call fails meanwhile.
{
  name = "change";

  nodes.machine =
    { lib, pkgs, ... }:
    let
      memory = folder: {
        command = lib.getExe' pkgs.switchyard-mcp-servers "mcp-server-memory";
        env.MEMORY_FILE_PATH = "/var/lib/mcp-${folder}/memory.jsonl";
        sandbox.stateDirectory = true;
      };
    in
    {
      imports = [ ../modules/mcp-gateway.nix ];
      environment.systemPackages = [ pkgs.nodejs_24 ];
      environment.etc."load.mjs".source = ./load.mjs;
      services.ai.mcpGateway = {
        enable = true;
        servers.one = memory "one";
        servers.two = memory "two";
      };
    };

  testScript = ''
    import json

    def pid(unit: str) -> str:
        return machine.succeed(f"systemctl show -P MainPID '{unit}'").strip()

    machine.wait_for_unit("mcp-gateway.service")
    for server in ["one", "two"]:
        machine.wait_until_succeeds(f"curl -sf -H 'content-type: application/json' -d '{{}}' http://127.0.0.1:8085/api/tools/{server}/read_graph", timeout=60)
    gateway, one, two = pid("mcp-gateway.service"), pid("mcp-one@*.service"), pid("mcp-two@*.service")

    with subtest("what a switch does: new configuration, reload"):
        machine.succeed("(node /etc/load.mjs http://127.0.0.1:8085/api/tools/two/read_graph '{}' /tmp/stop /tmp/answered > /tmp/result; touch /tmp/done) >&2 &")
        machine.succeed("until [ $(cat /tmp/answered 2>/dev/null | wc -c) -ge 10 ]; do sleep 0.05; done", timeout=60)
        # another fingerprint, as a changed unit of "one" would have
        machine.succeed(
            "cp --remove-destination $(readlink -f /etc/switchyard/mcp-gateway.json) /tmp/new.json",
            "chmod 644 /tmp/new.json",
            "sed -i '/\"one\"/,/}/s/\"version\": \"[0-9a-f]*/\"version\": \"changed/' /tmp/new.json",
            "grep -q changed /tmp/new.json",
            "mv -T /tmp/new.json /etc/switchyard/mcp-gateway.json",
            "systemctl reload mcp-gateway.service",
        )
        machine.wait_until_succeeds(f"! test -e /proc/{one}", timeout=60)
        machine.wait_until_succeeds("curl -sf -H 'content-type: application/json' -d '{}' http://127.0.0.1:8085/api/tools/one/read_graph", timeout=60)
        # As many again after the change.
        machine.succeed("before=$(wc -c < /tmp/answered); until [ $(wc -c < /tmp/answered) -ge $((before + 10)) ]; do sleep 0.05; done", timeout=60)
        machine.succeed("touch /tmp/stop")
        machine.wait_for_file("/tmp/done", timeout=60)

    with subtest("only that server is another process, and the others' calls went on"):
        assert pid("mcp-one@*.service") != one
        assert pid("mcp-two@*.service") == two
        assert pid("mcp-gateway.service") == gateway
        result = json.loads(machine.succeed("cat /tmp/result"))
        assert result["failed"] == 0 and result["ok"] >= 20, result
  '';
}
