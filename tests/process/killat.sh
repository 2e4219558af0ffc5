#!/bin/bash
# killat.sh BIN [STEP]: relaywatchd killed at system calls, one run each: at every STEP-th (default 12; 1: at every one) of
# those that it makes from the opening of the log to its end. It counts a log that grows meanwhile; started again it
# must come to the same totals, rings, ledger and destinations as a run that nobody disturbed, from Redis as it was
# left, and from Redis emptied. Must run as root. Prints "ok - name" or "not ok - name: why".
set -u

bin=$(cd "$1" && pwd)
step=${2:-12}
dir=$(mktemp -d /var/tmp/relaywatch-killat.XXXXXX)
trace=$(mktemp /var/tmp/relaywatch-killat-trace.XXXXXX) # elsewhere: relaywatchd watches the folder of its log
chmod 0755 "$dir"
port=$((20000 + RANDOM % 20000))
exec 2>>"$dir/script-errors" # bash says of each process that it was killed
name="killed at every system call"
((step == 1)) || name="killed at every ${step}th system call"

finish() {
    [[ -z ${redis_pid:-} ]] || kill "$redis_pid" 2>/dev/null
    rm -rf "$dir" "$trace"
}
trap finish EXIT
trap 'exit 1' INT TERM

if ! strace -qq -o /dev/null true 2>/dev/null; then
    echo "ok - $name # skip: strace cannot trace here"
    exit 0
fi

# Leaks cannot be looked for under strace.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"

redis() {
    redis-cli -s "$dir/redis.sock" "$@"
}

becomes() { # TENTHS COMMAND...
    local i limit=$1
    shift
    for ((i = 0; i < limit * 10; i++)); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.01
    done
    return 1
}

message() { # NUMBER RESULT
    local at=2026-11-23T10:0$(($1 % 10)):00.000001+00:00
    printf '%s mx postfix/cleanup[7]: %07X: message-id=<%d@x>\n' "$at" $((0x4c00000 + $1)) "$1"
    printf '%s mx postfix/qmgr[8]: %07X: from=<a@b.example>, size=5, nrcpt=1 (queue active)\n' "$at" $((0x4c00000 + $1))
    printf '%s mx postfix/smtp[9]: %07X: to=<u@d%d.example>, relay=r.example[192.0.2.1]:587, delay=1, %s\n' "$at" \
        $((0x4c00000 + $1)) $(($1 % 3)) "delays=0/0/0/1, dsn=2.0.0, status=$2 (250 OK)"
    printf '%s mx postfix/qmgr[8]: %07X: removed\n' "$at" $((0x4c00000 + $1))
}

# What is there at the start, and what comes later, in two writes that cut a line.
first=$(for i in {1..5}; do message "$i" sent; done)
later=$(for i in {6..9}; do message "$i" bounced; done)
more=$(message 10 sent)

cat >"$dir/relaywatch.conf" <<CONF
host = killat
mail_log = $dir/mail.log
log_start = beginning
redis = unix:$dir/redis.sock
http_listen = 127.0.0.1:$port
state_dir = $dir/state
run_dir = $dir
sasl_passwd =
CONF

fresh() {
    redis FLUSHALL >/dev/null
    rm -rf "$dir/state"
    install -d -o relaywatch "$dir/state"
    rm -f "$dir/mail.log"
    echo "$first" >"$dir/mail.log"
    chmod 0644 "$dir/mail.log"
}

# run WRAPPER...: relaywatchd, in the background
run() {
    "$@" setpriv --reuid=relaywatch --regid=relaywatch --clear-groups "$bin/relaywatchd" -c "$dir/relaywatch.conf" \
        2>>"$dir/errors" &
    run_pid=$!
}

# Asks bash, not the kernel: a number that is free again may be somebody else's.
is_running() {
    jobs -pr | grep -qx "$run_pid"
}

# Ends relaywatchd, which is strace's child, or is what was started; waits for it.
end() {
    local child
    if is_running; then
        child=$(cat "/proc/$run_pid/task/$run_pid/children")
        child=${child%% *}
        kill "${child:-$run_pid}"
    fi
    wait "$run_pid"
}

counted() { # LINES: in Redis, or relaywatchd is dead
    [[ $(redis HGET 'rw:{killat}:log' c.lines) == "$1" ]] || ! is_running
}

# All figures that are published; not who wrote them and when, nor how the files are known (b., f.), which each beginning
# makes anew.
published() {
    redis HGETALL 'rw:{killat}:log' | paste - - | grep -vE '^(_|l\.step|[bf]\.)|	0$' | sort
}

# One life with all that happens in it, until its end or its death.
life() {
    becomes 100 counted 20
    printf '%s' "${later:0:100}" >>"$dir/mail.log"
    sleep 0.02
    printf '%s\n' "${later:100}" >>"$dir/mail.log"
    becomes 100 counted 36
    echo "$more" >>"$dir/mail.log"
    becomes 100 counted 40
    end
    status=$? # strace ends as its child did
}

# again NAME: after a death, nobody disturbs; sets `got`
again() {
    run
    becomes 100 counted 40
    end
    got=$(published)
}

# ---------------------------------------------------------------- what must come out, and at which calls to kill

redis-server --port 0 --unixsocket "$dir/redis.sock" --unixsocketperm 777 --dir "$dir" --save "" --appendonly no \
    --logfile "$dir/redis.log" &
redis_pid=$!
becomes 100 redis PING
fresh
run strace -f -qq -o "$trace"
life
want=$(published)
if [[ $(redis HMGET 'rw:{killat}:log' c.lines c.sent c.bounced c.removed m.6.lines | tr '\n' ' ') != "40 6 4 10 4 " ]]; then
    echo "not ok - $name: the undisturbed run is wrong: $(tr '\n' ' ' <<<"$want") $(tail -n 3 "$dir/errors")"
    exit 1
fi

# "NAME ORDINAL" of each call from the opening of the log on; ordinals count from the start, as strace's do.
points=$(awk -v log_path="$dir/mail.log" '
    { sub(/^[0-9]+ +/, "") }
    match($0, /^[a-z0-9_]+\(/) {
        call = substr($0, 1, RLENGTH - 1)
        seen[call]++
        if (index($0, "\"" log_path "\"")) begun = 1
        if (begun && call != "exit_group" && call != "rt_sigreturn") print call, seen[call]
    }' "$trace" | awk -v step="$step" 'NR % step == 1 % step')

# ---------------------------------------------------------------- kill

killed=0 missed=0 wrong=0 first_wrong=
while read -r call ordinal; do
    for emptied in no yes; do
        fresh
        run strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$ordinal"
        life
        if ((status == 137)); then
            killed=$((killed + 1))
        else
            missed=$((missed + 1))
        fi
        [[ $emptied == no ]] || redis FLUSHALL >/dev/null
        again
        if [[ $got != "$want" ]]; then
            wrong=$((wrong + 1))
            first_wrong=${first_wrong:-"at $call $ordinal, Redis emptied: $emptied: $(diff <(echo "$want") <(echo "$got") |
                grep '^[<>]' | head -n 6 | tr '\n' ' '); $(tail -n 2 "$dir/errors" | tr '\n' ' ')"}
        fi
        : >"$dir/errors"
    done
done <<<"$points"
if ((wrong == 0 && killed > 0)); then
    echo "ok - $name: $(wc -l <<<"$points") calls, $killed kills, $missed ended before: 0 lost, 0 double"
else
    echo "not ok - $name: $wrong of $killed wrong, the first $first_wrong"
    exit 1
fi
