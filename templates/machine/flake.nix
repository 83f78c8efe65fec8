{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    # the repository you have this template from
    switchyard = {
      url = "git+file:///srv/switchyard";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    { nixpkgs, switchyard, ... }:
    {
      nixosConfigurations.machine = nixpkgs.lib.nixosSystem {
        modules = [
          switchyard.nixosModules.default
          ./switchyard.nix
          # ./configuration.nix: the machine itself
        ];
      };
    };
}
