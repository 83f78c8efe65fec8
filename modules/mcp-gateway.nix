# services.ai.mcpGateway: the gateway, and each of its MCP servers as a unit of its own.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) types mkOption mkEnableOption;
  cfg = config.services.ai.mcpGateway;
  option = "services.ai.mcpGateway";
  json = (pkgs.formats.json { }).type;
  daemon = import ./lib/daemon.nix { inherit lib config pkgs; };
  secrets = import ./lib/credentials.nix { inherit lib config; };
  units = import ./lib/server-unit.nix { inherit lib pkgs secrets; };

  isServer = cfg.enable && cfg.role == "server";
  active = lib.filterAttrs (_: server: server.enable) cfg.servers;
  local = lib.filterAttrs (_: server: server.url == null) active;

  # What the gateway knows of a server. A local one is its socket; `version` does nothing but change when its unit does, so
  # that a reload replaces this server and leaves the others alone.
  entry =
    name: server:
    lib.filterAttrs (_: value: value != null && value != { }) {
      inherit (server)
        description
        replicas
        isolation
        concurrency
        timeouts
        ;
    }
    // server.settings
    // (
      if server.url == null then
        {
          socket = units.socketPath name;
          version = units.fingerprint name server;
        }
      else
        lib.filterAttrs (_: value: value != null && value != { }) { inherit (server) url headers; }
    );

  settings = cfg.settings // {
    listen = {
      inherit (cfg) port;
      host = "127.0.0.1";
    }
    // cfg.settings.listen or { }
    // {
      fd = "http";
    };
    mcpServers = lib.mapAttrs entry active // cfg.settings.mcpServers or { };
  };

  serverType = types.submodule (
    { config, name, ... }:
    {
      options = {
        enable = mkOption {
          type = types.bool;
          default = true;
          description = "Whether this server is there.";
        };
        package = mkOption {
          type = types.nullOr types.package;
          default = null;
          example = lib.literalExpression "pkgs.github-mcp-server";
          description = "Package of the server; its main program is the default of `command`.";
        };
        command = mkOption {
          type = types.nullOr types.str;
          default = if config.package == null then null else lib.getExe config.package;
          defaultText = lib.literalExpression "lib.getExe package";
          example = lib.literalExpression ''lib.getExe' pkgs.switchyard-mcp-servers "mcp-server-filesystem"'';
          description = "Program that speaks MCP on its standard input and output. An absolute path: no shell, no PATH is searched.";
        };
        args = mkOption {
          type = types.listOf types.str;
          default = [ ];
          example = [ "/srv/files" ];
          description = "Arguments of the program.";
        };
        env = mkOption {
          type = types.attrsOf types.str;
          default = { };
          example = {
            LOG_LEVEL = "warn";
          };
          description = "Variables of the program. They stand in the unit, which everybody can read: secrets belong into `credentials`.";
        };
        credentials = mkOption {
          type = types.attrsOf types.str;
          default = { };
          example = {
            GITHUB_TOKEN = "github";
          };
          description = "Variable the program wants → name in `services.mcp-credentials`. Only this server can read the value; without it the server does not start.";
        };
        credentialFiles = mkOption {
          type = types.attrsOf types.str;
          default = { };
          example = {
            GOOGLE_APPLICATION_CREDENTIALS = "google";
          };
          description = "As `credentials`, for programs that want the path of a file in the variable.";
        };
        url = mkOption {
          type = types.nullOr types.str;
          default = null;
          example = "https://api.githubcopilot.com/mcp/";
          description = "Endpoint of a remote server, instead of a program.";
        };
        headers = mkOption {
          type = types.attrsOf types.str;
          default = { };
          example = lib.literalExpression ''{ Authorization = "Bearer ''${credential:github}"; }'';
          description = "Headers sent to a remote server; secrets as references to `services.mcp-credentials`.";
        };
        description = mkOption {
          type = types.nullOr types.str;
          default = null;
          example = "Files of the team";
          description = "Free text, shown in lists.";
        };
        replicas = mkOption {
          type = types.ints.positive;
          default = 1;
          description = "Instances that share the calls.";
        };
        isolation = mkOption {
          type = types.enum [
            "shared"
            "session"
            "call"
          ];
          default = "shared";
          description = "Who shares an instance: all callers, the calls of one client session, or nobody.";
        };
        maxConnections = mkOption {
          type = types.ints.positive;
          default = if config.isolation == "shared" then 2 * config.replicas else config.replicas + 32;
          defaultText = lib.literalMD "twice `replicas`, since the old and the new instance overlap while a server is replaced; 32 more with `isolation` session or call";
          description = "Most instances at a time (`MaxConnections=` of the socket).";
        };
        concurrency = mkOption {
          type = types.ints.positive;
          default = 8;
          description = "Calls that run at the same time; more wait their turn.";
        };
        timeouts = mkOption {
          type = json;
          default = { };
          example = {
            totalMs = 60000;
          };
          description = "Timers `startMs`, `queueMs`, `idleMs`, `totalMs`, in ms.";
        };
        settings = mkOption {
          type = json;
          default = { };
          example = {
            breaker.failures = 3;
          };
          description = "Further settings of `mcpServers.<name>`, see docs/configuration/mcp-gateway.md.";
        };
        sandbox = {
          network = mkEnableOption "the network for this server; without it there is none at all";
          allowedAddresses = mkOption {
            type = types.listOf types.str;
            default = [ ];
            example = [
              "localhost"
              "10.0.0.0/8"
            ];
            description = "With `network`, the only addresses that can be reached. Empty for all.";
          };
          readPaths = mkOption {
            type = types.listOf types.str;
            default = [ ];
            example = [ "/home/alice/notes" ];
            description = "Paths that are shown to it, read-only. Of /home, /root and /run/user nothing else is there.";
          };
          writePaths = mkOption {
            type = types.listOf types.str;
            default = [ ];
            example = [ "/srv/files" ];
            description = "Paths it may write to, as far as `groups` gives it the right to.";
          };
          groups = mkOption {
            type = types.listOf types.str;
            default = [ ];
            example = [ "users" ];
            description = "Groups of its user, which is made up when it starts (DynamicUser).";
          };
          stateDirectory = mkEnableOption "a folder of its own that is kept, /var/lib/mcp-NAME, in `$STATE_DIRECTORY`";
          memoryMax = mkOption {
            type = types.str;
            default = "512M";
            description = "Most memory of one instance.";
          };
          tasksMax = mkOption {
            type = types.ints.positive;
            default = 64;
            description = "Most threads of one instance.";
          };
          cpuQuota = mkOption {
            type = types.str;
            default = "100%";
            description = "Most processor time of one instance; 100% is one core.";
          };
          serviceConfig = mkOption {
            type = types.attrsOf types.unspecified;
            default = { };
            example = lib.literalExpression "{ RuntimeMaxSec = 3600; }";
            description = "Further lines of the unit, or others than ours.";
          };
        };
      };
    }
  );
