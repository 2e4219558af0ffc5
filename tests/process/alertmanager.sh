#!/bin/bash
# relaywatch-notify and a real Alertmanager (Debian's prometheus-alertmanager, started here on a port of its own), which pages
# http_sink.c: alerts arrive, are one however often they are told, and resolve; restarts of each side keep them; kill -9 of
# relaywatch-notify in the middle makes no second page. Takes about 3 minutes; left out where Alertmanager is not installed.
# shellcheck disable=SC2154 # what private-notify.sh shares
# usage: alertmanager.sh BIN_DIR    prints "ok - ..." and "not ok - ..." lines; exit status 1 if any is not ok
set -u
program=$(command -v prometheus-alertmanager || command -v alertmanager) || {
    echo "ok - left out: no Alertmanager is installed"
    exit 0
}
# shellcheck source=tests/support/private-notify.sh
. "$(dirname "$0")/../support/private-notify.sh"

am_port=$((20000 + RANDOM % 20000))
api=http://127.0.0.1:$am_port
sink pages 200
cat >"$dir/am.yml" <<END
route:
  receiver: pager
  group_by: [alertname, host]
  group_wait: 1s
  group_interval: 2s
  repeat_interval: 4h
receivers:
  - name: pager
    webhook_configs:
      - url: $(url pages)/
        send_resolved: true
END
am_start() {
    "$program" --config.file="$dir/am.yml" --storage.path="$dir/am" --web.listen-address="127.0.0.1:$am_port" \
        --cluster.listen-address= --log.level=warn 2>>"$dir/am.log" &
    am_pid=$!
    pids+=("$am_pid")
    wait_for 10 curl -sf -o /dev/null "$api/-/ready" || not_ok "Alertmanager is ready"
}
am_stop() { kill_now "$am_pid" TERM; }

# active [ID]: how many alerts fire there, of this name
active() {
    curl -s "$api/api/v2/alerts" | python3 -c "
import json, sys
print(sum(a['labels']['alertname'] == '${1:-}' or not '${1:-}' for a in json.load(sys.stdin)))"
}
is_active() { [ "$(active "$1")" = "$2" ]; }
# paged NAME STATUS: how many pages there were of it
paged() {
    python3 -c "
import json
print(sum(p['status'] == '$2' and p['commonLabels']['alertname'] == '$1' for p in map(json.loads, open('$dir/pages'))))"
}
is_paged() { [ "$(paged "$1" "$2")" = "$3" ]; }

# 1. It arrives, once.
am_start
sink hook 200
receivers "alertmanager = $api" "webhook = $(url hook)/x"
start_notify
tell "$(alert login-refused $((now - 5)) null)" >/dev/null
check "it arrives" wait_for 5 is_active LoginRefused 1
check "it is paged" wait_for 10 is_paged LoginRefused firing 1
check "with its labels and words" python3 -c "
import json
a = json.loads(open('$dir/pages').readline())['alerts'][0]
l, n = a['labels'], a['annotations']
assert l['host'] == 'relay1' and l['severity'] == 'critical' and l['diagnosis'].startswith('G01'), l
assert n['summary'] and n['impact'] and 'one' in n['fix'], n"
for _ in 1 2 3; do tell "$(alert login-refused $((now - 5)) null)" >/dev/null; done
kill_now "$notify_pid"
start_notify
tell "$(alert login-refused $((now - 5)) null)" >/dev/null
sleep 5
check "told again and after kill -9 of relaywatch-notify: one alert" is_active LoginRefused 1
check "and one page" is_paged LoginRefused firing 1

# 2. Alertmanager is restarted and knows no alert: it hears of it again within a minute, and pages nobody again.
am_stop
am_start
tell "$(alert login-refused $((now - 5)) null)" >/dev/null
check "Alertmanager restarted: the alert is there again" wait_for 70 is_active LoginRefused 1
sleep 5
check "and is not paged again" is_paged LoginRefused firing 1

# 3. It ends.
ended=$(date +%s)
tell "$(alert login-refused $((now - 5)) "$ended")" >/dev/null
check "over: resolved there" wait_for 5 is_active LoginRefused 0
check "and paged as resolved" wait_for 15 is_paged LoginRefused resolved 1
kill_now "$notify_pid"
start_notify
tell "" >/dev/null
sleep 4
check "after a restart of relaywatch-notify: still over" is_active LoginRefused 0
check "and told once" is_paged LoginRefused resolved 1

# 4. Alertmanager is away for the whole of an incident, and for the beginning of another one.
am_stop
tell "$(alert relay-unreachable $((now + 1)) null),$(alert disk-low $((now + 2)) null)" >/dev/null
sleep 2
tell "$(alert relay-unreachable $((now + 1)) "$(date +%s)"),$(alert disk-low $((now + 2)) null)" >/dev/null
check "beside it the others are told at once" wait_for 3 has hook '"status":"resolved".*"id":"relay-unreachable"'
sleep 2
am_start
check "it is back: it has what fires still" wait_for 20 is_active DiskLow 1
check "paged" wait_for 10 is_paged DiskLow firing 1
sleep 4
check "what is over meanwhile does not fire there" is_active RelayUnreachable 0
check "and calls nobody" is_paged RelayUnreachable firing 0
tell "$(alert disk-low $((now + 2)) "$(date +%s)")" >/dev/null
check "the other ends" wait_for 15 is_paged DiskLow resolved 1

# 5. kill -9 of relaywatch-notify at forty moments while it tells: one alert.
for _ in {1..20}; do
    tell "$(alert tls-broken $((now + 3)) null)" >/dev/null
    sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
    kill_now "$notify_pid"
    start_notify
done
tell "$(alert tls-broken $((now + 3)) null)" >/dev/null
check "killed 20 times while it begins: one alert" wait_for 10 is_active TlsBroken 1
ended=$(date +%s)
for _ in {1..20}; do
    tell "$(alert tls-broken $((now + 3)) "$ended")" >/dev/null
    sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
    kill_now "$notify_pid"
    start_notify
done
tell "$(alert tls-broken $((now + 3)) "$ended")" >/dev/null
check "killed 20 times while it ends: over" wait_for 15 is_paged TlsBroken resolved 1
sleep 5
check "one page that it fires" is_paged TlsBroken firing 1
check "one that it is over" is_paged TlsBroken resolved 1
check "a webhook has one key for the beginning" test "$(grep -o '"key":"relay1/tls-broken/[0-9]*/firing[^"]*"' "$dir/hook" | sort -u | wc -l)" = 1

kill -TERM "$notify_pid"
wait "$notify_pid"
check "ends by TERM" test $? = 0
am_stop
check "no sanitizer report" has_not log 'Sanitizer\|runtime error'
[ "$failed" = 0 ] || { sed 's/^/# /' "$dir/log" "$dir/am.log"; sed 's/^/# page /' "$dir/pages"; }
exit "$failed"
