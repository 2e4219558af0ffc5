#!/bin/bash
# tests/bench/run.sh BUILD [LINES] [PEER_LINES]: what a line costs here and elsewhere, as ratios. See README.md.
# BUILD is a folder that was configured with -DTESTS=ON and built without sanitizers. Nothing of the host is touched.
set -euo pipefail
export LC_ALL=C TZ=UTC
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

BUILD=${1:?usage: run.sh BUILD [LINES] [PEER_LINES]}
LINES_OURS=${2:-1000000}
LINES_PEERS=${3:-100000}
PORT=19153
SAMPLES=1000
MTAIL_PORT=19154
DIR=$(mktemp -d "${TMPDIR:-/var/tmp}/relaywatch-bench.XXXXXX")
DAEMON=
ROWS=()

LATENCY=()
SERVERS=()

leave() {
    local pid
    for pid in "${SERVERS[@]}" $DAEMON; do
        kill "$pid" 2> /dev/null || true
        wait "$pid" || true
    done
    rm -rf "$DIR"
}
trap leave EXIT

# row NAME LINES CPU_SECONDS MEMORY
row() {
    ROWS+=("$(awk -v name="$1" -v lines="$2" -v cpu="$3" -v memory="$4" \
        'BEGIN { if (cpu < 0.001) cpu = 0.001; printf "%s\t%.0f\t%.3f\t%s", name, lines / cpu, cpu, memory }')")
}

# measure NAME LINES COMMAND...: CPU time of user and kernel, all threads, and the most memory it held.
measure() {
    local name=$1 lines=$2 out=$DIR/time
    shift 2
    if ! command -v "$1" > /dev/null; then
        echo "$name: not installed, left out"
        return
    fi
    if ! python3 "$DIR/measure.py" "$out" "$@" > "$DIR/peer.out" 2>&1; then
        echo "$name: failed: $(tail -n 1 "$DIR/peer.out")"
        return
    fi
    row "$name" "$lines" "$(cut -d' ' -f1 "$out")" "$(cut -d' ' -f2 "$out")"
}

