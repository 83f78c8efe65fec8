{
  description = "Models, tools and memory of all AI agents of a machine: packages, NixOS modules, home-manager module";

  # The only input on purpose: what tests and secret providers need stands in tests/flake.nix, so that nobody inherits it.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      moduleNames = [
        "ai-inference"
        "mcp-1password"
        "mcp-agents"
        "mcp-agenix"
        "mcp-configuration"
        "mcp-encrypted"
        "mcp-gateway"
        "mcp-secrets"
        "openai-proxy"
      ];
      eachSystem =
        f: lib.genAttrs systems (system: f (nixpkgs.legacyPackages.${system}.extend self.overlays.default));
    in
    {
      overlays.default = import ./nix/overlay.nix;

      nixosModules =
        let
          # A module with our packages; the bare file is for those who bring them in their own way.
          withPackages = name: {
            _file = "${self}/modules/${name}.nix";
            key = "switchyard/${name}";
            imports = [ ./modules/${name}.nix ];
            nixpkgs.overlays = [ self.overlays.default ];
          };
        in
        lib.genAttrs moduleNames withPackages
        // {
          default = {
            imports = map (name: ./modules/${name}.nix) moduleNames;
            nixpkgs.overlays = [ self.overlays.default ];
          };
        };

      homeModules.default =
        { lib, pkgs, ... }:
        {
          _file = "${self}/home";
          key = "switchyard/home";
          imports = [ ./home ];
          # Whatever `pkgs` home-manager was given.
          services.ai.mcpGateway.package = lib.mkDefault (pkgs.extend self.overlays.default).switchyard;
        };

      templates.default = {
        path = ./templates/machine;
        description = "A machine with gateway, router and proxy";
      };

      nixosConfigurations.example = lib.nixosSystem {
        modules = [
          self.nixosModules.default
          ./templates/machine/switchyard.nix
          ./nix/example-machine.nix
        ];
      };

      packages = eachSystem (pkgs: {
        inherit (pkgs)
          ai-inference
          mcp-gateway
          openai-proxy
          switchyard
          switchyard-mcp-servers
          ;
        default = pkgs.switchyard;
      });

      apps = eachSystem (
        pkgs:
        let
          app = description: program: {
            type = "app";
            program = "${program}";
            meta = { inherit description; };
          };
        in
        {
          default = app "Start everything (switchyard up)" (
            pkgs.writeShellScript "switchyard-up" ''exec ${lib.getExe pkgs.switchyard} up "$@"''
          );
          switchyard = app "The command line" (lib.getExe pkgs.switchyard);
          mcp-gateway = app "The MCP gateway" (lib.getExe pkgs.mcp-gateway);
          ai-inference = app "The model router" (lib.getExe pkgs.ai-inference);
          openai-proxy = app "The proxy in front of the router" (lib.getExe pkgs.openai-proxy);
        }
      );

      devShells = eachSystem (pkgs: {
        default = pkgs.mkShell {
          packages = [
            pkgs.bubblewrap
            pkgs.nodejs_24
            pkgs.pnpm_10
          ];
        };
      });

      formatter = eachSystem (pkgs: pkgs.nixfmt-tree);

      checks = eachSystem (pkgs: {
        inherit (pkgs)
          ai-inference
          mcp-gateway
          openai-proxy
          switchyard
          switchyard-mcp-servers
          ;
        pnpm-deps = pkgs.mcp-gateway.pnpmDeps;

        assertions = import ./tests/assertions.nix {
          inherit lib pkgs;
          inherit (lib) nixosSystem;
          modules = [ self.nixosModules.default ];
        };
        # docs/nixos.md shows what nixosConfigurations.example is made of.
        docs =
          assert lib.assertMsg
            (lib.hasInfix (builtins.readFile ./templates/machine/switchyard.nix) (builtins.readFile ./docs/nixos.md))
            "docs/nixos.md does not show templates/machine/switchyard.nix as it is: copy it there";
          pkgs.emptyFile;
        options = import ./nix/options.nix {
          inherit lib pkgs;
          inherit (self.nixosConfigurations.example) options;
        };
        configuration = import ./tests/configuration.nix {
          inherit lib pkgs;
          inherit (lib) nixosSystem;
          modules = [ self.nixosModules.default ];
        };
        agent-packages = import ./tests/agent-packages.nix { inherit lib pkgs; };
        agents = pkgs.testers.runNixOSTest ./tests/agents.nix;
        boot = pkgs.testers.runNixOSTest ./tests/boot.nix;
        change = pkgs.testers.runNixOSTest ./tests/change.nix;
        firewall = pkgs.testers.runNixOSTest ./tests/firewall.nix;
        limits = pkgs.testers.runNixOSTest ./tests/limits.nix;
        restart = pkgs.testers.runNixOSTest ./tests/restart.nix;
        rolling = pkgs.testers.runNixOSTest ./tests/rolling.nix;
        router = pkgs.testers.runNixOSTest ./tests/router.nix;
        sandbox = pkgs.testers.runNixOSTest ./tests/sandbox.nix;
        servers = pkgs.testers.runNixOSTest ./tests/servers.nix;
        tailnet = pkgs.testers.runNixOSTest ./tests/tailnet.nix;
        user-agents = pkgs.testers.runNixOSTest ./tests/user-agents.nix;
      });
    };
}
