# The gateway inside the tailnet, by `tailscale serve`.
{ config, lib, ... }:
let
  inherit (lib) types mkOption mkEnableOption;
  cfg = config.services.ai.mcpGateway;
  option = "services.ai.mcpGateway";
  port = toString cfg.tailscaleServe.port;
  address = "http://127.0.0.1:${toString (cfg.settings.listen.port or cfg.port)}";
in
{
  options.services.ai.mcpGateway.tailscaleServe = {
    enable = mkOption {
      type = types.bool;
      default = false;
      example = true;
      description = ''
        Whether to have the gateway inside the tailnet, over HTTPS (`tailscale serve`), as soon as somebody has logged this
        machine in. Callers there need a token (`tokens`), and the gateway has to know by which name they call it: this
        machine's in `pwa.tailnetDomain`, or `settings.allowedHosts`.
      '';
    };
    port = mkOption {
      type = types.port;
      default = 8448;
      description = "Port in the tailnet.";
    };
  };

  config = lib.mkIf (cfg.enable && cfg.role == "server" && cfg.tailscaleServe.enable) {
    assertions = [
      {
        assertion = config.services.tailscale.enable;
        message = "${option}.tailscaleServe.enable needs the tailnet: set services.tailscale.enable = true.";
      }
      {
        assertion = (cfg.settings.allowedHosts or [ ]) != [ ];
        message = "${option}.tailscaleServe.enable: the gateway refuses names that it does not know, and so every request from the tailnet; set ${option}.pwa.tailnetDomain, such as \"tail1234.ts.net\", or ${option}.settings.allowedHosts.";
      }
    ];

    services.ai.mcpGateway.settings.allowedHosts = lib.mkIf (cfg.pwa.tailnetDomain != null) [
      (lib.toLower "${config.networking.hostName}.${cfg.pwa.tailnetDomain}")
    ];

    systemd.services.mcp-gateway-tailnet = {
      description = "MCP gateway in the tailnet";
      # By tailscaled as well, which takes this unit down with it and may come back alone.
      wantedBy = [
        "multi-user.target"
        "tailscaled.service"
      ];
      after = [
        "mcp-gateway.socket"
        "tailscaled.service"
      ];
      bindsTo = [ "tailscaled.service" ];
      path = [ config.services.tailscale.package ];
      # It starts as often as tailscaled does.
      startLimitIntervalSec = 0;
      serviceConfig = {
        # Not oneshot: neither the boot nor a switch shall wait until somebody has logged in.
        Type = "exec";
        RemainAfterExit = true;
        Restart = "on-failure";
        RestartSec = 10;
        StateDirectory = "mcp-gateway-tailnet";
      };
      # tailscaled keeps what it serves. So does `served`, because there may be no time to undo it: after a power cut the port
      # of before is still served when another one is declared.
      script = ''
        echo "serves ${address} at port ${port} once this machine is in its tailnet (tailscale up)"
        tailscale wait
        served=$STATE_DIRECTORY/served
        if [ -e "$served" ] && [ "$(cat "$served")" != ${port} ]; then
          tailscale serve --https="$(cat "$served")" off || true
        fi
        echo ${port} > "$served"
        tailscale serve --bg --https=${port} ${address}
      '';
      preStop = ''
        if [ -e "$STATE_DIRECTORY/served" ]; then
          tailscale serve --https=${port} off
          rm "$STATE_DIRECTORY/served"
        fi
      '';
    };
  };
}
