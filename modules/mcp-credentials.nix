# The contract between those who provide secrets and those who use them: a name and the file that holds the value at run time.
{ config, lib, ... }:
let
  inherit (lib) types mkOption;
in
{
  _class = "nixos";

  options.services.mcp-credentials = mkOption {
    default = { };
    example = lib.literalExpression ''{ github.path = "/run/secrets/github"; }'';
    description = ''
      Secrets of daemons and MCP servers by name. A provider (`services.mcp-secrets`, `services.mcp-agenix`,
      `services.mcp-1password`) fills this in; without one, set the paths yourself. The values never enter the store.
    '';
    type = types.attrsOf (
      types.submodule {
        options = {
          path = mkOption {
            type = types.externalPath;
            example = "/run/secrets/github";
            description = "File that holds the secret at run time. A path in the Nix store, which everybody can read, is refused.";
          };
          encrypted = mkOption {
            type = types.bool;
            default = false;
            description = ''
              Whether the file was written by `systemd-creds encrypt --name=NAME`; it is then decrypted by systemd as the
              unit starts (`LoadCredentialEncrypted=`). NAME has to be the name under which it is used.
            '';
          };
          version = mkOption {
            type = types.nullOr types.str;
            default = null;
            description = "Anything that changes with the value, such as the path of its encrypted file: the units that use it are then restarted by a switch.";
          };
        };
      }
    );
  };

  # Apart from the above, because what is declared must not depend on what is used.
  options.services.mcp-credential-users = mkOption {
    type = types.attrsOf (types.listOf types.str);
    default = { };
    internal = true;
    description = "Names of credentials in use, with the units that take up a new value when they are restarted.";
  };

  options.services.mcp-credential-providers = mkOption {
    type = types.listOf types.str;
    default = [ ];
    internal = true;
    description = "Options that enable the providers that are enabled.";
  };

  config.assertions = [
    {
      assertion = lib.length config.services.mcp-credential-providers <= 1;
      message = "Exactly one provider of secrets can fill services.mcp-credentials, but these are enabled: ${lib.concatStringsSep ", " config.services.mcp-credential-providers}. Disable all but one.";
    }
  ];
}
