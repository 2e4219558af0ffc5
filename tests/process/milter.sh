#!/bin/bash
# milter.sh BIN: relaywatch-milter behind a real, private Postfix. Every mail must pass whatever happens to the milter,
# and the figures in the shared page must equal the log. Must run as root (Postfix' master does). BIN holds
# relaywatch-milter and mltpage_dump. Prints "ok - name" or "not ok - name: why".
set -eu

bin=$(cd "$1" && pwd)
dump=$bin/../support/mltpage_dump
[ -x "$dump" ] || dump=$bin/mltpage_dump
user=relaywatch-milter
failed=0
work=$(mktemp -d /tmp/relaywatch-milter-test.XXXXXX)
port=$((20000 + RANDOM % 9000))
queue=$work/queue
sock=$queue/relaywatch/milter.sock
page=$work/run/milter/counters
log=$work/mail.log
milter=
master=

ok() {
    echo "ok - $1"
}

not_ok() {
    echo "not ok - $1: $2"
    failed=1
}

# is NAME WANT GOT
is() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "wanted $2, got $3"; fi
}

# at_most NAME LIMIT_MS MS
at_most() {
    if [ "$3" -le "$2" ]; then ok "$1 ($3 ms)"; else not_ok "$1" "$3 ms, limit $2 ms"; fi
}

now_ms() {
    date +%s%3N
}

clean_up() {
    if [ -n "$milter" ]; then kill -KILL "$milter" 2>/dev/null || true; fi
    if [ -n "$master" ]; then postfix -c "$work/etc" stop >/dev/null 2>&1 || true; fi
    if [ -n "${KEEP:-}" ]; then echo "# kept: $work"; else rm -rf "$work"; fi
}
trap clean_up EXIT

# until COMMAND...: tries for 10 s
until_true() {
    for _ in $(seq 200); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.05
    done
    return 1
}

# ---------------------------------------------------------------- the private Postfix

make_postfix() {
    local daemons
    daemons=$(postconf -h daemon_directory)
    mkdir -p "$work/etc" "$queue" "$work/data" "$work/run/milter"
    chmod 755 "$work" "$work/run"
    chown postfix "$work/data"
    chown $user "$work/run/milter"
    mkdir "$queue/relaywatch"
    chown $user:postfix "$queue/relaywatch"
    chmod 2750 "$queue/relaywatch"
    # no entry of the system's master.cf is needed but these
    cat >"$work/etc/master.cf" <<END
127.0.0.1:$port inet n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
proxymap  unix  - - n - - proxymap
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
anvil     unix  - - n - 1 anvil
tlsmgr    unix  - - n 1000? 1 tlsmgr
showq     unix  n - n - - showq
postlog   unix-dgram n - n - 1 postlogd
END
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=relay.test \
        -keyout "$work/etc/key.pem" -out "$work/etc/cert.pem" 2>/dev/null
    cat >"$work/etc/main.cf" <<END
compatibility_level = 3.5
queue_directory = $queue
data_directory = $work/data
command_directory = $(postconf -h command_directory)
daemon_directory = $daemons
mail_owner = postfix
setgid_group = postdrop
myhostname = relay.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access inline:{refused@example.com=reject}
default_transport = discard
relay_transport = discard
maillog_file = $log
maillog_file_prefixes = $work
alias_maps =
alias_database =
smtpd_tls_cert_file = $work/etc/cert.pem
smtpd_tls_key_file = $work/etc/key.pem
smtpd_tls_security_level = may
smtpd_milters = { unix:relaywatch/milter.sock, connect_timeout=1s, command_timeout=2s, content_timeout=5s, default_action=accept }
non_smtpd_milters = \$smtpd_milters
authorized_submit_users = root
smtpd_forbid_unauth_pipelining = no
END
    : >"$log"
}

