#!/bin/bash
# sources.sh BIN [PART]: relaywatchd with several files at once, with the systemd journal, and old logs counted afterwards:
# every line exactly once, through rotations and kill -9. Must run as root; the journal is written by a journald of our
# own in a mount namespace. Takes about two minutes. Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2154 # what words.sh shares
set -u

bin=$(cd "$1" && pwd)
dir=$(mktemp -d /var/tmp/relaywatch-sources.XXXXXX)
chmod 0755 "$dir"
port=$((20000 + RANDOM % 20000))
# shellcheck source=tests/support/words.sh
. "$(dirname "$0")/../support/words.sh"
daemon=
redis=
journald=
writers=()

# ---------------------------------------------------------------- words

# is NAME WANT GOT
is() {
    if [[ $2 == "$3" ]]; then ok "$1"; else not_ok "$1" "wanted $2, got $3; $(tail -n 3 "$dir/daemon.log" | tr '\n' ' ')"; fi
}

finish() {
    local pid
    for pid in "${writers[@]}" $daemon $redis $journald; do
        kill -KILL "$pid" 2>/dev/null
    done
    wait 2>/dev/null
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM

# ---------------------------------------------------------------- relaywatchd

# configure MAIL_LOG LOG_START [LINE]: a daemon that has never counted anything
configure() {
    rm -rf "$dir/state" "$dir/run"
    mkdir -p "$dir/state" "$dir/run"
    chown relaywatch: "$dir/state"
    chmod 0700 "$dir/state"
    redis-cli -s "$dir/redis.sock" FLUSHALL >/dev/null
    printf '%s\n' "host = sources" "mail_log = $1" "log_start = $2" "state_dir = $dir/state" "run_dir = $dir/run" \
        "redis = unix:$dir/redis.sock" "http_listen = 127.0.0.1:$port" "sasl_passwd =" "${3:-}" >"$dir/rw.conf"
}

start() {
    setpriv --reuid relaywatch --regid relaywatch --groups "${groups:-adm,systemd-journal}" \
        "$bin/relaywatchd" -c "$dir/rw.conf" 2>>"$dir/daemon.log" &
    daemon=$!
}

stop() {
    kill "-$1" "$daemon" 2>/dev/null
    wait "$daemon" 2>/dev/null
    daemon=
}

# kill_for SECONDS: kills it hard again and again
kill_for() {
    local end=$((SECONDS + $1))
    while ((SECONDS < end)); do
        sleep "0.$((RANDOM % 8 + 1))"
        stop KILL
        start
    done
}

rw() {
    "$bin/relaywatch" -c "$dir/rw.conf" "$@"
}

# stored FIELD: in Redis
stored() {
    redis-cli -s "$dir/redis.sock" HGET "rw:{sources}:log" "$1"
}

stored_is() {
    [[ $(stored "$1") == "$2" ]]
}

# settles_at COUNT: Redis has exactly so many lines, also a moment later
settles_at() {
    becomes 30 stored_is c.lines "$1"
    sleep 0.5
}

reads() {
    curl -sf --max-time 2 "http://127.0.0.1:$port/readyz"
}

status() {
    curl -s --max-time 5 "http://127.0.0.1:$port/api/v1/status" | tr -d '\n' | sed 's/\([{,:]\) */\1/g'
}

# ---------------------------------------------------------------- logs

# lines FROM TO [STAMP]: numbered deliveries
lines() {
    awk -v from="$1" -v to="$2" -v stamp="${3:-2025-10-01T10:00:00.000000+00:00}" 'BEGIN { for (i = from; i <= to; i++)
        printf "%s relay postfix/smtp[77]: %010X: to=<a%d@b.example>, relay=x[192.0.2.1]:25, delay=1, " \
            "delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)\n", stamp, i, i }'
}

# write_files SECONDS: to a, b and c, which are rotated in turn; how many lines goes to the file count
write_files() {
    local end=$((SECONDS + $1)) at=1 name turn=0
    while ((SECONDS < end)); do
        for name in a b c; do
            lines "$at" $((at + 20 + turn % 7)) >>"$dir/log/$name"
            at=$((at + 21 + turn % 7))
        done
        turn=$((turn + 1))
        if ((turn % 40 == 0)); then
            name=$(cut -c $((turn / 40 % 3 + 1)) <<<abc)
            mv -f "$dir/log/$name.1" "$dir/log/$name.2" 2>/dev/null
            mv "$dir/log/$name" "$dir/log/$name.1"
        fi
        sleep 0.01
    done
    echo $((at - 1)) >"$dir/count"
}

