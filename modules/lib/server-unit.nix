# The units of one MCP server: a socket that only the gateway may open, and a service of which every connection starts an
# instance. The end of the connection is the end of its input, and so of the instance.
{
  lib,
  pkgs,
  secrets,
}:
let
  hardening = import ./hardening.nix;
in
rec {
  # Who may open the sockets: the gateway, and nobody else.
  group = "mcp-servers";

  socketPath = name: "/run/mcp/${name}.sock";

  wanted = server: server.credentials // server.credentialFiles;

  # Variable → credential. In the unit a credential goes by the name of its variable, except that systemd checks the name
  # under which an encrypted one was written.
  credentials =
    server:
    lib.concatMapAttrs (
      variable: name:
      lib.mapAttrs' (_: credential: {
        name = if credential.encrypted then name else variable;
        value = credential;
      }) (secrets.resolve [ name ] { })
    ) (wanted server);

  idOf =
    server: variable: name:
    let
      resolved = secrets.resolve [ name ] { };
    in
    if resolved ? ${name} && resolved.${name}.encrypted then name else variable;

  assertions =
    option: name: server:
    secrets.missing "${option}.credentials" (
      lib.attrValues (wanted server) ++ secrets.referencesIn server.headers
    ) { }
    ++ [
      {
        assertion = (server.command != null) != (server.url != null);
        message = "${option} needs either command (or package) or url.";
      }
      {
        assertion = server.command != null -> lib.hasPrefix "/" server.command;
        message = "${option}.command = \"${toString server.command}\" is searched for nowhere: use an absolute path, such as lib.getExe pkgs.NAME, or set ${option}.package.";
      }
      {
        assertion = builtins.match "[a-z0-9][a-z0-9_-]*" name != null && lib.stringLength name <= 26;
        message = "${option}: the name of a server is part of its user's name: small letters, digits, - and _, at most 26.";
      }
      {
        assertion = secrets.referencesIn [ server.env server.args ] == [ ];
        message = "${option}.env and args stand in the unit, where everybody can read them: write ${option}.credentials.VARIABLE = \"NAME\" instead of a reference.";
      }
      {
        assertion = server.sandbox.allowedAddresses != [ ] -> server.sandbox.network;
        message = "${option}.sandbox.allowedAddresses needs ${option}.sandbox.network = true.";
      }
    ];

  # Who has to be told when a credential has a new value.
  users = name: server: lib.genAttrs (lib.attrValues (wanted server)) (_: [ "mcp-${name}-rotate.service" ]);

  fingerprint =
    name: server:
    lib.substring 0 12 (
      builtins.hashString "sha256" (
        builtins.toJSON {
          service = (service "" name server).serviceConfig;
          versions = secrets.versions (credentials server);
        }
      )
    );

  socket = name: server: {
    description = "MCP server ${name} (socket)";
    wantedBy = [ "sockets.target" ];
    listenStreams = [ (socketPath name) ];
    socketConfig = {
      Accept = true;
      SocketGroup = group;
      SocketMode = "0660";
      DirectoryMode = "0755";
      MaxConnections = server.maxConnections;
      RemoveOnStop = true;
      # Calls with an instance of their own come in bursts; the limit is MaxConnections.
      TriggerLimitIntervalSec = 0;
    };
  };

  service = option: name: server: {
    description = "MCP server ${name}";
    # An instance belongs to its connection: it can not be started again, but the gateway connects again.
    restartIfChanged = false;
    unitConfig.CollectMode = "inactive-or-failed";
    environment = {
      HOME = "/tmp";
    }
    // server.env;
    serviceConfig =
      hardening.server { inherit (server.sandbox) network; }
      // secrets.serviceConfig (credentials server)
      // {
        ExecStart = start option name server;
        StandardInput = "socket";
        StandardOutput = "socket";
        StandardError = "journal";
        SyslogIdentifier = "mcp-${name}";
        # One user for all instances, so that they can share a state directory.
        User = "mcp-${name}";
        WorkingDirectory = if server.sandbox.stateDirectory then "%S/mcp-${name}" else "/tmp";
        ProtectHome = "tmpfs";
        BindReadOnlyPaths = server.sandbox.readPaths;
        BindPaths = server.sandbox.writePaths;
        SupplementaryGroups = server.sandbox.groups;
        MemoryMax = server.sandbox.memoryMax;
        MemorySwapMax = 0;
        TasksMax = server.sandbox.tasksMax;
        CPUQuota = server.sandbox.cpuQuota;
        TimeoutStopSec = 10;
      }
      # What it writes beside others of its groups, they may read.
      // lib.optionalAttrs (server.sandbox.groups != [ ]) { UMask = "0007"; }
      // lib.optionalAttrs (server.sandbox.allowedAddresses != [ ]) {
        IPAddressDeny = "any";
        IPAddressAllow = server.sandbox.allowedAddresses;
      }
      // lib.optionalAttrs server.sandbox.stateDirectory {
        StateDirectory = "mcp-${name}";
        StateDirectoryMode = "0700";
      }
      // server.sandbox.serviceConfig;
  };

  # Ends the instances, so that the gateway's next connection starts one with the new value.
  rotate = name: server: {
    description = "MCP server ${name}: take up new credentials";
    wantedBy = [ "multi-user.target" ];
    restartTriggers = secrets.versions (credentials server);
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
      ExecStart = "${lib.getExe' pkgs.systemd "systemctl"} stop --no-block mcp-${name}@*.service";
    };
  };

  # The command line, behind a shim that turns credentials into variables where there are any.
  start =
    option: name: server:
    let
      command = lib.escapeShellArgs ([ (toString server.command) ] ++ server.args);
      variable =
        target: name':
        ''
          ${target}=$(<"$CREDENTIALS_DIRECTORY/${idOf server target name'}")
          export ${target}
        '';
      file = target: name': ''
        export ${target}="$CREDENTIALS_DIRECTORY/${idOf server target name'}"
      '';
      shim = pkgs.writeShellScript "mcp-${name}" ''
        set -u
        ${secrets.check (id: "${option}.credentials.${id}") (credentials server)}
        ${lib.concatStrings (lib.mapAttrsToList variable server.credentials)}
        ${lib.concatStrings (lib.mapAttrsToList file server.credentialFiles)}
        exec ${command}
      '';
    in
    if wanted server == { } then
      # systemd reads %, $ and quotes for itself
      lib.concatMapStringsSep " " (
        word: ''"${lib.replaceStrings [ "\\" "\"" "%" "$" ] [ "\\\\" "\\\"" "%%" "$$" ] word}"''
      ) ([ (toString server.command) ] ++ server.args)
    else
      "${shim}";
}
