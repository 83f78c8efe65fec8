# The units of one daemon: a socket that outlives it, so that a restart fails no request, and a hardened service.
{
  lib,
  config,
  pkgs,
}:
let
  hardening = import ./hardening.nix;
  secrets = import ./credentials.nix { inherit lib config; };
  rollingUnits = import ./rolling.nix { inherit lib config pkgs; };
  format = pkgs.formats.json { };
  loopback = [
    "127.0.0.1"
    "::1"
    "localhost"
  ];
in
{
  inherit loopback;
  rollingOptions = rollingUnits.options;

  # `optionPath` is where its options are, for messages; `credentialPaths` are the files that its own option names.
  make =
    {
      name,
      description,
      package,
      optionPath,
      settings,
      host,
      port,
      openFirewall,
      credentialPaths,
      serviceConfig ? { },
      # Where references may stand; less than `settings` where these are made of what the references lead to.
      refersIn ? settings,
      # { enable, drainSec }, see rolling.nix.
      rolling ? {
        enable = false;
      },
      # Settings that the running daemon takes over when it is reloaded; a change of others restarts it.
      reloadable ? [ ],
    }:
    let
      names = lib.unique (lib.attrNames credentialPaths ++ secrets.referencesIn refersIn);
      credentials = secrets.resolve names credentialPaths;
      isLoopback = lib.elem host loopback;
      # Unknown and wrong settings are found here, when the system is built.
      checked =
        pkgs.runCommand "${name}.json"
          {
            file = format.generate "${name}-unchecked.json" settings;
          }
          ''
            ln -s "$file" ${name}.json
            ${lib.getExe package} --config ${name}.json --check-config || {
              echo '${optionPath}.settings: the lines above say what is wrong with it' >&2
              exit 1
            }
            cp "$file" $out
          '';
      service = {
        inherit description;
        documentation = [ "https://modelcontextprotocol.io" ];
        wantedBy = [ "multi-user.target" ];
        requires = [ "${name}.socket" ];
        after = [
          "${name}.socket"
          "network.target"
        ];
        # A start limit would end the socket as well.
        startLimitIntervalSec = 0;
        stopIfChanged = false;
        reloadTriggers = [ checked ];
        restartTriggers = [
          (builtins.hashString "sha256" (builtins.toJSON (removeAttrs settings reloadable)))
        ]
        ++ secrets.versions credentials;
        serviceConfig =
          hardening.daemon
          // secrets.serviceConfig credentials
          // {
            Type = "notify-reload";
            NotifyAccess = "main";
            # The way to systemd without any native code.
            OpenFile = "/run/systemd/notify:notify";
            ExecStart = "${lib.getExe package} --config /etc/switchyard/${name}.json";
            Sockets = "${name}.socket";
            WatchdogSec = 30;
            TimeoutStartSec = 60;
            TimeoutStopSec = 90;
            KillMode = "mixed";
            Restart = "on-failure";
            RestartSec = 1;
            RestartSteps = 5;
            RestartMaxDelaySec = 60;
            # Wrong flags and wrong settings do not mend themselves.
            RestartPreventExitStatus = [
              64
              78
            ];
            MemoryMax = lib.mkDefault "2G";
            TasksMax = lib.mkDefault 128;
          }
          // lib.optionalAttrs (credentials != { }) {
            ExecStartPre = pkgs.writeShellScript "${name}-credentials" (
              secrets.check (name': "${optionPath}.credentials.${name'}") credentials
            );
          }
          // serviceConfig;
      };
      address = if lib.hasInfix ":" host then "[${host}]" else if host == "localhost" then "127.0.0.1" else host;
    in
    {
      assertions = secrets.missing "${optionPath}.credentials" (secrets.referencesIn refersIn) credentialPaths ++ [
        {
          assertion = openFirewall -> !isLoopback;
          message = "${optionPath}.openFirewall opens a port that only listens on ${host}: set ${optionPath}.settings.listen.host to an address others can reach, or leave openFirewall off.";
        }
      ];

      services.mcp-credential-users = lib.genAttrs (lib.filter (one: !(credentialPaths ? ${one})) names) (_: [
        "${name}.service"
      ]);

      environment.etc."switchyard/${name}.json".source = checked;
      networking.firewall.allowedTCPPorts = lib.mkIf openFirewall [ port ];

      systemd.sockets.${name} = {
        description = "${description} (socket)";
        wantedBy = [ "sockets.target" ];
        listenStreams = [ "${address}:${toString port}" ];
        socketConfig = {
          FileDescriptorName = "http";
          Backlog = 4096;
        }
        // lib.optionalAttrs rolling.enable {
          # Traffic starts it when there is no instance at all.
          Service = "${name}@a.service";
        }
        # Here and not in the service: packets to a passed socket are judged by the socket's own unit.
        // lib.optionalAttrs isLoopback {
          IPAddressDeny = "any";
          IPAddressAllow = "localhost";
        };
      };

      systemd.services =
        if rolling.enable then
          rollingUnits.services {
            inherit name service;
            inherit (rolling) drainSec;
          }
        else
          {
            ${name} = service // {
              # When rolling restarts are turned off, traffic may have started an instance anew while the switch was on its way.
              conflicts = lib.optionals (rolling ? drainSec) [
                "${name}@a.service"
                "${name}@b.service"
              ];
            };
          };
    };
}
