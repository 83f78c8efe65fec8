# The home-manager side: the gateway as an app on the desktop, and MCP servers that need the user's own session.
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
  servers = lib.filterAttrs (_: server: server.enable) cfg.servers;
  # Chromium names the window of an app after host and path of its address.
  address = builtins.match "https?://([^/:]+)(:[0-9]+)?(/.*)?" (toString cfg.pwa.url);
  windowClass = "chrome-${lib.head address}__${lib.replaceStrings [ "/" ] [ "_" ] (lib.removePrefix "/" (toString (lib.last address)))}-Default";
in
{
  options.services.ai.mcpGateway = {
    pwa = {
      enable = mkEnableOption "the entry \"MCP Gateway\" in the menu of applications";
      tailnetDomain = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "tail1234.ts.net";
        description = "Domain of the tailnet in which the gateway is.";
      };
      host = mkOption {
        type = types.str;
        default = "localhost";
        example = "box";
        description = "Name of the machine with the gateway, in the tailnet.";
      };
      port = mkOption {
        type = types.port;
        default = 8448;
        description = "Port of the gateway in the tailnet.";
      };
      url = mkOption {
        type = types.str;
        default = "https://${cfg.pwa.host}.${toString cfg.pwa.tailnetDomain}:${toString cfg.pwa.port}/";
        defaultText = lib.literalExpression ''"https://''${host}.''${tailnetDomain}:''${toString port}/"'';
        description = "Address that the app opens.";
      };
      icon = mkOption {
        type = types.path;
        default = ./mcp-gateway.svg;
        defaultText = lib.literalMD "our own";
        description = "Picture of the app, SVG.";
      };
      browser = lib.mkPackageOption pkgs "chromium" { };
    };

    agents = mkOption {
      type = types.attrsOf (pkgs.formats.json { }).type;
      default = { };
      example = lib.literalExpression ''{ claude-code = { }; codex.approve = "all"; }'';
      description = ''
        Agents whose own files get the gateway, with their choices; see docs/agents.md. Only our entry in them changes, and an
        entry that you edited stays.
      '';
    };
    package = lib.mkPackageOption pkgs "switchyard" { };
    gatewayUrl = mkOption {
      type = types.str;
      default = "http://127.0.0.1:8085";
      description = "Address of the gateway that agents are pointed at.";
    };
    tokenFile = mkOption {
      type = types.nullOr types.externalPath;
      default = null;
      example = "/run/secrets/gateway-token";
      description = "File with the agents' token for the gateway.";
    };

    servers = mkOption {
      default = { };
      example = lib.literalExpression ''{ clipboard.command = lib.getExe pkgs.clipboard-mcp; }'';
      description = ''
        MCP servers that need the user's session (desktop, browser, ssh agent). Each runs as a user unit, started by a
        connection to `$XDG_RUNTIME_DIR/mcp/NAME.sock`, and ends with it. A gateway of the same user reaches them with
        `{ "socket": "/run/user/UID/mcp/NAME.sock" }`.
      '';
      type = types.attrsOf (
        types.submodule {
          options = {
            enable = mkOption {
              type = types.bool;
              default = true;
              description = "Whether this server is there.";
            };
            command = mkOption {
              type = types.strMatching "/.*";
              example = "/run/current-system/sw/bin/my-server";
              description = "Absolute path of the program.";
            };
            args = mkOption {
              type = types.listOf types.str;
              default = [ ];
              description = "Arguments of the program.";
            };
            env = mkOption {
              type = types.attrsOf types.str;
              default = { };
              description = "Variables of the program; no secrets.";
            };
            credentialFiles = mkOption {
              type = types.attrsOf types.externalPath;
              default = { };
              example = {
                GITHUB_TOKEN = "/run/secrets/mcp/github";
              };
              description = "Variable → file with its value, which this user can read. Without it the server does not start.";
            };
            maxConnections = mkOption {
              type = types.ints.positive;
              default = 2;
              description = "Most instances at a time.";
            };
            memoryMax = mkOption {
              type = types.str;
              default = "512M";
              description = "Most memory of one instance.";
            };
          };
        }
      );
    };
  };

  config = lib.mkMerge [
    (lib.mkIf cfg.pwa.enable {
      assertions = [
        {
          assertion = cfg.pwa.tailnetDomain != null || lib.hasPrefix "http://localhost" cfg.pwa.url;
          message = "${option}.pwa.enable: PWA requires tailnetDomain; set ${option}.pwa.tailnetDomain, such as \"tail1234.ts.net\".";
        }
        (lib.hm.assertions.assertPlatform "${option}.pwa" pkgs lib.platforms.linux)
      ];
      xdg.dataFile."icons/hicolor/scalable/apps/mcp-gateway.svg".source = cfg.pwa.icon;
      xdg.desktopEntries.mcp-gateway = {
        name = "MCP Gateway";
        comment = "Tools of all agents";
        exec = "${lib.getExe cfg.pwa.browser} --app=${cfg.pwa.url}";
        icon = "mcp-gateway";
        terminal = false;
        categories = [
          "Development"
          "Utility"
        ];
        settings.StartupWMClass = windowClass;
      };
    })

    (lib.mkIf (cfg.agents != { }) {
      xdg.configFile."switchyard/home-manager.json".source = (pkgs.formats.json { }).generate "home-manager.json" {
        gateway = {
          url = cfg.gatewayUrl;
        }
        // lib.optionalAttrs (cfg.tokenFile != null) { inherit (cfg) tokenFile; };
        inherit (cfg) agents;
      };
      home.packages = [ cfg.package ];
      # An entry that the user edited is said, and is no reason for the activation to fail. What is written names the program by
      # a path that stays: that of the profile.
      home.activation.switchyardAgents = lib.hm.dag.entryAfter [ "installPackages" "linkGeneration" ] ''
        PATH=${config.home.profileDirectory}/bin:$PATH run ${lib.getExe cfg.package} config sync --config "${config.xdg.configHome}/switchyard/home-manager.json" || true
      '';
    })

    (lib.mkIf (servers != { }) {
      systemd.user.sockets = lib.mapAttrs' (name: server: {
        name = "mcp-${name}";
        value = {
          Unit.Description = "MCP server ${name} (socket)";
          Socket = {
            ListenStream = "%t/mcp/${name}.sock";
            Accept = true;
            SocketMode = "0600";
            DirectoryMode = "0700";
            MaxConnections = server.maxConnections;
            RemoveOnStop = true;
          };
          Install.WantedBy = [ "sockets.target" ];
        };
      }) servers;

      systemd.user.services = lib.mapAttrs' (name: server: {
        name = "mcp-${name}@";
        value = {
          Unit = {
            Description = "MCP server ${name}";
            CollectMode = "inactive-or-failed";
          };
          Service = {
            ExecStart = "${pkgs.writeShellScript "mcp-${name}" ''
              set -u
              ${lib.concatStrings (
                lib.mapAttrsToList (variable: file: ''
                  ${variable}=$(<${lib.escapeShellArg file})
                  if [ -z "''$${variable}" ]; then
                    echo ${lib.escapeShellArg "${option}.servers.${name}.credentialFiles.${variable}: ${file} does not exist or is empty"} >&2
                    exit 77
                  fi
                  export ${variable}
                '') server.credentialFiles
              )}
              exec ${lib.escapeShellArgs ([ server.command ] ++ server.args)}
            ''}";
            Environment = lib.mapAttrsToList (variable: value: ''"${variable}=${value}"'') server.env;
            StandardInput = "socket";
            StandardOutput = "socket";
            StandardError = "journal";
            MemoryMax = server.memoryMax;
            NoNewPrivileges = true;
            TasksMax = 64;
          };
        };
      }) servers;
    })
  ];
}
