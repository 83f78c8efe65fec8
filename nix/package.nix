# One program of the workspace as a package: its bundle and a wrapper, nothing else. `program` says which one.
{
  lib,
  stdenv,
  nodejs_24,
  nodejs-slim_24,
  pnpm_10,
  fetchPnpmDeps,
  pnpmConfigHook,
  makeWrapper,
  versionCheckHook,
  program,
}:
let
  root = ../.;
  manifest = lib.importJSON (root + "/packages/${program}/package.json");

  # The packages whose sources go into a bundle. A change elsewhere leaves the package, and so the running daemon, as it is.
  bundled = {
    mcp-gateway = [
      "agent-config"
      "dialects"
      "kit"
      "mcp-gateway"
    ];
    ai-inference = [
      "ai-inference"
      "dialects"
      "kit"
    ];
    openai-proxy = [
      "dialects"
      "kit"
      "openai-proxy"
    ];
  };

  # What decides the downloads: the lock file and the manifests.
  manifests = lib.fileset.unions [
    (root + "/package.json")
    (root + "/pnpm-lock.yaml")
    (root + "/pnpm-workspace.yaml")
    (lib.fileset.fileFilter (file: file.name == "package.json") (root + "/packages"))
  ];
in
stdenv.mkDerivation (finalAttrs: {
  pname = program;
  inherit (manifest) version;

  src = lib.fileset.toSource {
    inherit root;
    fileset = lib.fileset.unions (
      [
        manifests
        (root + "/scripts/build.mjs")
        (root + "/packages/switchyard/bin")
      ]
      ++ map (name: root + "/packages/${name}/src") bundled.${program}
    );
  };

  pnpmWorkspaces = [ "switchyard..." ];
  pnpmDeps = fetchPnpmDeps {
    # The lock file is part of the name, so that a changed one can not be served by what an older one has downloaded:
    # Nix looks at nothing but name and hash, and would not notice that the hash is stale.
    pname = "switchyard-${lib.substring 0 12 (builtins.hashFile "sha256" (root + "/pnpm-lock.yaml"))}";
    inherit (finalAttrs) version pnpmWorkspaces;
    src = lib.fileset.toSource {
      inherit root;
      fileset = manifests;
    };
    pnpm = pnpm_10;
    fetcherVersion = 3;
    hash = lib.trim (builtins.readFile ./pnpm-deps.hash);
  };

  nativeBuildInputs = [
    makeWrapper
    nodejs_24
    pnpmConfigHook
    pnpm_10
  ];

  buildPhase = ''
    runHook preBuild
    # scripts/build.mjs finds its bundler from the root of the workspace
    mkdir -p node_modules
    ln -sfn ../packages/switchyard/node_modules/esbuild node_modules/esbuild
    node --input-type=module --eval "
      import { bundle } from './scripts/build.mjs';
      await bundle({ '$pname': 'packages/$pname/src/main.ts' }, 'bundle');
    "
    runHook postBuild
  '';

  installPhase = ''
    runHook preInstall
    mkdir -p $out/lib
    cp -r bundle $out/lib/$pname
    # The young generation as in packages/switchyard/src/child-daemon.ts.
    makeWrapper ${lib.getExe nodejs-slim_24} $out/bin/$pname \
      --add-flags "--max-semi-space-size=8 $out/lib/$pname/$pname.mjs"
    runHook postInstall
  '';

  doInstallCheck = true;
  nativeInstallCheckInputs = [ versionCheckHook ];
  installCheckPhase = ''
    runHook preInstallCheck
    echo '{}' > config.json
    $out/bin/$pname --config config.json --check-config
    runHook postInstallCheck
  '';

  meta = {
    inherit (manifest) description;
    license = lib.licenses.mit;
    mainProgram = program;
    platforms = lib.platforms.linux;
  };
})