start_postfix() {
    postfix -c "$work/etc" start >/dev/null 2>&1
    until_true test -s "$queue/pid/master.pid"
    master=$(tr -d ' ' <"$queue/pid/master.pid")
    until_true nc_port
}

nc_port() {
    (: <"/dev/tcp/127.0.0.1/$port")
}

# ---------------------------------------------------------------- the milter

write_conf() { # FILE SOCKET RUN_DIR
    cat >"$1" <<END
run_dir = $3
milter_socket = $2
END
    chmod 644 "$1"
}

# Replaces the shell: $! must be the milter's id.
as_user() {
    exec setpriv --reuid=$user --regid=$user --clear-groups "$@"
}

is_ready() {
    [ "$(grep -c ': main: ready on' "$work/milter.log")" -eq "$1" ]
}

starts=0
start_milter() {
    starts=$((starts + 1))
    as_user "$bin/relaywatch-milter" -c "$work/relaywatch.conf" 2>>"$work/milter.log" &
    milter=$!
    until_true is_ready $starts || { not_ok "milter starts" "$(tail -1 "$work/milter.log")"; exit 1; }
}

# Sends the signal, waits for the end. Sets `status` and `took`.
stop_milter() {
    local began
    began=$(now_ms)
    kill -"$1" "$milter"
    status=0
    wait "$milter" 2>/dev/null || status=$?
    took=$(($(now_ms) - began))
    milter=
}

counter() {
    "$dump" "$page" | awk -v name="$1" '$1 == name { print $2 }'
}

# Postfix tells the milter of the end of a session after the client has gone.
settled() {
    local before after
    before=$("$dump" "$page" | grep -v age_ms)
    sleep 0.15
    after=$("$dump" "$page" | grep -v age_ms)
    [ "$before" = "$after" ]
}

# ---------------------------------------------------------------- the log, to compare with

log_ids() { # queue ids of accepted messages
    sed -n 's/.*cleanup\[[0-9]*\]: \([0-9A-Za-z]*\): message-id=.*/\1/p' "$log" | sort
}

log_accepted() {
    log_ids | wc -l
}

log_connects() {
    grep -c 'smtpd\[[0-9]*\]: connect from' "$log" || true
}

log_recipients() {
    sed -n 's/.*qmgr\[[0-9]*\]: .*nrcpt=\([0-9]*\) (queue active).*/\1/p' "$log" |
        awk '{ n += $1 } END { print n + 0 }'
}

# Waits until the log shows as many messages as were sent.
wait_for_log() {
    log_has() { [ "$(log_accepted)" -ge "$1" ] && [ "$(grep -c ': removed$' "$log")" -ge "$1" ]; }
    until_true log_has "$1" || true
    until_true settled || true
}

sent=0

compare() { # NAME
    wait_for_log $sent
    is "$1: log shows what was sent" $sent "$(log_accepted)"
    is "$1: accepted" $((base_accepted + sent)) "$(counter accepted)"
    is "$1: connects equal the log" $((base_connects + $(log_connects))) "$(counter connects)"
    is "$1: recipients equal the log" $((base_recipients + $(log_recipients))) "$(counter recipients)"
}
base_accepted=0 base_connects=0 base_recipients=0

# An SMTP dialogue, all commands in one write; prints the replies.
dialogue() {
    exec 9<>"/dev/tcp/127.0.0.1/$port"
    read -r _ <&9
    printf '%b' "$1" >&9
    timeout 20 cat <&9 || true
    exec 9>&-
}

# One message over STARTTLS, -ign_eof: a line "Q" or "R" is no command of s_client.
tls_dialogue() {
    printf 'EHLO x\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nSubject: t\r\n\r\nx\r\n.\r\nQUIT\r\n' |
        timeout 20 openssl s_client -starttls smtp -quiet -ign_eof -connect "127.0.0.1:$port" >"$work/tls" 2>&1
    grep -q 'queued as' "$work/tls"
}

# ---------------------------------------------------------------- command line

