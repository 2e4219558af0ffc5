#!/bin/bash
# relayhosts.sh BIN: a relay with three smarthosts (sender_dependent_relayhost_maps). One that fails while another delivers is one
# alert, that names it and whose fault it is, until it delivers itself or no mail waits for it; figures of each by whose fault
# in status, on the page, in the metrics and in Redis. On a trial relay (deploy/up), whose smarthost is `localhost`; a scripted
# one is 127.0.0.1, and behind 127.0.0.3 there is none. Must run as root. Takes about 2 minutes. Prints "ok - name" or
# "not ok - name: why".
# shellcheck disable=SC2317,SC2154,SC2034 # functions called by name; what the supports share
set -u
export LC_ALL=C

repo=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/support/words.sh
. "$repo/tests/support/words.sh"
# shellcheck source=tests/support/trial-relay.sh
. "$repo/tests/support/trial-relay.sh"
bin=$(cd "$1" && pwd)
work=$(mktemp -d /var/lib/rw-relayhosts.XXXXXX)
traffic=

finish() {
    kill ${traffic:+"$traffic"} 2>/dev/null
    trial_end
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

# within NAME SECONDS COMMAND...: the command becomes true in time
within() {
    local name=$1 seconds=$2
    shift 2
    if becomes "$seconds" "$@"; then ok "$name"; else not_ok "$name" "$(rw status --json | python3 -c '
import json, sys
d = json.load(sys.stdin)
print(d["relayhosts"], d["alerts"])')"; fi
}

# of EXPRESSION: of d, the status; r: its relay hosts by name; a: its alerts by id
of() {
    rw status --json | python3 -c "
import json, sys
d = json.load(sys.stdin)
r = {x['host']: x for x in d['relayhosts']}
a = {x['id']: x for x in d['alerts']}
print($1)"
}
holds() { [[ $(of "$1") == True ]]; }
# says NAME PATTERN: what is on standard input
says() { if grep -qE -- "$2" >"$work/found"; then ok "$1"; else not_ok "$1" "no '$2'"; fi; }
# told ID STATUS: how often the receiver was
told() { grep -c "\"status\":\"$2\".*\"id\":\"$1\"" "$hook"; }
# by: what Redis has of each
by() {
    local key name field
    key="rw:{$(of 'd["host"]')}:log"
    for name in $(redis "$key" hkeys | grep -E '^s\.[0-9]+\.name$'); do
        echo "$(redis "$key" hget "$name") $(for field in $(redis "$key" hkeys | grep -F "${name%name}" | grep -v 'name$' | sort); do
            echo "${field##*.}=$(redis "$key" hget "$field")"
        done | tr '\n' ' ' | sed 's/ $//')"
    done | sort
}
# redis KEY COMMAND [FIELD]
redis() { redis-cli -s "$REDIS_SOCKET" "$2" "$1" "${@:3}"; }

trial_begin relayhosts || { not_ok "a trial relay" "$(tail -n 2 "$hook.up")"; exit 1; }
port=$((20000 + RANDOM % 9000))
tls=$(dirname "$SMARTHOST_CA")
script=$work/script
: >"$script"
python3 "$repo/tests/support/scripted_smarthost.py" $port "$tls/server.pem" "$tls/server.key" "$script" "$work/taken" >"$work/ready" 2>"$work/errors" &
smarthost_pid=$!
becomes 10 grep -q ready "$work/ready" || { not_ok "a second smarthost" "$(tail -n 1 "$work/errors")"; exit 1; }
postconf -c "$POSTFIX_CONFIG_DIR" "smtp_tls_policy_maps = inline:{{[127.0.0.1]:$port = encrypt}}" \
    "sender_dependent_relayhost_maps = inline:{{b@trial.example = [127.0.0.1]:$port}, {c@trial.example = [127.0.0.3]:$port}}" \
    "minimal_backoff_time = 300s"
postfix -c "$POSTFIX_CONFIG_DIR" reload >/dev/null 2>&1

