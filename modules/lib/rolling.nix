# Rolling restarts: two instances of a daemon on one socket, and in place of its own unit one that hands over between them.
{
  lib,
  config,
  pkgs,
}:
let
  inherit (lib) types mkOption mkEnableOption;
  hardening = import ./hardening.nix;
  roll = pkgs.writeShellScript "roll" (builtins.readFile ./roll.sh);
  # Beyond what its streams may take, an instance has this long to end.
  marginSec = 30;
in
{
  options = what: {
    enable = mkEnableOption ''
      rolling restarts of ${what}: a second instance answers while the first one finishes its streams, so that a restart neither
      makes requests wait nor cuts long streams. Its units are then NAME@a.service and NAME@b.service; NAME.service hands over
      between them when it is restarted'';
    drainSec = mkOption {
      type = types.addCheck types.int (n: n >= 1 && n <= 86400) // {
        description = "seconds from 1 to 86400 (without `rolling.enable`, streams have 30)";
      };
      default = 900;
      example = 3600;
      description = "How long an instance that was replaced may finish its streams, in seconds; then they are cut.";
    };
  };

  # The units instead of `service`, the plain daemon's. `reloadTriggers` and `restartTriggers` of it are the hand-over's.
  services =
    {
      name,
      service,
      drainSec,
    }:
    let
      instance =
        letter:
        removeAttrs service [
          "reloadTriggers"
          "restartTriggers"
          "wantedBy"
        ]
        // {
          description = "${service.description} (instance ${letter})";
          # What changed is taken up by the instance that starts next.
          restartIfChanged = false;
          serviceConfig = service.serviceConfig // {
            User = name;
            ExecStart = "${service.serviceConfig.ExecStart} --drain-limit-ms ${toString (drainSec * 1000)}";
            # All that can fail comes before the other one is told to stop.
            ExecStartPre = lib.toList (service.serviceConfig.ExecStartPre or [ ]) ++ [
              "${service.serviceConfig.ExecStart} --check-config"
              "+${roll} take-over ${name} ${letter}"
            ];
            TimeoutStopSec = drainSec + marginSec;
          };
        };
      instances = {
        "${name}@a" = instance "a";
        "${name}@b" = instance "b";
      };
    in
    instances
    // {
      ${name} = {
        inherit (service)
          after
          documentation
          reloadTriggers
          startLimitIntervalSec
          stopIfChanged
          ;
        description = "${service.description} (hands over between its instances)";
        wantedBy = [ "multi-user.target" ];
        wants = [ "${name}.socket" ];
        # Whatever else is changed in an instance's unit, by whomever.
        restartTriggers = service.restartTriggers ++ [
          (builtins.hashString "sha256" (
            builtins.toJSON { inherit (config.systemd.services."${name}@a") environment serviceConfig; }
          ))
        ];
        serviceConfig = hardening.handOver // {
          Type = "oneshot";
          RemainAfterExit = true;
          NotifyAccess = "all";
          ExecStart = "${roll} start ${name}";
          ExecReload = "${roll} reload ${name}";
          ExecStop = "${roll} stop ${name}";
          # It may have to wait for an instance that still finishes.
          TimeoutStartSec = drainSec + 2 * marginSec + service.serviceConfig.TimeoutStartSec;
          TimeoutStopSec = drainSec + 2 * marginSec;
        };
      };
    };
}
