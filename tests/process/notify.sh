#!/bin/bash
# relaywatch-notify as a whole: real receivers (tests/support/http_sink.c), real kill -9, receivers edited live.
# shellcheck disable=SC2154 # what private-notify.sh shares
# usage: notify.sh BIN_DIR    prints "ok - ..." and "not ok - ..." lines; exit status 1 if any is not ok
set -u
# shellcheck source=tests/support/private-notify.sh
. "$(dirname "$0")/../support/private-notify.sh"

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
dead_pid=$sink_pid
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

# How long an alert takes to a receiver that is well: alone, and beside thirty that are dead or hang. In ms, the middle of
# eleven.
sink bench 200
beside=()
for n in {1..15}; do beside+=("webhook = $(url stuck)/$n" "webhook = $(url dead)/$n"); done
way() { # RECEIVER...
    local i sent at
    receivers "$@"
    wait_for 5 loads "$# receiver"
    for i in {1..11}; do
        : >"$dir/bench"
        : >"$dir/bench.head"
        sent=$(date +%s%N)
        tell "$(alert "bench-$i-$#" "$now" null)" >/dev/null
        wait_for 5 has bench "bench-$i-$#"
        at=$(grep -l "bench-$i-$#" "$dir/bench" >/dev/null && tail -n 1 "$dir/bench.head" | cut -d' ' -f1)
        echo $((at - sent / 1000000))
    done | sort -n | sed -n 6p
}
loads() { tail -n 3 "$dir/log" | grep -q ": $1"; }
kill_now "$dead_pid" 2>/dev/null
alone=$(way "webhook = $(url bench)/b")
crowd=$(way "${beside[@]}" "webhook = $(url bench)/b")
check "thirty dead and hung receivers delay another by nothing: $alone ms alone, $crowd ms beside them" test "$crowd" -lt 1000

# 8. No secret in the log; a token goes out as a header only.
printf 'tok3n-secret\n' >"$dir/token"
chmod 644 "$dir/token"
receivers "webhook = $(url quick)/with-token" "token_file = $dir/token"
check "the token is sent" wait_for 5 has quick.head 'Bearer tok3n-secret'
check "no token, no path of a URL in the log" has_not log 'tok-dead-secret\|tok-good-secret\|tok3n-secret\|/with-token'
check "none in told.json" has_not told.json 'tok-\|tok3n\|with-token\|127.0.0.1:[0-9]*/[abcxy]'

# 9. What was told is no longer said to wait: the report that goes up with a set is made before it is delivered.
hears_of() { # ALERT: relaywatchd's end of the connection, until it has heard of one that waits and that none does
    python3 - "$dir/notify.sock" "$1" <<'PY'
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(5)
s.connect(sys.argv[1])
s.send(('{"version":1,"host":"relay1","url":"","proof_age_ms":-1,"alerts":[%s]}' % sys.argv[2]).encode())
waited = False
while True:
    said = s.recv(65536)
    if said[:1] != b"{":
        continue
    waiting = json.loads(said)["receivers"][0]["waiting"]
    if waited and waiting == 0:
        break
    waited |= waiting > 0
PY
}
check "told: nothing waits, and that is said at once" hears_of "$(alert heard-of "$now" null)" 2>/dev/null

# 10. Ends by TERM, cleanly (sanitizers and leaks included).
kill -TERM "$notify_pid"
wait "$notify_pid"
check "ends by TERM with status 0" test $? = 0
check "no sanitizer report" has_not log 'Sanitizer\|runtime error'
[ $failed = 0 ] || sed 's/^/# /' "$dir/log"
exit $failed
