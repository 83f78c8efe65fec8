# kernelcore.ml.mcp: agents as users of their own. Each has a workspace that no other can look into, a configuration that names
# the gateway, and one folder that all of them share.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) types mkOption mkEnableOption;
  cfg = config.kernelcore.ml.mcp;
  option = "kernelcore.ml.mcp";
  hardening = import ./lib/hardening.nix;
  json = pkgs.formats.json { };
  toml = pkgs.formats.toml { };
  agents = lib.filterAttrs (_: agent: agent.enable) cfg.agents;

  kinds = {
    claude-code = {
      path = agent: "${agent.projectRoot}/.mcp.json";
      package = null;
      generate = name: entries: json.generate name { mcpServers = lib.mapAttrs typed entries; };
    };
    codex = {
      path = agent: "${agent.home}/.codex/config.toml";
      package = pkgs.switchyard-codex;
      generate = name: entries: toml.generate name { mcp_servers = entries; };
    };
    gemini-cli = {
      path = agent: "${agent.home}/.gemini/settings.json";
      package = pkgs.switchyard-gemini-cli;
      generate =
        name: entries:
        json.generate name {
          mcpServers = lib.mapAttrs (
            _: entry: if entry ? url then removeAttrs entry [ "url" ] // { httpUrl = entry.url; } else entry
          ) entries;
        };
    };
    generic = {
      path = agent: "${agent.home}/.config/mcp/mcp.json";
      package = null;
      generate = name: entries: json.generate name { mcpServers = lib.mapAttrs typed entries; };
    };
  };
  # Claude Code skips an entry with an address and without a type.
  typed = _: entry: if entry ? url then { type = "http"; } // entry else entry;

  entriesOf =
    agent:
    {
      switchyard =
        if agent.tokenFile == null then
          { inherit (agent) url; }
        else
          {
            command = lib.getExe pkgs.switchyard;
            args = [
              "connect"
              "--url"
              agent.url
              "--token-file"
              agent.tokenFile
            ];
          };
    }
    // lib.mapAttrs (
      _: server: if server ? command then server // { env = { PROJECT_ROOT = agent.projectRoot; } // server.env or { }; } else server
    ) agent.servers;
  fileOf = name: agent: kinds.${agent.kind}.generate "${name}-mcp" (entriesOf agent);

  # What the agent or its user changed is theirs: only a file as it was written last, or none, is written anew.
  install = pkgs.writeShellScript "install-agent-configuration" ''
    set -euo pipefail
    export PATH=${lib.makeBinPath [ pkgs.coreutils ]}
    source=$1 target=$2 record=$3
    sum() { sha256sum < "$1"; }
    if [ -e "$target" ] || [ -L "$target" ]; then
      if [ ! -f "$target" ]; then
        echo "$target is no file: move it away to get the declared one" >&2
        exit 1
      fi
      if [ "$(sum "$target")" != "$(sum "$source")" ] && { [ ! -f "$record" ] || [ "$(sum "$target")" != "$(cat "$record")" ]; }; then
        echo "<4>$target was changed by hand and stays as it is; remove it to get the declared one"
        exit 0
      fi
    fi
    mkdir -p "$(dirname "$target")" "$(dirname "$record")"
    new=$(mktemp "$target.XXXXXX")
    trap 'rm -f "$new"' EXIT
    cat "$source" > "$new"
    chmod 0640 "$new"
    sum "$source" > "$record"
    mv -fT "$new" "$target"
  '';

  slashed = path: lib.removeSuffix "/" path + "/";
  inside = path: folder: lib.hasPrefix (slashed folder) (slashed path);
  overlap = a: b: inside a b || inside b a;
  # Of the machine, never of an agent: these and what is in them, and the folders above all others.
  machineFolders = [
    "/boot"
    "/dev"
    "/etc"
    "/nix"
    "/proc"
    "/root"
    "/run"
    "/sys"
    "/usr"
  ];
  topFolders = [
    "/"
    "/home"
    "/mnt"
    "/opt"
    "/srv"
    "/tmp"
    "/var"
    "/var/lib"
  ];
  absolute = lib.types.strMatching "(/[^/[:space:]]+)+" // {
    description = "absolute path without spaces and without a slash at its end";
  };
  clean = path: !(lib.elem ".." (lib.splitString "/" path));

  assertionsOf =
    name: agent:
    let
      at = "${option}.agents.${name}";
      others = removeAttrs agents [ name ];
      intruders = lib.filter (
        other: overlap agent.projectRoot others.${other}.home || overlap agent.projectRoot others.${other}.projectRoot
      ) (lib.attrNames others);
      namesakes = lib.filter (other: others.${other}.user == agent.user) (lib.attrNames others);
    in
    [
      {
        assertion =
          !(lib.any (inside agent.projectRoot) machineFolders)
          && !(lib.elem agent.projectRoot topFolders)
          && clean agent.projectRoot;
        message = "${at}.projectRoot = \"${agent.projectRoot}\" belongs to the machine and not to an agent: choose a folder of its own, such as \"${agent.home}/workspace\".";
      }
      {
        assertion = intruders == [ ];
        message = "${at}.projectRoot = \"${agent.projectRoot}\" overlaps a folder of agent ${lib.concatStringsSep ", " intruders}: agents do not share folders but ${cfg.sharedDirectory}.";
      }
      {
        assertion = namesakes == [ ];
        message = "${at}.user = \"${agent.user}\" is also the user of agent ${lib.concatStringsSep ", " namesakes}: two agents with one user are one agent; give each its own.";
      }
      {
        assertion = agent.user != "root";
        message = "${at}.user: an agent must not be root.";
      }
    ];

  agentType = types.submodule (
    { config, name, ... }:
    {
      options = {
        enable = mkOption {
          type = types.bool;
          default = true;
          description = "Whether this agent is there.";
        };
        kind = mkOption {
          type = types.enum (lib.attrNames kinds);
          default = if kinds ? ${name} then name else "generic";
          defaultText = lib.literalMD "the agent's name where it is one of these, else `generic`";
          description = "Whose configuration format it reads.";
        };
        user = mkOption {
          type = types.strMatching "[a-z_][a-z0-9_-]{0,30}";
          default = "agent-${name}";
          defaultText = lib.literalMD "`agent-NAME`";
          description = "User that the agent runs as.";
        };
        createUser = mkOption {
          type = types.bool;
          default = true;
          description = "Whether that user is made here, as a system user; false for one that is declared elsewhere.";
        };
        home = mkOption {
          type = absolute;
          default = "/var/lib/mcp-agents/${name}";
          defaultText = lib.literalMD "`/var/lib/mcp-agents/NAME`";
          description = "Home of the agent, closed to all others.";
        };
        projectRoot = mkOption {
          type = absolute;
          default = "${config.home}/workspace";
          defaultText = lib.literalExpression ''"''${home}/workspace"'';
          description = "The agent's workspace (mode 0750), `PROJECT_ROOT` of the servers it starts. Not a folder of the machine or of another agent.";
        };
        configPath = mkOption {
          type = absolute;
          default = kinds.${config.kind}.path config;
          defaultText = lib.literalMD "where an agent of this kind looks for it";
          description = "The agent's own configuration (mode 0640). It is replaced only while it is as it was written here; what the agent or its user changed stays.";
        };
        package = mkOption {
          type = types.nullOr types.package;
          default = kinds.${config.kind}.package;
          defaultText = lib.literalMD "`pkgs.switchyard-codex` or `pkgs.switchyard-gemini-cli` for these kinds, else none";
          description = "Package of the agent, put on its user's PATH.";
        };
        url = mkOption {
          type = types.str;
          default = "http://127.0.0.1:${toString cfg.gatewayPort}/mcp";
          defaultText = lib.literalMD "`/mcp` of the gateway on this machine";
          description = "Endpoint of the gateway.";
        };
        tokenFile = mkOption {
          type = types.nullOr types.externalPath;
          default = null;
          example = "/run/secrets/agent-token";
          description = "File with the agent's token for the gateway, which its user can read. The agent then reaches the gateway through `switchyard connect`, and the token stands in no configuration.";
        };
        servers = mkOption {
          type = types.attrsOf json.type;
          default = { };
          example = lib.literalExpression ''{ local.command = "/run/current-system/sw/bin/my-server"; }'';
          description = "Further servers of this agent alone, as entries of `mcpServers`; no secrets. Programs get `PROJECT_ROOT`.";
        };
      };
    }
  );
