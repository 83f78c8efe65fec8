#!/usr/bin/env bash
# Checks everything between agents and MCP servers and says how to mend what is broken. The same as `switchyard doctor`, which
# has the flags: --url, --config, --env, --project, --probe, --json. Exit code 1 when something is to be mended.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
node=$root/node_modules/node/bin/node
[ -x "$node" ] || node=$(command -v node) || { echo 'Node is not installed: run "npm run setup" in the repository first' >&2; exit 69; }
exec "$node" "$root/packages/switchyard/bin/switchyard.mjs" doctor "$@"
