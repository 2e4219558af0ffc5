#!/bin/bash
# ledger.sh BIN [KILLS [SEED]]: relaywatchd is killed by -9 again and again while messages of every fate pass through its
# log, with Redis and without, Redis now and then killed and the log rotated, too. At any time its ledger's sum holds; at
# the end each figure is what the messages came to. Then `relaywatch logs` is asked where some of them are. Must run as
# root, as relaywatchd will not. Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2154 # what words.sh shares
set -u

bin=$(cd "$1" && pwd)
support=$bin/../support
kills=${2:-25}
seed=${3:-$RANDOM}
work=$(mktemp -d /var/tmp/relaywatch-ledger-test.XXXXXX)
port=$((20000 + RANDOM % 9000))
conf=$work/relaywatch.conf
user=65534
# shellcheck source=tests/support/words.sh
. "$(dirname "$0")/../support/words.sh"
daemon=
redis=
traffic=

is() {
    if [[ $2 == "$3" ]]; then ok "$1"; else not_ok "$1" "wanted $2, got $3 (seed $seed)"; fi
}

clean_up() {
    local pid
    for pid in $daemon $redis $traffic; do
        kill -KILL "$pid" 2>/dev/null
    done
    if [[ -n ${KEEP:-} ]]; then echo "# kept: $work"; else rm -rf "$work"; fi
}
trap clean_up EXIT

start_daemon() {
    setpriv --reuid=$user --regid=$user --clear-groups "$work/relaywatchd" -c "$conf" >>"$work/out" 2>&1 &
    daemon=$!
}

kill_daemon() {
    kill -KILL "$daemon"
    wait "$daemon" 2>/dev/null
}

start_redis() {
    redis-server --port 0 --unixsocket "$work/redis.sock" --unixsocketperm 777 --dir "$work/redis" --appendonly yes \
        --save '' --logfile "$work/redis.log" >/dev/null 2>&1 &
    redis=$!
    becomes 10 redis-cli -s "$work/redis.sock" PING
}

kill_redis() {
    kill -KILL "$redis"
    wait "$redis" 2>/dev/null
}

# All of the status in one line.
status() {
    curl -s --max-time 5 "http://127.0.0.1:$port/api/v1/status" | tr -d '\n ' 
}

# figure NAME JSON: a number of the ledger
figure() {
    sed -n "s/.*\"ledger\":{[^}]*\"$1\":\([0-9]*\).*/\1/p" <<<"$2"
}

lines_are() {
    [[ $(status | sed -n 's/.*"lines":\([0-9]*\).*/\1/p') == "$1" ]]
}

check_sum() {
    local doc
    doc=$(status)
    [[ -n $doc ]] || return
    looked=$((looked + 1))
    if (($(figure accepted "$doc") != $(figure sent "$doc") + $(figure bounced "$doc") + $(figure expired "$doc") + \
        $(figure queued "$doc") + $(figure unknown "$doc"))); then
        broken="$(grep -o '"ledger":{[^}]*}' <<<"$doc")"
    fi
}

# want NAME: what the traffic came to
want() {
    sed -n "s/^$1=//p" "$work/want"
}

prepare() {
    rm -rf "$work"/{state,run,redis,log,want,out}
    mkdir -p "$work"/{state,run,redis,log}
    : >"$work/log/mail.log"
    cat >"$conf" <<END
host = ledger-test
mail_log = $work/log/mail.log
log_start = beginning
redis = $1
sasl_passwd =
http_listen = 127.0.0.1:$port
state_dir = $work/state
run_dir = $work/run
END
    chown -R $user "$work"/{state,run,log}
    chmod 755 "$work"
    cp "$bin/relaywatchd" "$work/relaywatchd"
}

# run NAME REDIS
run() {
    local name=$1 looked=0 broken='' figure rotated=0 doc
    prepare "$2"
    [[ -z $2 ]] || start_redis
    start_daemon
    "$support/mail_traffic" "$work/log/mail.log" "$((kills * 150))" "$seed" 6000 >"$work/want" &
    traffic=$!
    for ((i = 0; i < kills; i++)); do
        sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
        check_sum
        if [[ -n $2 ]] && ((RANDOM % 6 == 0)); then
            kill_redis
            if ((RANDOM % 2)); then # both dead at once
                kill_daemon
                start_daemon
            fi
            start_redis
        fi
        if ((RANDOM % 8 == 0)); then
            rotated=$((rotated + 1))
            mv "$work/log/mail.log" "$work/log/mail.log.$rotated" 2>/dev/null
        fi
        kill_daemon
        start_daemon
    done
    wait "$traffic"
    traffic=
    if becomes 30 lines_are "$(want lines)"; then ok "$name: every line is counted once"; else
        not_ok "$name: every line is counted once" "wanted $(want lines), got $(status | grep -o '"lines":[0-9]*') (seed $seed)"
    fi
    is "$name: the sum held whenever somebody looked ($looked times)" "" "$broken"
    doc=$(status)
    for figure in accepted sent bounced expired queued unknown deleted stray; do
        is "$name: $figure" "$(want $figure)" "$(figure $figure "$doc")"
    done
    is "$name: nothing was given up" 0 "$(figure spilled "$doc")"
    if [[ -n $2 ]]; then
        is "$name: l.sent in Redis" "$(want sent)" "$(redis-cli -s "$work/redis.sock" HGET 'rw:{ledger-test}:log' l.sent)"
    fi
    ask_where "$name"
    kill_daemon
    daemon=
    if [[ -n $2 ]]; then kill_redis; fi
    redis=
    is "$name: no finding of a sanitizer" 0 "$(grep -cE 'AddressSanitizer|runtime error:|Assertion' "$work/out")"
}

rw() {
    "$bin/relaywatch" -c "$conf" "$@"
}

ask_where() {
    local fate answer status
    for fate in sent deferred bounced expired deleted renamed queued; do
        answer=$(rw logs --queue-id "$(want id_$fate)" --json | sed -n 's/.*"state": "\(.*\)",/\1/p')
        is "$1: where is the one that was $fate" "$(sed 's/deferred/sent/; s/renamed/sent/' <<<$fate)" "$answer"
    done
    answer=$(rw logs --message-id "$(want id_bounced)@app.example")
    is "$1: in words" 0 "$(grep -q '^  to  *<two@y.example> bounced' <<<"$answer"; echo $?)"
    answer=$(rw logs --queue-id NEVER1 2>&1)
    status=$?
    is "$1: one that is not known: exit status" 1 "$status"
    is "$1: one that is not known: says so" 0 "$(grep -q 'NEVER1 is not among the last' <<<"$answer"; echo $?)"
}

run "without Redis" ""
run "with Redis" "unix:$work/redis.sock"
exit "$failed"
