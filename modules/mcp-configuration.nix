# services.mcp-configuration: what agents of one user are told, as files in /etc/switchyard. It writes into nobody's home
# unless asked to, and never over a file that is there.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) types mkOption mkEnableOption;
  cfg = config.services.mcp-configuration;
  format = pkgs.formats.json { };
  gatewayPort = config.services.ai.mcpGateway.port;
  gatewayHost =
    if config.services.ai.mcpGateway.role == "client" then
      toString config.services.ai.mcpGateway.serverHost
    else
      "127.0.0.1";

  taskMaster = {
    command = cfg.taskMaster.command;
    env = {
      MODEL = cfg.taskMaster.model;
      PERPLEXITY_MODEL = cfg.taskMaster.perplexityModel;
      MAX_TOKENS = toString cfg.taskMaster.maxTokens;
      TEMPERATURE = builtins.toJSON cfg.taskMaster.temperature;
      DEFAULT_SUBTASKS = toString cfg.taskMaster.defaultSubtasks;
      DEFAULT_PRIORITY = cfg.taskMaster.defaultPriority;
    };
  };

  # host is how the agent reaches this machine.
  agentFile = host: {
    mcpServers = {
      switchyard = {
        type = "http";
        url = "http://${host}:${toString gatewayPort}/mcp";
      };
    }
    // lib.optionalAttrs cfg.taskMaster.enable { taskmaster-ai = taskMaster; };
  };

  # On Windows the same program is started through wsl.exe: an absolute path and no shell, whose greeting would end up in the
  # protocol. Values of variables do not cross, but arguments of env do.
  throughWsl = _: server:
    if server ? command then
      {
        command = "wsl.exe";
        args = [
          "-d"
          cfg.wslDistribution
          "-u"
          cfg.user
          "--cd"
          "~"
          "-e"
          "/run/current-system/sw/bin/env"
        ]
        ++ lib.mapAttrsToList (name: value: "${name}=${value}") (server.env or { })
        ++ [ server.command ];
      }
    else
      server;
  # What `switchyard config sync` makes of the agents' own files.
  declaration = {
    gateway = {
      url = "http://${gatewayHost}:${toString gatewayPort}";
    }
    // lib.optionalAttrs (cfg.tokenFile != null) { inherit (cfg) tokenFile; };
    inherit (cfg) agents;
  };
  windowsFile.mcpServers = lib.mapAttrs throughWsl (agentFile "localhost").mcpServers;

  files = {
    "mcp.json" = agentFile gatewayHost;
    "configuration.json" = {
      inherit (cfg) environmentType user;
    }
    // lib.optionalAttrs cfg.veniceRouterIntegration.enable {
      veniceRouter = { inherit (cfg.veniceRouterIntegration) veniceApiEndpoint openRouterApiEndpoint; };
    };
  }
  // lib.optionalAttrs (cfg.agents != { }) { "declaration.json" = declaration; }
  // lib.optionalAttrs (cfg.environmentType != "nixos") { "mcp-windows.json" = windowsFile; };
