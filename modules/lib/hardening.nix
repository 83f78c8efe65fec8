# What every unit of ours may not do. Node needs nothing of it but pages that are writable and executable (its compiler), so
# MemoryDenyWriteExecute is the one lock that stays open.
let
  everywhere = {
    AmbientCapabilities = "";
    CapabilityBoundingSet = "";
    DevicePolicy = "closed";
    DynamicUser = true;
    KeyringMode = "private";
    LimitCORE = 0;
    LockPersonality = true;
    NoNewPrivileges = true;
    PrivateDevices = true;
    PrivateIPC = true;
    PrivateTmp = true;
    PrivateUsers = true;
    ProcSubset = "pid";
    ProtectClock = true;
    ProtectControlGroups = true;
    ProtectHome = true;
    ProtectHostname = true;
    ProtectKernelLogs = true;
    ProtectKernelModules = true;
    ProtectKernelTunables = true;
    ProtectProc = "invisible";
    ProtectSystem = "strict";
    RemoveIPC = true;
    RestrictNamespaces = true;
    RestrictRealtime = true;
    RestrictSUIDSGID = true;
    SocketBindDeny = "any";
    SystemCallArchitectures = "native";
    SystemCallErrorNumber = "EPERM";
    SystemCallFilter = [
      "@system-service"
      "~@privileged @resources @mount @debug @cpu-emulation @obsolete @raw-io @reboot @swap @module @clock"
    ];
    UMask = "0077";
  };
in
{
  # A daemon that listens on sockets of systemd and calls out over the network.
  daemon = everywhere // {
    RestrictAddressFamilies = [
      "AF_INET"
      "AF_INET6"
      "AF_UNIX"
    ];
  };

  # A program that runs once, as a user, on files of that user.
  once =
    removeAttrs everywhere [
      "DynamicUser"
      "PrivateUsers"
      "ProtectHome"
      "UMask"
    ]
    // {
      IPAddressDeny = "any";
      PrivateNetwork = true;
      RestrictAddressFamilies = "none";
    };

  # What hands over between two instances of a daemon: root, because it gives orders to systemd, and nothing else. Without
  # IPAddressDeny: when a switch turns the daemon's own unit into this one, that would cut what the daemon still has to finish.
  handOver = removeAttrs everywhere [ "DynamicUser" ] // {
    MemoryDenyWriteExecute = true;
    PrivateNetwork = true;
    RestrictAddressFamilies = "AF_UNIX";
  };

  # An MCP server: somebody else's program. It has no network unless it was given one.
  server =
    { network }:
    everywhere
    // (
      if network then
        {
          RestrictAddressFamilies = [
            "AF_INET"
            "AF_INET6"
            "AF_UNIX"
          ];
        }
      else
        {
          IPAddressDeny = "any";
          PrivateNetwork = true;
          RestrictAddressFamilies = "AF_UNIX";
        }
    );
}
