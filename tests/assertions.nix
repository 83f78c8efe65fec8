# What can not work is refused when the system is evaluated, with the option and the remedy in the message.
{
  lib,
  pkgs,
  nixosSystem,
  modules,
}:
let
  evaluate =
    config:
    (nixosSystem {
      modules = modules ++ [
        config
        {
          nixpkgs.hostPlatform = pkgs.stdenv.hostPlatform.system;
          system.stateVersion = "26.05";
        }
      ];
    }).config;

  messages = config: map (a: a.message) (lib.filter (a: !a.assertion) (evaluate config).assertions);

  refused = config: words: {
    ok = lib.any (message: lib.all (word: lib.hasInfix word message) words) (messages config);
    said = messages config;
  };

  # A value that its type refuses.
  illTyped = config: value: {
    ok = !(builtins.tryEval (builtins.deepSeq (value (evaluate config)) true)).success;
    said = [ ];
  };

  gateway = options: { services.ai.mcpGateway = { enable = true; } // options; };
  agents = agents: {
    kernelcore.ml.mcp = {
      enable = true;
      inherit agents;
    };
  };
  cat = lib.getExe' pkgs.coreutils "cat";

  cases = {
    "an app without tailnet" = refused (gateway { pwa.enable = true; }) [
      "PWA requires tailnetDomain"
      "services.ai.mcpGateway.pwa.tailnetDomain"
    ];
    "a client without server" = refused (gateway { role = "client"; }) [
      "client role requires serverHost"
      "services.ai.mcpGateway.serverHost"
    ];
    "servers on a client" = refused (gateway {
      role = "client";
      serverHost = "box";
      servers.a.command = cat;
    }) [ "declare them on box" ];
    "an agent at home in the system" = refused (agents { a.projectRoot = "/etc/nixos"; }) [
      "kernelcore.ml.mcp.agents.a.projectRoot"
      "belongs to the machine"
      "/var/lib/mcp-agents/a/workspace"
    ];
    "an agent in all of the system" = illTyped (agents { a.projectRoot = "/"; }) (
      config: config.kernelcore.ml.mcp.agents.a.projectRoot
    );
    "an agent that climbs out" = refused (agents { a.projectRoot = "/srv/../etc/nixos"; }) [ "belongs to the machine" ];
    "an agent below the system" = refused (agents { a.projectRoot = "/etc/nixos/hosts"; }) [ "belongs to the machine" ];
    "an agent above everybody" = refused (agents { a.projectRoot = "/home"; }) [ "belongs to the machine" ];
    "an agent at home with another" =
      refused
        (agents {
          a.projectRoot = "/var/lib/mcp-agents/b/workspace/mine";
          b = { };
        })
        [
          "kernelcore.ml.mcp.agents.a.projectRoot"
          "overlaps a folder of agent b"
        ];
    "an agent around another" =
      refused
        (agents {
          a.projectRoot = "/var/lib/mcp-agents";
          b = { };
        })
        [ "overlaps a folder of agent b" ];
    "two agents with one user" =
      refused
        (agents {
          a.user = "joint";
          b.user = "joint";
        })
        [
          "kernelcore.ml.mcp.agents.a.user"
          "two agents with one user are one agent"
        ];
    "an agent that is root" = refused (agents { a.user = "root"; }) [ "must not be root" ];
    "an agent whose user nobody declares" = refused (agents { a.createUser = false; }) [ "users.users.agent-a" ];
    "a token in the store" = illTyped (agents { a.tokenFile = "${pkgs.emptyFile}"; }) (
      config: config.kernelcore.ml.mcp.agents.a.tokenFile
    );
    "two providers" =
      refused
        {
          services.mcp-encrypted.enable = true;
          services.mcp-secrets = {
            enable = true;
            keysFile = "/etc/secrets.yaml";
          };
        }
        [
          "Exactly one provider"
          "services.mcp-encrypted.enable"
          "services.mcp-secrets.enable"
        ];
    "a provider without its flake" =
      refused
        {
          services.mcp-agenix.enable = true;
        }
        [
          "services.mcp-agenix.enable"
          "github:ryantm/agenix"
        ];
    "a secret nobody declares" =
      refused
        {
          services.ai-inference = {
            enable = true;
            settings.providers.venice.apiKey = "\${credential:venice}";
          };
        }
        [
          ''"venice"''
          "services.mcp-credentials.venice.path"
        ];
    "a server's secret nobody declares" = refused (gateway {
      servers.a = {
        command = cat;
        credentials.KEY = "nobody";
      };
    }) [ "services.mcp-credentials.nobody.path" ];
    "a secret in a server's environment" = refused (gateway {
      servers.a = {
        command = cat;
        env.KEY = "\${credential:x}";
      };
    }) [ "services.ai.mcpGateway.servers.a.credentials.VARIABLE" ];
    "a server of two kinds" = refused (gateway {
      servers.a = {
        command = cat;
        url = "http://127.0.0.1:1";
      };
    }) [ "services.ai.mcpGateway.servers.a needs either command" ];
    "a program that is searched for" = refused (gateway { servers.a.command = "npx"; }) [
      "absolute path"
    ];
    "a name that is no user's" = refused (gateway { servers."Big Name".command = cat; }) [
      "small letters"
    ];
    "a firewall opened for loopback" =
      refused
        {
          services.ai-inference = {
            enable = true;
            openFirewall = true;
          };
        }
        [
          "services.ai-inference.openFirewall"
          "services.ai-inference.settings.listen.host"
        ];
    "a tailnet without tailscale" = refused (gateway { tailscaleServe.enable = true; }) [
      "services.tailscale.enable"
    ];
    "a tailnet in which nobody knows its name" =
      refused
        {
          services.tailscale.enable = true;
          services.ai.mcpGateway = {
            enable = true;
            tailscaleServe.enable = true;
          };
        }
        [
          "services.ai.mcpGateway.pwa.tailnetDomain"
          "services.ai.mcpGateway.settings.allowedHosts"
        ];
    "a secret in the store" = illTyped {
      services.mcp-credentials.x.path = "${builtins.toFile "key" "sk"}";
    } (config: config.services.mcp-credentials.x.path);
    "a path literal as secret" = illTyped {
      services.ai-inference.credentials.x = ./assertions.nix;
    } (config: config.services.ai-inference.credentials);
    "a ratio beyond 100" = illTyped { services.ai-inference.targetRatio = 101; } (
      config: config.services.ai-inference.targetRatio
    );
    "streams that may take no time" = illTyped {
      services.ai-inference.rolling = {
        enable = true;
        drainSec = 0;
      };
    } (config: config.services.ai-inference.rolling.drainSec);
    "streams that may take for ever" = illTyped {
      services.openai-proxy.rolling.drainSec = 86401;
    } (config: config.services.openai-proxy.rolling.drainSec);
    # Two gateways would run every server twice.
    "a gateway of two instances" = illTyped (gateway { rolling.enable = true; }) (
      config: config.services.ai.mcpGateway.enable
    );
    "a configuration in order is not refused" = rec {
      ok = said == [ ];
      said = lib.filter (lib.hasInfix "services.") (messages {
        services.mcp-credentials.x.path = "/run/keys/x";
        services.ai-inference.enable = true;
        services.openai-proxy = {
          enable = true;
          rolling.enable = true;
        };
        services.ai.mcpGateway = {
          enable = true;
          servers.a = {
            command = cat;
            credentials.KEY = "x";
          };
        };
      });
    };
  };

  wrong = lib.filterAttrs (_: case: !case.ok) cases;
in
assert lib.assertMsg (wrong == { }) (
  lib.concatStringsSep "\n" (
    lib.mapAttrsToList (
      name: case: "not refused as it should be: ${name}; said: ${builtins.toJSON case.said}"
    ) wrong
  )
);
# Settings are judged by the daemon itself, when the system is built.
pkgs.runCommand "assertions" { cases = lib.attrNames cases; } ''
  refuse() {
    if "$1" --config "$2" --check-config 2> message; then echo "$2 was accepted"; exit 1; fi
    cat message
    grep -q "$3" message
  }
  echo '{"provders":{}}' > misspelt.json
  refuse ${lib.getExe pkgs.ai-inference} misspelt.json providers
  echo '{"mcpServers":{"a":{"socket":"/run/a.sock","replicsa":2}}}' > misspelt.json
  refuse ${lib.getExe pkgs.mcp-gateway} misspelt.json replicas
  echo '{"listen":{"port":"3001"}}' > mistyped.json
  refuse ${lib.getExe pkgs.openai-proxy} mistyped.json listen.port
  touch $out
''
