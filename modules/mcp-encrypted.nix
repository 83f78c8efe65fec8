# services.mcp-encrypted: the secrets from files that systemd itself decrypts, with a key of this machine or its TPM.
{ config, lib, ... }:
let
  inherit (lib) types mkOption mkEnableOption;
  cfg = config.services.mcp-encrypted;
  provider = import ./lib/provider.nix { inherit lib config; };
in
{
  _class = "nixos";
  imports = [ ./mcp-credentials.nix ];

  options.services.mcp-encrypted = {
    enable = mkEnableOption "secrets from encrypted credentials of systemd; needs no other flake";
    directory = mkOption {
      type = types.externalPath;
      default = "/etc/credstore.encrypted";
      description = "Folder with a file for each secret, written by `systemd-creds encrypt --name=NAME - DIRECTORY/NAME`.";
    };
    secrets = provider.secretsOption;
  };

  config = provider.define {
    option = "services.mcp-encrypted";
    inherit (cfg) enable;
    upstream = true;
    flake = "nixpkgs";
    make.services.mcp-credentials = lib.genAttrs cfg.secrets (name: {
      path = "${cfg.directory}/${name}";
      encrypted = true;
    });
  };
}
