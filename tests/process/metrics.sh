#!/bin/bash
# metrics.sh BIN: /metrics of a trial relay as monitoring systems read it: promtool, the reference parsers, a Prometheus that
# scrapes it, the queries of the dashboards that postfix_exporter's users have, ours, the rules, Alertmanager's routes, Zabbix'
# template. Must run as root. Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2317 # some of the functions are called by becomes and trap
# shellcheck disable=SC2154 # what DIR/env and words.sh share
set -u

# shellcheck source=tests/support/words.sh
. "$(dirname "$0")/../support/words.sh"
export LC_ALL=C

bin=$(cd "$1" && pwd)
repo=$(cd "$(dirname "$0")/../.." && pwd)
monitoring=$repo/deploy/monitoring
dir=$(mktemp -d /var/tmp/relaywatch-metrics-test.XXXXXX)
work=$(mktemp -d /var/tmp/relaywatch-metrics-work.XXXXXX)
port=$((20000 + RANDOM % 20000))
prometheus_url=http://127.0.0.1:$port
prometheus=

finish() {
    [[ -n $prometheus ]] && kill "$prometheus" 2>/dev/null && wait "$prometheus"
    "$repo/deploy/up" --dir "$dir" --stop >/dev/null 2>&1
    rm -rf "$(readlink -f "$dir")" "$dir" "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

# Debian's own Python: the parsers are its package.
look() {
    /usr/bin/python3 "$repo/tests/support/monitoring.py" "$@" 2>&1
}

has_parsers() {
    /usr/bin/python3 -c 'import prometheus_client.openmetrics.parser, yaml' 2>/dev/null
}

# scrape FILE [ACCEPT]: the head is in FILE.head
scrape() {
    curl -s --max-time 5 -D "$1.head" ${2:+-H "Accept: $2"} "$RELAYWATCH_URL/metrics" >"$1"
}

openmetrics='application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'

# sample NAME: its value in the classic text
sample() {
    scrape "$work/now"
    sed -n "s/^$1 //p" "$work/now" | sed 's/[{}]//g'
}

sample_is() {
    [[ $(sample "$1") == "$2" ]]
}

# ---------------------------------------------------------------- the relay and its mail

start() {
    "$repo/deploy/up" --dir "$dir" --build-dir "$(dirname "$bin")" --detach >"$work/up" 2>&1 || {
        not_ok "the trial starts" "$(tail -n 5 "$work/up" | tr '\n' ' ')"
        exit 1
    }
    # shellcheck source=/dev/null
    . "$dir/env"
    becomes 30 sample_is 'relaywatch_login_state{state="verified"}' 1
}

# send COUNT RECIPIENT
send() {
    smtp-source -m "$1" -l 3000 -f sender@trial.example -t "$2" "$RELAY_SUBMIT"
}

start_prometheus() {
    mkdir "$work/prometheus"
    sed "s/127.0.0.1:9154/${RELAYWATCH_URL#http://}/; s/15s/1s/; /^alerting:/,/9093/d; s|relaywatch.rules.yml|$monitoring/&|" \
        "$monitoring/prometheus.yml" >"$work/prometheus.yml"
    prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/prometheus" \
        --web.listen-address="127.0.0.1:$port" >"$work/prometheus.log" 2>&1 &
    prometheus=$!
    becomes 30 curl -sf "$prometheus_url/-/ready" || not_ok "Prometheus starts" "$(tail -n 3 "$work/prometheus.log")"
}

# asks EXPRESSION: what Prometheus answers
asks() {
    look query "$prometheus_url" "$1"
}

answers() {
    [[ $(asks "$1") == "$2" ]]
}

# finds NAME EXPRESSION WANT: it becomes so within some scrapes
finds() {
    becomes 15 answers "$2" "$3"
    is "Prometheus: $1" "$3" "$(asks "$2")"
}

# ---------------------------------------------------------------- the tests

test_forms() {
    scrape "$work/text"
    is "classic text, where nothing is asked for" 1 "$(grep -ic '^content-type: text/plain; version=0.0.4; charset=utf-8' "$work/text.head")"
    scrape "$work/om" "$openmetrics"
    is "OpenMetrics, as Prometheus asks for it" 1 "$(grep -ic '^content-type: application/openmetrics-text; version=1.0.0; charset=utf-8' "$work/om.head")"
    is "OpenMetrics: its end" "# EOF" "$(tail -n 1 "$work/om")"
    scrape "$work/old" 'application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
    is "OpenMetrics, as an older Prometheus asks for it" 1 "$(grep -c 'version=0.0.1' "$work/old.head")"
    scrape "$work/liked" 'application/openmetrics-text;q=0.3,text/plain;q=0.9'
    is "classic text, where it is liked better" 1 "$(grep -c 'version=0.0.4' "$work/liked.head")"
    is "promtool check metrics" "" "$(promtool check metrics <"$work/text" 2>&1)"
    is "no more series than promised" yes "$(if (($(grep -vc '^#' "$work/text") <= 2000)); then echo yes; fi)"
    if ! has_parsers; then
        ok "the reference parsers # SKIP python3-prometheus-client is not here"
        return
    fi
    look parse text "$work/text" >"$work/text.samples"
    look parse openmetrics "$work/om" >"$work/om.samples"
    is "the reference parsers find the same samples in both forms" "" \
        "$(diff <(grep -v '^relaywatch_http' "$work/text.samples") <(grep -v '^relaywatch_http' "$work/om.samples") | head -n 3)"
    is "they find them all" "$(grep -vc '^#' "$work/text")" "$(wc -l <"$work/text.samples")"
}

# The dashboard that most of postfix_exporter's users have asks for these; rates are tried as sums, which are exact.
test_exporter() {
    finds "postfix_up" 'postfix_up' "$POSTFIX_CONFIG_DIR=1"
    finds "cleanup: messages" 'postfix_cleanup_messages_processed_total' "$messages"
    # Those that wait may have been put into the active queue more than once.
    finds "qmgr: messages inserted" "postfix_qmgr_messages_inserted_size_bytes_count >= bool $((queued + 3))" 1
    finds "qmgr: those of 3,000 bytes, by size" \
        'sum(postfix_qmgr_messages_inserted_size_bytes_bucket{le=~"10000(.0)?"}) - sum(postfix_qmgr_messages_inserted_size_bytes_bucket{le=~"1000(.0)?"}) >= bool 23' 1
    finds "qmgr: recipients, by both names" 'postfix_qmgr_messages_inserted_recipients_sum == bool on () postfix_qmgr_messages_inserted_receipients_count' 1
    finds "qmgr: removed" 'postfix_qmgr_messages_removed_total' "$((messages - waiting))"
    finds "smtp: attempts, by status" 'sum by (status) (postfix_smtp_messages_processed_total{status="sent"})' "sent=$sent"
    finds "smtp: put off, by all its names" 'postfix_smtp_deferred_messages_total > bool 2 and on () postfix_smtp_deferred_messages_total == on () postfix_smtp_status_deferred and on () postfix_smtp_deferred_messages_total == on () sum(postfix_smtp_deferred_messages_by_dsn_total)' 1
    finds "smtp: each attempt is in each stage" \
        'sum by (stage) (postfix_smtp_delivery_delay_seconds_count) == bool on () group_left () sum(postfix_smtp_messages_processed_total)' \
        "before_queue_manager=1 connection_setup=1 queue_manager=1 transmission=1"
    finds "smtp: delays have the exporter's bounds" \
        'count(count by (le) (postfix_smtp_delivery_delay_seconds_bucket{stage="transmission"}))' 10
    finds "smtp: TLS" 'sum by (trust) (postfix_smtp_tls_connections_total{protocol="TLSv1.3",secret_bits="256"}) > bool 0' "Verified=1"
    finds "smtpd: connects and disconnects" 'postfix_smtpd_connects_total - on () postfix_smtpd_disconnects_total' 0
    finds "smtpd: messages, without login" 'postfix_smtpd_messages_processed_total{sasl_method=""}' "$by_smtp"
    finds "smtpd: refused" 'postfix_smtpd_messages_rejected_total' "552=$(grep -c ' NOQUEUE: reject: .*: 552 ' "$MAIL_LOG")"
    finds "smtpd: lost connections" 'postfix_smtpd_connections_lost_total' "MAIL=1"
    finds "showq: what waits, by queue" 'postfix_showq_message_size_bytes_count' "active=0 deferred=$waiting hold=0 incoming=0 maildrop=0"
    finds "showq: its size" "postfix_showq_message_size_bytes_sum{queue=\"deferred\"} >= bool $((waiting * 3000)) " "deferred=1"
    finds "showq: its age" 'sum(postfix_showq_message_age_seconds_bucket{le="+Inf"})' "$waiting"
    finds "logins that failed" 'postfix_smtpd_sasl_authentication_failures_total' 0
}

# Queries of rules and dashboards that users of postfix_exporter have published, as they stand there, and how many series or
# what they must come to here.
test_public() {
    local rows=(
        'sum by (instance) (rate(postfix_smtp_messages_processed_total{status="sent"}[5m]))|1'
        'sum by (instance) (rate(postfix_smtpd_messages_rejected_total[5m]))|1'
        'sum(postfix_showq_message_size_bytes_count{queue="active"})|1'
        'sum by (instance) (increase(postfix_smtpd_sasl_authentication_failures_total[1h]))|1'
        'sum by (instance) (rate(postfix_qmgr_messages_removed_total[5m]))|1'
        'rate(postfix_smtpd_connects_total[5m])|1'
        'rate(postfix_cleanup_messages_processed_total[5m])|1'
        'rate(postfix_smtp_delivery_delay_seconds_sum[5m]) / rate(postfix_smtp_delivery_delay_seconds_count[5m])|4'
        'histogram_quantile(0.95, sum by (le, stage) (rate(postfix_smtp_delivery_delay_seconds_bucket[5m])))|4'
        'histogram_quantile(0.9, rate(postfix_showq_message_age_seconds_bucket[15m]))|5'
        'sum by (queue) (postfix_showq_message_size_bytes_sum)|5'
        'postfix_showq_message_size_bytes_count{queue="deferred"} > 1|1'
        'postfix_showq_queue_depth{queue="deferred"} > 1|1'
        'sum by (queue) (postfix_showq_message_age_seconds_count) > 1|1'
        'postfix_showq_message_size_bytes_count{queue="deferred"} > 50|'
        'sum(rate(postfix_smtpd_sasl_authentication_failures_total[5m])) > 0.1|'
        'postfix_up == 0|'
        'absent(postfix_up)|'
    ) row
    for row in "${rows[@]}"; do
        finds "published: ${row%|*}" "count(${row%|*})" "${row##*|}"
    done
    # What has no series above is an alert that does not fire; it would.
    finds "published: messages wait" 'postfix_showq_queue_depth{queue="deferred"} - on (queue) postfix_showq_message_size_bytes_count' "deferred=0"
}

# The queries of Grafana's dashboard 10013 ("Postfix", the one for postfix_exporter), all of them, as they stand there, and how
# many series each must find. A relay delivers by smtp(8) alone; of lmtp(8), pipe(8) and a client without a name it is told here.
test_dashboard() {
    local of="{instance=~\"${RELAYWATCH_URL#http://}\"}"
    local rows=(
        "rate(postfix_cleanup_messages_processed_total${of}[5m])|1"
        "rate(postfix_cleanup_messages_rejected_total${of}[5m])|1"
        "rate(postfix_lmtp_messages_processed_total${of}[5m])|1"
        "(sum(rate(postfix_lmtp_delivery_delay_seconds_sum${of}[5m])) by (stage)) / (sum(rate(postfix_lmtp_delivery_delay_seconds_count${of}[5m])) by (stage))|4"
        "rate(postfix_pipe_delivery_delay_seconds_count${of}[5m])|4"
        "sum(rate(postfix_pipe_delivery_delay_seconds_count${of}[5m])) by (stage)|4"
        "rate(postfix_qmgr_messages_inserted_size_bytes_count${of}[5m])|1"
        "rate(postfix_qmgr_messages_inserted_size_bytes_sum${of}[5m])|1"
        "rate(postfix_qmgr_messages_removed_total${of}[5m])|1"
        "postfix_showq_message_size_bytes_count${of}|5"
        "postfix_showq_message_size_bytes_sum${of}|5"
        "avg(postfix_showq_message_age_seconds_count${of}) by (instance)|1"
        "rate(postfix_smtp_delivery_delay_seconds_count${of}[5m])|4"
        "(sum(rate(postfix_smtp_delivery_delay_seconds_sum${of}[5m])) by (stage)) / (sum(rate(postfix_smtp_delivery_delay_seconds_count${of}[5m])) by (stage))|4"
        "(sum(rate(postfix_smtp_tls_connections_total${of}[5m])) by (instance)) / (sum(rate(postfix_smtp_delivery_delay_seconds_count${of}[5m])) by (instance))|1"
        "rate(postfix_smtp_tls_connections_total[5m])|1"
        "rate(postfix_smtpd_connects_total${of}[5m])|1"
        "rate(postfix_smtpd_disconnects_total${of}[5m])|1"
        "rate(postfix_smtpd_connections_lost_total${of}[5m])|1"
        "rate(postfix_smtpd_sasl_authentication_failures_total${of}[5m])|1"
        "rate(postfix_smtpd_forward_confirmed_reverse_dns_errors_total${of}[5m])|1"
        "rate(postfix_smtpd_messages_processed_total${of}[5m])|1"
        "rate(postfix_smtpd_messages_rejected_total${of}[5m])|1"
        "(sum(rate(postfix_smtpd_tls_connections_total${of}[5m])) by (instance)) / (sum(rate(postfix_smtpd_connects_total${of}[5m])) by (instance))|1"
        "rate(postfix_smtpd_tls_connections_total[5m])|1"
    ) row query
    local to="to=<a@example.net>, relay=there" delays="delay=1, delays=0.5/0.1/0/0.4, dsn=2.0.0"
    log_line lmtp "4bAAAAAAA1z: ${to}[private/lmtp], $delays, status=sent (250 OK)"
    log_line pipe "4bBBBBBBB1z: $to, $delays, status=sent (delivered via there service)"
    log_line smtpd "warning: hostname client.example does not resolve to address 192.0.2.1"
    log_line smtpd "TLS connection established from client.example[192.0.2.1]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)"
    for row in "${rows[@]}"; do
        query=${row%|*}
        finds "dashboard 10013: $query" "count($query)" "${row##*|}"
    done
    finds "dashboard 10013: its hosts" 'count(postfix_up{instance!=""})' 1
    finds "lmtp: attempts" 'postfix_lmtp_messages_processed_total - on () postfix_lmtp_delivery_delay_seconds_count{stage="transmission"}' 0
    finds "lmtp: time" 'postfix_lmtp_delivery_delay_seconds_sum' "before_queue_manager=0.5 connection_setup=0 queue_manager=0.1 transmission=0.4"
    finds "pipe: time, by its relay" 'sum by (relay) (postfix_pipe_delivery_delay_seconds_sum)' "there=1"
}

# log_line PROGRAM TEXT: by Postfix's own logger
log_line() {
    postlog -c "$POSTFIX_CONFIG_DIR" -p info -t "postfix/$1" "$2" 2>/dev/null
}

test_own() {
    finds "state" 'relaywatch_state == 1' "critical=1"
    finds "the alert" 'sum by (severity) (relaywatch_alert_firing)' "critical=1"
    finds "relaywatch's and the exporter's figures agree" 'relaywatch_sent_total - on () postfix_smtp_messages_processed_total{status="sent"}' 0
    finds "the ledger: the sum holds" 'relaywatch_ledger_accepted_total - on () sum(relaywatch_ledger_messages_total) - on () relaywatch_ledger_queued' 0
    finds "recording rules" 'count({__name__=~"instance:relaywatch_.*"}) > bool 2' 1
    finds "the alerting rule hands the alert on" 'count(ALERTS{alertname="RelayAlert",alertstate="firing"})' 1
    if has_parsers; then
        is "Grafana: each query of the dashboards finds something" "" "$(look boards "$prometheus_url" "$monitoring"/grafana-*.json)"
        "$BIN/relaywatch" -c "$RELAYWATCH_CONF" status --json >"$work/status.json"
        is "Zabbix: the template's paths are in the status" "" "$(look zabbix "$monitoring/zabbix.yaml" "$work/status.json")"
    fi
    is "Nagios: first line with performance data, exit status" "RELAY CRITICAL 1 2" \
        "$("$BIN/relaywatch" -c "$RELAYWATCH_CONF" status >"$work/nagios"; s=$?; echo "$(head -n 1 "$work/nagios" | cut -c 1-14) $(head -n 1 "$work/nagios" | grep -c ' | queue=[0-9]* oldest=[0-9]*s sent=[0-9]*c') $s")"
}

new_daemon() {
    local now
    now=$(program_pid relaywatchd)
    [[ -n $now && $now != "$1" ]] && scrape "$work/after" && grep -q '^relaywatch_source_up.* 1$' "$work/after"
}

# By kill -9: what was published stands in Redis, what was not is read again.
test_restart() {
    local old
    old=$(program_pid relaywatchd)
    scrape "$work/before"
    kill -KILL "$old"
    becomes 30 new_daemon "$old"
    sleep 2
    scrape "$work/after"
    if has_parsers; then
        is "kill -9: no total went back" "" "$(look monotone "$work/before" "$work/after" | head -n 3)"
    fi
    finds "kill -9: no counter was reset" 'sum(resets(postfix_smtp_messages_processed_total[5m])) + sum(resets(relaywatch_lines_total[5m]))' 0
}

test_rules() {
    is "promtool check rules" 0 "$(promtool check rules "$monitoring/relaywatch.rules.yml" >"$work/rules" 2>&1; echo $?)"
    is "promtool test rules" 0 "$(cd "$monitoring" && promtool test rules relaywatch.rules.test.yml >"$work/rules" 2>&1; echo $?)"
    is "promtool check config" 0 "$(promtool check config "$monitoring/prometheus.yml" >"$work/rules" 2>&1; echo $?)"
    if command -v amtool >/dev/null && ! amtool --version 2>&1 | grep -q 'version 0\.\([01][0-9]\|2[01]\)\.'; then
        is "amtool check-config" 0 "$(amtool check-config "$monitoring/alertmanager.yml" >"$work/routes" 2>&1; echo $?)"
        is "routes: who is told of what" "deadman on-call on-call chat tickets" "$(
            for labels in alertname=RelaywatchWatchdog "alertname=RelayFleetLoginRefused severity=critical" \
                "alertname=LoginRefused severity=critical" "alertname=RelayAlert severity=warning" "alertname=RelayAlert severity=ticket"; do
                # shellcheck disable=SC2086 # two words
                amtool config routes test --config.file="$monitoring/alertmanager.yml" $labels 2>/dev/null
            done | paste -sd ' ')"
    else
        ok "amtool # SKIP there is none of version 0.22 or later, which knows matchers"
    fi
}

