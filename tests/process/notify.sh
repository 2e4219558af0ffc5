#!/bin/bash
# relaywatch-notify as a whole: real receivers (tests/support/http_sink.c), real kill -9, receivers edited live.
# usage: notify.sh BIN_DIR    prints "ok - ..." and "not ok - ..." lines; exit status 1 if any is not ok
set -u
bin=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
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
    ${CC:-cc} -std=c17 -D_GNU_SOURCE -O1 -o "$sink_program" "$here/../support/http_sink.c" || exit 1
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

# tell 'JSON of the alerts': one packet, as relaywatchd sends it; prints the acknowledgement
tell() {
    python3 - "$dir/notify.sock" "$1" <<'PY'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(5)
s.connect(sys.argv[1])
s.send(('{"version":1,"host":"relay1","url":"http://127.0.0.1:9154/","alerts":[%s]}' % sys.argv[2]).encode())
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
CONF
: >"$dir/log"
chmod 666 "$dir/log"
now=$(date +%s)

if [ "$(id -u)" = 0 ]; then
    "$bin/relaywatch-notify" -c "$dir/relaywatch.conf" -t 2>/dev/null
    check "refuses to run as root" test $? = 77
fi

# 1. Two receivers, one dead (nothing listens there): the other is told at once.
sink good 200
sink dead 200
kill_now "$sink_pid"
receivers "webhook = $(url dead)/tok-dead-secret" "webhook = $(url good)/tok-good-secret"
start_notify
begin=$(date +%s%N)
tell "$(alert login-refused $((now - 5)) null)" >/dev/null
check "one dead receiver: the other has the alert" wait_for 5 lines good 1
took=$((($(date +%s%N) - begin) / 1000000))
check "one dead receiver: within 1 s ($took ms)" test $took -lt 1000
check "the body says what it is" has good '"status":"firing","host":"relay1","id":"login-refused"'
check "the key names the incident" has good.head "relay1/login-refused/$((now - 5))000/firing/critical "

# 2. The same set again, and bad packets, change nothing.
for _ in 1 2 3; do tell "$(alert login-refused $((now - 5)) null)" >/dev/null; done
check "a bad packet is answered no" test "$(tell 'nonsense')" = no
check "a good one is still answered ok" test "$(tell "$(alert login-refused $((now - 5)) null)")" = ok
sleep 1
check "the same state again is not told again" lines good 1

# 3. Resolved while one receiver is down; that one is told once, rightly, when it is back.
ended=$(date +%s)
tell "$(alert login-refused $((now - 5)) "$ended.900")" >/dev/null
check "resolved is told" wait_for 5 has good '"status":"resolved"'
check "with its duration" has good "\"duration_seconds\":$((ended - now + 5)).9[,}]"
sink dead 200
check "receiver back after the outage: told" wait_for 20 at_least dead 1
sleep 2
check "told once" lines dead 1
check "told rightly: resolved, with duration" has dead "\"status\":\"resolved\".*\"duration_seconds\":$((ended - now + 5)).9[,}]"

# 4. kill -9 between the sending and the record: the same notice again, under the same key, then no more.
kill_now "$notify_pid"
sink hangs hang 200
receivers "webhook = $(url hangs)/x"
start_notify
tell "$(alert relay-unreachable $now null)" >/dev/null
check "kill -9: the notice is on its way" wait_for 5 lines hangs 1
kill_now "$notify_pid"
start_notify
tell "$(alert relay-unreachable $now null)" >/dev/null
check "kill -9: sent again after the restart" wait_for 10 lines hangs 2
check "kill -9: under the same key" test "$(cut -d' ' -f5 "$dir/hangs.head" | sort -u | wc -l)" = 1
wait_for 5 has told.json '"status": "firing"'
kill_now "$notify_pid"
start_notify
tell "$(alert relay-unreachable $now null)" >/dev/null
sleep 2
check "kill -9 after the record: not told again" lines hangs 2

# 5. Receivers edited live.
sink added 200
receivers "webhook = $(url hangs)/x" "webhook = $(url added)/y" "alertmanager = $(url added)"
check "a receiver added live hears of what fires, within 3 s" wait_for 3 at_least added 2
check "Alertmanager gets an array of labels" has added '^\[{"labels":{"alertname":"RelayUnreachable","host":"relay1","severity":"critical"'
check "at its API" has added.head 'POST /api/v2/alerts'
check "others are not told again" lines hangs 2
receivers "webhook = gopher://x" "nonsense"
check "a bad edit is reported with its line" wait_for 5 has log 'receivers.conf, line 1: '
tell "$(alert relay-unreachable $now "$(date +%s)")" >/dev/null
check "a bad edit keeps the old receivers" wait_for 5 lines hangs 3

# 6. Answers: a refusal is not repeated fast, a redirect is not followed, Retry-After counts.
sink refuses 404
sink turns 302
sink later 429:2 200
receivers "webhook = $(url refuses)/a" "webhook = $(url turns)/b" "webhook = $(url later)/c"
wait_for 5 has log '3 receivers'
tell "$(alert tls-broken $((now + 1)) null)" >/dev/null
check "Retry-After: sent again" wait_for 10 lines later 2
first=$(sed -n 1p "$dir/later.head" | cut -d' ' -f1)
second=$(sed -n 2p "$dir/later.head" | cut -d' ' -f1)
check "Retry-After: after 2 s ($((second - first)) ms)" test $((second - first)) -ge 1950
sleep 1
check "404: once, then a long wait" lines refuses 1
check "302: not followed" has_not turns.head /redirected
check "302: reported" has log 'a redirect'

# 7. A hung receiver and one without end do not delay the others; deadline and limit hold.
sink stuck hang
sink endless endless
sink quick 200
receivers "webhook = $(url stuck)/a" "webhook = $(url endless)/b" "webhook = $(url quick)/c"
wait_for 5 has log '3 receivers'
check "beside a hung and an endless one: told" wait_for 3 at_least quick 1
check "total deadline: reported after 10 s" wait_for 14 has log 'no whole answer within 10'

# 8. No secret in the log; a token goes out as a header only.
printf 'tok3n-secret\n' >"$dir/token"
chmod 644 "$dir/token"
receivers "webhook = $(url quick)/with-token" "token_file = $dir/token"
check "the token is sent" wait_for 5 has quick.head 'Bearer tok3n-secret'
check "no token, no path of a URL in the log" has_not log 'tok-dead-secret\|tok-good-secret\|tok3n-secret\|/with-token'
check "none in told.json" has_not told.json 'tok-\|tok3n\|with-token\|127.0.0.1:[0-9]*/[abcxy]'

# 9. Ends by TERM, cleanly (sanitizers and leaks included).
kill -TERM "$notify_pid"
wait "$notify_pid"
check "ends by TERM with status 0" test $? = 0
check "no sanitizer report" has_not log 'Sanitizer\|runtime error'
[ $failed = 0 ] || sed 's/^/# /' "$dir/log"
exit $failed
