# What can be said of one MCP server: `services.ai.mcpGateway.servers.NAME`.
{ lib, pkgs }:
let
  inherit (lib) types mkOption mkEnableOption;
  json = (pkgs.formats.json { }).type;
in
types.submodule (
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
)
