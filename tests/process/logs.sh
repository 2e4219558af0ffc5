#!/bin/bash
# logs.sh BIN: `relaywatch logs` on log files with rotated and packed ones: trouble folded, a message's story where no
# relaywatchd knows it, following across rotation. Must run as root. Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2154 # what relaywatch.sh shares
set -u

# shellcheck source=tests/support/words.sh
. "$(dirname "$0")/../support/words.sh"

bin=$(cd "$1" && pwd)
work=$(mktemp -d /var/tmp/relaywatch-logs-test.XXXXXX)
log=$work/log/mail.log
follower=
export TZ=UTC LC_ALL=C

clean_up() {
    [ -z "$follower" ] || kill "$follower" 2>/dev/null
    if [ -n "${KEEP:-}" ]; then echo "# kept: $work"; else rm -rf "$work"; fi
}
trap clean_up EXIT

# shellcheck source=tests/support/relaywatch.sh
. "$(dirname "$0")/../support/relaywatch.sh"

becomes() {
    for _ in $(seq 200); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.05
    done
    return 1
}

# ago SECONDS: a stamp
ago() { date -u -d "@$(($(date +%s) - $1))" +%Y-%m-%dT%H:%M:%S+00:00; }

# line SECONDS DAEMON TEXT: of so long ago
line() { printf '%s relay postfix/%s[17]: %b\n' "$(ago "$1")" "$2" "$3"; }

refused() { line "$1" smtp "$2: to=<b@y.example>, relay=none, delay=1, delays=1/0/0/0, dsn=4.4.1, status=deferred (connect to mx.example[192.0.2.1]:587: Connection refused)"; }

mkdir -p "$work/log" "$work/state"
printf 'host = logs-test\nmail_log = %s\nhttp_listen = 127.0.0.1:1\nstate_dir = %s\npostfix_config_dir = %s\n' \
    "$log" "$work/state" "$work/etc" >"$conf"

{
    line 200000 smtpd '4bAAAAAAAAz9abc: client=app.example[192.0.2.7], sasl_method=PLAIN, sasl_username=app'
    line 200000 cleanup '4bAAAAAAAAz9abc: message-id=<one@app.example>'
    line 200000 qmgr '4bAAAAAAAAz9abc: from=<a@x.example>, size=331, nrcpt=1 (queue active)'
    line 199990 smtp 'warning: the sky has holes'
} | gzip >"$log.2.gz"
touch -d "@$(($(date +%s) - 199000))" "$log.2.gz"
for ((i = 0; i < 40; i++)); do refused $((190000 - i)) 4bAAAAAAAAz9abc; done >"$log.1"
touch -d "@$(($(date +%s) - 100000))" "$log.1"
{
    refused 9000 4bBBBBBBBBz9abc
    line 5000 smtp '4bAAAAAAAAz9abc: to=<b@y.example>, relay=mx.example[192.0.2.1]:587, delay=9, delays=9/0/0/0, dsn=2.0.0, status=sent (250 ok)'
    line 5000 qmgr '4bAAAAAAAAz9abc: removed'
    refused 100 4bBBBBBBBBz9abc
    refused 90 4bBBBBBBBBz9abc
    line 80 smtp 'warning: odd \033[31mthing'
    line 70 smtpd 'connect from app.example[192.0.2.7]'
} >"$log"

# ---------------------------------------------------------------- trouble

exits "errors of the last hour" 0 logs --errors --since 1h
says "errors: the diagnosis" '^N02 CONNECT_REFUSED: '
says "errors: how often and when" '^ +when +2 times, .* \(9[0-9] s ago\)'
says "errors: who must act" '^ +who +[a-z]'
says "errors: what to do" '^ +do +[a-z]'
says "errors: what no diagnosis knows, too" '^no diagnosis knows this'
says "errors: how many kinds in how many lines" '^2 kinds of trouble in 4 lines since '
fits "errors: fit the terminal and do not control it"
exits "errors of the last day" 0 logs --errors
says "errors of the last day: the older line counts" '^ +when +3 times'
exits "errors from a date on, in packed and rotated files" 0 logs --errors --since "$(ago 250000)"
exits "errors as JSON" 0 logs --errors --since 3d --json
is "errors as JSON: what counts" "43 N02 CONNECT_REFUSED" \
    "$(python3 -c "import json; print(*[str(d['count']) + ' ' + d['diagnosis'] for d in map(json.loads, open('$out')) if d['diagnosis']])")"
