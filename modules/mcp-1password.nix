# services.mcp-1password: the secrets from 1Password, by opnix and a service account.
{
  config,
  lib,
  options,
  ...
}:
let
  inherit (lib) types mkOption mkEnableOption;
  cfg = config.services.mcp-1password;
  provider = import ./lib/provider.nix { inherit lib config; };
  names = lib.attrNames cfg.secrets;

  # opnix takes camelCase only: github-token → mcpGithubToken.
  opnixName =
    name:
    "mcp"
    + lib.concatMapStrings (
      word: lib.toUpper (lib.substring 0 1 word) + lib.substring 1 (-1) word
    ) (lib.filter (word: lib.isString word && word != "") (builtins.split "[^A-Za-z0-9]+" name));
in
{
  _class = "nixos";
  imports = [ ./mcp-credentials.nix ];

  options.services.mcp-1password = {
    enable = mkEnableOption "secrets from 1Password (needs the module of opnix)";
    tokenFile = mkOption {
      type = types.externalPath;
      default = "/etc/opnix-token";
      description = "File with the token of a service account: `opnix token set`.";
    };
    user = provider.userOption;
    vault = mkOption {
      type = types.str;
      default = "Switchyard";
      example = "Homelab";
      description = "Vault of the secrets that name none.";
    };
    secrets = mkOption {
      default = { };
      example = {
        venice.item = "Venice";
        github.reference = "op://Work/GitHub/token";
      };
      description = "Where in 1Password each secret is.";
      type = types.attrsOf (
        types.submodule (
          { config, name, ... }:
          {
            options = {
              vault = mkOption {
                type = types.str;
                default = cfg.vault;
                defaultText = lib.literalExpression "config.services.mcp-1password.vault";
                description = "Name or id of the vault.";
              };
              item = mkOption {
                type = types.str;
                default = name;
                description = "Name or id of the item.";
              };
              field = mkOption {
                type = types.str;
                default = "credential";
                description = "Name of the field.";
              };
              reference = mkOption {
                type = types.strMatching "op://.+/.+/.+";
                default = "op://${config.vault}/${config.item}/${config.field}";
                defaultText = lib.literalExpression ''"op://''${vault}/''${item}/''${field}"'';
                description = "The whole reference, instead of the three above.";
              };
            };
          }
        )
      );
    };
  };

  config = provider.define {
    option = "services.mcp-1password";
    inherit (cfg) enable;
    upstream = options.services ? onepassword-secrets;
    flake = "github:brizzbuzz/opnix";
    make = {
      services.onepassword-secrets = {
        enable = true;
        inherit (cfg) tokenFile;
        secrets = lib.listToAttrs (
          map (name: {
            name = opnixName name;
            value = {
              inherit (cfg.secrets.${name}) reference;
              services = map (lib.removeSuffix ".service") (provider.unitsOf name);
            }
            // lib.optionalAttrs (cfg.user != null) { owner = cfg.user; };
          }) names
        );
      };
      services.mcp-credentials = lib.genAttrs names (name: {
        path = config.services.onepassword-secrets.secretPaths.${opnixName name};
      });
    };
  };
}