in
{
  _class = "nixos";
  imports = [ ./mcp-gateway.nix ];

  options.services.mcp-configuration = {
    enable = mkEnableOption "configuration files for agents, in /etc/switchyard";
    user = mkOption {
      type = types.str;
      example = "alice";
      description = "User whose agents these are.";
    };
    manageGlobalSettings = mkOption {
      type = types.bool;
      default = false;
      description = "Whether `~/.config/mcp/mcp.json` of the user is made from it, where there is none yet. Agents may change the copy.";
    };
    agents = mkOption {
      type = types.attrsOf format.type;
      default = { };
      example = lib.literalExpression ''{ claude-code = { }; codex.approve = "all"; zed = { }; }'';
      description = ''
        Agents of the user whose own files get the gateway, with their choices; see docs/agents.md. Only our entry in them
        changes, and an entry that the user edited stays. What is no longer declared is taken out again.
      '';
    };
    tokenFile = mkOption {
      type = types.nullOr types.externalPath;
      default = null;
      example = "/run/secrets/gateway-token";
      description = "File with the token of these agents for the gateway, which the user can read.";
    };
    environmentType = mkOption {
      type = types.enum [
        "nixos"
        "nixos-wsl"
        "windows"
      ];
      default = if config.wsl.enable or false then "nixos-wsl" else "nixos";
      defaultText = lib.literalMD "`nixos-wsl` where NixOS-WSL is enabled, else `nixos`";
      description = "Where the agents run. Other than `nixos`, a file for agents on Windows is made as well: /etc/switchyard/mcp-windows.json.";
    };
    wslDistribution = mkOption {
      type = types.str;
      default = "NixOS";
      description = "Name of this distribution in `wsl.exe -l -q`.";
    };
    veniceRouterIntegration = {
      enable = mkEnableOption "the endpoints of Venice and OpenRouter in the configuration";
      veniceApiEndpoint = mkOption {
        type = types.str;
        default = "https://api.venice.ai/api/v1";
        description = "Base URL of Venice.";
      };
      openRouterApiEndpoint = mkOption {
        type = types.str;
        default = "https://openrouter.ai/api/v1";
        description = "Base URL of OpenRouter.";
      };
    };
    taskMaster = {
      enable = mkEnableOption "Task Master as a server of the agents";
      command = mkOption {
        type = types.str;
        default = "/run/current-system/sw/bin/task-master-ai";
        description = "Program of Task Master's MCP server.";
      };
      model = mkOption {
        type = types.str;
        default = "auto";
        description = "Model for tasks.";
      };
      perplexityModel = mkOption {
        type = types.str;
        default = "sonar-pro";
        description = "Model for research.";
      };
      maxTokens = mkOption {
        type = types.ints.positive;
        default = 64000;
        description = "Most tokens of an answer.";
      };
      temperature = mkOption {
        type = types.numbers.between 0 2;
        default = 0.2;
        description = "Temperature of the model.";
      };
      defaultSubtasks = mkOption {
        type = types.ints.positive;
        default = 5;
        description = "Subtasks a task is divided into.";
      };
      defaultPriority = mkOption {
        type = types.enum [
          "low"
          "medium"
          "high"
        ];
        default = "medium";
        description = "Priority of new tasks.";
      };
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = config.users.users ? ${cfg.user};
        message = "services.mcp-configuration.user = \"${cfg.user}\" is no user of this machine: declare users.users.${cfg.user}, or name another.";
      }
    ];
    environment.etc = lib.mapAttrs' (name: value: {
      name = "switchyard/${name}";
      value.source = format.generate name value;
    }) files;
    environment.systemPackages = lib.mkIf (cfg.agents != { }) [ pkgs.switchyard ];
    systemd.services.mcp-configuration = lib.mkIf (cfg.agents != { }) {
      description = "Gateway in the files of the agents of ${cfg.user}";
      wantedBy = [ "multi-user.target" ];
      restartTriggers = [ (format.generate "declaration.json" declaration) ];
      # What it writes names the program by a path that stays.
      path = [ "/run/current-system/sw" ];
      serviceConfig = (import ./lib/hardening.nix).once // {
        Type = "oneshot";
        RemainAfterExit = true;
        User = cfg.user;
        ExecStart = "${lib.getExe pkgs.switchyard} config sync --config /etc/switchyard/declaration.json";
        # An entry that the user edited is said in the journal; it is no reason for a switch to fail.
        SuccessExitStatus = 1;
        ReadWritePaths = [ config.users.users.${cfg.user}.home ];
      };
    };
    # C copies only where nothing is; the folders belong to the user.
    systemd.tmpfiles.settings.mcp-configuration = lib.mkIf cfg.manageGlobalSettings (
      let
        home = config.users.users.${cfg.user}.home;
        own = mode: {
          inherit mode;
          inherit (cfg) user;
          group = config.users.users.${cfg.user}.group;
        };
      in
      {
        "${home}/.config".d = own "0755";
        "${home}/.config/mcp".d = own "0755";
        "${home}/.config/mcp/mcp.json".C = own "0644" // {
          argument = "/etc/switchyard/mcp.json";
        };
      }
    );
  };
}
