#!/bin/bash
# The kinds of receivers beside the webhook, as a whole: what each is sent, byte for byte where it matters, and that no
# secret of theirs shows anywhere.
# usage: receivers.sh BIN_DIR    prints "ok - ..." and "not ok - ..." lines; exit status 1 if any is not ok
# shellcheck disable=SC2154 # what private-notify.sh shares
set -u
# shellcheck source=tests/support/private-notify.sh
. "$(dirname "$0")/../support/private-notify.sh"

secret() { # FILE TEXT
    printf '%s\n' "$2" >"$dir/$1"
    chmod 644 "$dir/$1"
}
# field FILE LINE PYTHON: an expression over the JSON object of this line, as x
field() {
    sed -n "$2p" "$dir/$1" | python3 -c "import json,sys; x = json.load(sys.stdin); print($3)" 2>/dev/null
}
is() { # NAME WANT GOT
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: wanted '$2', got '$3'"; fi
}

# 1. PagerDuty and Slack: it fires, it ends.
sink pager 202
sink chat 200
secret pager.key R0UT1NGKEYR0UT1NGKEYR0UT1NGKEY00
secret chat.url "$(url chat)/services/T0/B0/ch4t-secret"
receivers "pagerduty = $dir/pager.key" "url = $(url pager)/v2/enqueue" "name = on-call" \
    "slack = $dir/chat.url" "name = chat"
start_notify
check "the receivers have names in the log" wait_for 5 has log '2 receivers'
tell "$(alert login-refused "$now" null)" >/dev/null
check "PagerDuty: told" wait_for 5 lines pager 1
check "Slack: told" wait_for 5 lines chat 1
tell "$(alert login-refused "$now" "$((now + 5))")" >/dev/null
check "PagerDuty: told of the end" wait_for 5 lines pager 2
check "Slack: told of the end" wait_for 5 lines chat 2
is "PagerDuty: its address" "POST /v2/enqueue" "$(sed -n 1p "$dir/pager.head" | cut -d' ' -f2,3)"
is "PagerDuty: trigger" "trigger relay1 critical R0UT1NGKEYR0UT1NGKEYR0UT1NGKEY00" \
    "$(field pager 1 'x["event_action"], x["payload"]["source"], x["payload"]["severity"], x["routing_key"]' | tr -d "(),'")"
is "PagerDuty: resolve" resolve "$(field pager 2 'x["event_action"]')"
is "PagerDuty: one key for both" "$(field pager 1 'x["dedup_key"]')" "$(field pager 2 'x["dedup_key"]')"
is "Slack: it fires" "CRITICAL relay1: t. i" "$(field chat 1 'x["text"]')"
is "Slack: it is over" "RESOLVED relay1: over after 5 s: t" "$(field chat 2 'x["text"]')"
is "Slack: the URL out of its file" /services/T0/B0/ch4t-secret "$(sed -n 1p "$dir/chat.head" | cut -d' ' -f3)"

# 2. Secrets that change are taken at the next request; one that is not there is told, and tried on.
rm "$dir/pager.key"
tell "$(alert tls-broken $((now + 1)) null)" >/dev/null
check "PagerDuty: a missing key is told with its file" wait_for 5 has log "on-call .*pager.key"
secret pager.key NEWKEY
check "PagerDuty: the new key is taken" wait_for 10 has pager '"routing_key":"NEWKEY"'

# 3. No secret where people look, nor in the arguments of a process.
check "no secret in the log" has_not log 'R0UT1NG\|NEWKEY\|ch4t-secret'
check "no secret in told.json" has_not told.json 'R0UT1NG\|NEWKEY\|ch4t-secret'
check "no secret in the arguments" test -z "$(tr '\0' ' ' <"/proc/$notify_pid/cmdline" | grep 'R0UT1NG\|secret')"
"${as[@]}" "$bin/relaywatch-notify" -c "$dir/relaywatch.conf" -t >"$dir/checked" 2>&1
is "-t: good receivers" 0 $?
check "-t: names them" has checked 'line 1: on-call: pagerduty http://127.0.0.1:'
check "-t: without secrets" has_not checked 'NEWKEY\|ch4t-secret'
secret pager.key 'no key'
"${as[@]}" "$bin/relaywatch-notify" -c "$dir/relaywatch.conf" -t >"$dir/checked" 2>&1
is "-t: a key that is none" 78 $?