test_files() {
    rm -rf "$dir/log"
    mkdir -p "$dir/log"
    touch "$dir/log/a" "$dir/log/b" "$dir/log/c"
    configure "$dir/log/a, $dir/log/b $dir/log/c" beginning
    start
    write_files 20 &
    writers=($!)
    kill_for 18
    wait "${writers[0]}"
    writers=()
    settles_at "$(cat "$dir/count")"
    is "three files, rotated, relaywatchd killed all the time: each line once ($(cat "$dir/count"))" \
        "$(cat "$dir/count")" "$(stored c.lines)"
    is "the status has every source" 3 "$(status | grep -o '"kind":"file"' | wc -l)"
    mv "$dir/log/b" "$dir/log/gone"
    if becomes 15 grep -q "b: source_missing" "$dir/daemon.log"; then
        ok "a missing file is told by its name"
    else
        not_ok "a missing file is told by its name" "$(tail -n 3 "$dir/daemon.log" | tr '\n' ' ')"
    fi
    stop TERM
}

# refused NAME WANT LINE...: this configuration is an error that says WANT
refused() {
    local name=$1 want=$2 said
    shift 2
    printf '%s\n' "$@" >"$dir/bad.conf"
    said=$("$bin/relaywatchd" -c "$dir/bad.conf" -t 2>&1)
    if [[ $? == 78 && $said == *"$want"* ]]; then ok "$name"; else not_ok "$name" "$said"; fi
}

test_refusals() {
    mkdir -p "$dir/log"
    touch "$dir/log/real"
    ln -sf real "$dir/log/link"
    refused "a file by two names is refused" "are the same file" "mail_log = $dir/log/real $dir/log/link"
    refused "journal and file are refused" "line 2: mail_log: names the journal and a file" "host = x" \
        "mail_log = journal $dir/log/real"
}

# ---------------------------------------------------------------- the journal

# begin_journald: our own, in a mount namespace, with its files in $dir/journal; "" where that is not possible
begin_journald() {
    rm -rf "$dir/journal"
    mkdir -p "$dir/journal" "$dir/socket"
    chgrp systemd-journal "$dir/journal" # as systemd makes /run/log/journal: what is in it inherits the group
    chmod 2755 "$dir/journal"
    cat >"$dir/journald.sh" <<END
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal /run/systemd/journald.conf.d
mount --bind "$dir/journal" /run/log/journal
mount --bind "$dir/socket" /run/systemd/journal
printf '%s\n' [Journal] Storage=volatile RateLimitBurst=0 RateLimitIntervalSec=0 ReadKMsg=no Audit=no \
    ForwardToSyslog=no ForwardToWall=no RuntimeMaxUse=500M RuntimeMaxFileSize=4M >/run/systemd/journald.conf.d/x.conf
exec $1
END
    unshare -m bash "$dir/journald.sh" >"$dir/journald.log" 2>&1 &
    journald=$!
    becomes 5 test -S "$dir/socket/dev-log"
}

# send FROM TO: numbered deliveries to journald, as syslog(3) sends them; waits where it does not keep up
send() {
    python3 - "$dir/socket/dev-log" "$1" "$2" "${3:-0}" <<'END'
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(sys.argv[1])
for i in range(int(sys.argv[2]), int(sys.argv[3]) + 1):
    s.send(b"<22>Oct  1 10:00:00 postfix/smtp[77]: %010X: to=<a%d@b.example>, relay=x[192.0.2.1]:25, delay=1, "
           b"delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)" % (i, i))
    if i % 20 == 0:
        time.sleep(float(sys.argv[4]))
END
}

journal_lines() {
    journalctl -D "$folder" -o cat SYSLOG_IDENTIFIER=postfix/smtp 2>/dev/null | wc -l
}

journal_has() {
    [[ $(journal_lines) == "$1" ]]
}