test_command_line() {
    local status=0
    "$bin/relaywatch-milter" --help | grep -q '^Usage: relaywatch-milter' && ok "--help" || not_ok "--help" "no usage"
    "$bin/relaywatch-milter" --version | grep -q '^relaywatch-milter [0-9]' && ok "--version" || not_ok "--version" "no version"
    "$bin/relaywatch-milter" -c "$work/relaywatch.conf" -t 2>/dev/null || status=$?
    is "-t with a good configuration" 0 $status
    printf 'milter_socket = inet:127.0.0.1:8891\nno_such_name = 1\nqueue_interval = soon\n' >"$work/bad.conf"
    status=0
    "$bin/relaywatch-milter" -c "$work/bad.conf" -t 2>"$work/errors" || status=$?
    is "-t with errors" 78 $status
    is "-t prints each error" 2 "$(grep -cE 'no_such_name|queue_interval' "$work/errors")"
    printf 'milter_socket = inet:127.0.0.1:8891\n' >"$work/bad.conf"
    status=0
    "$bin/relaywatch-milter" -c "$work/bad.conf" -t 2>"$work/errors" || status=$?
    is "-t with a socket as Postfix writes it" 78 $status
    grep -q 'inet:port@host' "$work/errors" && ok "-t says what would be right" || not_ok "-t says what would be right" "$(cat "$work/errors")"
    status=0
    "$bin/relaywatch-milter" -c "$work/relaywatch.conf" 2>"$work/errors" || status=$?
    is "refuses to run as root" 77 $status
    grep -q 'must not run as root' "$work/errors" && ok "says so" || not_ok "says so" "$(cat "$work/errors")"
}

# ---------------------------------------------------------------- counting

test_counting() {
    local out bytes
    smtp-source -d -m 40 -s 4 -f a@example.com -t b@example.com 127.0.0.1:$port >/dev/null
    sent=$((sent + 40))
    compare "persistent sessions"
    smtp-source -m 10 -f a@example.com -t b@example.com 127.0.0.1:$port
    sent=$((sent + 10))
    compare "a session a message"
    smtp-source -m 5 -r 7 -f a@example.com -t b@example.com 127.0.0.1:$port
    sent=$((sent + 5))
    compare "seven recipients"

    bytes=$(counter bytes)
    out=$(dialogue 'EHLO x\r\nMAIL FROM:<a@example.com> SIZE=1000\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<refused@example.com>\r\nDATA\r\nSubject: p\r\n\r\none\r\n.\r\nMAIL FROM:<a@example.com> size=234\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<c@example.com>\r\nDATA\r\nSubject: p\r\n\r\ntwo\r\n.\r\nQUIT\r\n')
    sent=$((sent + 2))
    is "pipelining: both messages queued" 2 "$(grep -c 'queued as' <<<"$out")"
    compare "pipelining, SIZE, a refused recipient"
    is "two bodies of five bytes" 10 $(($(counter bytes) - bytes))

    is "nothing given up so far" 0 "$(counter aborted)"
    dialogue 'EHLO x\r\nRSET\r\nMAIL FROM:<a@example.com>\r\nRSET\r\nRSET\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nRSET\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n\r\nthree\r\n.\r\nRSET\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nQUIT\r\n' >/dev/null
    sent=$((sent + 1))
    compare "RSET and QUIT"
    # The RSETs are before a message's end, which flushes them; the QUIT may be missed (session.h).
    case "$(counter aborted)" in
    2 | 3) ok "two RSET and perhaps a QUIT gave up" ;;
    *) not_ok "two RSET and perhaps a QUIT gave up" "$(counter aborted)" ;;
    esac
    for _ in 1 2 3 4 5; do nc_port; done
    compare "clients that go at once"

    for i in 1 2 3; do
        printf 'Subject: %s\n\nx\n' $i | sendmail -C "$work/etc" -f a@example.com b@example.com c@example.com
        sent=$((sent + 1))
    done
    compare "sendmail(1): no connects"

    is "no TLS so far" 0 "$(counter tls)"
    for _ in 1 2; do
        tls_dialogue || not_ok "TLS dialogue" "$(tail -3 "$work/tls")"
        sent=$((sent + 1))
    done
    compare "TLS"
    is "TLS sessions" 2 "$(counter tls)"
    "$dump" "$page" | awk '$1 == "message" { print $2 }' | sort >"$work/ids"
    log_ids >"$work/log-ids"
    if cmp -s "$work/ids" "$work/log-ids"; then ok "queue ids equal the log"; else not_ok "queue ids equal the log" "$(diff "$work/ids" "$work/log-ids" | head -3)"; fi
    is "recipients of the senders" "$(counter recipients)" "$(counter counted)"
    is "the sender with the most" "a@example.com $(counter recipients)" "$("$dump" "$page" | sed -n 's/^top //p')"
    is "no warning in the log" "" "$(grep -E 'warning|fatal|panic' "$log" | head -3)"
}

