#!/usr/bin/env bash
# Sets up the MCP servers of all agents on this machine: finds the agents, asks what they should have, writes one declaration,
# files to begin with for the place where secrets are kept, and every agent's own file. It asks for no secret and shows none.
set -euo pipefail
# Runs in the bash 3.2 of macOS as well: no mapfile, and empty arrays are expanded with care.

usage() {
  cat <<'END'
Usage: scripts/setup-mcp.sh [--yes] [--dry-run] [--agents A,B] [--servers A,B] [--set NAME=VALUE]…
                            [--mode gateway|direct|bridge] [--provider WORD] [--import] [--config FILE]

--yes        ask nothing: all agents that are found, mode gateway, provider files, unless flags say otherwise
--dry-run    show what would be written and write nothing
--servers    servers of the catalog (`switchyard catalog list`)
--set        value of a variable that is no secret
--provider   where secrets are kept (`switchyard setup providers`)
--import     take over the servers that agents have already
END
}

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
node=$root/node_modules/node/bin/node
[ -x "$node" ] || node=$(command -v node) || { echo 'Node is not installed: run "npm run setup" in the repository first' >&2; exit 69; }
cli() { "$node" "$root/packages/switchyard/bin/switchyard.mjs" "$@"; }

yes='' dry='' import='' mode='' provider='' agents='' servers='' config=() settings=()
while [ $# -gt 0 ]; do
  case $1 in
    --yes) yes=1 ;;
    --dry-run) dry=1 ;;
    --import) import=y ;;
    --help | -h) usage; exit 0 ;;
    --agents | --servers | --mode | --provider | --set | --config)
      [ $# -ge 2 ] || { echo "$1 needs a value" >&2; exit 64; }
      case $1 in
        --agents) agents=$2 ;;
        --servers) servers=$2 ;;
        --mode) mode=$2 ;;
        --provider) provider=$2 ;;
        --set) settings+=(--set "$2") ;;
        --config) config=(--config "$2") ;;
      esac
      shift ;;
    *) echo "unknown argument $1" >&2; usage >&2; exit 64 ;;
  esac
  shift
done
if [ -z "$yes" ] && [ ! -t 0 ]; then
  echo 'this asks questions and needs a terminal; --yes asks none' >&2
  exit 64
fi

# ask QUESTION DEFAULT: the answer is in $answer.
ask() {
  answer=$2
  [ -n "$yes" ] && return
  local said=''
  IFS= read -r -p "$1${2:+ [$2]}: " said || { echo; echo 'nothing was written' >&2; exit 130; }
  answer=${said:-$2}
}
# confirm QUESTION: true for yes, which is the default.
confirm() { ask "$1" y; case $answer in [Yy]*) return 0 ;; *) return 1 ;; esac; }

found=()
while IFS= read -r line; do found+=("$line"); done < <(cli setup agents)
if [ ${#found[@]} -eq 0 ]; then
  echo 'No agent was found on this machine. Only the declaration is written; --agents names some all the same.'
else
  echo 'Agents on this machine:'
  names=''
  for line in "${found[@]}"; do
    IFS=$'\t' read -r name title file <<< "$line"
    printf '  %-16s %s, %s\n' "$name" "$title" "$file"
    names+=${names:+,}$name
  done
  if [ -z "$agents" ]; then
    ask 'Which of them (names with commas, or none)' "$names"
    agents=$answer
  fi
  [ "$agents" = none ] && agents=''
  if [ -z "$import" ] && [ -z "$yes" ]; then
    ask 'Take over the servers they have already (y/n)' n
    import=$answer
  fi
fi

while :; do
  if [ -z "$servers" ] && [ -z "$yes" ]; then
    echo
    echo 'Servers of the catalog:' "$(cli catalog list --json | "$node" -e 'console.log(Object.keys(JSON.parse(require("fs").readFileSync(0))).join(", "))')"
    ask 'Which of them (names with commas; Enter for none)' ''
    servers=$answer
  fi
  if needs=$(cli setup needs --servers "$servers"); then break; fi
  [ -z "$yes" ] || exit 64
  servers=''
done

secrets=''
while IFS=$'\t' read -r server variable kind summary; do
  [ -n "$variable" ] || continue
  if [ "$kind" = secret ]; then
    secrets=1
  elif [ -z "$yes" ]; then
    ask "$server: $variable, $summary (Enter leaves it out)" '' < /dev/tty
    [ -z "$answer" ] || settings+=(--set "$variable=$answer")
  fi
done <<< "$needs"

if [ -n "$secrets" ] && [ -z "$provider" ]; then
  if [ -z "$yes" ]; then
    echo
    echo 'Where are secrets kept? (They are not asked for here.)'
    cli setup providers | while IFS=$'\t' read -r word title; do printf '  %-10s %s\n' "$word" "$title"; done
  fi
  ask 'Provider' files
  provider=$answer
fi
[ -n "$mode" ] || { ask 'How agents reach servers: gateway (one entry), direct (each server), bridge (stdio)' gateway; mode=$answer; }

apply=(setup apply --servers "$servers" --agents "$agents" --mode "$mode" --provider "${provider:-files}" ${settings[@]+"${settings[@]}"} ${config[@]+"${config[@]}"})
echo
cli "${apply[@]}" --dry-run
if [ -n "$dry" ]; then
  echo
  echo 'Nothing was written (--dry-run).'
  exit 0
fi
echo
confirm 'Write this (y/n)' || { echo 'Nothing was written.'; exit 0; }
case $import in [Yy]*) cli config import --write ${config[@]+"${config[@]}"} ;; esac
cli "${apply[@]}"
if [ -n "$agents" ]; then
  echo
  echo "Agents' files:"
  cli config sync ${config[@]+"${config[@]}"}
fi
echo
echo 'Done. `switchyard up` starts the gateway; scripts/test-mcp-connection.sh checks everything.'
