# What is declared is there after a boot: ready, with a sentence that helps, listening where it should and nowhere else.
{
  name = "boot";

  nodes.machine = {
    imports = [
      ../modules/ai-inference.nix
      ../modules/mcp-gateway.nix
      ../modules/openai-proxy.nix
    ];
    services.ai-inference.enable = true;
    services.openai-proxy.enable = true;
    services.ai.mcpGateway.enable = true;
  };

  testScript = ''
    daemons = {"mcp-gateway": 8085, "ai-inference": 8765, "openai-proxy": 3001}

    for daemon, port in daemons.items():
        with subtest(f"{daemon} is ready and says so"):
            machine.wait_for_unit(f"{daemon}.service")
            machine.wait_until_succeeds(f"curl -sf http://127.0.0.1:{port}/health/live", timeout=30)
            status = machine.succeed(f"systemctl status {daemon}.service")
            assert 'Status: "' in status, status
            assert machine.get_unit_property(f"{daemon}.service", "WatchdogUSec") == "30s"
            if daemon != "mcp-gateway":
                # what may be left of rolling restarts
                assert f"{daemon}@a.service" in machine.get_unit_property(f"{daemon}.service", "Conflicts")

        with subtest(f"{daemon} listens on loopback only"):
            machine.fail(f"curl -sf -m 2 http://$(hostname):{port}/health/live")

        with subtest(f"{daemon} takes up its configuration again"):
            before = machine.get_unit_property(f"{daemon}.service", "MainPID")
            machine.succeed(f"systemctl reload {daemon}.service")
            assert machine.get_unit_property(f"{daemon}.service", "MainPID") == before

        with subtest(f"{daemon} comes back when it hangs or dies"):
            machine.succeed(f"systemctl kill --signal=KILL {daemon}.service")
            machine.wait_until_succeeds(f"curl -sf -m 5 http://127.0.0.1:{port}/health/live", timeout=30)
            assert machine.get_unit_property(f"{daemon}.service", "MainPID") != before

    machine.succeed("test -z \"$(systemctl --failed --no-legend)\"")
  '';
}
