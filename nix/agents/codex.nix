# Codex among the paths it expects (/usr/bin, /lib64): what it runs for its user, MCP servers started with npx and programs
# downloaded for other distributions, works as it does there. Node is part of it.
{
  buildFHSEnv,
  codex-unwrapped,
  nodejs_24,
  bash,
  coreutils,
  git,
}:
buildFHSEnv {
  pname = "codex";
  inherit (codex-unwrapped) version;
  targetPkgs = _: [
    codex-unwrapped
    nodejs_24
    bash
    coreutils
    git
  ];
  runScript = "codex";
  inherit (codex-unwrapped) meta;
}
