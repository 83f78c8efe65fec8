# The agents' packages: Gemini CLI is built and says its version; of Codex, whose download is 160 MB, what it is made of is looked at.
{ lib, pkgs }:
let
  # Where there is no FHS environment to be built, what it is asked for is kept.
  asked =
    (pkgs.callPackage ../nix/agents/codex.nix {
      codex-unwrapped = pkgs.callPackage ../nix/agents/codex-unwrapped.nix { };
      buildFHSEnv = lib.id;
    });
  inside = map lib.getName (asked.targetPkgs pkgs);
in
assert lib.assertMsg (asked.runScript == "codex") "the FHS environment does not run codex";
assert lib.assertMsg (lib.all (name: lib.elem name inside) [
  "codex-unwrapped"
  (lib.getName pkgs.nodejs_24)
]) "Codex or Node is not in the FHS environment: ${toString inside}";
pkgs.switchyard-gemini-cli