rotate_for() {
    local end=$((SECONDS + $1))
    while ((SECONDS < end)); do
        sleep 0.6
        kill -USR2 "$journald"
    done
}

archived() {
    find "$folder" -name 'system@*.journal' | sort
}

test_journal() {
    local program count
    program=$(ls /lib/systemd/systemd-journald /usr/lib/systemd/systemd-journald 2>/dev/null | head -n 1)
    if [[ -z $program ]] || ! command -v journalctl >/dev/null || ! begin_journald "$program"; then
        ok "the journal # skip: no journald of our own here"
        return
    fi
    if "$bin/relaywatchd" -c <(printf 'mail_log = journal\n') -t 2>&1 | grep -q "without libsystemd"; then
        ok "the journal # skip: built without libsystemd"
        return
    fi
    becomes 5 test -n "$(find "$dir/journal" -name system.journal)"
    folder=$(dirname "$(find "$dir/journal" -name system.journal)")
    configure "journal:$folder" beginning
    send 1 1
    groups=adm start
    if becomes 10 grep -q "source_unreadable.*is our user in group systemd-journal" "$dir/daemon.log"; then
        ok "a journal that relaywatchd may not read is told, and what would help"
    else
        not_ok "a journal that relaywatchd may not read is told, and what would help" "$(tail -n 3 "$dir/daemon.log")"
    fi
    stop TERM
    start
    send 2 12000 0.02 &
    writers=($!)
    rotate_for 12 &
    writers+=($!)
    kill_for 12
    wait "${writers[@]}"
    writers=()
    settles_at 12000
    is "12000 lines in the journal, rotated, relaywatchd killed all the time: each once" 12000 "$(stored c.lines)"
    is "its rotations were seen" yes "$( (($(archived | wc -l) > 10)) && echo yes)"

    send 12001 12100
    settles_at 12100
    is "what is added to the journal is counted" 12100 "$(stored c.lines)"

    # Read and vacuumed: nothing is lost. Not read and vacuumed: that is told, and the rest counts.
    kill -USR2 "$journald"
    archived | head -n 3 | xargs rm -f
    send 12101 12200
    settles_at 12200
    is "a file that was vacuumed after it was read changes nothing" 12200 "$(stored c.lines)"
    stop KILL
    send 12201 13200
    becomes 5 journal_has "$(($(journal_lines) / 1))"
    kill -USR2 "$journald"
    sleep 0.5
    send 13201 13300
    sleep 0.5
    archived | xargs rm -f
    count=$(journal_lines)
    start
    settles_at $((12200 + count))
    is "what was vacuumed unread is missing, the $count lines left are counted" $((12200 + count)) "$(stored c.lines)"
    if grep -q "log_gap: vacuumed before it was read" "$dir/daemon.log"; then
        ok "and the gap is told"
    else
        not_ok "and the gap is told" "$(tail -n 3 "$dir/daemon.log" | tr '\n' ' ')"
    fi
    stop TERM
    kill "$journald"
    wait "$journald" 2>/dev/null
    journald=
}

# ---------------------------------------------------------------- the past

# old_logs: in $dir/old, 150000 lines
old_logs() {
    rm -rf "$dir/old" "$dir/log"
    mkdir -p "$dir/old" "$dir/log"
    lines 1 60000 >"$dir/old/mail.log.3"
    lines 60001 110000 >"$dir/old/mail.log.2"
    gzip "$dir/old/mail.log.2"
    lines 110001 150000 | sed 's/status=sent (250 ok)/status=deferred (SASL authentication failed; server x said: 535-5.7.8 Username and Password not accepted. p=BadCredentials)/' \
        >"$dir/old/mail.log.1"
}

