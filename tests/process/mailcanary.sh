#!/bin/bash
# mailcanary.sh BIN: with canary_recipient a real message goes through the relay, again and again: the heartbeat carries when the
# last one was delivered; when none is, an alert of its own says so and no heartbeat is sent. On a trial relay (deploy/up),
# with a heartbeat's receiver (http_sink.c). Must run as root. Takes about 5 minutes. Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2317,SC2154 # functions called by name; what the supports share
set -u
export LC_ALL=C

repo=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/support/words.sh
. "$repo/tests/support/words.sh"
# shellcheck source=tests/support/trial-relay.sh
. "$repo/tests/support/trial-relay.sh"
bin=$(cd "$1" && pwd)
work=$(mktemp -d /var/lib/rw-mailcanary.XXXXXX)
switch=

finish() {
    trial_end
    kill ${switch:+"$switch"} 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

# within NAME SECONDS COMMAND...: the command becomes true in time
within() {
    local name=$1 seconds=$2
    shift 2
    if becomes "$seconds" "$@"; then ok "$name"; else not_ok "$name" "$(rw status | head -n 30 | tr '\n' '|')"; fi
}

# of EXPRESSION: of d, the status
of() { rw status --json | python3 -c "import json, sys; d = json.load(sys.stdin); print($1)"; }
# says NAME PATTERN: what is on standard input
says() { if grep -qE -- "$2" >"$work/found"; then ok "$1"; else not_ok "$1" "no '$2'"; fi; }

canary_is() { [[ $(of 'd["canary"]["state"]') == "$1" ]]; }
fires() { [[ " $(of '" ".join(a["id"] for a in d["alerts"])') " == *" $1 "* ]]; }
fires_not() { ! fires "$1"; }
beat_with() { tail -n 1 "$work/switch" | grep -q "$1"; }
held_back() { [[ $(of '[r["last_error"] for r in d["receivers"] if r["name"] == "deadman"][0]') == "held back: no canary message was delivered for canary_overdue" ]]; }
more_beats() { [[ $(wc -l <"$work/switch") -gt $before ]]; }

trial_begin mailcanary "canary_recipient = canary@example.org" "canary_interval = 60" "canary_overdue = 60" ||
    { not_ok "a trial relay" "$(tail -n 2 "$hook.up")"; exit 1; }
"$bin/../support/http_sink" -f "$work/switch.port" "$work/switch" 200 &
switch=$!
becomes 5 test -s "$work/switch.port"
printf 'heartbeat = http://127.0.0.1:%s/\nname = deadman\ninterval = 10s\n' "$(cat "$work/switch.port")" >>"$RELAYWATCH_RECEIVERS"
touch "$work/switch"

# 1. The way is whole.
within "a message is delivered" 40 canary_is ok
within "the heartbeat carries the proof" 60 beat_with '"canary":{"delivered":"20[^"]*Z","delay_seconds":[0-9.]*}'
is "its sender is the null sender" "from=<>," "$(grep -o 'qmgr.*: from=<>,' "$MAIL_LOG" | head -n 1 | grep -o 'from=<>,')"
is "it is a message in the counters and the ledger" True \
    "$(of 'd["ledger"]["accepted"] == d["ledger"]["sent"] + d["ledger"]["queued"] + d["ledger"]["bounced"] and d["ledger"]["sent"] == d["counters"]["sent"]')"
is "its domain is none where the mail goes" "[]" "$(of '[x for x in d["destinations"] if x["domain"] == "example.org"]')"
rw status | says "on the terminal" 'canary +ok, last delivered 20'
curl -s "$RELAYWATCH_URL/metrics" | says "in the metrics" '^relaywatch_canary_delivered_timestamp_seconds [0-9]+'
curl -s "$RELAYWATCH_URL/" | says "on the page" 'canary message</th><td>ok'

# 2. It alone does not arrive, other mail does.
relay_sets() { postconf -c "$POSTFIX_CONFIG_DIR" "$@" && postfix -c "$POSTFIX_CONFIG_DIR" reload >/dev/null 2>&1; }
relay_sets 'transport_maps = inline:{{canary@example.org = retry:4.3.0 not now}}'
send 3
within "it is overdue: an alert of its own" 150 fires canary-overdue
is "the receiver is told of nothing else" canary-overdue "$(grep -o '"id":"[^"]*"' "$hook" | sort -u | cut -d'"' -f4 | tr '\n' ' ' | sed 's/ $//')"
within "no heartbeat then" 15 held_back
before=$(wc -l <"$work/switch")
rw alerts show canary-overdue | says "it says what the message met" 'not now'
daemon_runs() { [[ -n $(program_pid relaywatchd) ]]; }
for _ in 1 2 3 4 5 6 7 8; do # a beat may fall into the first second of each
    becomes 20 daemon_runs
    kill -9 "$(program_pid relaywatchd)"
    sleep 3
done
within "kill -9: it is still overdue" 15 fires canary-overdue
is "no beat meanwhile" "$before" "$(wc -l <"$work/switch")"
is "the receiver is not told that it is over" 0 "$(grep -c '"status":"resolved"' "$hook")"

# 3. Mended.
relay_sets -X transport_maps
within "the next one is delivered: the alert ends" 120 fires_not canary-overdue
within "it beats again" 60 more_beats
is "nobody got a bounce" "" "$(grep -o 'non-delivery notification.*' "$MAIL_LOG" | head -n 1)"
exit "$failed"
