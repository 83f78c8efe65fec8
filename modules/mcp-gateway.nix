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

  serverType = import ./lib/server-type.nix { inherit lib pkgs; };
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
