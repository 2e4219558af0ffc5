# shellcheck shell=bash disable=SC2034
# private-notify.sh: sourced by process tests with BIN_DIR as $1. relaywatch-notify in a private folder $dir, with receivers that keep what they get
# (http_sink.c) and a sender of sets of alerts. Prints "ok - ..." and "not ok - ..."; $failed is 1 after one of those.
bin=$(cd "$1" && pwd)
support=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=$(mktemp -d /tmp/relaywatch-notify-test.XXXXXX)
failed=0
pids=()

cleanup() {
    for pid in "${pids[@]}"; do
        kill -9 "$pid" 2>/dev/null
    done
    wait 2>/dev/null
    rm -rf "$dir"
}
trap cleanup EXIT

ok() { echo "ok - $1"; }
not_ok() {
    echo "not ok - $1"
    failed=1
}
check() { # NAME COMMAND...
    local name=$1
    shift
    if "$@"; then ok "$name"; else not_ok "$name"; fi
}

# wait_for SECONDS COMMAND...: until the command is true
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -ge $end ] && return 1
        sleep 0.05
    done
}

sink_program=$bin/../support/http_sink
if [ ! -x "$sink_program" ]; then
    sink_program=$dir/http_sink
    ${CC:-cc} -std=c17 -D_GNU_SOURCE -O1 -o "$sink_program" "$support/http_sink.c" || exit 1
fi

# As its own user where there is one: it refuses root.
if [ "$(id -u)" = 0 ]; then
    user=relaywatch-notify
    id $user >/dev/null 2>&1 || user=nobody
    as=(setpriv "--reuid=$user" "--regid=$(id -gn $user)" --clear-groups)
    chown "$user" "$dir"
    chmod 755 "$dir"
else
    as=()
fi

sink() { # NAME ANSWER...: sets sink_pid; the port is in $dir/NAME.port and stays the same at a second start
    local name=$1 port=0
    shift
    [ -f "$dir/$name.port" ] && port=$(cat "$dir/$name.port")
    "$sink_program" -p "$port" -f "$dir/$name.port" "$dir/$name" "$@" &
    sink_pid=$!
    pids+=("$sink_pid")
    wait_for 5 test -s "$dir/$name.port"
    touch "$dir/$name" "$dir/$name.head"
}
url() { echo "http://127.0.0.1:$(cat "$dir/$1.port")"; }

start_notify() {
    "${as[@]}" "$bin/relaywatch-notify" -c "$dir/relaywatch.conf" --socket "$dir/notify.sock" \
        2>>"$dir/log" &
    notify_pid=$!
    pids+=("$notify_pid")
    # A socket file of a killed predecessor answers nobody: wait for one that does.
    wait_for 5 python3 - "$dir/notify.sock" <<'PY' 2>/dev/null
import socket, sys
socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect(sys.argv[1])
PY
}
kill_now() { # PID [SIGNAL]; the shell's word on it is not wanted
    kill "-${2:-9}" "$1"
    wait "$1"
} 2>/dev/null

# tell 'JSON of the alerts' [PROOF_AGE_MS]: one packet, as relaywatchd sends it; prints the acknowledgement
tell() {
    python3 - "$dir/notify.sock" "$1" "${2:--1}" <<'PY'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(5)
s.connect(sys.argv[1])
s.send(('{"version":1,"host":"relay1","url":"http://127.0.0.1:9154/","proof_age_ms":%s,"alerts":[%s]}'
        % (sys.argv[3], sys.argv[2])).encode())
print(s.recv(16).decode())
PY
}
alert() { # ID SINCE ENDED SEVERITY
    echo "{\"id\":\"$1\",\"diagnosis\":\"G01 BAD_CREDENTIALS\",\"severity\":\"${4:-critical}\",\"title\":\"t\",\"summary\":\"s\",\"impact\":\"i\",\"who\":\"w\",\"why\":\"y\",\"fix\":[\"one\",\"two\"],\"evidence\":\"e\",\"since\":$2,\"ended\":$3,\"count\":1}"
}
lines() { [ "$(wc -l <"$dir/$1")" -eq "$2" ]; }
at_least() { [ "$(wc -l <"$dir/$1")" -ge "$2" ]; }
has() { grep -q -e "$2" "$dir/$1"; }
has_not() { ! grep -q -e "$2" "$dir/$1"; }
receivers() { printf '%s\n' "$@" >"$dir/receivers.new" && chmod 644 "$dir/receivers.new" && mv "$dir/receivers.new" "$dir/receivers.conf"; }

cat >"$dir/relaywatch.conf" <<CONF
receivers_file = $dir/receivers.conf
notify_state_dir = $dir
run_dir = $dir
CONF
: >"$dir/log"
chmod 666 "$dir/log"
now=$(date +%s)
