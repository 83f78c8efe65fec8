# The command line with all daemons and the three example servers: `switchyard up` works from the store, without network.
{
  lib,
  mcp-gateway,
  switchyard-mcp-servers,
  nodejs-slim_24,
}:
let
  root = ../.;
  manifest = lib.importJSON (root + "/packages/switchyard/package.json");
in
mcp-gateway.overrideAttrs (
  _: prev: {
    pname = "switchyard";
    inherit (manifest) version;

    src = lib.fileset.toSource {
      inherit root;
      fileset = lib.fileset.unions (
        [
          (root + "/package.json")
          (root + "/pnpm-lock.yaml")
          (root + "/pnpm-workspace.yaml")
          (root + "/scripts/build.mjs")
          (root + "/packages/switchyard/bin")
          (lib.fileset.fileFilter (file: file.name == "package.json") (root + "/packages"))
        ]
        ++ map (name: root + "/packages/${name}/src") [
          "agent-config"
          "ai-inference"
          "dialects"
          "kit"
          "mcp-gateway"
          "openai-proxy"
          "switchyard"
        ]
      );
    };

    # The folders are those of the workspace: the program finds its servers and its daemons relative to itself.
    installPhase = ''
      runHook preInstall
      home=$out/lib/switchyard
      mkdir -p $home/packages/switchyard/bin
      cp -r bundle $home/packages/switchyard/dist
      cp package.json $home/
      ln -s ${switchyard-mcp-servers}/lib/node_modules $home/node_modules
      echo "import '../dist/switchyard.mjs';" > $home/packages/switchyard/bin/switchyard.mjs
      makeWrapper ${lib.getExe nodejs-slim_24} $out/bin/switchyard --add-flags $home/packages/switchyard/bin/switchyard.mjs
      runHook postInstall
    '';

    nativeInstallCheckInputs = [ ];
    installCheckPhase = ''
      runHook preInstallCheck
      $out/bin/switchyard --help
      for daemon in mcp-gateway ai-inference openai-proxy; do
        $out/bin/switchyard run $daemon --version
      done
      runHook postInstallCheck
    '';

    meta = prev.meta // {
      inherit (manifest) description;
      mainProgram = "switchyard";
    };
  }
)
