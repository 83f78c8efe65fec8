# What nixosConfigurations.example needs beside templates/machine/switchyard.nix to be a whole machine.
{
  nixpkgs.hostPlatform = "x86_64-linux";
  boot.loader.grub.device = "/dev/sda";
  fileSystems."/".device = "/dev/disk/by-label/nixos";
  system.stateVersion = "26.05";
}
