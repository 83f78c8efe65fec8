# Rolling restarts of router and proxy: while an instance finishes its streams the other one answers, and never do both.
{
  name = "rolling";

  nodes.machine =
    { pkgs, ... }:
    {
      imports = [
        ./provider.nix
        ../modules/ai-inference.nix
        ../modules/openai-proxy.nix
      ];
      environment.systemPackages = [ pkgs.nodejs_24 ];
      # Its streams are to last longer than the router when the machine goes down.
      systemd.services.provider.before = [
        "ai-inference@a.service"
        "ai-inference@b.service"
      ];
      environment.etc."load.mjs".source = ./load.mjs;
      services.mcp-credentials.provider.path = "/run/keys/provider";
      services.ai-inference = {
        enable = true;
        rolling.enable = true;
        settings = {
          discoverProviders = false;
          providers.local = {
            type = "openai-compatible";
            baseUrl = "http://127.0.0.1:9000/v1";
            apiKey = "\${credential:provider}";
          };
          # Sums of these are exact.
          prices."local/*" = [
            {
              inputUsd = 15625;
              outputUsd = 15625;
            }
          ];
          budgets = [
            {
              period = "month";
              limitUsd = 1000000;
            }
          ];
        };
      };
      services.openai-proxy = {
        enable = true;
        rolling = {
          enable = true;
          drainSec = 600;
        };
      };
    };

  testScript = ''
    import json
    import shlex

    ports = {"ai-inference": 8765, "openai-proxy": 3001}
    asked = 0

    def post(port: int, words: str, stream: bool) -> str:
        body = json.dumps({"model": "local/small", "stream": stream, "messages": [{"role": "user", "content": words}]})
        return f"curl -sSf -N -H 'content-type: application/json' -d {shlex.quote(body)} http://127.0.0.1:{port}/v1/chat/completions"

    def ask(port: int) -> None:
        global asked
        asked += 1
        answer = json.loads(machine.succeed(f"{post(port, 'ping', False)} -m 20"))
        assert answer["choices"][0]["message"]["content"] == "pong", answer

    def open_stream(daemon: str, name: str) -> None:
        global asked
        asked += 1
        machine.succeed(f"({post(ports[daemon], name, True)} > /tmp/{name}; echo $? > /tmp/{name}.over) >&2 &")
        machine.wait_until_succeeds(f"grep -q more /tmp/{name}", timeout=60)

    def release(*names: str) -> None:
        for name in names:
            machine.fail(f"test -e /tmp/{name}.over")
            machine.succeed(f"touch /run/provider-release/{name}")
            machine.wait_for_file(f"/tmp/{name}.over", timeout=60)
            machine.succeed(f"grep -qx 0 /tmp/{name}.over", f"grep -q 'the end of {name}' /tmp/{name}", f"grep -q '^data: .DONE.' /tmp/{name}")

    def show(unit: str, name: str) -> str:
        return machine.succeed(f"systemctl show -P {name} '{unit}.service'").strip()

    def states(daemon: str) -> tuple[str, str]:
        return (show(f"{daemon}@a", "ActiveState"), show(f"{daemon}@b", "ActiveState"))

    def wait_for_state(unit: str, state: str) -> None:
        machine.wait_until_succeeds(f"systemctl show -P ActiveState {unit}.service | grep -qx {state}", timeout=100)

    def answered_since(count: int) -> None:
        """Waits for answers to the load, of both daemons, that were asked for after this."""
        for daemon in ports:
            machine.succeed(f"now=$(wc -c < /tmp/answered-{daemon}); until [ $(wc -c < /tmp/answered-{daemon}) -ge $((now + {count})) ]; do sleep 0.05; done", timeout=60)

    def start_load() -> None:
        for daemon, port in ports.items():
            body = json.dumps({"model": "local/small", "messages": [{"role": "user", "content": "ping"}]})
            machine.succeed(f"rm -f /tmp/stop /tmp/done-{daemon}; : > /tmp/answered-{daemon}")
            machine.succeed(f"(node /etc/load.mjs http://127.0.0.1:{port}/v1/chat/completions '{body}' /tmp/stop /tmp/answered-{daemon} > /tmp/result-{daemon}; touch /tmp/done-{daemon}) >&2 &")

    def end_load(fewest: int) -> None:
        global asked
        machine.succeed("touch /tmp/stop")
        for daemon in ports:
            machine.wait_for_file(f"/tmp/done-{daemon}", timeout=60)
            result = json.loads(machine.succeed(f"cat /tmp/result-{daemon}"))
            machine.log(f"{daemon}: {result}")
            assert result["failed"] == 0 and result["ok"] >= fewest, result
            asked += result["ok"]

    machine.succeed("mkdir -p /run/provider-release")
    for unit in ["provider", *ports]:
        machine.wait_for_unit(f"{unit}.service")

    with subtest("one instance runs after boot, and the unit says which"):
        for daemon, port in ports.items():
            assert states(daemon) == ("active", "inactive"), states(daemon)
            assert f'Status: "{daemon}@a.service answers' in machine.succeed(f"systemctl status {daemon}.service")
            machine.wait_until_succeeds(f"curl -sf http://127.0.0.1:{port}/health/live", timeout=30)

    with subtest("the units are in order, and as closed as before"):
        for daemon, most in {"ai-inference": 11, "openai-proxy": 9}.items():
            units = [f"{daemon}.socket", f"{daemon}.service", f"{daemon}@a.service", f"{daemon}@b.service"]
            assert machine.succeed(f"systemd-analyze verify {' '.join(units)} 2>&1") == ""
            machine.succeed(f"systemd-analyze security --threshold={most} {daemon}@a.service {daemon}@b.service")
            machine.succeed(f"systemd-analyze security --threshold=9 {daemon}.service")

    start_load()
    answered_since(20)

    with subtest("the other instance answers while the streams of the first one go on"):
        first = {daemon: show(f"{daemon}@a", "MainPID") for daemon in ports}
        open_stream("ai-inference", "routed-1")
        open_stream("openai-proxy", "proxied-1")
        machine.succeed("systemctl restart ai-inference.service openai-proxy.service")
        for daemon, port in ports.items():
            assert states(daemon) == ("deactivating", "active"), states(daemon)
            assert show(f"{daemon}@a", "MainPID") == first[daemon]
            assert show(f"{daemon}@a", "StatusText").startswith("draining"), show(f"{daemon}@a", "StatusText")
            ask(port)
        answered_since(50)
        machine.fail("test -e /tmp/routed-1.over || test -e /tmp/proxied-1.over")

    with subtest("one more restart waits for them, and nobody waits for it"):
        open_stream("ai-inference", "routed-2")
        open_stream("openai-proxy", "proxied-2")
        machine.succeed("systemctl restart --no-block ai-inference.service openai-proxy.service")
        for daemon in ports:
            machine.wait_until_succeeds(f"systemctl show -P StatusText {daemon}.service | grep -q 'waits until {daemon}@a.service has finished'", timeout=60)
        answered_since(50)
        # longer than the watchdog's time, and than a plain restart would let them be
        machine.wait_until_succeeds("[ $(grep -c more /tmp/routed-1) -ge 150 ] && [ $(grep -c more /tmp/proxied-1) -ge 150 ]", timeout=100)
        for daemon in ports:
            assert states(daemon) == ("deactivating", "active"), states(daemon)
        release("routed-1", "proxied-1")
        for daemon in ports:
            wait_for_state(f"{daemon}@a", "active")
            wait_for_state(f"{daemon}@b", "deactivating")
            assert show(f"{daemon}@a", "MainPID") != first[daemon]
        answered_since(50)
        machine.fail("test -e /tmp/routed-2.over || test -e /tmp/proxied-2.over")

    with subtest("and a third one"):
        open_stream("ai-inference", "routed-3")
        open_stream("openai-proxy", "proxied-3")
        release("routed-2", "proxied-2")
        machine.succeed("systemctl restart ai-inference.service openai-proxy.service")
        answered_since(50)
        release("routed-3", "proxied-3")
        for daemon in ports:
            wait_for_state(f"{daemon}@a", "inactive")
            assert states(daemon) == ("inactive", "active"), states(daemon)

    with subtest("many in a row"):
        for _ in range(6):
            machine.succeed("systemctl restart ai-inference.service openai-proxy.service")
        answered_since(50)
        for daemon in ports:
            wait_for_state(f"{daemon}@a", "inactive")

    with subtest("traffic does not start the instance that is gone"):
        running = {daemon: show(f"{daemon}@b", "MainPID") for daemon in ports}
        answered_since(100)
        for daemon in ports:
            assert states(daemon) == ("inactive", "active"), states(daemon)
            assert show(f"{daemon}@b", "MainPID") == running[daemon]

    with subtest("no request has failed, and what they cost is counted once"):
        end_load(300)
        usage = json.loads(machine.wait_until_succeeds("curl -sf http://127.0.0.1:8765/v1/usage", timeout=60))
        assert usage["total"]["attempts"] == asked, (usage, asked)
        [budget] = usage["budgets"]
        assert budget["spentUsd"] == usage["total"]["costUsd"] and budget["reservedUsd"] == 0, usage

    with subtest("another configuration, as a switch brings it"):
        old, pid = "/etc/switchyard/ai-inference.json", show("ai-inference@b", "MainPID")
        machine.succeed(f"cp $(readlink -f {old}) /tmp/new.json", "chmod 644 /tmp/new.json")
        machine.succeed("sed -i 's/\"limitUsd\": *1000000/\"limitUsd\": 2000000/; 1s/{/{\"aliases\":{\"fast\":\"local\\/small\"},/' /tmp/new.json", f"mv -T /tmp/new.json {old}")
        machine.succeed("systemctl reload ai-inference.service")
        assert show("ai-inference@b", "MainPID") == pid
        machine.succeed("curl -sf http://127.0.0.1:8765/v1/models | grep -q fast")
        machine.succeed("systemctl restart ai-inference.service")
        assert show("ai-inference@a", "ActiveState") == "active"
        assert json.loads(machine.succeed("curl -sf http://127.0.0.1:8765/v1/usage"))["budgets"][0]["limitUsd"] == 2000000
        wait_for_state("ai-inference@b", "inactive")

    with subtest("what cannot start is said, and the instance that runs goes on"):
        pid = show("ai-inference@a", "MainPID")
        machine.succeed(f"cp {old} /tmp/good.json", f"echo '{{\"provders\":{{}}}}' > {old}")
        machine.fail("systemctl restart ai-inference.service")
        machine.wait_until_succeeds("journalctl -u ai-inference.service | grep 'ai-inference@b.service did not start, and ai-inference@a.service goes on as before'", timeout=60)
        machine.succeed("journalctl -u ai-inference@b.service | grep 'did you mean \"providers\"'")
        assert show("ai-inference@a", "MainPID") == pid
        assert states("ai-inference") == ("active", "inactive"), states("ai-inference")
        ask(8765)
        machine.succeed(f"cp /tmp/good.json {old}", "mv /run/keys/provider /run/keys/away")
        machine.fail("systemctl restart ai-inference.service")
        machine.wait_until_succeeds("journalctl -u ai-inference@b.service | grep 'services.mcp-credentials.provider.path): /run/keys/provider does not exist'", timeout=60)
        assert show("ai-inference@a", "MainPID") == pid
        machine.succeed("mv /run/keys/away /run/keys/provider", "systemctl restart ai-inference.service")
        assert show("ai-inference@b", "ActiveState") == "active"

    with subtest("stopping it stops both; traffic starts one"):
        for daemon, port in ports.items():
            machine.succeed(f"systemctl stop {daemon}.service")
            assert states(daemon) == ("inactive", "inactive"), states(daemon)
        ask(3001)
        for daemon in ports:
            assert states(daemon) == ("active", "inactive"), states(daemon)
            machine.succeed(f"systemctl restart {daemon}.service")
            assert show(f"{daemon}@b", "ActiveState") == "active"
        ask(3001)

    with subtest("turned off and on again under load, as a switch does it"):
        start_load()
        answered_since(20)
        plain = "/etc/systemd/system.control"
        machine.succeed(f"mkdir {plain}")
        machine.succeed(f"sed '/take-over/d; s/ --drain-limit-ms [0-9]*//; s/^.Unit.$/&\\nConflicts=ai-inference@a.service ai-inference@b.service/' /etc/systemd/system/ai-inference@a.service > {plain}/ai-inference.service")
        machine.succeed(f"sed '/^Service=/d' /etc/systemd/system/ai-inference.socket > {plain}/ai-inference.socket")
        # units that are no more are stopped first; traffic starts one of them again
        machine.succeed("systemctl stop ai-inference@a.service ai-inference@b.service")
        answered_since(20)
        machine.succeed("systemctl daemon-reload", "systemctl restart ai-inference.service")
        answered_since(20)
        pid = show("ai-inference", "MainPID")
        assert pid != "0"
        wait_for_state("ai-inference@a", "inactive")
        wait_for_state("ai-inference@b", "inactive")
        answered_since(20)
        assert states("ai-inference") == ("inactive", "inactive"), states("ai-inference")
        open_stream("ai-inference", "routed-4")
        machine.succeed(f"rm -r {plain}", "systemctl daemon-reload", "systemctl restart --no-block ai-inference.service")
        wait_for_state("ai-inference", "deactivating")
        # the plain daemon still has its network
        machine.succeed("now=$(grep -c more /tmp/routed-4); until [ $(grep -c more /tmp/routed-4) -ge $((now + 8)) ]; do sleep 0.1; done", timeout=60)
        release("routed-4")
        answered_since(20)
        machine.fail(f"test -e /proc/{pid}")
        assert states("ai-inference") == ("active", "inactive"), states("ai-inference")
        end_load(80)

    machine.succeed("test -z \"$(systemctl --failed --no-legend)\"")

    with subtest("a machine that goes down does not wait for streams as long as an instance may"):
        open_stream("ai-inference", "routed-5")
        machine.succeed("systemctl restart ai-inference.service")
        machine.succeed("systemctl poweroff --no-block")
        machine.wait_for_shutdown()
  '';
}