in
{
  _class = "nixos";
  imports = [
    ./lib/gateway-tailnet.nix
    ./lib/gateway-tokens.nix
    ./mcp-credentials.nix
  ];

  options.services.ai.mcpGateway = {
    enable = mkEnableOption "the MCP gateway: all MCP servers of this machine behind one endpoint";
    package = lib.mkPackageOption pkgs "mcp-gateway" { };

    role = mkOption {
      type = types.enum [
        "server"
        "client"
      ];
      default = "server";
      description = "`server` runs the gateway here; `client` uses the one of another machine (`serverHost`).";
    };

    serverHost = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "box.tail1234.ts.net";
      description = "Machine that runs the gateway, for the role `client`.";
    };

    port = mkOption {
      type = types.port;
      default = 8085;
      description = "Port of the gateway.";
    };

    openFirewall = mkEnableOption "the gateway's port in the firewall";

    settings = mkOption {
      type = types.submodule { freeformType = json; };
      default = { };
      example = {
        groups.work = [ "github" ];
        auth.anonymous = "never";
      };
      description = ''
        Configuration of the gateway, see docs/configuration/mcp-gateway.md. It ends up in the store: secrets are references
        such as `''${credential:github}`. Unknown settings fail the build.
      '';
    };

    credentials = mkOption {
      type = types.attrsOf types.externalPath;
      default = { };
      example = {
        github = "/run/secrets/github";
      };
      description = "Files behind `\${credential:NAME}` in `settings` and headers, by name, where `services.mcp-credentials` does not have them.";
    };

    servers = mkOption {
      type = types.attrsOf serverType;
      default = { };
      example = lib.literalExpression ''
        {
          files = {
            command = lib.getExe' pkgs.switchyard-mcp-servers "mcp-server-filesystem";
            args = [ "/srv/files" ];
            sandbox.readPaths = [ "/srv/files" ];
          };
        }
      '';
      description = ''
        The MCP servers. One with a `command` runs as `mcp-NAME@.service`, started by the gateway's connection to
        `mcp-NAME.socket` and gone with it, with a user, credentials, limits and a view of the system of its own.
      '';
    };

    pwa = {
      enable = mkEnableOption "the gateway as an app on desktops: the address that home-manager's desktop entry opens";
      tailnetDomain = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "tail1234.ts.net";
        description = "Domain of the tailnet.";
      };
      icon = mkOption {
        type = types.path;
        default = ../home/mcp-gateway.svg;
        defaultText = lib.literalMD "our own";
        description = "Picture of the app.";
      };
      url = mkOption {
        type = types.str;
        readOnly = true;
        default =
          let
            host =
              if cfg.role == "client" && cfg.serverHost != null then cfg.serverHost else config.networking.hostName;
          in
          "https://${
            if lib.hasInfix "." host then host else "${host}.${toString cfg.pwa.tailnetDomain}"
          }:${toString cfg.tailscaleServe.port}/";
        defaultText = lib.literalMD "made of host, `tailnetDomain` and `tailscaleServe.port`";
        description = "Address of the app.";
      };
    };
  };

  config = lib.mkMerge [
    (lib.mkIf cfg.enable {
      assertions = [
        {
          assertion = cfg.pwa.enable -> cfg.pwa.tailnetDomain != null;
          message = "${option}.pwa.enable requires tailnetDomain: PWA requires tailnetDomain, because browsers install apps from HTTPS only; set ${option}.pwa.tailnetDomain, such as \"tail1234.ts.net\".";
        }
        {
          assertion = cfg.role == "client" -> cfg.serverHost != null;
          message = "${option}.role = \"client\": client role requires serverHost; set ${option}.serverHost to the machine that runs the gateway.";
        }
        {
          assertion = cfg.role == "client" -> cfg.servers == { };
          message = "${option}.servers has no effect with role = \"client\": declare them on ${toString cfg.serverHost}.";
        }
      ];
      environment.etc."switchyard/pwa.json" = lib.mkIf cfg.pwa.enable {
        text = builtins.toJSON { inherit (cfg.pwa) url; };
      };
    })

    (lib.mkIf isServer (
      daemon.make {
        name = "mcp-gateway";
        description = "MCP gateway";
        inherit (cfg) package openFirewall;
        optionPath = option;
        inherit settings;
        inherit (settings.listen) host port;
        refersIn = [
          cfg.settings
          (lib.mapAttrsToList (_: server: [
            server.url
            server.headers
            server.settings
          ]) active)
        ];
        credentialPaths = cfg.credentials;
        reloadable = [
          "mcpServers"
          "toolTrust"
          "groups"
          "allowedHosts"
          "allowedOrigins"
          "runtimeChanges"
          "logLevel"
          "bodyLimitBytes"
        ];
        serviceConfig = {
          StateDirectory = "mcp-gateway";
          StateDirectoryMode = "0700";
          CacheDirectory = "mcp-gateway";
          CacheDirectoryMode = "0700";
          RuntimeDirectory = "mcp-gateway";
          SupplementaryGroups = [ units.group ];
        };
      }
    ))

    (lib.mkIf isServer {
      users.groups.${units.group} = { };

      assertions = lib.concatLists (lib.mapAttrsToList (name: units.assertions "${option}.servers.${name}" name) active);

      services.mcp-credential-users = lib.mkMerge (lib.mapAttrsToList units.users local);

      systemd.sockets = lib.mapAttrs' (name: server: {
        name = "mcp-${name}";
        value = units.socket name server;
      }) local;

      systemd.services = lib.mkMerge [
        { mcp-gateway.after = map (name: "mcp-${name}.socket") (lib.attrNames local); }
        (lib.mapAttrs' (name: server: {
          name = "mcp-${name}@";
          value = units.service "${option}.servers.${name}" name server;
        }) local)
        (lib.mapAttrs' (name: server: {
          name = "mcp-${name}-rotate";
          value = units.rotate name server;
        }) (lib.filterAttrs (_: server: server.credentials // server.credentialFiles != { }) local))
      ];
    })
  ];
}
