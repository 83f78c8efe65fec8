# The three MCP servers that `switchyard up` starts, each bundled into one folder: they start in half the time of their
# packages, which matters where every connection is a process of its own.
{
  lib,
  mcp-gateway,
  nodejs-slim_24,
}:
mcp-gateway.overrideAttrs (
  _: prev: {
    pname = "switchyard-mcp-servers";

    buildPhase = ''
      runHook preBuild
      mkdir -p node_modules
      ln -sfn ../packages/switchyard/node_modules/esbuild node_modules/esbuild
      for server in filesystem memory everything; do
        from=packages/switchyard/node_modules/@modelcontextprotocol/server-$server
        to=servers/@modelcontextprotocol/server-$server
        node --input-type=module --eval "
          import { bundle } from './scripts/build.mjs';
          await bundle({ index: '$from/dist/index.js' }, '$to/bundle');
        "
        node --input-type=module --eval "
          import { readFileSync, writeFileSync } from 'node:fs';
          const { name, version, license } = JSON.parse(readFileSync('$from/package.json', 'utf8'));
          const bin = { 'mcp-server-$server': 'bundle/index.mjs' };
          writeFileSync('$to/package.json', JSON.stringify({ name, version, license, type: 'module', bin }));
        "
        cp -L "$from"/LICENSE* "$to"/ 2>/dev/null || true
      done
      # read at run time, beside the folder of the program
      cp -r packages/switchyard/node_modules/@modelcontextprotocol/server-everything/dist/docs servers/@modelcontextprotocol/server-everything/docs
      runHook postBuild
    '';

    installPhase = ''
      runHook preInstall
      mkdir -p $out/lib
      cp -r servers $out/lib/node_modules
      for server in filesystem memory everything; do
        makeWrapper ${lib.getExe nodejs-slim_24} $out/bin/mcp-server-$server \
          --add-flags "--max-semi-space-size=8 $out/lib/node_modules/@modelcontextprotocol/server-$server/bundle/index.mjs"
      done
      runHook postInstall
    '';

    nativeInstallCheckInputs = [ ];
    installCheckPhase = ''
      runHook preInstallCheck
      hello='{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"check","version":"1"}}}'
      export MEMORY_FILE_PATH=$PWD/memory.jsonl
      for server in "filesystem $PWD" memory "everything stdio"; do
        echo "$hello" | timeout 30 $out/bin/mcp-server-$server | grep -q serverInfo
      done
      runHook postInstallCheck
    '';

    meta = prev.meta // {
      description = "The MCP servers filesystem, memory and everything";
      mainProgram = "mcp-server-filesystem";
    };
  }
)