command -v promtool >/dev/null || {
    ok "monitoring # SKIP there is no promtool here"
    exit 0
}
# Twenty that go, a client that is refused and then gone, three that wait as the login is refused.
make_mail() {
    local removed accepted inserted
    accepted=$(sample postfix_cleanup_messages_processed_total)
    inserted=$(sample postfix_qmgr_messages_inserted_size_bytes_count)
    removed=$(sample postfix_qmgr_messages_removed_total)
    by_smtp=$(($(sample 'postfix_smtpd_messages_processed_total{sasl_method=""}') + 23))
    sent=$(($(sample 'postfix_smtp_messages_processed_total{status="sent"}') + 20))
    messages=$((accepted + 23)) queued=$((inserted + 20)) removed=$((removed + 20)) waiting=3
    send 20 recipient@example.net
    speak 'EHLO client.example' 'MAIL FROM:<a@trial.example> SIZE=999999999' 'MAIL FROM:<a@trial.example>'
    becomes 30 sample_is postfix_qmgr_messages_removed_total "$removed" ||
        not_ok "20 messages go" "$(sample postfix_qmgr_messages_removed_total) removed, not $removed"
    printf other | saslpasswd2 -p -c -f "$SMARTHOST_SASLDB" -u "$SMARTHOST_REALM" "$SMARTHOST_USER"
    postfix -c "$POSTFIX_CONFIG_DIR" reload >/dev/null 2>&1
    send 3 recipient@example.net
    becomes 30 sample_is 'relaywatch_state{state="critical"}' 1 || not_ok "a refused login is critical" "$(sample relaywatch_relay_login_refused)"
    becomes 30 sample_is 'postfix_showq_queue_depth{queue="deferred"}' 3
}

# speak LINE...: to the relay's smtpd(8), and hang up. In a shell of its own, which SIGPIPE ends where the relay hung up first.
speak() (
    exec 3<>"/dev/tcp/${RELAY_SUBMIT%:*}/${RELAY_SUBMIT#*:}" || exit
    for line in '' "$@"; do
        [[ -z $line ]] || printf '%s\r\n' "$line" >&3
        while read -r -t 10 -u 3 reply && [[ $reply == ???-* ]]; do :; done
    done
)

command -v promtool >/dev/null || {
    ok "monitoring # SKIP there is no promtool here"
    exit 0
}
test_rules
start
start_prometheus
make_mail
test_exporter
test_public
test_own
test_dashboard
test_forms
test_restart
exit $failed