# 1. Two that work.
send 3
send 2 b@trial.example
within "each has a row" 20 holds "r['localhost']['sent'] >= 3 and r['127.0.0.1']['sent'] == 2"
is "both deliver" "ok ok" "$(of 'r["localhost"]["state"], r["127.0.0.1"]["state"]' | tr -d "(',)")"

# Mail by the first goes on all the time.
while sleep 0.5; do send 1 >/dev/null 2>&1; done &
traffic=$!

# 2. The second one wants a login, and there is none.
echo 'mail * 530 5.7.0 Authentication Required. x-20020a05 - gsmtp' >"$script"
send 2 b@trial.example
within "one fails while the other delivers: an alert" 5 holds "'login-refused' in a"
is "it names the smarthost and whose fault it is" "127.0.0.1 ours G06 AUTH_REQUIRED" \
    "$(of '"{relayhost} {fault} {diagnosis}".format(**a["login-refused"])')"
is "the first one's login is in no doubt" "ok True" "$(of 'd["relay"]["auth"], d["relay"]["reachable"]' | tr -d "(',)")"
is "the rows say so" "ok failing ours" "$(of 'r["localhost"]["state"], r["127.0.0.1"]["state"], r["127.0.0.1"]["trouble"]["fault"]' | tr -d "(',)")"
sleep 12
is "deliveries by the other do not end it" "True" "$(of '"login-refused" in a')"
is "the receiver was told once" "1 0" "$(told login-refused firing) $(told login-refused resolved)"
grep '"id":"login-refused"' "$hook" | says "with both" '"fault":"ours","relayhost":"127.0.0.1"'
rw status | says "the terminal: whose fault" 'who +operator of this host; fault: ours, at 127.0.0.1'
rw status | says "the terminal: the relay host" '127.0.0.1 FAILS, fault: ours \(G06 '
rw alerts | says "alerts" 'fault: ours, at 127.0.0.1'
curl -s "$RELAYWATCH_URL/" | says "the page" '127.0.0.1</th><td role="cell" class="what"><strong>Fault: ours.</strong>'
curl -s "$RELAYWATCH_URL/" | says "its first words" '<h1>Some mail does not leave'
curl -s "$RELAYWATCH_URL/metrics" >"$work/metrics"
says "metrics: it fails" '^relaywatch_relayhost_failing\{relayhost="127.0.0.1",fault="ours"\} 1$' <"$work/metrics"
says "the other does not" '^relaywatch_relayhost_failing\{relayhost="localhost",fault="ours"\} 0$' <"$work/metrics"
says "the count" '^relaywatch_relayhost_deferred_total\{relayhost="127.0.0.1",fault="ours"\} 2$' <"$work/metrics"
kill -9 "$(program_pid relaywatchd)"
within "kill -9 of relaywatchd: it still fires" 20 holds "'login-refused' in a and a['login-refused']['relayhost'] == '127.0.0.1'"
sleep 3
is "and nobody is told anew" "1 0" "$(told login-refused firing) $(told login-refused resolved)"

# 3. Mended.
: >"$script"
flush
within "it delivers: the alert ends" 15 holds "'login-refused' not in a and r['127.0.0.1']['state'] == 'ok' and r['127.0.0.1']['sent'] == 4"
becomes 5 test 1 = "$(told login-refused resolved)"
is "the receiver is told of the end once" "1 1" "$(told login-refused firing) $(told login-refused resolved)"
rw alerts report login-refused >"$work/report"
says "the report: whose fault" '^\| whose fault \| ours \|$' <"$work/report"
says "the report: the smarthost" '^\| smarthost \| 127.0.0.1 \|$' <"$work/report"

# 4. Nobody listens at the third: one message, so it is told when Postfix has nothing else to say for unreachable_after.
send 1 c@trial.example
within "the third cannot be reached" 20 holds "'relay-unreachable' in a"
is "by the network's fault" "127.0.0.3 network" "$(of '"{relayhost} {fault}".format(**a["relay-unreachable"])')"
rw alerts show relay-unreachable | says "its commands are for that one" "nc -vz -w5 127.0.0.3 $port"
is "the first is reached" True "$(of 'd["relay"]["reachable"]')"
id=$(postqueue -c "$POSTFIX_CONFIG_DIR" -j | python3 -c 'import json, sys
print(*(m["queue_id"] for m in map(json.loads, sys.stdin) if m["sender"] == "c@trial.example"))')
postsuper -c "$POSTFIX_CONFIG_DIR" -d "$id" >/dev/null 2>&1
within "nothing waits for it any more: over" 15 holds "'relay-unreachable' not in a"

# 5. What is the recipient's fault, or the smarthost's own.
printf '%s\n' 'rcpt nobody@ 550 5.1.1 The email account that you tried to reach does not exist. x-20020a05 - gsmtp' \
    'rcpt later@ 451 4.3.0 Mail server temporarily rejected message. x-20020a05 - gsmtp' >"$script"
send 1 b@trial.example nobody@example.net
send 1 b@trial.example later@example.net
within "both are counted" 20 holds "r['127.0.0.1']['bounced']['recipient'] == 1 and r['127.0.0.1']['deferred']['smarthost'] == 1"
sleep 3
is "and nobody is called" "" "$(of '" ".join(a)')"
kill "$traffic"
wait "$traffic" 2>/dev/null
traffic=
becomes 10 holds "d['ledger']['queued'] == 1"
sleep 1
is "what each sent is what all sent" True "$(of 'sum(x["sent"] for x in r.values()) == d["counters"]["sent"]')"
is "and so is what was put off" True "$(of 'sum(sum(x["deferred"].values()) for x in r.values()) == d["counters"]["deferred"]')"
is "Redis has the same" "127.0.0.1 bounced_recipient=1 deferred_ours=2 deferred_smarthost=1 sent=4
127.0.0.3 deferred_network=1
localhost sent=$(of 'r["localhost"]["sent"]')" "$(by)"

# 6. The past counts by the same classes: a host that is seen there alone.
{
    head='Nov 20 10:00:00 mx postfix/smtp[7]: 4D7BD1781307: to=<a@b.example>, relay=old.example[192.0.2.1]:587, delay=1, delays=0/0/0/1, '
    echo "${head}dsn=4.7.8, status=deferred (SASL authentication failed; server old.example[192.0.2.1] said: 535 5.7.8 Username and Password not accepted)"
    echo "${head}dsn=5.7.0, status=bounced (host old.example[192.0.2.1] said: 530 5.7.0 Must issue a STARTTLS command first (in reply to MAIL FROM command))"
} >"$work/old.log"
rw logs --backfill "$work/old.log" >"$work/backfill" 2>&1
within "old logs, too" 10 holds "r['old.example']['deferred']['ours'] == 1 and r['old.example']['bounced']['ours'] == 1"
exit "$failed"