# ---------------------------------------------------------------- signals, life and death

heartbeat_is() {
    [ "$(counter age_ms)" -le "$1" ]
}

test_signals() {
    local before
    sleep 1.2
    heartbeat_is 1500 && ok "heartbeat" || not_ok "heartbeat" "$(counter age_ms) ms old"
    is "socket" "660 $user postfix" "$(stat -c '%a %U %G' "$sock")"
    is "page" "644 $user" "$(stat -c '%a %U' "$page")"

    kill -HUP "$milter"
    sleep 0.5
    kill -0 "$milter" && ok "SIGHUP does not end it" || not_ok "SIGHUP does not end it" "gone"
    grep -q 'SIGHUP changes nothing' "$work/milter.log" && ok "SIGHUP is noted" || not_ok "SIGHUP is noted" "no line"
    smtp-source -m 2 -f a@example.com -t b@example.com 127.0.0.1:$port
    sent=$((sent + 2))
    compare "after SIGHUP"

    for signal in USR1 TERM INT; do
        for _ in 1 2 3; do
            before=$(counter generation)
            stop_milter $signal
            is "SIG$signal: exit status" 0 $status
            at_most "SIG$signal: stops" 500 "$took"
            if [ -e "$sock" ]; then not_ok "SIG$signal: socket file" "still there"; fi
            start_milter
            is "SIG$signal: the next one adopts the page" $((before + 1)) "$(counter generation)"
        done
    done
    compare "after nine restarts"
    is "the senders' figures outlive nine restarts" "$(counter recipients)" "$(counter counted)"
}

test_two_at_once() {
    local status=0 before
    before=$(counter generation)
    (as_user "$bin/relaywatch-milter" -c "$work/relaywatch.conf" 2>"$work/errors") || status=$?
    is "a second milter is refused" 71 $status
    grep -q 'another relaywatch-milter has it' "$work/errors" && ok "second milter: says why" || not_ok "second milter: says why" "$(cat "$work/errors")"
    mkdir -p "$work/run2/milter"
    chown -R $user "$work/run2"
    write_conf "$work/second.conf" "unix:$sock" "$work/run2"
    status=0
    (as_user "$bin/relaywatch-milter" -c "$work/second.conf" 2>"$work/errors") || status=$?
    is "a second milter with another page is refused" 71 $status
    grep -q 'another program listens on it' "$work/errors" && ok "second page: says why" || not_ok "second page: says why" "$(cat "$work/errors")"
    is "the first one's page is untouched" "$before" "$(counter generation)"
    [ -S "$sock" ] && ok "the first one's socket is untouched" || not_ok "the first one's socket is untouched" "gone"
    write_conf "$work/second.conf" "unix:$work/file" "$work/run2"
    echo precious >"$work/file"
    status=0
    (as_user "$bin/relaywatch-milter" -c "$work/second.conf" 2>"$work/errors") || status=$?
    is "a file in the way is an error" 71 $status
    is "a file in the way is left alone" precious "$(cat "$work/file")"
}

