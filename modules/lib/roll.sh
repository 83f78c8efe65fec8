# The two instances UNIT@a and UNIT@b of a daemon on one socket. Only one of them accepts at any time; the other is gone, or
# finishes what it has begun. Run by systemd as
#   roll take-over UNIT a|b    before that instance starts: the other one lets go of accepting
#   roll start UNIT            hands over to the other instance, or starts the first one
#   roll reload UNIT           reloads the one that accepts
#   roll stop UNIT             stops both
set -eu

verb=$1
unit=$2

say() {
  echo "$1"
  if [ -n "${NOTIFY_SOCKET-}" ]; then systemd-notify --status="$1" || true; fi
}

state() { systemctl show --property=ActiveState --value "$1"; }

# Prints the instance that accepts, if there is one.
serving() {
  for instance in "$unit@a.service" "$unit@b.service"; do
    case $(state "$instance") in
      active | reloading | refreshing) echo "$instance" ;;
    esac
  done
}

# Whether an instance accepts nothing any more and has said what the next one has to know. Its status is from before it
# began to stop as long as it does not say so.
has_let_go() {
  case $(systemctl show --property=ActiveState --property=StatusText "$1" | sort | tr '\n' ' ') in
    "ActiveState=inactive "* | "ActiveState=failed "* | "ActiveState=deactivating StatusText=draining"*) true ;;
    *) false ;;
  esac
}

take_over_from() {
  case $(state "$1") in
    active | activating | reloading | refreshing) systemctl stop --no-block "$1" ;;
  esac
  for _ in $(seq 600); do
    if has_let_go "$1"; then return; fi
    sleep 0.05
  done
  echo "$1 was told to stop and still accepts requests after 30 s: systemctl status $1 says more, systemctl kill --signal=KILL $1 ends it" >&2
  exit 1
}

# The instance to start when none accepts: one that is about to, else one that is not still finishing.
first() {
  free=
  for instance in "$unit@b.service" "$unit@a.service"; do
    case $(state "$instance") in
      activating) echo "$instance"; return ;;
      deactivating) ;;
      *) free=$instance ;;
    esac
  done
  echo "${free:-$unit@a.service}"
}

hand_over() {
  old=$(serving)
  case $old in
    "$unit@a.service") new=$unit@b.service ;;
    "$unit@b.service") new=$unit@a.service ;;
    *) new=$(first) ;;
  esac
  if [ "$(state "$new")" = deactivating ]; then
    say "${old:-nobody} answers; waits until $new has finished its streams, to start it anew"
  fi
  if systemctl start "$new"; then
    say "$new answers${old:+; $old finishes what it has begun}"
    return
  fi
  if [ -n "$old" ] && [ "$(state "$old")" = active ]; then
    systemctl stop --quiet "$new"
    echo "$new did not start, and $old goes on as before: journalctl -u $new has the reason" >&2
  else
    echo "$new did not start, and nobody answers until it does: journalctl -u $new has the reason" >&2
  fi
  exit 1
}

# systemd stops before it starts: what begins with this is a restart, which hands over and stops nothing by itself.
is_restart() {
  case $(systemctl list-jobs --no-legend --plain "$unit.service") in
    *restart*) true ;;
    *) false ;;
  esac
}

stop_both() {
  if [ "$(systemctl is-system-running)" = stopping ]; then
    # The machine goes down: streams have half a minute. Told twice, a daemon ends at once.
    timeout 30 systemctl stop "$unit@a.service" "$unit@b.service" ||
      systemctl kill --kill-whom=main "$unit@a.service" "$unit@b.service"
  else
    systemctl stop "$unit@a.service" "$unit@b.service"
  fi
}

case $verb in
  take-over)
    case $3 in
      a) take_over_from "$unit@b.service" ;;
      b) take_over_from "$unit@a.service" ;;
    esac
    ;;
  start) hand_over ;;
  reload)
    old=$(serving)
    if [ -z "$old" ]; then
      echo "no instance of $unit answers: systemctl restart $unit starts one" >&2
      exit 1
    fi
    systemctl reload "$old"
    ;;
  stop) is_restart || stop_both ;;
esac