exits "lines as they stand" 0 logs --since 1h
is "lines as they stand: those since then" 4 "$(wc -l <"$out")"
is "lines as they stand: nothing controls the terminal" 0 "$(grep -c $'\033' "$out")"
exits "lines as JSON" 0 logs --since 3h --json
is "lines as JSON: one object a line" 7 "$(python3 -c "import json; print(len([json.loads(l)['kind'] for l in open('$out')]))")"
for bad in 2w tomorrow 25:00 "$(ago -90000)" ''; do exits "no time: '$bad'" 64 logs --errors --since "$bad"; done
says "no time: what would be one" '2h, 30m, 3d; 04:10' "$err"
exits "two questions" 64 logs --errors --queue-id 4bAAAAAAAAz9abc
exits "no question" 64 logs

# ---------------------------------------------------------------- one message

exits "one message, no relaywatchd: from three files" 0 logs --queue-id 4bAAAAAAAAz9abc
says "one message: says where it looks" 'relaywatchd does not answer, looking in the log' "$err"
says "one message: the sum" '^4bAAAAAAAAz9abc: 45 lines in the log; it has left the queue$'
says "one message: where from" 'came from app.example\[192.0.2.7\], login app$'
says "one message: the end" 'to <b@y.example> sent by mx.example: 250 ok$'
says "one message: what is left out" '^  ... 32 more ...$'
if [ "$(wc -l <"$out")" -le 24 ]; then ok "one message: one screen"; else not_ok "one message: one screen" "$(wc -l <"$out")"; fi
exits "one that waits" 0 logs --queue-id 4bBBBBBBBBz9abc
says "one that waits: what is wrong" '^N02 CONNECT_REFUSED'
exits "by message-id" 0 logs --message-id '<one@app.example>'
says "by message-id: the line before the id, too" 'came from app.example'
exits "as JSON" 0 logs --message-id one@app.example --json
is "as JSON: the facts" "4bAAAAAAAAz9abc 45 True removed" \
    "$(python3 -c "import json; d = json.load(open('$out')); print(d['queue_ids'][0], d['line_count'], d['left_queue'], d['lines'][-1]['kind'])")"
exits "one that nobody knows" 1 logs --queue-id 4bCCCCCCCCz9abc
says "one that nobody knows: says so" 'no line in .*mail.log or its rotated files' "$err"

# ---------------------------------------------------------------- following

# lines_are N / seen PATTERN
seen() { grep -qE "$1" "$work/followed"; }
reads_it() { find "/proc/$follower/fd" -lname "$log" | grep -q .; }
start() {
    "$bin/relaywatch" -c "$conf" logs --follow "$@" >"$work/followed" 2>"$err" &
    follower=$!
    becomes reads_it || not_ok "follow: opens the log" "$(cat "$err")"
}
stop() {
    kill -INT "$follower"
    wait "$follower"
    is "$1: ends when told to" 0 $?
    follower=
}

start --since 1h
becomes seen 'connect from app.example' || not_ok "follow: what was before" "$(cat "$work/followed" "$err")"
for ((i = 0; i < 5; i++)); do
    line 0 smtp "warning: number $i before" >>"$log"
    mv "$log" "$log.r$i"
    line 0 smtp "warning: number $i after" >>"$log"
    sleep 0.3
done
becomes seen 'number 4 after' || not_ok "follow: across rotation" "$(tail -n 2 "$work/followed")"
stop follow
is "follow: each line once" 14 "$(wc -l <"$work/followed")"
is "follow: none twice" "" "$(sort "$work/followed" | uniq -d)"
start --errors
refused 0 4bDDDDDDDDz9abc >>"$log"
becomes seen 'N02 CONNECT_REFUSED' || not_ok "follow --errors" "$(cat "$work/followed" "$err")"
refused 0 4bDDDDDDDDz9abc >>"$log"
refused 0 4bDDDDDDDDz9abc >>"$log"
line 0 smtpd 'connect from app.example[192.0.2.7]' >>"$log"
sleep 1
stop "follow --errors"
is "follow --errors: the first with what to do" 1 "$(grep -c 'N02 CONNECT_REFUSED: ' "$work/followed")"
is "follow --errors: the others folded" 1 "$(grep -cE 'again, 2 more: N02' "$work/followed")"
is "follow --errors: nothing else" 0 "$(grep -c 'connect from' "$work/followed")"

