# services.ai-inference: the model router as a service.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) types mkOption mkEnableOption;
  cfg = config.services.ai-inference;
  daemon = import ./lib/daemon.nix { inherit lib config pkgs; };

  # The two figures apply to every route that says nothing of its own.
  settings = cfg.settings // {
    routes = lib.mapAttrs (
      _: route: { inherit (cfg) targetRatio complexityThreshold; } // route
    ) (cfg.settings.routes or { });
    listen = cfg.settings.listen // {
      fd = "http";
    };
  };
in
{
  _class = "nixos";
  imports = [ ./mcp-credentials.nix ];

  options.services.ai-inference = {
    enable = mkEnableOption "the router of model calls between Venice, OpenRouter, Anthropic, Gemini, OpenAI, Ollama and compatible servers";
    package = lib.mkPackageOption pkgs "ai-inference" { };

    targetRatio = mkOption {
      type = types.addCheck types.number (n: n >= 0 && n <= 100) // {
        description = "number from 0 to 100";
      };
      default = 97.3;
      example = 90;
      description = "Share of the cheap side in percent, held exactly, for every route that sets none.";
    };

    complexityThreshold = mkOption {
      type = types.addCheck types.number (n: n >= 0 && n <= 100) // {
        description = "number from 0 to 100";
      };
      default = 25;
      example = 40;
      description = "Quantile of a route's own traffic, in percent, below which a request stays on the cheap side, for every route that sets none.";
    };

    prometheus = {
      enable = mkEnableOption "a scrape job for the router in this machine's Prometheus";
      port = mkOption {
        type = types.port;
        default = cfg.settings.listen.port;
        defaultText = lib.literalExpression "config.services.ai-inference.settings.listen.port";
        description = "Port at which Prometheus finds `/metrics` of the router on this machine.";
      };
    };

    openFirewall = mkEnableOption "the router's port in the firewall";

    rolling = daemon.rollingOptions "the router";

    credentials = mkOption {
      type = types.attrsOf types.externalPath;
      default = { };
      example = {
        venice = "/run/secrets/venice";
      };
      description = ''
        Files behind `''${credential:NAME}` in `settings`, by name, where `services.mcp-credentials` does not have them.
        They are read by systemd as root; the router's user needs no right to them.
      '';
    };

    settings = mkOption {
      default = { };
      example = lib.literalExpression ''
        {
          providers.venice.apiKey = "''${credential:venice}";
          providers.openrouter.apiKey = "''${credential:openrouter}";
          routes.auto = { cheap = "venice/qwen3-235b"; strong = "openrouter/anthropic/claude-sonnet-5"; };
        }
      '';
      description = ''
        Configuration of the router, see docs/configuration/ai-inference.md. It ends up in the store: secrets are references
        such as `''${credential:venice}`. Unknown settings fail the build.
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
            default = 8765;
            description = "Port to listen on.";
          };
        };
      };
    };
  };

  config = lib.mkIf cfg.enable (
    lib.mkMerge [
      (daemon.make {
        name = "ai-inference";
        description = "Router of model calls";
        inherit (cfg) package openFirewall rolling;
        optionPath = "services.ai-inference";
        inherit settings;
        inherit (cfg.settings.listen) host port;
        credentialPaths = cfg.credentials;
        reloadable = [
          "providers"
          "aliases"
          "routes"
          "logLevel"
        ];
        serviceConfig = {
          StateDirectory = "ai-inference";
          StateDirectoryMode = "0700";
        };
      })
      {
        services.prometheus.scrapeConfigs = lib.mkIf cfg.prometheus.enable [
          {
            job_name = "ai-inference";
            static_configs = [ { targets = [ "127.0.0.1:${toString cfg.prometheus.port}" ]; } ];
          }
        ];
      }
    ]
  );
}
