#!/bin/bash
# trial.sh BIN: the whole of relaywatch on a trial relay (deploy/up): counts, alerts, a change of the login, trouble of
# each kind, kills. Must run as root. BIN is the bin folder of the build; its helpers are in
# ../support. Prints "ok - name" or "not ok - name: why". KEEP=1 leaves the trial running.
# shellcheck disable=SC2317,SC2154 # many of the functions are called by within; what words.sh shares
set -u # and no pipefail: status has an exit status of its own

bin=$(cd "$1" && pwd)
support=$bin/../support
repo=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d /var/tmp/relaywatch-trial-test.XXXXXX)
work=$(mktemp -d /var/tmp/relaywatch-trial-work.XXXXXX)
# shellcheck source=tests/support/words.sh
. "$(dirname "$0")/../support/words.sh"
sink=

# ---------------------------------------------------------------- words

# within NAME SECONDS COMMAND...: the command becomes true in time
within() {
    local name=$1 limit=$2 begun=${EPOCHREALTIME/./}
    shift 2
    if becomes "$limit" "$@"; then
        ok "$name ($(((${EPOCHREALTIME/./} - begun) / 1000)) ms)"
    else
        not_ok "$name" "not within $limit s; alerts: $(alerts)"
    fi
}

not() {
    ! "$@"
}

# ---------------------------------------------------------------- what the parts say

rw() {
    "$BIN/relaywatch" -c "$RELAYWATCH_CONF" "$@"
}

status_json() {
    rw status --json | tr -d '\n' | sed 's/\([{,:]\) */\1/g'
}

# counter NAME: of the status document
counter() {
    status_json | sed -n "s/.*\"counters\":{[^}]*\"$1\":\([0-9]*\).*/\1/p"
}

alerts() {
    status_json | sed -n 's/.*"alerts":\[\(.*\)\],"ended_alerts".*/\1/p' | grep -o '"diagnosis":"[^"]*"' | tr '\n' ' '
}

# is_alert ID: an alert with this diagnosis fires
is_alert() {
    alerts | grep -q "\"$1 "
}

# ledger NAME: of the status document
ledger() {
    status_json | sed -n "s/.*\"ledger\":{[^}]*\"$1\":\([0-9]*\).*/\1/p"
}

ledger_is() {
    [[ $(ledger "$1") == "$2" ]]
}

# sum_holds: accepted = sent + bounced + expired + queued + unknown
sum_holds() {
    local doc
    doc=$(status_json | grep -o '"ledger":{[^}]*}' | tr ',' '\n')
    value() { sed -n "s/.*\"$1\":\([0-9]*\)\$/\1/p" <<<"$doc"; }
    (($(value accepted) == $(value sent) + $(value bounced) + $(value expired) + $(value queued) + $(value unknown)))
}

# queue_id STATUS: of the last delivery with this status
queue_id() {
    sed -n "s/.* postfix\/smtp\[[0-9]*\]: \([0-9A-Za-z]*\): to=<.*, status=$1 .*/\1/p" "$MAIL_LOG" | tail -n 1
}

# where ID: the state that relaywatch logs tells
where() {
    rw logs --queue-id "$1" --json | sed -n 's/.*"state": "\(.*\)",/\1/p' | head -n 1
}

where_is() {
    [[ $(where "$1") == "$2" ]]
}

counter_is() {
    [[ $(counter "$1") == "$2" ]]
}

counter_grew() {
    (($(counter "$1") > $2))
}

stored() {
    redis-cli -s "$REDIS_SOCKET" HGET "rw:{$host}:log" "c.$1"
}

stored_is() {
    [[ $(stored "$1") == "$2" ]]
}

metric() {
    http_get /metrics | sed -n "s/^relaywatch_$1_total[^ ]* \([0-9]*\).*/\1/p"
}

http_get() {
    curl -s --max-time 5 "$RELAYWATCH_URL$1"
}

page_counter() {
    "$support/mltpage_dump" "$dir/run/milter/counters" | sed -n "s/^$1 //p"
}

log_count() {
    grep -c "$1" "$MAIL_LOG"
}

sent_in_log() {
    log_count ' postfix/smtp\[.*status=sent'
}

sent_in_log_is() {
    [[ $(sent_in_log) == "$1" ]]
}

arrived() {
    find "$SMARTHOST_MAIL/new" -type f | wc -l
}

queue_is_empty() {
    [[ -z $(find "$dir"/spool/relay/{incoming,active,deferred,maildrop} -type f) ]]
}