test_inet() {
    local inet_port=$((port + 1)) pid status=0
    write_conf "$work/second.conf" "inet:$inet_port@127.0.0.1" "$work/run2"
    as_user "$bin/relaywatch-milter" -c "$work/second.conf" 2>"$work/inet.log" &
    pid=$!
    until_true grep -q 'ready on' "$work/inet.log" && ok "inet socket" || not_ok "inet socket" "$(cat "$work/inet.log")"
    (: <"/dev/tcp/127.0.0.1/$inet_port") && ok "inet socket listens" || not_ok "inet socket listens" "no"
    kill -USR1 $pid
    wait $pid || status=$?
    is "inet: stops" 0 $status
}

counted_more_than() {
    (($(counter accepted) > $1))
}

test_kill_in_load() {
    local began pid left base took
    smtp-source -d -s 4 -m 400 -f a@example.com -t b@example.com 127.0.0.1:$port >/dev/null 2>"$work/load" &
    pid=$!
    until_true counted_more_than "$((base_accepted + sent))"
    kill -KILL "$milter"
    wait "$milter" 2>/dev/null || true
    milter=
    status=0
    wait $pid || status=$?
    sent=$((sent + 400))
    is "kill -9 under load: every mail is accepted" 0 $status
    wait_for_log $sent
    is "kill -9 under load: the log has them" $sent "$(log_accepted)"
    left=$(counter accepted)
    if [ "$left" -le $((base_accepted + sent)) ] && [ "$left" -gt $((base_accepted + sent - 400)) ]; then
        ok "kill -9 under load: what was counted stays ($left)"
    else
        not_ok "kill -9 under load: what was counted stays" "$left of $((base_accepted + sent))"
    fi

    # Dead milter, a stale socket file: what a session costs, against no milter at all.
    [ -S "$sock" ] || not_ok "kill -9 leaves a socket file" "none"
    base=$(measure "-o smtpd_milters=")
    took=$(measure "")
    sent=$((sent + 44)) # by measure, in a subshell
    echo "# 20 sessions: no milter $base ms, dead milter $took ms"
    at_most "dead milter: delay a session" 50 $(((took > base ? took - base : 0) / 20))
    start_milter
    rebase
    grep -q ready "$work/milter.log" && ok "starts over a stale socket file"
    smtp-source -m 5 -f a@example.com -t b@example.com 127.0.0.1:$port
    sent=$((sent + 5))
    compare "after kill -9"
    is "kill -9: the senders' figures go on" "$(counter recipients)" "$(counter counted)"
}

# Starts to compare from here: mail passed that no milter saw.
rebase() {
    wait_for_log $sent
    base_accepted=$(($(counter accepted) - sent))
    base_connects=$(($(counter connects) - $(log_connects)))
    base_recipients=$(($(counter recipients) - $(log_recipients)))
}

# Milliseconds for 20 sessions of one message each.
measure() {
    local began
    if [ -n "$1" ]; then
        postconf -c "$work/etc" -e "smtpd_milters_saved=$(postconf -c "$work/etc" -h smtpd_milters)" 2>/dev/null
        sed -i 's/^smtpd_milters = /#smtpd_milters = /' "$work/etc/main.cf"
        postfix -c "$work/etc" reload >/dev/null 2>&1
        sleep 0.5
    fi
    smtp-source -m 2 -f a@example.com -t b@example.com 127.0.0.1:$port
    began=$(now_ms)
    smtp-source -m 20 -f a@example.com -t b@example.com 127.0.0.1:$port
    echo $(($(now_ms) - began))
    if [ -n "$1" ]; then
        sed -i 's/^#smtpd_milters = /smtpd_milters = /' "$work/etc/main.cf"
        postfix -c "$work/etc" reload >/dev/null 2>&1
        sleep 0.5
    fi
}

