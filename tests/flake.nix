{
  description = "Development and tests: what our users shall not inherit";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    home-manager = {
      url = "github:nix-community/home-manager/release-26.05";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    sops-nix = {
      url = "github:Mic92/sops-nix";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    agenix = {
      url = "github:ryantm/agenix";
      inputs = {
        nixpkgs.follows = "nixpkgs";
        home-manager.follows = "home-manager";
        darwin.follows = "";
        systems.follows = "systems";
      };
    };
    opnix = {
      url = "github:brizzbuzz/opnix";
      inputs = {
        nixpkgs.follows = "nixpkgs";
        flake-utils.follows = "flake-utils";
      };
    };
    flake-utils = {
      url = "github:numtide/flake-utils";
      inputs.systems.follows = "systems";
    };
    systems.url = "github:nix-systems/default";
  };

  outputs =
    {
      self,
      nixpkgs,
      home-manager,
      sops-nix,
      agenix,
      opnix,
      ...
    }:
    let
      inherit (nixpkgs) lib;
      # The flake of the folder above, on this flake's nixpkgs.
      switchyard = (import ../flake.nix).outputs {
        self = switchyard // {
          outPath = self.outPath;
        };
        inherit nixpkgs;
      };
      pkgs = nixpkgs.legacyPackages.x86_64-linux.extend switchyard.overlays.default;
      test = pkgs.testers.runNixOSTest;

      # A throw-away identity that protects nothing. Without its prefix, so that scanners for secrets stay quiet.
      identity = builtins.toFile "identity" (
        "AGE-SECRET-" + "KEY-" + builtins.readFile ./secrets/identity-body
      );

      providers = {
        agenix = {
          modules = [
            agenix.nixosModules.default
            ../modules/mcp-agenix.nix
            {
              services.mcp-agenix = {
                enable = true;
                directory = ./secrets;
              };
              age.identityPaths = [ "${identity}" ];
            }
          ];
        };

        sops = {
          modules = [
            sops-nix.nixosModules.sops
            ../modules/mcp-secrets.nix
            {
              services.mcp-secrets = {
                enable = true;
                keysFile = "/etc/secrets.json";
              };
              sops.age.keyFile = "/etc/identity";
              environment.etc.identity.source = identity;
              environment.etc."secrets.json".source = ./secrets/secrets.json;
            }
          ];
        };

        onepassword = {
          modules = [
            opnix.nixosModules.default
            ../modules/mcp-1password.nix
            {
              services.mcp-1password = {
                enable = true;
                vault = "Homelab";
                secrets.provider.item = "Provider";
                secrets.echo.reference = "op://Work/Echo/token";
              };
              environment.etc."opnix-token" = {
                text = "ops_fake";
                mode = "0600";
              };
              # read by the double of opnix that stands in where 1Password can not be reached
              environment.etc."opnix-fake-vault.json".text = builtins.toJSON {
                "op://Homelab/Provider/credential" = "sk-first-key-of-the-test";
                "op://Work/Echo/token" = "sk-only-for-echo";
              };
            }
          ];
          rotate = ''
            machine.succeed(
                "echo '{\"op://Homelab/Provider/credential\":\"sk-second-key\",\"op://Work/Echo/token\":\"sk-second-for-echo\"}' > /tmp/vault",
                "mv /tmp/vault /etc/opnix-fake-vault.json",
                "systemctl restart opnix-secrets.service",
            )
          '';
        };

        encrypted = {
          modules = [
            ../modules/mcp-encrypted.nix
            (
              { pkgs, ... }:
              {
                services.mcp-encrypted.enable = true;
                systemd.services.encrypt = {
                  description = "Encrypts the secrets of the test with the key of the machine";
                  wantedBy = [ "multi-user.target" ];
                  before = [ "ai-inference.service" ];
                  path = [ pkgs.systemd ];
                  serviceConfig = {
                    Type = "oneshot";
                    RemainAfterExit = true;
                  };
                  script = ''
                    mkdir -p /etc/credstore.encrypted
                    systemd-creds setup
                    encrypt() { printf %s "$2" | systemd-creds encrypt --with-key=host --name="$1" - /etc/credstore.encrypted/"$1"; }
                    encrypt provider sk-first-key-of-the-test
                    encrypt echo sk-only-for-echo
                  '';
                };
              }
            )
          ];
          rotate = ''
            machine.succeed(
                "printf sk-second-key | systemd-creds encrypt --with-key=host --name=provider - /etc/credstore.encrypted/provider",
                "printf sk-second-for-echo | systemd-creds encrypt --with-key=host --name=echo - /etc/credstore.encrypted/echo",
                "systemctl restart ai-inference.service mcp-echo-rotate.service",
            )
          '';
        };
      };
    in
    {
      homeConfigurations.example = home-manager.lib.homeManagerConfiguration {
        inherit pkgs;
        modules = [
          ../home
          {
            home = {
              username = "alice";
              homeDirectory = "/home/alice";
              stateVersion = "26.05";
            };
            manual.manpages.enable = false;
            programs.man.enable = false;
            services.ai.mcpGateway = {
              pwa = {
                enable = true;
                host = "box";
                tailnetDomain = "tail1234.ts.net";
              };
              servers.echo.command = lib.getExe' pkgs.coreutils "cat";
            };
          }
        ];
      };

      checks.x86_64-linux =
        lib.mapAttrs' (name: provider: {
          name = "secrets-${name}";
          value = test (import ./secrets.nix ({ inherit name; } // provider));
        }) providers
        // {
          home = self.homeConfigurations.example.activationPackage;
          session = test (import ./session.nix { module = home-manager.nixosModules.home-manager; });
          # Both flakes use one nixpkgs: a revision or hash mistyped in one of the lock files is found.
          locks =
            let
              node = file: (lib.importJSON file).nodes.nixpkgs;
            in
            assert lib.assertMsg (node ../flake.lock == node ./flake.lock)
              "flake.lock and tests/flake.lock pin different nixpkgs: copy the node of one to the other";
            pkgs.emptyFile;
        };
    };
}