write_measure() {
    cat > "$DIR/measure.py" <<'END'
import os, resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as out:
    out.write("%.3f %d MB" % (used.ru_utime + used.ru_stime, used.ru_maxrss // 1024))
sys.exit(0 if status in (0, 1) else 1)
END
}

counted_lines() {
    curl -s -m 2 "http://127.0.0.1:$PORT/api/v1/status" 2> /dev/null | sed -n 's/.*"lines": *\([0-9]*\).*/\1/p' | head -n 1
}

# start_daemon LOG REDIS: sets DAEMON
start_daemon() {
    local log=$1 redis=$2 state=$DIR/state as=()
    rm -rf "$state"
    mkdir -p "$state" "$DIR/run"
    cat > "$DIR/relaywatch.conf" <<END
host = bench
mail_log = $log
log_start = beginning
redis = $redis
sasl_passwd =
http_listen = 127.0.0.1:$PORT
state_dir = $state
run_dir = $DIR/run
END
    if ((EUID == 0)); then # it will not run as root
        as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
        chown -R 65534:65534 "$DIR"
    fi
    "${as[@]}" "$BUILD/bin/relaywatchd" -c "$DIR/relaywatch.conf" > "$DIR/daemon.out" 2>&1 &
    DAEMON=$!
}

stop_daemon() {
    kill "$DAEMON"
    wait "$DAEMON" || true
    DAEMON=
}

# Two figures: the CPU time it used, and the time until its counters told of every line.
run_daemon() {
    local log=$1 lines=$2 start end cpu ticks
    ticks=$(getconf CLK_TCK)
    start=$(date +%s%N)
    start_daemon "$log" ''
    until [[ $(counted_lines) == "$lines" ]]; do
        if ! kill -0 "$DAEMON" 2> /dev/null; then
            echo "relaywatchd: ended: $(tail -n 1 "$DIR/daemon.out")"
            DAEMON=
            return
        fi
        sleep 0.02
    done
    end=$(date +%s%N)
    cpu=$(awk -v t="$ticks" '{ printf "%.3f", ($14 + $15) / t }' "/proc/$DAEMON/stat")
    row "relaywatchd, whole" "$lines" "$cpu" "$(awk '/^VmHWM/ { printf "%.1f MB", $2 / 1024 }' "/proc/$DAEMON/status")"
    echo "relaywatchd: all $lines lines counted $(((end - start) / 1000000)) ms after its start"
    stop_daemon
}

# latency NAME ARGUMENTS...: of latency.py
latency() {
    local name=$1
    shift
    LATENCY+=("$name $(python3 "${BASH_SOURCE[0]%/*}/latency.py" "$DIR/live.log" "$@")")
}

# wait_for COMMAND...: up to 10 s
wait_for() {
    local i
    for ((i = 0; i < 500; i++)); do
        "$@" > /dev/null 2>&1 && return
        sleep 0.02
    done
    echo "not within 10 s: $*"
    return 1
}

# From a line in the log to whoever asks.
run_latency() {
    local port=$PORT
    : > "$DIR/live.log"
    if command -v redis-server > /dev/null; then
        redis-server --port 0 --unixsocket "$DIR/redis.sock" --unixsocketperm 777 --dir "$DIR" --appendonly yes > "$DIR/redis.out" &
        SERVERS+=($!)
        wait_for test -S "$DIR/redis.sock"
        start_daemon "$DIR/live.log" "unix:$DIR/redis.sock"
        wait_for curl -sf "http://127.0.0.1:$port/readyz"
        latency "relaywatchd, Redis" "$SAMPLES" redis "$DIR/redis.sock" 'rw:{bench}:log' c.sent
    else
        start_daemon "$DIR/live.log" ''
        wait_for curl -sf "http://127.0.0.1:$port/readyz"
    fi
    latency "relaywatchd, /metrics" "$SAMPLES" http "$port" relaywatch_sent_total
    stop_daemon
    if command -v mtail > /dev/null; then
        printf 'counter deliveries by status\n/status=(?P<status>\\w+) / {\n  deliveries[$status]++\n}\n' > "$DIR/live.mtail"
        mtail -port $MTAIL_PORT -address 127.0.0.1 -progs "$DIR/live.mtail" -logs "$DIR/live.log" > "$DIR/mtail.out" 2>&1 &
        SERVERS+=($!)
        wait_for curl -sf "http://127.0.0.1:$MTAIL_PORT/metrics"
        latency "mtail, /metrics" 50 http "$MTAIL_PORT" 'deliveries{'
    fi
    printf '\n%-28s %9s %9s %9s\n' "a line until it is told" "p50 ms" "p99 ms" "longest"
    printf '%s\n' "${LATENCY[@]}" | awk '{ n = NF; last = $n; p99 = $(n - 1); p50 = $(n - 2); NF -= 3; printf "%-28s %9s %9s %9s\n", $0, p50, p99, last }'
}

# The same program that mtail ships, where there is one; else the counters that ours has from the same lines.
mtail_program() {
    local shipped
    for shipped in /usr/share/doc/mtail/examples/postfix.mtail /usr/share/doc/mtail/examples/postfix.mtail.gz; do
        if [[ $shipped == *.gz && -e $shipped ]]; then
            gzip -dc "$shipped" > "$DIR/postfix.mtail"
            return
        elif [[ -e $shipped ]]; then
            cp "$shipped" "$DIR/postfix.mtail"
            return
        fi
    done
    cat > "$DIR/postfix.mtail" <<'END'
counter connects
counter accepted
counter queued
counter removed
counter deliveries by status
counter tls by side
/postfix\/smtpd\[\d+\]: connect from / {
  connects++
}
/postfix\/cleanup\[\d+\]: \w+: message-id=/ {
  accepted++
}
/postfix\/qmgr\[\d+\]: \w+: from=<[^>]*>, size=\d+, nrcpt=\d+ \(queue active\)/ {
  queued++
}
/postfix\/qmgr\[\d+\]: \w+: removed/ {
  removed++
}
/postfix\/(?P<daemon>\w+)\[\d+\]: \w+: to=<[^>]*>, .*status=(?P<status>\w+) / {
  deliveries[$status]++
}
/postfix\/(?P<daemon>\w+)\[\d+\]: \w+ TLS connection established / {
  tls[$daemon]++
}
END
}

print_table() {
    local ours bound
    bound=$(printf '%s\n' "${ROWS[@]}" | awk -F'\t' '$1 == "bare tokeniser" { print $2 }')
    ours=$(printf '%s\n' "${ROWS[@]}" | awk -F'\t' '$1 == "parse, diagnose, count" { print $2 }')
    printf '\n%-28s %12s %10s %18s %16s\n' program "lines/s" memory "ratio to the bound" "ours is faster"
    printf '%s\n' "${ROWS[@]}" | awk -F'\t' -v ours="$ours" -v bound="$bound" \
        '{ printf "%-28s %12d %10s %18.4f %15.1fx\n", $1, $2, $4, $2 / bound, ours / $2 }'
}

main() {
    write_measure
    "$BUILD/bench/gen" -n "$LINES_OURS" > "$DIR/mail.log"
    "$BUILD/bench/gen" -n "$LINES_PEERS" > "$DIR/peers.log"
    "$BUILD/bench/bench" "$DIR/mail.log" | tee "$DIR/bench.out"
    row "bare tokeniser" "$LINES_OURS" "$(awk -v n="$LINES_OURS" '$1 == "tokens" { print n / $2 }' "$DIR/bench.out")" -
    row "parse, diagnose, count" "$LINES_OURS" "$(awk -v n="$LINES_OURS" '$1 == "count" { print n / $2 }' "$DIR/bench.out")" -
    row "... rings, ledger, health" "$LINES_OURS" "$(awk -v n="$LINES_OURS" '$1 == "event" { print n / $2 }' "$DIR/bench.out")" \
        "$(awk '/^memory/ { printf "%.1f MB", $(NF - 1) / 1024 }' "$DIR/bench.out")"
    echo
    run_daemon "$DIR/mail.log" "$LINES_OURS"
    measure "wc -l" "$LINES_OURS" wc -l "$DIR/mail.log"
    measure "grep -c status=sent" "$LINES_OURS" grep -c status=sent "$DIR/mail.log"
    measure pflogsumm "$LINES_PEERS" pflogsumm "$DIR/peers.log"
    mtail_program
    measure mtail "$LINES_PEERS" mtail -one_shot -progs "$DIR/postfix.mtail" -logs "$DIR/peers.log"
    measure fail2ban-regex "$LINES_PEERS" fail2ban-regex "$DIR/peers.log" /etc/fail2ban/filter.d/postfix.conf
    print_table
    run_latency
}

main
