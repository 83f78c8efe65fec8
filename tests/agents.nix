# What each agent can and cannot read or write, as a matrix; and its configuration, which is replaced only while nobody changed it.
{
  name = "agents";

  nodes.machine =
    { pkgs, ... }:
    {
      imports = [ ../modules/mcp-agents.nix ];
      environment.systemPackages = [ pkgs.switchyard ];
      services.ai.mcpGateway = {
        enable = true;
        servers.everything.command = "${pkgs.switchyard-mcp-servers}/bin/mcp-server-everything";
      };
      users.users.alice.isNormalUser = true;
      users.users.carol = {
        isNormalUser = true;
        home = "/home/carol";
      };
      systemd.tmpfiles.settings.test = {
        "/srv/projects".d.mode = "0755";
        "/etc/nixos".d.mode = "0755";
        "/run/keys/token".f = {
          mode = "0440";
          group = "agent-beta";
          argument = "swy_not_a_real_token";
        };
      };
      kernelcore.ml.mcp = {
        enable = true;
        agents = {
          alpha.servers.own = {
            command = "/run/current-system/sw/bin/true";
            env.LEVEL = "1";
          };
          beta = {
            projectRoot = "/srv/projects/beta";
            tokenFile = "/run/keys/token";
          };
          codex.package = null;
          gemini-cli.package = null;
          carol = {
            user = "carol";
            createUser = false;
            home = "/home/carol";
          };
        };
      };
    };

  testScript = ''
    import json

    agents = {
        "agent-alpha": ("/var/lib/mcp-agents/alpha", "/var/lib/mcp-agents/alpha/workspace", "/var/lib/mcp-agents/alpha/.config/mcp/mcp.json"),
        "agent-beta": ("/var/lib/mcp-agents/beta", "/srv/projects/beta", "/var/lib/mcp-agents/beta/.config/mcp/mcp.json"),
        "agent-codex": ("/var/lib/mcp-agents/codex", "/var/lib/mcp-agents/codex/workspace", "/var/lib/mcp-agents/codex/.codex/config.toml"),
        "agent-gemini-cli": ("/var/lib/mcp-agents/gemini-cli", "/var/lib/mcp-agents/gemini-cli/workspace", "/var/lib/mcp-agents/gemini-cli/.gemini/settings.json"),
        "carol": ("/home/carol", "/home/carol/workspace", "/home/carol/.config/mcp/mcp.json"),
    }

    def can(user: str, test: str) -> bool:
        status, _ = machine.execute(f"setpriv --reuid={user} --regid=$(id -g {user}) --init-groups sh -c {json.dumps(test)}")
        return status == 0

    for name in ["alpha", "beta", "codex", "gemini-cli", "carol"]:
        machine.wait_for_unit(f"mcp-agent-{name}.service")
    machine.wait_for_unit("mcp-gateway.service")

    with subtest("files and their modes"):
        for user, (home, root, config) in agents.items():
            group = machine.succeed(f"id -gn {user}").strip()
            assert machine.succeed(f"stat -c '%a %U %G' {config}").split() == ["640", user, group], config
            assert machine.succeed(f"stat -c '%a %U' {root}").split() == ["750", user], root
            assert "mcp-shared" in machine.succeed(f"id -Gn {user}").split()
        assert machine.succeed("stat -c '%a %U %G' /var/lib/mcp-shared").split() == ["2770", "root", "mcp-shared"]

    with subtest("the matrix"):
        for user, (home, root, config) in agents.items():
            machine.succeed(f"echo secret > {root}/plan; chown {user} {root}/plan; chmod 640 {root}/plan")
        failures = []
        def expect(user: str, what: str, test: str, wanted: bool) -> None:
            if can(user, test) != wanted:
                failures.append(f"{user} {'cannot' if wanted else 'can'} {what}")
        for user in [*agents, "alice"]:
            for other, (home, root, config) in agents.items():
                own = user == other
                expect(user, f"read the workspace of {other}", f"cat {root}/plan", own)
                expect(user, f"list the workspace of {other}", f"ls {root}", own)
                expect(user, f"write to the workspace of {other}", f"touch {root}/by-{user}", own)
                expect(user, f"read the configuration of {other}", f"cat {config}", own)
                expect(user, f"write the configuration of {other}", f"test -w {config}", own)
                expect(user, f"write to the home of {other}", f"touch {home}/by-{user}", own)
            agent = user in agents
            expect(user, "write to the shared folder", f"umask 077; echo {user} > /var/lib/mcp-shared/{user}", agent)
            expect(user, "use the gateway", "curl -sf http://127.0.0.1:8085/health/ready", True)
            for folder in ["/etc/nixos", "/", "/var/lib", "/srv/projects", "/etc/switchyard", "/run/mcp-gateway"]:
                expect(user, f"write to {folder}", f"touch {folder}/by-{user}", False)
            expect(user, "read the gateway's state", "ls /var/lib/mcp-gateway/ /var/lib/private/mcp-gateway/", False)
            expect(user, "read the token of beta", "cat /run/keys/token", user == "agent-beta")
            expect(user, "signal the gateway", "kill -0 $(systemctl show -P MainPID mcp-gateway)", False)
        for user in agents:
            for other in agents:
                expect(user, f"read what {other} shares", f"cat /var/lib/mcp-shared/{other}", True)
                expect(user, f"write what {other} shares", f"echo {user} >> /var/lib/mcp-shared/{other}", True)
        expect("alice", "read what agents share", "ls /var/lib/mcp-shared", False)
        assert failures == [], failures

    with subtest("what the configurations say"):
        alpha = json.loads(machine.succeed(f"cat {agents['agent-alpha'][2]}"))["mcpServers"]
        assert alpha["switchyard"] == {"type": "http", "url": "http://127.0.0.1:8085/mcp"}, alpha
        assert alpha["own"]["env"] == {"LEVEL": "1", "PROJECT_ROOT": agents["agent-alpha"][1]}, alpha
        beta = json.loads(machine.succeed(f"cat {agents['agent-beta'][2]}"))["mcpServers"]["switchyard"]
        assert beta["args"] == ["connect", "--url", "http://127.0.0.1:8085/mcp", "--token-file", "/run/keys/token"], beta
        assert "not_a_real" not in machine.succeed("cat /var/lib/mcp-agents/*/.config/mcp/mcp.json")
        gemini = json.loads(machine.succeed(f"cat {agents['agent-gemini-cli'][2]}"))
        assert gemini["mcpServers"]["switchyard"] == {"httpUrl": "http://127.0.0.1:8085/mcp"}, gemini
        assert 'url = "http://127.0.0.1:8085/mcp"' in machine.succeed(f"cat {agents['agent-codex'][2]}")

    with subtest("only what is ours is replaced"):
        config = agents["agent-alpha"][2]
        before = machine.succeed(f"cat {config}")
        machine.succeed(f"rm {config}; systemctl restart mcp-agent-alpha")
        assert machine.succeed(f"cat {config}") == before, "a file that is gone is written"
        machine.succeed(f"echo '{{\"mcpServers\":{{}}}}' > {config}; systemctl restart mcp-agent-alpha")
        assert json.loads(machine.succeed(f"cat {config}")) == {"mcpServers": {}}, "a changed file stays"
        machine.wait_until_succeeds("journalctl -u mcp-agent-alpha | grep 'changed by hand'", timeout=60)
        record = f"{agents['agent-alpha'][0]}/.local/state/switchyard/mcp-configuration.sha256"
        machine.succeed(f"sha256sum < {config} > {record}; systemctl restart mcp-agent-alpha")
        assert machine.succeed(f"cat {config}") == before, "one as it was written last is replaced"
        machine.succeed(f"rm {config}; mkdir {config}")
        machine.fail("systemctl restart mcp-agent-alpha")
        machine.succeed(f"test -d {config}")
  '';
}