send() {
    smtp-source -m "$1" -s "$((${1} < 10 ? 1 : 5))" -f sender@trial.example -t recipient@example.net "$RELAY_SUBMIT"
}

runs() {
    [[ -n $(program_pid "$1") ]]
}

status_exit() {
    rw status >/dev/null 2>&1
    echo $?
}

status_exit_is() {
    [[ $(status_exit) == "$1" ]]
}

set_password() {
    printf '%s' "$1" | saslpasswd2 -p -c -f "$SMARTHOST_SASLDB" -u "$SMARTHOST_REALM" "$SMARTHOST_USER"
}

password() {
    sed 's/^[^ ]* [^:]*://' "$SASL_PASSWD"
}

# write_password WORD: as an operator's editor would, a new file in place of the old one
write_password() {
    (umask 077 && sed "s/:[^:]*\$/:$1/" "$SASL_PASSWD" >"$SASL_PASSWD.new")
    mv "$SASL_PASSWD.new" "$SASL_PASSWD"
}

# ---------------------------------------------------------------- begin and end

clean_up() {
    [[ -n ${KEEP:-} ]] && echo "# kept: $dir" && return
    [[ -n $sink ]] && kill "$sink" 2>/dev/null
    "$repo/deploy/up" --dir "$dir" --stop >/dev/null 2>&1
    rm -rf "$(readlink -f "$dir")" "$dir" "$work"
}
trap clean_up EXIT

start() {
    "$support/http_sink" -f "$work/port" "$work/hook" 200 &
    sink=$!
    becomes 5 test -s "$work/port"
    if up --webhook "http://127.0.0.1:$(cat "$work/port")/hook"; then
        ok "up --detach starts all and its first mail goes through"
    else
        not_ok "up --detach starts all and its first mail goes through" "$(tail -n 3 "$work/up" | tr '\n' ' ')"
        cat "$work/up" "$dir/log/relaywatch.log" 2>/dev/null
        exit 1
    fi
    # shellcheck source=/dev/null
    . "$dir/env"
    host=$(status_json | sed -n 's/^{"host":"\([^"]*\)".*/\1/p')
    up
    is "a second up --detach finds it running" 0 $?
}

up() {
    "$repo/deploy/up" --dir "$dir" --build-dir "$(dirname "$bin")" --detach "$@" >"$work/up" 2>&1
}

# ---------------------------------------------------------------- the tests

# choose FOLDER: the ports of a trial that does not listen yet
# shellcheck disable=SC2034 # ports.sh reads it
choose() (
    set -euo pipefail # as deploy/up
    # shellcheck source=/dev/null
    . "$repo/deploy/trial/ports.sh"
    PORTS_TRIALS=$work/trials TRIAL=$1
    mkdir -p "$TRIAL/etc"
    ports_choose
)

test_ports() {
    local i first gone pids=()
    for i in 1 2 3 4 5 6; do
        choose "$work/t$i" &
        pids[i]=$!
    done
    wait "${pids[@]}"
    is "six trials that start at once get ports of their own" 24 "$(cat "$work"/t?/etc/ports | cut -d= -f2 | sort -u | wc -l)"
    first=$(cat "$work/t3/etc/ports") gone=$(cat "$work/t2/etc/ports")
    rm -r "$work/t2"
    choose "$work/t3"
    choose "$work/t7"
    is "one that starts again keeps them" "$first" "$(cat "$work/t3/etc/ports")"
    is "and those of a folder that is gone are free again" "$gone" "$(cat "$work/t7/etc/ports")"
}

test_counts() {
    local accepted sent
    accepted=$(counter accepted) sent=$(counter sent)
    send 100
    becomes 30 sent_in_log_is $((sent + 100))
    within "100 messages: counters.sent" 1 counter_is sent $((sent + 100))
    within "100 messages: c.sent in Redis" 1 stored_is sent $((sent + 100))
    is "100 messages: relaywatch_sent_total" $((sent + 100)) "$(metric sent)"
    is "100 messages: the milter's accepted" $((accepted + 100)) "$(counter accepted)"
    is "100 messages: the milter's page" "$(counter accepted)" "$(page_counter accepted)"
    within "100 messages: all are in the smarthost's Maildir" 5 eval "[[ \$(arrived) == $((sent + 100)) ]]"
    is "healthz answers" 200 "$(curl -s -o /dev/null -w '%{http_code}' "$RELAYWATCH_URL/healthz")"
    is "the page is served" 200 "$(curl -s -o /dev/null -w '%{http_code}' "$RELAYWATCH_URL/")"
    is "status: ok, exit status 0" 0 "$(status_exit)"
}

