# The files of services.mcp-configuration, on NixOS, on WSL and for Windows, against what they should be.
{
  lib,
  pkgs,
  nixosSystem,
  modules,
}:
let
  filesOf =
    environmentType:
    let
      inherit
        ((nixosSystem {
          modules = modules ++ [
            {
              nixpkgs.hostPlatform = pkgs.stdenv.hostPlatform.system;
              system.stateVersion = "26.05";
              users.users.alice.isNormalUser = true;
              services.mcp-configuration = {
                enable = true;
                user = "alice";
                inherit environmentType;
                veniceRouterIntegration.enable = true;
                taskMaster.enable = true;
              };
            }
          ];
        }).config.environment
        )
        etc
        ;
    in
    lib.mapAttrs (_: file: file.source) (
      lib.filterAttrs (name: _: lib.hasPrefix "switchyard/" name && lib.hasSuffix ".json" name) etc
    );
  folder =
    environmentType:
    pkgs.linkFarm "configuration-${environmentType}" (
      lib.mapAttrsToList (name: path: {
        name = lib.removePrefix "switchyard/" name;
        inherit path;
      }) (filesOf environmentType)
    );
in
pkgs.runCommand "configuration" { } (
  lib.concatMapStrings
    (environmentType: ''
      diff -u -r ${./configuration + "/${environmentType}"} ${folder environmentType}
    '')
    [
      "nixos"
      "nixos-wsl"
      "windows"
    ]
  + "touch $out\n"
)
