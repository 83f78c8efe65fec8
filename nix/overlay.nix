# Our packages as an overlay, for those who want them in their `pkgs`. The NixOS modules use it as well.
final: _: {
  ai-inference = final.callPackage ./package.nix { program = "ai-inference"; };
  mcp-gateway = final.callPackage ./package.nix { program = "mcp-gateway"; };
  openai-proxy = final.callPackage ./package.nix { program = "openai-proxy"; };
  switchyard = final.callPackage ./switchyard.nix { };
  switchyard-codex = final.callPackage ./agents/codex.nix {
    codex-unwrapped = final.callPackage ./agents/codex-unwrapped.nix { };
  };
  switchyard-gemini-cli = final.callPackage ./agents/gemini-cli.nix { };
  switchyard-mcp-servers = final.callPackage ./servers.nix { };
}
