#!/bin/bash
# tests/bench/memory.sh BUILD [LINES]: the most memory that relaywatchd has resident while a log of LINES (default 7,500,000,
# which are 1.2 GB) is written at once: a file, one with a million senders, and a journal of an eighth of the lines. With
# Redis where it is installed. Needs root for the journal's files. See README.md.
set -euo pipefail
export LC_ALL=C TZ=UTC

build=${1:?usage: memory.sh BUILD [LINES]}
lines=${2:-7500000}
port=19155
dir=$(mktemp -d "${TMPDIR:-/var/tmp}/relaywatch-memory.XXXXXX")
redis=
daemon=

leave() {
    local pid
    for pid in $daemon $redis; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" || true
    done
    rm -rf "$dir"
}
trap leave EXIT

counted() {
    curl -s -m 2 "http://127.0.0.1:$port/api/v1/status" 2>/dev/null | sed -n 's/.*"lines": *\([0-9]*\).*/\1/p' | head -n 1
}

# watch NAME MAIL_LOG LINES COMMAND...: relaywatchd reads MAIL_LOG, which COMMAND writes meanwhile
watch() {
    local name=$1 log=$2 lines=$3 as=()
    shift 3
    rm -rf "$dir/state" "$dir/run"
    mkdir -p "$dir/state" "$dir/run"
    cat >"$dir/relaywatch.conf" <<END
host = memory
mail_log = $log
log_start = beginning
redis = ${redis:+unix:$dir/redis.sock}
sasl_passwd =
http_listen = 127.0.0.1:$port
state_dir = $dir/state
run_dir = $dir/run
END
    if ((EUID == 0)); then # it will not run as root
        as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
        chown -R 65534:65534 "$dir/state" "$dir/run"
        chmod 0755 "$dir"
    fi
    [[ -z $redis ]] || redis-cli -s "$dir/redis.sock" FLUSHALL >/dev/null
    "${as[@]}" "$build/bin/relaywatchd" -c "$dir/relaywatch.conf" >"$dir/daemon.out" 2>&1 &
    daemon=$!
    "$@"
    until [[ $(counted) == "$lines" ]]; do
        kill -0 "$daemon" 2>/dev/null || { echo "$name: relaywatchd ended: $(tail -n 1 "$dir/daemon.out")"; exit 1; }
        sleep 0.1
    done
    sleep 6 # its state is saved every five seconds
    awk -v name="$name" -v lines="$lines" '{ kb[$1] = $2 } END { printf "%-22s %9d lines: at most %6d kB resident, now %6d kB (%d of them files)\n",
        name, lines, kb["VmHWM:"], kb["VmRSS:"], kb["RssFile:"] }' "/proc/$daemon/status"
    kill "$daemon"
    wait "$daemon" || true
    daemon=
}

write() { # OPTIONS...: of gen
    "$build/bench/gen" -n "$lines" "$@" >>"$dir/mail.log"
}

begin_log() {
    : >"$dir/mail.log"
    chmod 0644 "$dir/mail.log"
}

# The lines of `gen` as entries of a journal.
journal() { # LINES
    "$build/bench/gen" -n "$1" | awk '{
        match($0, / mx1 [^:]*: /)
        split(substr($0, RSTART + 5, RLENGTH - 7), tag, /[][]/)
        printf "__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=0123456789abcdef0123456789abcdef\n", 17e14 + NR * 1000, 1e6 + NR * 1000
        printf "_MACHINE_ID=fedcba98765432100123456789abcdef\n_HOSTNAME=relay\nSYSLOG_FACILITY=2\nSYSLOG_IDENTIFIER=%s\nSYSLOG_PID=%s\nMESSAGE=%s\n\n", tag[1], tag[2], substr($0, RSTART + RLENGTH) }' >"$dir/export"
    mkdir "$dir/journal"
    "$remote" -o "$dir/journal/system.journal" "$dir/export" 2>/dev/null
    chmod -R a+rX "$dir/journal"
    rm "$dir/export"
}

if command -v redis-server >/dev/null; then
    redis-server --port 0 --unixsocket "$dir/redis.sock" --unixsocketperm 777 --dir "$dir" --save '' --appendonly no >"$dir/redis.out" &
    redis=$!
    until [[ -S $dir/redis.sock ]]; do sleep 0.05; done
fi
begin_log
watch "a file" "$dir/mail.log" "$lines" write
begin_log
watch "... a million senders" "$dir/mail.log" "$lines" write -u 1000000
rm "$dir/mail.log"
remote=$(find /lib/systemd /usr/lib/systemd -maxdepth 1 -name systemd-journal-remote 2>/dev/null | head -n 1)
if [[ -n $remote ]]; then
    journal $((lines / 8))
    watch "a journal" "journal:$dir/journal" $((lines / 8)) true
fi
