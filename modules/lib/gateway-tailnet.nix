# The gateway inside the tailnet, by `tailscale serve`.
{ config, lib, ... }:
let
  inherit (lib) types mkOption mkEnableOption;
  cfg = config.services.ai.mcpGateway;
  option = "services.ai.mcpGateway";
in
{
  options.services.ai.mcpGateway.tailscaleServe = {
    enable = mkEnableOption "the gateway inside the tailnet, over HTTPS (`tailscale serve`)";
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
    ];
    systemd.services.mcp-gateway-tailnet = {
      description = "MCP gateway in the tailnet";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [
        "mcp-gateway.socket"
        "network-online.target"
        "tailscaled.service"
      ];
      bindsTo = [ "tailscaled.service" ];
      path = [ config.services.tailscale.package ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        TimeoutStartSec = "infinity";
        Restart = "on-failure";
        RestartSec = 10;
      };
      # The tailnet may need somebody to log in first, however long that takes.
      script = ''
        tailscale wait --timeout=0 2>/dev/null || until tailscale status --peers=false >/dev/null 2>&1; do sleep 2; done
        tailscale serve --bg --https=${toString cfg.tailscaleServe.port} http://127.0.0.1:${toString cfg.port}
      '';
      preStop = "tailscale serve --https=${toString cfg.tailscaleServe.port} off";
    };
  };
}