test_where() {
    local id message_id answer
    within "ledger: all that came in was sent" 5 eval 'ledger_is queued 0 && ledger_is unknown 0'
    is "ledger: the sum holds" yes "$(sum_holds && echo yes)"
    is "ledger: as many as the smarthost took" "$(arrived)" "$(ledger sent)"
    id=$(queue_id sent)
    message_id=$(sed -n "s/.* postfix\/cleanup\[[0-9]*\]: $id: message-id=//p" "$MAIL_LOG")
    is "logs --queue-id: one that was sent" sent "$(where "$id")"
    answer=$(rw logs --message-id "$message_id")
    is "logs --message-id: exit status" 0 $?
    is "logs --message-id: its recipient" 0 "$(grep -q '<recipient@example.net> sent' <<<"$answer"; echo $?)"
    is "logs --message-id: its sender" 0 "$(grep -q '<sender@trial.example>' <<<"$answer"; echo $?)"
    answer=$(rw logs --queue-id 4bNEVERxyz 2>&1)
    is "logs --queue-id: one that is not known: exit status" 1 $?
    is "logs --queue-id: one that is not known: says so" 0 "$(grep -q '4bNEVERxyz is not among' <<<"$answer"; echo $?)"
    kill_hard relaywatchd
    within "logs --queue-id: after kill -9 of relaywatchd" 10 where_is "$id" sent
    within "ledger: after kill -9 of relaywatchd" 5 ledger_is sent "$(arrived)"
    is "metrics: delays by stage" 4 "$(http_get /metrics |
        grep -c '^postfix_smtp_delivery_delay_seconds_count{stage="[a-z_]*"} [1-9]')"
}

# postsuper -d ALL tells no ids: the ledger finds out by the queue.
test_deleted_without_a_word() {
    local unknown deleted id
    unknown=$(ledger unknown) deleted=$(ledger deleted)
    echo 'unknown_after = 10' >>"$RELAYWATCH_CONF"
    postfix -c "$SMARTHOST_CONFIG_DIR" stop >/dev/null 2>&1
    send 3
    within "deleted: the messages wait" 20 eval "ledger_is queued 3 && [[ -n \$(queue_id deferred) ]]"
    id=$(queue_id deferred)
    is "deleted: logs --queue-id: one that waits" queued "$(where "$id")"
    postsuper -c "$POSTFIX_CONFIG_DIR" -d "$id" >/dev/null 2>&1
    within "deleted by its id: unknown, told as deleted" 5 \
        eval "ledger_is unknown $((unknown + 1)) && ledger_is deleted $((deleted + 1))"
    is "deleted by its id: logs --queue-id" deleted "$(where "$id")"
    postsuper -c "$POSTFIX_CONFIG_DIR" -d ALL >/dev/null 2>&1
    within "deleted without a word: unknown after unknown_after" 40 \
        eval "ledger_is unknown $((unknown + 3)) && ledger_is queued 0"
    is "deleted without a word: the sum holds" yes "$(sum_holds && echo yes)"
    is "deleted without a word: not told as deleted" $((deleted + 1)) "$(ledger deleted)"
    postfix -c "$SMARTHOST_CONFIG_DIR" start >/dev/null 2>&1
    send 1
    within "deleted: mail goes on" 60 eval "postqueue -c '$POSTFIX_CONFIG_DIR' -f; sleep 1; queue_is_empty"
}