in
{
  _class = "nixos";
  imports = [ ./mcp-gateway.nix ];

  options.kernelcore.ml.mcp = {
    enable = mkEnableOption "agents as users of their own";
    gatewayPort = mkOption {
      type = types.port;
      default = config.services.ai.mcpGateway.port;
      defaultText = lib.literalExpression "config.services.ai.mcpGateway.port";
      description = "Port of the gateway on this machine.";
    };
    sharedDirectory = mkOption {
      type = absolute;
      default = "/var/lib/mcp-shared";
      description = "Folder that all agents read and write, by the group `mcp-shared`.";
    };
    agents = mkOption {
      type = types.attrsOf agentType;
      default = { };
      example = lib.literalExpression ''{ codex = { }; gemini-cli.projectRoot = "/srv/projects/site"; }'';
      description = "Agents by name.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = lib.concatLists (lib.mapAttrsToList assertionsOf agents);

    users.groups = {
      mcp-shared.members = lib.mapAttrsToList (_: agent: agent.user) agents;
    }
    // lib.mapAttrs' (_: agent: lib.nameValuePair agent.user { }) (lib.filterAttrs (_: agent: agent.createUser) agents);

    users.users = lib.mkMerge (
      lib.mapAttrsToList (name: agent: {
        ${agent.user} = {
          packages = lib.optional (agent.package != null) agent.package;
        }
        // lib.optionalAttrs agent.createUser {
          isSystemUser = true;
          group = agent.user;
          description = "Agent ${name}";
          inherit (agent) home;
          shell = pkgs.bashInteractive;
        };
      }) agents
    );

    systemd.tmpfiles.settings.mcp-agents = {
      ${cfg.sharedDirectory} = {
        d = {
          mode = "2770";
          user = "root";
          group = "mcp-shared";
        };
        # Whatever the umask of an agent, the others can read and write what it puts there.
        "a+".argument = "default:user::rwx,default:group::rwx,default:mask::rwx,default:other::---";
      };
    }
    // lib.concatMapAttrs (
      _: agent:
      let
        own = {
          mode = "0750";
          inherit (agent) user;
          inherit (config.users.users.${agent.user}) group;
        };
        # A folder elsewhere that is there already keeps its owner.
        created = lib.mapAttrs (_: value: ":${value}") own;
      in
      lib.optionalAttrs agent.createUser { ${agent.home}.d = own; }
      // {
        ${agent.projectRoot}.d = if inside agent.projectRoot agent.home then own else created;
      }
    ) agents;

    systemd.services = lib.mapAttrs' (
      name: agent:
      lib.nameValuePair "mcp-agent-${name}" {
        description = "Configuration of agent ${name}";
        wantedBy = [ "multi-user.target" ];
        after = [ "systemd-tmpfiles-setup.service" ];
        serviceConfig = hardening.once // {
          Type = "oneshot";
          RemainAfterExit = true;
          User = agent.user;
          Group = config.users.users.${agent.user}.group;
          UMask = "0027";
          ExecStart = "${install} ${fileOf name agent} ${agent.configPath} ${agent.home}/.local/state/switchyard/mcp-configuration.sha256";
          ReadWritePaths = lib.unique [
            agent.home
            agent.projectRoot
            "-${builtins.dirOf agent.configPath}"
          ];
        };
      }
    ) agents;
  };
}
