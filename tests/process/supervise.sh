#!/bin/bash
# supervise.sh BIN: `relaywatch run`: a program that hangs is killed and started again; two relaywatchd of one host
# name: the older gives way, says so, and goes on when the other one is gone. Must run as root. Takes about a minute.
# Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2154 # what words.sh shares
set -u

bin=$(cd "$1" && pwd)
dir=$(mktemp -d /var/tmp/relaywatch-supervise.XXXXXX)
chmod 0755 "$dir"
port=$((20000 + RANDOM % 20000))
# shellcheck source=tests/support/words.sh
. "$(dirname "$0")/../support/words.sh"
pids=()

# within NAME SECONDS COMMAND...: the command becomes true in time
within() {
    local name=$1 limit=$2 begun=$SECONDS
    shift 2
    if becomes "$limit" "$@"; then
        ok "$name ($((SECONDS - begun)) s)"
    else
        not_ok "$name" "not within $limit s: $(tail -n 3 "$dir"/*/run.log | tr '\n' ' ')"
    fi
}

finish() {
    local pid
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    done
    if [[ -n ${redis_pid:-} ]]; then
        kill "$redis_pid" 2>/dev/null
    fi
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM

# start NAME PORT: `relaywatch run` in a folder of its own; all of them have one host name, one log and one Redis
start() {
    local folder=$dir/$1
    mkdir -p "$folder"
    cat >"$folder/relaywatch.conf" <<CONF
host = twin
postfix_config_dir = $dir
mail_log = $dir/mail.log
log_start = beginning
redis = unix:$dir/redis/redis.sock
http_listen = 127.0.0.1:$2
state_dir = $folder/state
notify_state_dir = $folder/notify
keeper_state_dir = $folder/keeper
run_dir = $folder/run
milter_socket = unix:$folder/milter/milter.sock
receivers_file = $folder/receivers.conf
sasl_passwd =
CONF
    "$bin/relaywatch" -c "$folder/relaywatch.conf" run 2>>"$folder/run.log" &
    pids+=($!)
    run_pid=$!
}

# program NAME PROGRAM: the newest process of it, by what `relaywatch run` said
program() {
    sed -n "s/.*run: $2 is process \([0-9]*\),.*/\1/p" "$dir/$1/run.log" | tail -n 1
}

# another NAME PROGRAM PID: a newer process of it is there
another() {
    local now
    now=$(program "$1" "$2")
    [[ -n $now && $now != "$3" ]] && kill -0 "$now"
}

status() {
    curl -fsS "http://127.0.0.1:$1/api/v1/status"
}

lines_counted() { # PORT COUNT
    [[ $(status "$1" | sed -n 's/.*"lines": *\([0-9]*\).*/\1/p') == "$2" ]]
}

redis() {
    redis-cli -s "$dir/redis/redis.sock" "$@"
}

redis_lines() {
    [[ $(redis HGET 'rw:{twin}:log' c.lines) == "$1" ]]
}

is_alert() { # PORT ID
    status "$1" | grep -q "\"id\": *\"$2\""
}

no_alert() {
    status "$1" >"$dir/status" && ! sed 's/"ended_alerts".*//' <(tr -d '\n' <"$dir/status") | grep -q "\"id\": *\"$2\""
}

log_lines() {
    local i
    for ((i = 0; i < $1; i++)); do
        echo "$(date +%Y-%m-%dT%H:%M:%S).0+00:00 mx postfix/qmgr[7]: 4cXyZ$i: removed"
    done >>"$dir/mail.log"
}

# ---------------------------------------------------------------- hanging programs

mkdir "$dir/redis"
redis-server --port 0 --unixsocket "$dir/redis/redis.sock" --unixsocketperm 777 --dir "$dir/redis" --save "" \
    --appendonly yes --logfile "$dir/redis/log" &
redis_pid=$!
becomes 10 redis PING
mkdir -p "$dir/state"
log_lines 10
start one "$port"
within "relaywatch run starts its programs" 10 lines_counted "$port" 10
daemon=$(program one relaywatchd)
milter=$(program one relaywatch-milter)
notify=$(program one relaywatch-notify)
sleep 2
kill -STOP "$daemon" "$milter" "$notify"
log_lines 5
within "a milter that hangs is killed and started again" 15 another one relaywatch-milter "$milter"
within "relaywatchd, too" 25 another one relaywatchd "$daemon"
within "and relaywatch-notify" 25 another one relaywatch-notify "$notify"
within "what was written meanwhile is counted" 10 lines_counted "$port" 15
within "and published" 5 redis_lines 15
if [[ $(grep -c 'hangs, no sign of life' "$dir/one/run.log") == 3 ]]; then
    ok "each hang is said once"
else
    not_ok "each hang is said once" "$(grep hangs "$dir/one/run.log")"
fi

# ---------------------------------------------------------------- two of one name

daemon=$(program one relaywatchd)
start two "$((port + 1))"
two_pid=$run_pid
within "a second relaywatchd of that name takes over" 10 lines_counted "$((port + 1))" 15
within "the older one says so" 5 grep -q 'another relaywatchd (.*) writes for host name twin' "$dir/one/run.log"
within "it ends, and is started again" 15 another one relaywatchd "$daemon"
within "it watches on" 10 lines_counted "$port" 15
within "and calls the operator" 10 is_alert "$port" duplicate-host
log_lines 5
within "the newer one writes" 10 redis_lines 20
within "the older one counts, too" 5 lines_counted "$port" 20
sleep 3
if [[ $(grep -c 'took over for the same host' "$dir/one/run.log") == 1 ]] && ! grep -q 'took over' "$dir/two/run.log"; then
    ok "they do not fight"
else
    not_ok "they do not fight" "$(grep 'took over' "$dir"/*/run.log)"
fi
kill "$two_pid" && wait "$two_pid" 2>/dev/null
log_lines 5
within "the other one gone, the older goes on by itself" 30 redis_lines 25
within "and the alert ends" 5 no_alert "$port" duplicate-host
if [[ ! -e $dir/one/state/fenced ]]; then
    ok "nothing is left of it"
else
    not_ok "nothing is left of it" "$dir/one/state/fenced is there"
fi
exit "$failed"