test_users() {
    local program found
    for program in relaywatchd relaywatch-milter relaywatch-notify; do
        found=$(sed -n 's/^Uid:\t\([0-9]*\).*/\1/p' "/proc/$(program_pid "$program")/status")
        is "$program does not run as root" yes "$([[ -n $found && $found != 0 ]] && echo yes || echo "uid $found")"
    done
    (umask 077 && password >"$work/secret") # grep -f: the word must not be in grep's own arguments either
    found=$(grep -alF -f "$work/secret" /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\n' ' ')
    is "no secret in any argument list or environment" "" "$found"
    found=$(grep -rlF -f "$work/secret" "$dir"/{log,state,run,redis,smarthost/mail.log} 2>/dev/null | tr '\n' ' ')
    is "no secret in logs, state or Redis" "" "$found"
}

test_wrong_then_right_password() {
    local bounced
    bounced=$(counter bounced)
    : >"$work/hook"
    set_password other-secret-1
    send 3
    becomes 10 eval "(( \$(log_count 'SASL authentication failed') > 0 ))"
    within "refused login: status is critical, exit status 2" 2 status_exit_is 2
    within "refused login: the diagnosis is G01" 2 is_alert G01
    within "refused login: the webhook is told" 2 grep -q G01 "$work/hook"
    is "refused login: auth_failures counts" yes "$( (($(counter auth_failures) > 0)) && echo yes)"
    is "refused login: the mail waits" no "$(queue_is_empty && echo yes || echo no)"
    write_password other-secret-1
    within "right login: the queue drains" 5 queue_is_empty
    within "right login: the alert ends" 5 not is_alert G01
    within "right login: status is ok" 5 status_exit_is 0
    within "right login: the webhook is told" 5 grep -q resolved "$work/hook"
    is "right login: nothing bounced" "$bounced" "$(counter bounced)"
}

test_wrong_password_is_not_taken() {
    local map old new
    map=$(postconf -c "$POSTFIX_CONFIG_DIR" -h smtp_sasl_password_maps)
    old=$(postmap -c "$POSTFIX_CONFIG_DIR" -q localhost "$map")
    write_password never-right-2
    within "wrong login written: alert" 10 eval '! status_exit_is 0'
    new=$(postmap -c "$POSTFIX_CONFIG_DIR" -q localhost "$map")
    is "wrong login written: the old map stays" "$(cksum <<<"$old")" "$(cksum <<<"$new")"
    write_password other-secret-1
    within "right login written again: status is ok" 10 status_exit_is 0
}

test_smarthost_stopped() {
    local refused
    refused=$(counter refused)
    postfix -c "$SMARTHOST_CONFIG_DIR" stop >/dev/null 2>&1
    send 2
    within "smarthost stopped: refused counts" 10 counter_grew refused "$refused"
    within "smarthost stopped: the relay shows unreachable" 20 eval "status_json | grep -q '\"reachable\":false'"
    postfix -c "$SMARTHOST_CONFIG_DIR" start >/dev/null 2>&1
    postqueue -c "$POSTFIX_CONFIG_DIR" -f
    within "smarthost back: the queue drains" 30 queue_is_empty
    within "smarthost back: the relay shows reachable" 20 eval "status_json | grep -q '\"reachable\":true'"
}

test_certificate_of_another_name() {
    local errors
    errors=$(counter tls_errors)
    TRIAL=$dir other_certificate
    smarthost_certificate other
    send 2
    within "certificate of another name: tls_errors counts" 10 counter_grew tls_errors "$errors"
    within "certificate of another name: an alert of TLS" 15 eval 'alerts | grep -q "\"T"'
    smarthost_certificate server
    postqueue -c "$POSTFIX_CONFIG_DIR" -f
    within "right certificate: the queue drains" 30 queue_is_empty
    within "right certificate: status is ok" 20 status_exit_is 0
}

other_certificate() (
    # shellcheck source=/dev/null
    . "$repo/deploy/steps/say.sh"
    # shellcheck source=/dev/null
    . "$repo/deploy/trial/tls.sh"
    tls_certificate "$(dirname "$SMARTHOST_CA")" other other.example DNS:other.example
)

smarthost_certificate() {
    local folder
    folder=$(dirname "$SMARTHOST_CA")
    postconf -c "$SMARTHOST_CONFIG_DIR" "smtpd_tls_cert_file=$folder/$1.pem" "smtpd_tls_key_file=$folder/$1.key"
    postfix -c "$SMARTHOST_CONFIG_DIR" reload >/dev/null 2>&1
    sleep 1
}

test_first_seen() {
    postlog -c "$POSTFIX_CONFIG_DIR" -p warn -t postfix/smtp "the moon is 7 full"
    within "a warning that nobody knows: in the status" 5 eval 'status_json | grep -q "\"text\":\"the moon is 7 full\""'
    is "a warning that nobody knows: for a person" 1 "$(rw status | grep -c 'seen for the first time: smtp: warning: the moon')"
    is "a warning that nobody knows: status is ok" 0 "$(status_exit)"
    kill_hard relaywatchd
    postlog -c "$POSTFIX_CONFIG_DIR" -p warn -t postfix/smtp "the moon is 8 full"
    within "after a crash: still of this day" 15 eval 'status_json | grep -q "\"text\":\"the moon is 8 full\""'
    is "after a crash: both are counted" yes "$(status_json | grep -q '"unknown":{"warning":2,' && echo yes || status_json | grep -o '"unknown":{[^}]*}')"
}

test_kills() {
    local before
    before=$(arrived)
    (for _ in 1 2 3 4 5 6 7 8 9 10; do send 30; sleep 0.3; done) &
    local load=$!
    local victim
    for victim in relaywatchd redis relaywatch-milter redis relaywatch-milter relaywatchd; do
        sleep 0.5
        kill_hard "$victim"
    done
    wait "$load"
    becomes 60 eval "(( \$(arrived) >= $before + 300 ))"
    is "kills under load: the smarthost has every message" $((before + 300)) "$(arrived)"
    within "kills under load: counters.sent is the log's" 15 eval "counter_is sent \$(sent_in_log)"
    within "kills under load: c.sent is the log's" 15 eval "stored_is sent \$(sent_in_log)"
    is "kills under load: as many as the smarthost took" "$(arrived)" "$(counter sent)"
    within "kills under load: the ledger has them all as sent" 15 eval 'ledger_is queued 0'
    is "kills under load: the sum holds" yes "$(sum_holds && echo yes)"
    send 1 # a message that the milter sees: until then its absence may be told for a minute
    within "kills under load: status is ok again" 30 status_exit_is 0
}

kill_hard() {
    if [[ $1 == redis ]]; then
        kill -KILL "$(redis-cli -s "$REDIS_SOCKET" INFO server | sed -n 's/^process_id:\([0-9]*\).*/\1/p')" 2>/dev/null
    else
        # shellcheck disable=SC2046 # there may be none
        kill -KILL $(program_pid "$1") 2>/dev/null
    fi
}

test_flushall() {
    local sent
    sent=$(counter sent)
    redis-cli -s "$REDIS_SOCKET" FLUSHALL >/dev/null
    within "FLUSHALL: the totals are right again" 2 stored_is sent "$sent"
    send 5
    within "FLUSHALL: counting goes on" 10 stored_is sent $((sent + 5))
}

test_milter_stopped() {
    local pid before
    before=$(arrived)
    pid=$(program_pid relaywatch-milter)
    kill -STOP "$pid"
    timeout 15 smtp-source -m 1 -f sender@trial.example -t recipient@example.net "$RELAY_SUBMIT"
    is "milter stopped: mail is accepted" 0 $?
    kill -CONT "$pid"
    kill -KILL "$pid"
    timeout 5 smtp-source -m 1 -f sender@trial.example -t recipient@example.net "$RELAY_SUBMIT"
    is "milter dead: mail is accepted" 0 $?
    within "milter stopped or dead: the mail arrives" 15 eval "(( \$(arrived) == $before + 2 ))"
    within "milter dead: it is started again" 10 runs relaywatch-milter
}

test_rotation() {
    local sent
    sent=$(counter sent)
    mv "$MAIL_LOG" "$MAIL_LOG.1"
    postfix -c "$POSTFIX_CONFIG_DIR" reload >/dev/null 2>&1
    sleep 0.5
    send 5
    within "rotation: counting goes on, once each" 10 counter_is sent $((sent + 5))
    sleep 1
    is "rotation: nothing is counted twice" $((sent + 5)) "$(counter sent)"
}

test_end() {
    local found
    found=$(grep -cE 'AddressSanitizer|LeakSanitizer|runtime error:|Assertion' "$RELAYWATCH_LOG")
    is "no finding of a sanitizer in the programs' log" 0 "$found"
    [[ -n ${KEEP:-} ]] && return
    "$repo/deploy/up" --dir "$dir" --stop >/dev/null 2>&1
    is "up --stop" 0 $?
    is "up --stop: nothing of it runs" "" "$(program_pid relaywatch)$(program_pid relaywatchd)$(program_pid relaywatch-milter)$(program_pid relaywatch-notify)"
    found=$(grep -cE 'AddressSanitizer|LeakSanitizer|runtime error:' "$dir/log/relaywatch.log")
    is "no leak at the end" 0 "$found"
    "$repo/deploy/up" --dir "$dir" --stop >/dev/null 2>&1
    is "up --stop twice" 0 $?
}

start
test_ports
test_counts
test_where
test_users
test_wrong_then_right_password
test_wrong_password_is_not_taken
test_smarthost_stopped
test_certificate_of_another_name
test_first_seen
test_kills
test_flushall
test_milter_stopped
test_rotation
test_deleted_without_a_word
test_end
exit "$failed"
