# The gateway in the tailnet: served when the machine is in it and not before, undone on stop, never served at a port that is no
# longer declared. There is no tailnet in a test, so `tailscale` and `tailscaled` are stand-ins, which know what the unit needs:
# whether somebody has logged in (/var/lib/tailscale/logged-in), what is served (/var/lib/tailscale/serve/PORT, kept like the
# real one's over restarts), and the real one's errors. What reaches the gateway is what the proxy of `tailscale serve` sends.
let
  node =
    port:
    { pkgs, ... }:
    let
      tailscale = pkgs.writeShellScriptBin "tailscale" ''
        set -eu
        serve=/var/lib/tailscale/serve
        running() { [ -e /run/tailscale ]; }
        fail() { echo "$1" >&2; exit 1; }
        echo "$*" >> /var/lib/tailscale/calls
        case "$*" in
          wait)
            until running && [ -e /var/lib/tailscale/logged-in ]; do sleep 0.2; done ;;
          "serve --bg --https="*" http"*)
            running || fail "failed to connect to local tailscaled; it doesn't appear to be running"
            [ -e /var/lib/tailscale/logged-in ] || fail "error: netMap is nil"
            mkdir -p $serve
            echo "$4" > "$serve/''${3#*=}" ;;
          "serve --https="*" off")
            running || fail "failed to connect to local tailscaled; it doesn't appear to be running"
            rm "$serve/''${2#*=}" || fail "error: failed to remove web serve: handler does not exist" ;;
          *) fail "tailscale: $*: the stand-in does not know this" ;;
        esac
      '';
    in
    {
      imports = [ ../modules/mcp-gateway.nix ];
      services.tailscale = {
        enable = true;
        package = tailscale;
      };
      systemd.services.tailscaled = {
        wantedBy = [ "multi-user.target" ];
        serviceConfig = {
          ExecStart = "${pkgs.coreutils}/bin/sleep infinity";
          Restart = "on-failure";
          RuntimeDirectory = "tailscale";
          StateDirectory = "tailscale";
        };
      };
      systemd.tmpfiles.settings.laptop."/run/keys/laptop".f = {
        mode = "0400";
        argument = "a-token-of-more-than-twenty-characters";
      };
      services.mcp-credentials.laptop.path = "/run/keys/laptop";
      services.ai.mcpGateway = {
        enable = true;
        tokens.laptop.class = "read";
        pwa.tailnetDomain = "tail1234.ts.net";
        tailscaleServe = {
          enable = true;
          inherit port;
        };
      };
    };
in
{
  name = "tailnet";

  nodes.server = node 8448;
  # What another port makes of it; it is never started.
  nodes.changed = node 8449;

  testScript =
    { nodes, ... }:
    ''
      unit = "mcp-gateway-tailnet.service"

      def served() -> str:
          return server.succeed("cd /var/lib/tailscale; if [ -d serve ]; then cd serve; grep -r . || true; fi").strip()

      def wait_served(port: int) -> None:
          server.wait_until_succeeds(f"grep -qx http://127.0.0.1:8085 /var/lib/tailscale/serve/{port}", timeout=60)
          server.wait_until_succeeds(f"systemctl show -P SubState {unit} | grep -qx exited", timeout=60)
          assert served() == f"{port}:http://127.0.0.1:8085", served()

      def calls() -> str:
          return server.succeed("cat /var/lib/tailscale/calls")

      def through_tailnet(port: int, more: str = "") -> str:
          head = f"-H 'host: server.tail1234.ts.net:{port}' -H 'x-forwarded-for: 100.64.0.2' -H 'x-forwarded-proto: https' {more}"
          return server.succeed(f"curl -s -m 20 -o /dev/null -w '%{{http_code}}' {head} $(cat /var/lib/tailscale/serve/{port})/api/servers")

      with subtest("while nobody has logged in, the machine is up and nothing is served"):
          server.wait_for_unit("multi-user.target")
          server.wait_until_succeeds("grep -qx wait /var/lib/tailscale/calls", timeout=60)
          server.succeed(f"systemctl stop {unit}", f"systemctl start {unit}")
          assert server.get_unit_property(unit, "SubState") == "running"
          server.wait_until_succeeds(f"journalctl -u {unit} | grep 'tailscale up'", timeout=60)
          assert "serve" not in calls(), calls()
          assert server.succeed(f"systemd-analyze verify {unit} 2>&1") == ""

      with subtest("then it is, and the gateway knows the name it is called by, and wants a token"):
          server.succeed("touch /var/lib/tailscale/logged-in")
          wait_served(8448)
          assert through_tailnet(8448) == "401"
          assert through_tailnet(8448, "-H 'authorization: Bearer a-token-of-more-than-twenty-characters'") == "200"

      with subtest("a restart of the gateway is no matter of the tailnet"):
          before = calls()
          server.succeed("systemctl restart mcp-gateway.service", "systemctl restart mcp-gateway.socket mcp-gateway.service")
          assert through_tailnet(8448) == "401"
          assert calls() == before, calls()

      with subtest("it follows tailscaled: restarted, stopped and started, killed"):
          server.succeed("systemctl restart tailscaled.service")
          wait_served(8448)
          server.succeed("systemctl stop tailscaled.service")
          assert served() == "", served()
          assert server.get_unit_property(unit, "ActiveState") == "inactive"
          server.succeed("systemctl start tailscaled.service")
          wait_served(8448)
          count = calls().count("--bg")
          server.succeed("systemctl kill --signal=KILL tailscaled.service")
          server.wait_until_succeeds(f"test $(grep -c -- --bg /var/lib/tailscale/calls) -gt {count}", timeout=60)
          wait_served(8448)

      with subtest("another port, as a switch brings it: the old one is off"):
          server.succeed(
              f"systemctl stop {unit}",
              "mkdir -p /etc/systemd/system.control",
              f"cp ${nodes.changed.system.build.toplevel}/etc/systemd/system/{unit} /etc/systemd/system.control/",
              "systemctl daemon-reload",
              f"systemctl start {unit}",
          )
          wait_served(8449)

      with subtest("another port after a power cut: so too"):
          server.succeed("rm -r /etc/systemd/system.control", "sync")
          server.crash()
          server.start()
          wait_served(8448)

      with subtest("stopped, nothing is served"):
          server.succeed(f"systemctl stop {unit}")
          assert served() == "", served()
          server.succeed("test -z \"$(systemctl --failed --no-legend)\"")
    '';
}
