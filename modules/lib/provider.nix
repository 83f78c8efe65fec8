# What the secrets providers have in common: being the only one, and which secrets they are asked for.
{ lib, config }:
let
  inherit (lib) types mkOption;
in
{
  # Names of the secrets: those that somebody uses, unless the option says otherwise.
  secretsOption = mkOption {
    type = types.listOf types.str;
    default = lib.attrNames config.services.mcp-credential-users;
    defaultText = lib.literalMD "those that daemons and servers refer to";
    example = [
      "venice"
      "github"
    ];
    description = "Names of the secrets this provider supplies.";
  };

  userOption = mkOption {
    type = types.nullOr types.str;
    default = null;
    example = "alice";
    description = "User who may read the decrypted files as well. Daemons and servers need no such right: systemd hands them over.";
  };

  unitsOf = name: config.services.mcp-credential-users.${name} or [ ];

  # `make` is the configuration while this is the only provider; `upstream` whether its module is imported.
  define =
    {
      option,
      enable,
      upstream,
      flake,
      make,
    }:
    lib.mkMerge [
      (lib.mkIf enable {
        services.mcp-credential-providers = [ "${option}.enable" ];
        assertions = [
          {
            assertion = upstream;
            message = "${option}.enable needs the module of ${flake}: add it to the inputs of your flake and to the modules of this machine.";
          }
        ];
      })
      (lib.optionalAttrs upstream (
        lib.mkIf (enable && config.services.mcp-credential-providers == [ "${option}.enable" ]) make
      ))
    ];
}
