# services.mcp-secrets: the secrets from a sops file, by sops-nix.
{
  config,
  lib,
  options,
  ...
}:
let
  inherit (lib) types mkOption mkEnableOption;
  cfg = config.services.mcp-secrets;
  provider = import ./lib/provider.nix { inherit lib config; };
  inStore = lib.types.pathInStore.check cfg.keysFile || builtins.isPath cfg.keysFile;
  extension = lib.last (lib.splitString "." (toString cfg.keysFile));
in
{
  _class = "nixos";
  imports = [ ./mcp-credentials.nix ];

  options.services.mcp-secrets = {
    enable = mkEnableOption "secrets from a sops file (needs the module of sops-nix)";
    keysFile = mkOption {
      type = types.path;
      example = lib.literalExpression "./secrets/mcp.yaml";
      description = "Sops file whose keys are the names of the secrets. It is encrypted, so it may and should be part of the flake.";
    };
    user = provider.userOption;
    secrets = provider.secretsOption;
  };

  config = provider.define {
    option = "services.mcp-secrets";
    inherit (cfg) enable;
    upstream = options ? sops;
    flake = "github:Mic92/sops-nix";
    make = {
      sops.validateSopsFiles = lib.mkIf (!inStore) (lib.mkDefault false);
      sops.secrets = lib.listToAttrs (
        map (name: {
          name = "mcp/${name}";
          value = {
            key = name;
            sopsFile = cfg.keysFile;
            format =
              {
                json = "json";
                env = "dotenv";
                ini = "ini";
              }
              .${extension} or "yaml";
            restartUnits = provider.unitsOf name;
          }
          // lib.optionalAttrs (cfg.user != null) { owner = cfg.user; };
        }) cfg.secrets
      );
      services.mcp-credentials = lib.genAttrs cfg.secrets (name: {
        inherit (config.sops.secrets."mcp/${name}") path;
      });
    };
  };
}
