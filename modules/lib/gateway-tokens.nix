# Tokens of the gateway that are declared: what each may do stands here, its value is a credential.
{ config, lib, ... }:
let
  inherit (lib) types mkOption;
  cfg = config.services.ai.mcpGateway;
in
{
  options.services.ai.mcpGateway.tokens = mkOption {
    default = { };
    example = lib.literalExpression ''{ laptop = { credential = "laptop"; servers = [ "files" ]; class = "read"; }; }'';
    description = ''
      Bearer tokens by name, beside those of `switchyard token create`. The value is a credential: make one with
      `openssl rand -base64 32` and give it to the client as well. A new value counts from the next start of the gateway, which
      loses no request.
    '';
    type = types.attrsOf (
      types.submodule (
        { name, ... }:
        {
          options = {
            credential = mkOption {
              type = types.str;
              default = name;
              defaultText = lib.literalMD "the token's name";
              description = "Name in `services.mcp-credentials` of its value: 20 characters or more.";
            };
            servers = mkOption {
              type = types.nullOr (types.listOf types.str);
              default = null;
              example = [ "files" ];
              description = "Servers that may be used; `*` stands for any characters. Null: those named in `tools`, else all.";
            };
            tools = mkOption {
              type = types.nullOr (types.listOf types.str);
              default = null;
              example = [ "github/get_*" ];
              description = "Tools that may be called, as `server/tool`. Null: all of these servers.";
            };
            class = mkOption {
              type = types.enum [
                "read"
                "write"
                "destructive"
              ];
              default = "write";
              description = "Highest class of tools that may be called.";
            };
            admin = mkOption {
              type = types.bool;
              default = false;
              description = "Whether it may change and restart the servers it may use.";
            };
            ratePerMinute = mkOption {
              type = types.ints.positive;
              default = 100;
              description = "Calls per minute.";
            };
            expiresAt = mkOption {
              type = types.nullOr types.str;
              default = null;
              example = "2027-01-31";
              description = "Date (UTC) from which it is no good.";
            };
          };
        }
      )
    );
  };

  config.services.ai.mcpGateway.settings = lib.mkIf (cfg.tokens != { }) {
    auth.tokens = lib.mapAttrs (
      _: token:
      {
        token = "\${credential:${token.credential}}";
      }
      // lib.filterAttrs (_: value: value != null) (removeAttrs token [ "credential" ])
    ) cfg.tokens;
  };
}