test_hang() {
    local began took status=0 # 2 s, and a little for a busy machine
    kill -STOP "$milter"
    began=$(now_ms)
    smtp-source -m 1 -f a@example.com -t b@example.com 127.0.0.1:$port || status=$?
    took=$(($(now_ms) - began))
    sent=$((sent + 1))
    is "SIGSTOP: accepted" 0 $status
    at_most "SIGSTOP: one session" 2500 $took
    began=$(now_ms)
    smtp-source -d -m 5 -f a@example.com -t b@example.com 127.0.0.1:$port >/dev/null || status=$?
    took=$(($(now_ms) - began))
    sent=$((sent + 5))
    is "SIGSTOP: five in one session are accepted" 0 $status
    at_most "SIGSTOP: one session of five messages" 2500 $took
    sleep 1
    if heartbeat_is 1500; then not_ok "SIGSTOP: shows in the page" "still fresh"; else ok "SIGSTOP: shows in the page"; fi
    status=0
    (as_user "$bin/relaywatch-milter" -c "$work/relaywatch.conf" 2>/dev/null) || status=$?
    is "SIGSTOP: a second one does not take over" 71 $status
    kill -CONT "$milter"
    sleep 1.2
    heartbeat_is 1500 && ok "SIGCONT: alive again" || not_ok "SIGCONT: alive again" "$(counter age_ms) ms"
    rebase
    smtp-source -m 5 -f a@example.com -t b@example.com 127.0.0.1:$port
    sent=$((sent + 5))
    compare "after SIGCONT"
}

# At the limit of descriptors libmilter spins; we end, and the supervisor starts us anew.
test_full() {
    local fds status=0
    stop_milter TERM
    starts=$((starts + 1))
    as_user prlimit --nofile=64:64 "$bin/relaywatch-milter" -c "$work/relaywatch.conf" 2>>"$work/milter.log" &
    milter=$!
    until_true is_ready $starts
    perl -MSocket -e '
        for (1 .. 80) {
            socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die;
            connect($s, sockaddr_un($ARGV[0])) and push @open, $s;
        }
        sleep 20' "$sock" &
    fds=$!
    wait "$milter" || status=$?
    milter=
    kill $fds 2>/dev/null || true
    wait $fds 2>/dev/null || true
    is "out of descriptors: ends itself" 75 $status
    grep -q 'out of file descriptors' "$work/milter.log" && ok "out of descriptors: says so" || not_ok "out of descriptors: says so" "no line"
    smtp-source -m 2 -f a@example.com -t b@example.com 127.0.0.1:$port
    sent=$((sent + 2))
    start_milter
    rebase
    smtp-source -m 2 -f a@example.com -t b@example.com 127.0.0.1:$port
    sent=$((sent + 2))
    compare "after the restart"
}

test_damaged_page() {
    local lineage
    lineage=$(counter lineage)
    stop_milter TERM
    : >"$page"
    start_milter
    if [ "$(counter lineage)" = "$lineage" ]; then not_ok "damaged page" "same lineage"; else ok "damaged page: a new lineage"; fi
    is "damaged page: counts from nought" 0 "$(counter accepted)"
}

if [ "$(id -u)" -ne 0 ]; then
    echo "not ok - milter: must run as root"
    exit 1
fi
write_conf "$work/relaywatch.conf" "unix:$sock" "$work/run"
make_postfix
test_command_line
start_milter
start_postfix
test_counting
test_signals
test_two_at_once
test_inet
test_kill_in_load
test_hang
test_full
test_damaged_page
stop_milter TERM
if grep -E 'AddressSanitizer|LeakSanitizer|runtime error|ThreadSanitizer' "$work/milter.log"; then
    not_ok "sanitizers" "see above"
fi
exit $failed