test_past() {
    local before
    old_logs
    lines 150001 150100 >"$dir/log/mail.log"
    configure "$dir/log/mail.log" end
    start
    becomes 10 reads
    lines 150101 150150 >>"$dir/log/mail.log"
    settles_at 50
    rw logs --backfill "$dir/old/mail.log.3" >/dev/null
    settles_at 60050
    is "an old log is counted" 60050 "$(stored c.lines)"

    # Of ten messages that came in nine ended.
    for i in 1 2 3 4 5 6 7 8 9 10; do
        printf '2025-09-01T10:00:00Z relay postfix/%s\n' "smtpd[1]: 4D00AA$i: client=x[192.0.2.1]" \
            "cleanup[2]: 4D00AA$i: message-id=<$i@x>" "qmgr[3]: 4D00AA$i: from=<a@x>, size=9, nrcpt=1 (queue active)" \
            "smtp[4]: 4D00AA$i: to=<a@y>, relay=x[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (ok)"
        ((i == 7)) || echo "2025-09-01T10:00:01Z relay postfix/qmgr[3]: 4D00AA$i: removed"
    done >"$dir/old/whole"
    rw logs --backfill "$dir/old/whole" >/dev/null
    settles_at 60099
    is "messages of the past are in the sum, with their ends" "9 9 0" \
        "$(stored l.accepted) $(stored l.sent) $(status | sed 's/.*"ledger":{[^}]*"queued":\([0-9]*\).*/\1/')"
    rm "$dir/old/whole"

    # The daemon, then the command, is killed in the middle, again and again.
    for _ in 1 2 3 4 5 6; do
        "$bin/relaywatch" -c "$dir/rw.conf" logs --backfill "$dir/old/mail.log.2.gz" "$dir/old/mail.log.1" >/dev/null 2>&1 &
        writers=($!)
        sleep "0.0$((RANDOM % 9 + 1))"
        if ((RANDOM % 2)); then
            stop KILL
            start
            becomes 10 reads
        else
            kill -KILL "${writers[0]}" 2>/dev/null
        fi
        wait "${writers[0]}" 2>/dev/null
    done
    writers=()
    rw logs --backfill "$dir/old/"* "$dir/log/mail.log" >"$dir/said" 2>&1
    status=$?
    ((status == 0)) || sed "s/^/# /" "$dir/said"
    is "the last run ends well" 0 "$status"
    settles_at 150199
    is "killed in the middle, each line of the past counts once" 150199 "$(stored c.lines)"
    is "as what it is" "40000 110160" "$(stored c.deferred) $(stored c.sent)"

    before=$(stored c.lines)
    mv "$dir/old/mail.log.3" "$dir/old/renamed"
    gzip "$dir/old/renamed"
    gunzip "$dir/old/mail.log.2.gz"
    lines 150151 150160 >>"$dir/old/mail.log.1"
    rw logs --backfill "$dir/old/"* "$dir/log/mail.log" >"$dir/said" 2>&1
    settles_at $((before + 10))
    is "renamed, compressed, unpacked: nothing is added but what is new in one" $((before + 10)) "$(stored c.lines)"
    is "and that is said" "3 1" "$(grep -c 'nothing added' "$dir/said") $(grep -c ': 10 lines counted' "$dir/said")"
    zcat -f "$dir/old/renamed.gz" | rw logs --backfill - >"$dir/said" 2>&1
    is "from standard input, too" 1 "$(grep -c 'nothing added: it was counted before' "$dir/said")"

    mv "$dir/log/mail.log" "$dir/log/mail.log.1"
    lines 150161 150180 >"$dir/log/mail.log"
    settles_at $((before + 30))
    rw logs --backfill "$dir/log/"* >"$dir/said" 2>&1
    sleep 1
    is "what relaywatchd counted is not counted again under another name" $((before + 30)) "$(stored c.lines)"
    is "no alert and no rate comes of the past" "0 0.0" "$(status | grep -o '"diagnosis":"G01' | wc -l) $(status | sed 's/.*"deferred_per_minute":\([0-9.]*\).*/\1/')"
    mkfifo "$dir/held" # the command is served from its start on, and waits for its input
    "$bin/relaywatch" -c "$dir/rw.conf" logs --backfill - <"$dir/held" >/dev/null 2>&1 &
    writers=($!)
    exec {held}>"$dir/held"
    sleep 0.5
    rw logs --backfill "$dir/old/"* >"$dir/said" 2>&1
    is "while another is served: said once, the rest is not tried" "1 1 1 2" \
        "$? $(grep -c 'another one is under way' "$dir/said") $(grep -c 'not tried: 2 more' "$dir/said") $(wc -l <"$dir/said")"
    exec {held}>&-
    wait "${writers[0]}"
    writers=()
    stop TERM
    if rw logs --backfill "$dir/old/renamed.gz" 2>&1 | grep -q "relaywatchd does not run"; then
        ok "without relaywatchd nothing can be counted"
    else
        not_ok "without relaywatchd nothing can be counted" "$(rw logs --backfill "$dir/old/renamed.gz" 2>&1)"
    fi
}

