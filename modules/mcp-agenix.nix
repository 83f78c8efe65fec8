# services.mcp-agenix: the secrets from age files, by agenix.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  inherit (lib) types mkOption mkEnableOption;
  cfg = config.services.mcp-agenix;
  provider = import ./lib/provider.nix { inherit lib config; };
  fileOf = name: cfg.files.${name} or (cfg.directory + "/${name}.age");
in
{
  _class = "nixos";
  imports = [ ./mcp-credentials.nix ];

  options.services.mcp-agenix = {
    enable = mkEnableOption "secrets from age files (needs the module of agenix)";
    directory = mkOption {
      type = types.nullOr types.path;
      default = null;
      example = lib.literalExpression "./secrets";
      description = "Folder with a file NAME.age for each secret.";
    };
    files = mkOption {
      type = types.attrsOf types.path;
      default = { };
      example = lib.literalExpression "{ github = ./secrets/github-token.age; }";
      description = "Files of secrets that are not at NAME.age in `directory`.";
    };
    user = provider.userOption;
    secrets = provider.secretsOption;
    yubikey = {
      enable = mkEnableOption "decryption with a YubiKey (age-plugin-yubikey); it has to be there when the machine starts";
      slot = mkOption {
        type = types.ints.between 1 20;
        default = 1;
        description = "Slot of the key, as `age-plugin-yubikey --generate --slot` was told. It only names the default of `identityFile`.";
      };
      identityFile = mkOption {
        type = types.externalPath;
        default = "/etc/age/yubikey-slot-${toString cfg.yubikey.slot}.txt";
        defaultText = lib.literalExpression ''"/etc/age/yubikey-slot-''${toString slot}.txt"'';
        description = "Output of `age-plugin-yubikey --identity --slot SLOT`: it points to the key and is not secret itself.";
      };
    };
  };

  config = provider.define {
    option = "services.mcp-agenix";
    inherit (cfg) enable;
    upstream = options ? age;
    flake = "github:ryantm/agenix";
    make = {
      assertions = map (name: {
        assertion = cfg.directory != null || cfg.files ? ${name};
        message = ''services.mcp-agenix knows no file for the secret "${name}": set services.mcp-agenix.directory or services.mcp-agenix.files.${name}.'';
      }) cfg.secrets;
      age = {
        secrets = lib.listToAttrs (
          map (name: {
            name = "mcp-${name}";
            value = {
              file = fileOf name;
            }
            // lib.optionalAttrs (cfg.user != null) { owner = cfg.user; };
          }) cfg.secrets
        );
      }
      // lib.optionalAttrs cfg.yubikey.enable {
        identityPaths = [ cfg.yubikey.identityFile ];
        # agenix knows one program and no plugins: this one finds them.
        ageBin = lib.getExe (
          pkgs.writeShellApplication {
            name = "age";
            runtimeInputs = [ pkgs.age-plugin-yubikey ];
            text = ''exec ${lib.getExe pkgs.age} "$@"'';
          }
        );
      };
      services.pcscd.enable = lib.mkIf cfg.yubikey.enable true;
      services.mcp-credentials = lib.genAttrs cfg.secrets (name: {
        inherit (config.age.secrets."mcp-${name}") path;
        # agenix restarts nothing: the encrypted file stands for its value.
        version = builtins.hashFile "sha256" (fileOf name);
      });
    };
  };
}
