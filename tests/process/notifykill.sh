#!/bin/bash
# relaywatch-notify killed at each system call by which it sends, writes or renames, from the set of alerts that tells of
# an incident to the last word on its end: one life each, gone on with by the next. Whatever the moment, a receiver sees
# one logical alert: it fires under one key, it ends under one key, in this order.
# usage: notifykill.sh BIN_DIR [STEP]    at every STEP-th call (default 1)
# shellcheck disable=SC2154 # what private-notify.sh shares
set -u
# shellcheck source=tests/support/private-notify.sh
. "$(dirname "$0")/../support/private-notify.sh"
exec 2>>"$dir/script-errors" # bash says of each process that it was killed
step=${2:-1}
name="killed at each call that sends or writes"
((step == 1)) || name="killed at every ${step}th call that sends or writes"
trace=$dir/trace
: >"$trace" && chmod 666 "$trace"

if ! strace -qq -o /dev/null true 2>/dev/null; then
    echo "ok - $name # skip: strace cannot trace here"
    exit 0
fi
# Leaks cannot be looked for under strace.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"

sink hook 200
sink pager 202
sink manager 200
printf 'K3Y\n' >"$dir/key"
chmod 644 "$dir/key"
receivers "webhook = $(url hook)/x" "pagerduty = $dir/key" "url = $(url pager)/v2/enqueue" "alertmanager = $(url manager)"

firing=$(alert login-refused $((now - 5)) null)

start() { # WRAPPER...
    "${as[@]}" "$@" "$bin/relaywatch-notify" -c "$dir/relaywatch.conf" --socket "$dir/notify.sock" 2>>"$dir/log" &
    notify_pid=$!
    pids+=("$notify_pid")
}
is_running() { jobs -pr | grep -qx "$notify_pid"; }
say() { # JSON: until it is taken, or relaywatch-notify is dead
    while is_running; do
        [ "$(tell "$1" 2>/dev/null)" = ok ] && return 0
        sleep 0.02
    done
}
# Each receiver has heard it, or nobody will before a new life.
all_have() { # WORDS of each
    { has hook "$1" && has pager "$2" && has manager "$3"; } || ! is_running
}
all_fire() { all_have '"status":"firing"' '"trigger"' '^\['; }
# Alertmanager is told of an end by a time that is not ahead.
all_over() { all_have '"status":"resolved"' '"resolve"' "\"endsAt\":\"$(date -u -d "@$ended" +%FT%T)"; }
recorded() { [ "$(grep -c '"status": "resolved"' "$dir/told.json" 2>/dev/null)" = 3 ] || ! is_running; }

# One incident from its beginning to its end, in one life or in two.
life() {
    say "$firing"
    wait_for 10 all_fire
    revive "$firing" all_fire
    ended=$(date +%s.%3N)
    over=$(alert login-refused $((now - 5)) "$ended")
    say "$over"
    wait_for 10 all_over
    revive "$over" all_over
    wait_for 10 recorded
    revive "$over" recorded
}
revive() { # SET CONDITION
    is_running && return
    deaths=$((deaths + 1))
    start
    say "$1"
    wait_for 10 "$2"
}
end() {
    local child
    child=$(cat "/proc/$notify_pid/task/$notify_pid/children")
    child=${child%% *}
    kill "${child:-$notify_pid}"
    wait "$notify_pid"
} 2>/dev/null
fresh() {
    rm -f "$dir/told.json"
    : >"$dir/log"
    for out in hook pager manager; do
        : >"$dir/$out"
        : >"$dir/$out.head"
    done
    deaths=0
}

# What each receiver makes of what it got, by the rules of its kind; nothing when that is right.
wrong() {
    python3 - "$dir" <<'PY'
import json, sys
d = sys.argv[1]
keys = [l.split()[4] for l in open(d + "/hook.head")]
events = [json.loads(l) for l in open(d + "/pager")]
alerts = [a for l in open(d + "/manager") for a in json.loads(l)]
def order(words, first, last):
    kinds = [first if w == first else last for w in words]
    return kinds and kinds == sorted(kinds, key=[first, last].index) and set(kinds) == {first, last}
if len(set(keys)) != 2 or not order([k.split("/")[3] for k in keys], "firing", "resolved"):
    print("webhook:", keys)
if len({e["dedup_key"] for e in events}) != 1 or not order([e["event_action"] for e in events], "trigger", "resolve"):
    print("pagerduty:", [(e["dedup_key"], e["event_action"]) for e in events])
if len({json.dumps([a["labels"], a["startsAt"]], sort_keys=True) for a in alerts}) != 1:
    print("alertmanager:", alerts)
print("sent", len(keys) + len(events), file=sys.stderr)
PY
}

# ---- at which calls to kill: from the set of alerts on, as ordinals since the start

fresh
start strace -f -qq -o "$trace"
life
end
if [ -n "$(wrong 2>/dev/null)" ] || [ $deaths != 0 ]; then
    not_ok "$name: the undisturbed run is wrong: $(wrong 2>&1 | head -n 3)"
    exit 1
fi
points=$(awk '
    { sub(/^[0-9]+ +/, "") }
    match($0, /^[a-z0-9_]+\(/) {
        call = substr($0, 1, RLENGTH - 1)
        seen[call]++
        if (/, MSG_TRUNC\|MSG_DONTWAIT/) begun = 1 # the first packet of alerts
        if (begun && call ~ /^(write|writev|send|sendto|sendmsg|connect|rename|renameat|renameat2|fsync)$/)
            print call, seen[call]
    }' "$trace" | awk -v step="$step" 'NR % step == 1 % step')

# ---- kill

killed=0 again=0
while read -r call ordinal; do
    fresh
    start strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$ordinal"
    life
    end
    killed=$((killed + deaths))
    found=$(wrong 2>"$dir/count")
    again=$((again + $(awk '/sent/ { print $2 - 4 }' "$dir/count")))
    [ -z "$found" ] || not_ok "$name: at $call $ordinal: $found"
    [ "$deaths" -le 1 ] || not_ok "$name: at $call $ordinal: $deaths deaths"
done <<<"$points"
count=$(wc -l <<<"$points")
if [ "$failed" = 0 ] && [ "$killed" -gt 0 ]; then
    ok "$name: $count calls, $killed kills, $again notices twice, each under its key: one alert everywhere"
else
    [ "$killed" -gt 0 ] || not_ok "$name: nothing was killed"
fi
exit "$failed"