# ---------------------------------------------------------------- a line that makes relaywatchd crash

starts_again() {
    kill -0 "$daemon" 2>/dev/null && return 1
    wait "$daemon" 2>/dev/null
    start
}

test_poison() {
    if ! grep -q RELAYWATCH_TEST_POISON "$bin/relaywatchd"; then
        echo "# poison: left out, this relaywatchd cannot be made to crash"
        return
    fi
    mkdir -p "$dir/log"
    lines 1 300 >"$dir/log/mail.log"
    lines 301 301 | sed 's/250 ok/250 deadly/' >>"$dir/log/mail.log"
    lines 302 400 >>"$dir/log/mail.log"
    configure "$dir/log/mail.log" beginning
    export RELAYWATCH_TEST_POISON=deadly
    : >"$dir/daemon.log"
    start
    for _ in 1 2 3; do
        becomes 10 starts_again || not_ok "crashes" "it lives"
    done
    settles_at 400
    is "after three crashes the line is skipped, the others count" "400 1 1 399" \
        "$(stored c.lines) $(stored c.unparsed) $(stored poison_lines) $(stored c.sent)"
    is "each crash is told" 3 "$(grep -c 'crashed at a line of the log' "$dir/daemon.log")"
    is "a copy is kept" "600 1" "$(stat -c %a "$dir/state/poison-line.1") $(grep -c 'status=sent (250 deadly)' "$dir/state/poison-line.1")"
    is "status tells it" '"poison_lines":1' "$(status | grep -o '"poison_lines":1')"

    # Chaos: kill -9 at any moment, and the position of before the line again.
    for ((i = 401; i <= 3000; i += 100)); do lines $i $((i + 99)) >>"$dir/log/mail.log" && sleep 0.05; done &
    writers=($!)
    kill_for 4
    wait "${writers[0]}"
    writers=()
    settles_at 3000
    is "kill -9 skips nothing" "3000 1" "$(stored c.lines) $(stored poison_lines)"
    stop KILL
    redis-cli -s "$dir/redis.sock" FLUSHALL >/dev/null
    rm "$dir/state/"*.slot
    start
    becomes 10 reads
    settles_at 3000
    is "what is read once more is skipped at once" "3000 1" "$(stored c.lines) $(stored poison_lines)"
    past_poison
    unset RELAYWATCH_TEST_POISON
    stop TERM
}

# Such a line in an old log.
past_poison() {
    mkdir -p "$dir/old"
    lines 1 50 2025-09-01T10:00:00Z | sed '31s/250 ok/250 deadly, too/' >"$dir/old/poison"
    for _ in 1 2 3; do
        rw logs --backfill "$dir/old/poison" >"$dir/said" 2>&1
        becomes 10 starts_again || not_ok "crashes at an old log" "it lives: $(cat "$dir/said")"
        becomes 10 reads
    done
    rw logs --backfill "$dir/old/poison" >"$dir/said" 2>&1
    settles_at 3050
    is "after three crashes the line of an old log is skipped" "3050 2 2" \
        "$(stored c.lines) $(stored c.unparsed) $(stored poison_lines)"
    rw logs --backfill "$dir/old/poison" >"$dir/said" 2>&1
    settles_at 3050
    is "nothing of it is counted again" "3050 2" "$(stored c.lines) $(stored poison_lines)"
}

# ----------------------------------------------------------------

redis-server --port 0 --unixsocket "$dir/redis.sock" --unixsocketperm 777 --save '' --appendonly no --dir "$dir" \
    >"$dir/redis.log" 2>&1 &
redis=$!
becomes 5 redis-cli -s "$dir/redis.sock" PING
for part in ${2:-refusals files journal past poison}; do
    "test_$part"
done
exit "$failed"