# 4. A webhook with the body of its operator's; an edit of the template is live, a bad one changes nothing.
template() { # TEXT
    printf '%s\n' "$1" >"$dir/template.new"
    chmod 644 "$dir/template.new"
    mv "$dir/template.new" "$dir/template.json"
}
sink shaped 200
template '{"text": "${headline}", "steps": ${fix}, "n": ${count}, "over": ${ended}}'
receivers "webhook = $(url shaped)/x" "template = $dir/template.json"
check "template: in use" wait_for 5 has shaped '{"text": "relay1: t. i", "steps": \["one","two"\], "n": 1, "over": null}'
template '{"text": "${headline}",
"oops": ${heading}}'
check "template: a bad edit is told with its line" wait_for 5 has log 'template.json, line 2: ${heading}: no such field; right'
tell "$(alert disk-low $((now + 2)) null)" >/dev/null
check "template: the good one stays" wait_for 5 has shaped '^{"text": "relay1: t. i", "steps"'
template '{"say": "${title} ${severity}"}'
loads() { [ "$(grep -c '1 receiver$' "$dir/log")" -ge "$1" ]; }
wait_for 5 loads 2
tell "$(alert disk-low $((now + 2)) null),$(alert queue-growing $((now + 3)) null warning)" >/dev/null
check "template: a good edit is live" wait_for 5 has shaped '^{"say": "t warning"}'

# A mistake in receivers.conf is told where people look, and by `alerts test`.
receivers "webhook = $(url shaped)/x" "template = $dir/template.json" "colour = red"
check "a mistake is told with its line" wait_for 5 has log 'receivers.conf, line 3'
is "alerts test: names the mistake" 1 "$("$bin/relaywatch" -c "$dir/relaywatch.conf" alerts test none 2>&1 |
    grep -c 'there are: webhook; the file is not in force, it has a mistake: .*receivers.conf, line 3')"

# 5. A command: argv, no shell, the alert on stdin, nothing else in its environment; hung ones are killed whole.
program() { # NAME LINE...
    printf '#!/bin/sh\n' >"$dir/$1"
    printf '%s\n' "${@:2}" >>"$dir/$1"
    chmod 755 "$dir/$1"
}
gone() { # FILE with the number of a process; a zombie that nobody waits for is gone
    [ -s "$1" ] && [[ $(ps -o stat= -p "$(cat "$1")") != [RSDT]* ]]
}
: >"$dir/told" && : >"$dir/stuck.pid" && chmod 666 "$dir/told" "$dir/stuck.pid"
program tell 'env | sort | tr "\n" " " >>'"$dir/told" 'printf "%s|" "$@" >>'"$dir/told" 'cat >>'"$dir/told" \
    'echo >>'"$dir/told" 'echo "s4id by the command"' 'echo two >&2'
program stick "sleep 300 & echo \$! >$dir/stuck.pid; wait"
program refuse 'echo "no such room" >&2' 'exit 1'
program later 'exit 75'
receivers "command = $dir/tell  --to \$HOME;date" "name = script" "command = $dir/stick" "name = stuck" "timeout = 1" \
    "command = $dir/refuse" "command = $dir/later" "command = $dir/none"
wait_for 5 has log '5 receivers'
tell "$(alert relay-refuses $((now + 4)) null)" >/dev/null
check "command: told beside one that hangs" wait_for 3 has told '"id":"relay-refuses"'
check "command: words as they stand, no shell" has told "$(printf '|%s|{"version"' '\$HOME;date')"
check "command: its environment" has told "^LC_ALL=C.UTF-8 PATH=[^ ]* PWD=[^ ]* RELAYWATCH_HOST=relay1 RELAYWATCH_ID=relay-refuses RELAYWATCH_KEY=relay1/relay-refuses/$((now + 4))000/firing/critical RELAYWATCH_SEVERITY=critical RELAYWATCH_STATUS=firing --to|"
check "command: its output is in the log" wait_for 3 has log 'script: s4id by the command'
check "command: a hung one is told" wait_for 5 has log 'stuck .*not done in time and was killed'
check "command: and killed with its children" wait_for 5 gone "$dir/stuck.pid"
check "command: a refusal is told with its words" has log 'refuse): it ended with status 1 (no such room); trying again'
check "command: EX_TEMPFAIL is tried on" has log 'later): it ended with status 75; trying on'
check "command: one that is not there" has log 'none): it could not be started'
sleep 1
is "command: told once" 1 "$(grep -c relay-refuses "$dir/told")"
# 6. relaywatch alerts test: the real way, the answer in plain words, exit status.
try() { # RECEIVER [OPTION]: its status is in $tried
    "$bin/relaywatch" -c "$dir/relaywatch.conf" alerts test "$@" >"$dir/tried" 2>&1
    tried=$?
}
sink tested 200
sink refuser 401
sink broken 503
before=$(grep -c ': 5 receivers' "$dir/log")
grown() { [ "$(grep -c ': 5 receivers' "$dir/log")" -gt "$before" ]; }
receivers "webhook = $(url tested)/x" "name = good" "token_file = $dir/chat.url" "webhook = $(url refuser)/tok-secret" \
    "name = refuser" "webhook = $(url broken)/x" "name = broken" "alertmanager = $(url tested)" "name = manager" \
    "command = $dir/stick" "name = stuck" "timeout = 1"