# ---------------------------------------------------------------- what was understood

line 0 smtp '4bEEEEEEEEz9abc: to=<b@y.example>, relay=none, delay=1209601, delays=1209600/0.01/0.5/0.001, dsn=4.4.1, status=deferred (deferred transport)' |
    "$bin/relaywatch" logs --explain - >"$work/said"
is "explain: delays as they are" 1 "$(grep -c '"delay":1209601.*"delays":"1209600/0.01/0.5/0.001"' "$work/said")"
echo 'Mar  1 12:00:00 mx1 postfix/error[4]: 4AAAA0000B: to=<>, relay=none, delay=1, delays=1/0/0/0, dsn=5.1.3, status=bounced (x)' |
    "$bin/relaywatch" logs --explain - >"$work/said"
is "explain: an empty recipient is one" 1 "$(grep -c '"to":""' "$work/said")"

# ---------------------------------------------------------------- the journal

# entry SECONDS DAEMON TEXT: in the export format
entry() {
    printf '__REALTIME_TIMESTAMP=%s\n__MONOTONIC_TIMESTAMP=%s\n_BOOT_ID=0123456789abcdef0123456789abcdef\n' \
        "$((($(date +%s) - $1) * 1000000))" $((1000000000 - $1))
    printf '_MACHINE_ID=fedcba98765432100123456789abcdef\n_HOSTNAME=relay\nSYSLOG_FACILITY=2\nSYSLOG_IDENTIFIER=postfix/%s\n' "$2"
    printf 'SYSLOG_PID=17\nMESSAGE=%s\n\n' "$3"
}

remote=/lib/systemd/systemd-journal-remote
if [ -x $remote ] && ! "$bin/relaywatch" logs --explain journal:/nowhere 2>&1 | grep -q 'without libsystemd'; then
    mkdir "$work/journal"
    {
        entry 9000 smtp 'warning: an old thing'
        entry 200 cleanup '4bEEEEEEEEz9abc: message-id=<two@app.example>'
        entry 100 smtp '4bEEEEEEEEz9abc: to=<b@y.example>, relay=none, delay=1, delays=1/0/0/0, dsn=4.4.1, status=deferred (connect to mx.example[192.0.2.1]:587: Connection refused)'
        entry 90 smtp 'warning: a new thing'
    } >"$work/export"
    $remote -o "$work/journal/system.journal" "$work/export" >/dev/null 2>&1
    sed -i "s|^mail_log = .*|mail_log = journal:$work/journal|" "$conf"
    exits "the journal: errors" 0 logs --errors --since 1h
    says "the journal: what is in it" '^N02 CONNECT_REFUSED'
    says "the journal: since then" '^2 kinds of trouble in 3 lines'
    exits "the journal: a message" 0 logs --message-id two@app.example
    says "the journal: its story" '^4bEEEEEEEEz9abc: 2 lines in the log'
    sed -i "s|^mail_log = .*|mail_log = $log|" "$conf"
else
    echo "# the journal is left out: no systemd-journal-remote, or no libsystemd"
fi

# ---------------------------------------------------------------- what cannot be read

chmod 600 "$log"
cp "$bin/relaywatch" "$work/relaywatch"
chmod 755 "$work"
status=0
setpriv --reuid=65534 --regid=65534 --clear-groups "$work/relaywatch" -c "$conf" logs --errors >"$out" 2>"$err" || status=$?
is "not root" 77 $status
says "not root: what to do" 'sudo relaywatch logs' "$err"
head -c 60 "$log.2.gz" >"$log.3.gz"
exits "a damaged packed file: the rest is told" 1 logs --errors --since 3d
says "a damaged packed file: the rest is told" '^N02 CONNECT_REFUSED'
sed -i "s|^mail_log = .*|mail_log = $work/nowhere/mail.log|" "$conf"
rw logs --errors
says "the log is not there: said" "there is no $work/nowhere/mail.log|$work/nowhere/mail.log: not there" "$err"
exit "$failed"
