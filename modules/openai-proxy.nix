# services.openai-proxy: the endpoint that apps of any API dialect are pointed at.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) types mkOption mkEnableOption;
  cfg = config.services.openai-proxy;
  daemon = import ./lib/daemon.nix { inherit lib config pkgs; };
  upstream = cfg.settings.upstream.url or "http://127.0.0.1:8765";
  upstreamIsLocal = lib.any (prefix: lib.hasPrefix prefix upstream) [
    "http://127.0.0.1"
    "http://localhost"
    "http://[::1]"
    "unix:"
  ];
in
{
  _class = "nixos";
  imports = [ ./mcp-credentials.nix ];

  options.services.openai-proxy = {
    enable = mkEnableOption "the proxy that lets OpenAI, Anthropic and Gemini apps use the router";
    package = lib.mkPackageOption pkgs "openai-proxy" { };
    openFirewall = mkEnableOption "the proxy's port in the firewall";

    rolling = daemon.rollingOptions "the proxy";

    credentials = mkOption {
      type = types.attrsOf types.externalPath;
      default = { };
      example = {
        router = "/run/secrets/router";
      };
      description = "Files behind `\${credential:NAME}` in `settings`, by name, where `services.mcp-credentials` does not have them.";
    };

    settings = mkOption {
      default = { };
      example = {
        aliases."gpt-*" = "auto";
      };
      description = ''
        Configuration of the proxy, see docs/configuration/openai-proxy.md. It ends up in the store: secrets are references
        such as `''${credential:router}`. Unknown settings fail the build.
      '';
      type = types.submodule {
        freeformType = (pkgs.formats.json { }).type;
        options.listen = {
          host = mkOption {
            type = types.str;
            default = "127.0.0.1";
            description = "Address to listen on. Others than loopback need `access.keys`.";
          };
          port = mkOption {
            type = types.port;
            default = 3001;
            description = "Port to listen on.";
          };
        };
      };
    };
  };

  config = lib.mkIf cfg.enable (daemon.make {
    name = "openai-proxy";
    description = "Proxy for apps in front of the model router";
    inherit (cfg) package openFirewall rolling;
    optionPath = "services.openai-proxy";
    settings = cfg.settings // {
      listen = cfg.settings.listen // {
        fd = "http";
      };
    };
    inherit (cfg.settings.listen) host port;
    credentialPaths = cfg.credentials;
    reloadable = [ ];
    serviceConfig = lib.optionalAttrs (upstreamIsLocal && lib.elem cfg.settings.listen.host daemon.loopback) {
      IPAddressDeny = "any";
      IPAddressAllow = "localhost";
    };
  });
}