wait_for 5 grown
try good
is "test: taken" 0 $tried
check "test: says so" has tried 'test alert  taken after [0-9.]* s: it answered 200'
check "test: and of its end" has tried 'its end     taken'
grep '"id":"test"' "$dir/tested" >"$dir/tests"
is "test: both were told" "firing resolved" "$(field tests 1 'x["status"]') $(field tests 2 'x["status"]')"
is "test: marked as one" "TEST, nothing is wrong" "$(field tests 1 'x["title"]')"
check "test: with the token" has tested.head 'Bearer http.*ch4t-secret'
try refuser
is "test: refused" 1 $tried
check "test: what it answered" has tried 'test alert  REFUSED after [0-9.]* s: it answered 401'
check "test: where to look" has tried "$dir/receivers.conf"
check "test: no secret" has_not tried 'tok-secret\|ch4t'
try broken
is "test: not taken" 1 $tried
check "test: says why" has tried 'NOT TAKEN after [0-9.]* s: it answered 503'
try manager
is "test: Alertmanager" 0 $tried
check "test: Alertmanager ends it by itself" has_not tried 'its end'
try stuck
is "test: a command that hangs" 1 $tried
check "test: and was killed" has tried 'was killed'
try nobody
is "test: no such receiver" 64 $tried
check "test: names those there are" has tried 'there are: good, refuser, broken, manager, stuck'
try
is "test: of whom?" 64 $tried
for name in '' "$(printf '%0300d' 0)"; do
    try "$name"
    is "test: a name that none can have" 64 $tried
    check "test: and that is no fault of relaywatch-notify" has_not tried 'does not answer'
done
try good --json
is "test: for programs" "taken taken" "$(python3 -c 'import json,sys; print(*[json.loads(l)["result"] for l in sys.stdin])' <"$dir/tried")"
check "test: is no alert of the outbox" has_not told.json '"id": "test"'

# 7. Heartbeats: with a proof alone, each by itself, and as all requests are made.
firing=$(alert relay-refuses $((now + 4)) null)
sink beats 200
sink beats-stuck hang
sink beats-turn 302
sink beats-later 429:14 200
receivers "heartbeat = $(url beats-stuck)/b" "interval = 10s" "heartbeat = $(url beats-turn)/b" "interval = 10s" \
    "heartbeat = $(url beats-later)/b" "interval = 10s" "heartbeat = $(url beats)/tok-secret" "interval = 10s" "name = switch"
wait_for 5 has log '4 receivers'
tell "$firing" >/dev/null
sleep 2
check "heartbeat: none without a proof" lines beats 0
tell "$firing" 1000 >/dev/null
check "heartbeat: beside a hung one" wait_for 3 lines beats 1
try switch
is "test: a heartbeat" 0 $tried
check "test: it is told of no alert" has tried '^It takes heartbeats'
check "heartbeat: says how old the proof is" has beats '"status":"alive","host":"relay1".*"proof_age_seconds":[1-4][.0-9]*}'
check "heartbeat: 429" wait_for 3 lines beats-later 1
check "heartbeat: each 10 s" wait_for 14 lines beats 2
check "heartbeat: no redirect" has_not beats-turn.head /redirected
check "heartbeat: it is told" has log 'heartbeat-2 .*it answered 302, a redirect'
check "heartbeat: deadline" wait_for 14 has log 'heartbeat .*no whole answer within 10'
check "heartbeat: Retry-After" wait_for 14 lines beats-later 2
later=$(($(sed -n 2p "$dir/beats-later.head" | cut -d' ' -f1) - $(sed -n 1p "$dir/beats-later.head" | cut -d' ' -f1)))
check "heartbeat: after 14 s, not 10 ($later ms)" test $later -ge 13900
tell "$firing" 100000 >/dev/null
check "heartbeat: an old proof is none" wait_for 3 has log 'switch .*held back: no line of ours'
check "heartbeat: no secret in the log" has_not log tok-secret
check "heartbeat: is told of no alert" has_not beats relay-refuses

# 8. It ends, and what it has started with it.
receivers "command = $dir/stick" "timeout = 100"
: >"$dir/stuck.pid"
check "command: another hangs" wait_for 10 test -s "$dir/stuck.pid"
kill -TERM "$notify_pid"
wait "$notify_pid"
is "ends by TERM" 0 $?
check "command: nothing is left of it" wait_for 5 gone "$dir/stuck.pid"
try good
is "test: nobody answers" 3 $tried
check "no sanitizer report" has_not log 'Sanitizer\|runtime error'
[ "$failed" = 0 ] || sed 's/^/# /' "$dir/log"
exit "$failed"
