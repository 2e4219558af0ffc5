#!/bin/bash
# heartbeat.sh BIN: a heartbeat to a dead-man's switch carries the proof that a line of our own came back through Postfix's
# log; it stops when the log stops, and when nobody can be told of alerts; then the status is critical. A private Postfix
# with postlogd, relaywatch run, two receivers (http_sink.c). Must run as root. Takes about 4 minutes. Prints "ok - name" or
# "not ok - name: why".
# shellcheck disable=SC2154 # what words.sh shares
set -u

# shellcheck source=tests/support/words.sh
. "$(dirname "$0")/../support/words.sh"
bin=$(cd "$1" && pwd)
work=$(mktemp -d /var/tmp/relaywatch-heartbeat.XXXXXX)
chmod 0755 "$work"
# shellcheck source=tests/support/relaywatch.sh
. "$(dirname "$0")/../support/relaywatch.sh"
port=$((20000 + RANDOM % 20000))
etc=$work/etc
pids=()

finish() {
    kill "${pids[@]}" 2>/dev/null && wait "${pids[@]}" 2>/dev/null
    postfix -c "$etc" stop >/dev/null 2>&1
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

# within NAME SECONDS COMMAND...: the command becomes true in time
within() {
    local name=$1 end=$((SECONDS + $2))
    shift 2
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS > end)); then
            not_ok "$name" "$(receiver deadman 'x["state"], x["last_error"]') $(tail -n 4 "$work/run.log" | tr '\n' ' ')"
            return
        fi
        sleep 0.2
    done
    ok "$name"
}
sink_program=$bin/../support/http_sink
if [[ ! -x $sink_program ]]; then
    sink_program=$work/http_sink
    ${CC:-cc} -std=c17 -D_GNU_SOURCE -O1 -o "$sink_program" "$(dirname "$0")/../support/http_sink.c" || exit 1
fi
sink() { # NAME: its port stays
    local at=0
    [[ -s $work/$1.port ]] && at=$(cat "$work/$1.port")
    "$sink_program" -p "$at" -f "$work/$1.port" "$work/$1" 200 &
    sink_pid=$!
    pids+=("$sink_pid")
    until [[ -s $work/$1.port ]]; do sleep 0.05; done
    touch "$work/$1" "$work/$1.head"
}

mkdir -p "$etc" "$work/queue" "$work/data"
chown postfix "$work/data"
cat >"$etc/main.cf" <<END
compatibility_level = 2
queue_directory = $work/queue
data_directory = $work/data
command_directory = /usr/sbin
daemon_directory = $(postconf -h daemon_directory)
myhostname = relay.test
mydestination =
relayhost = [127.0.0.1]:9
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = $work/mail.log
maillog_file_prefixes = $work
END
cat >"$etc/master.cf" <<'END'
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
tlsmgr unix - - n 1000? 1 tlsmgr
smtp unix - - n - - smtp
postlog unix-dgram n - n - 1 postlogd
END
: >"$work/mail.log"
chown root:relaywatch "$work/mail.log"
chmod 0640 "$work/mail.log"
sink switch
sink chat
chat_pid=$sink_pid
cat >"$work/receivers.conf" <<END
heartbeat = http://127.0.0.1:$(cat "$work/switch.port")/ping/s3cret-path
name = deadman
interval = 10s
webhook = http://127.0.0.1:$(cat "$work/chat.port")/
name = chat
END
chmod 0644 "$work/receivers.conf"
cat >"$conf" <<END
host = mx
postfix_config_dir = $etc
mail_log = $work/mail.log
log_start = beginning
redis =
http_listen = 127.0.0.1:$port
state_dir = $work/state
notify_state_dir = $work/notify
keeper_state_dir = $work/keeper
run_dir = $work/run
milter_socket = unix:$work/milter/milter.sock
receivers_file = $work/receivers.conf
sasl_passwd =
END
postfix -c "$etc" start >/dev/null 2>&1
"$bin/relaywatch" -c "$conf" run 2>>"$work/run.log" &
pids+=("$!")

# receiver NAME EXPRESSION: of this receiver in status --json, as x
receiver() {
    rw status --json
    python3 -c "
import json
x = [r for r in json.load(open('$out'))['receivers'] if r['name'] == '$1'][0]
print($2)" 2>/dev/null
}
beats() { [ "$(wc -l <"$work/switch")" -ge "$1" ]; }
more_beats() { beats $((before + 1)); }
state_is() { [ "$(receiver "$1" 'x["state"]')" = "$2" ]; }
alert_fires() {
    rw status --json
    [ "$(json "'$1' in [a['id'] for a in d['alerts']]")" = True ]
}

# 1. It beats, with proof.
within "the first beat" 30 beats 1
check_body() { head -n 1 "$work/switch" | python3 -c 'import json,sys
x = json.load(sys.stdin)
print(x["status"], x["host"], 0 <= x["proof_age_seconds"] < 75)'; }
is "it says who lives, and how old the proof is" "alive mx True" "$(check_body)"
is "by POST" "POST /ping/s3cret-path" "$(head -n 1 "$work/switch.head" | cut -d' ' -f2,3)"
if grep -q 'postlog\[[0-9]*\]: relaywatch canary [0-9a-f]\{16\}$' "$work/mail.log"; then
    ok "the proof is a line in Postfix's log"
else
    not_ok "the proof is a line in Postfix's log" "$(tail -n 2 "$work/mail.log")"
fi
before=$(wc -l <"$work/switch")
within "it beats on, each 10 s" 15 more_beats
is "in the status" "ok False" "$(receiver deadman 'x["state"], x["tells"]' | tr -d "(),'")"
is "no line of it is unknown" 0 "$(json 'd["counters"]["unparsed"]')"
is "no secret in the status" "" "$(grep -o s3cret-path "$out")"
exits "alerts test: a beat" 0 alerts test deadman
says "alerts test: says so" 'taken after'

# 2. The log goes elsewhere: nothing comes back, no beat.
postconf -c "$etc" maillog_file="$work/other.log"
postfix -c "$etc" reload >/dev/null 2>&1
within "without the log: held back" 100 state_is deadman failing
is "it says why" "held back: no line of ours came back through the mail log for 75 s" "$(receiver deadman 'x["last_error"]')"
before=$(wc -l <"$work/switch")
sleep 15
is "no beat" "$before" "$(wc -l <"$work/switch")"
postconf -c "$etc" maillog_file="$work/mail.log"
postfix -c "$etc" reload >/dev/null 2>&1
within "the log is there again: it beats" 60 more_beats

# 3. Postfix is down and the one that is to be told of it, too: no beat, and the status is critical.
kill -9 "$chat_pid"
wait "$chat_pid" 2>/dev/null
postfix -c "$etc" stop >/dev/null 2>&1
within "nobody can be told: held back" 120 state_is deadman failing
is "it says that nobody is told" "held back: no receiver takes alerts" "$(receiver deadman 'x["last_error"]')"
within "an alert that shows here alone" 30 alert_fires nobody-told
rw status
is "the status is critical" 2 $?
says "the terminal says who is not told" 'chat FAILING'
curl -s "http://127.0.0.1:$port/metrics" >"$out"
says "in the metrics" '^relaywatch_receiver_up\{receiver="chat",kind="webhook"\} 0$'
curl -s "http://127.0.0.1:$port/" >"$out"
says "on the page" 'chat \(webhook\): failing'
sink chat
before=$(wc -l <"$work/switch")
within "the receiver is back: it beats" 120 more_beats
within "the receiver is told of what it missed" 30 grep -q '"id":"postfix-down"' "$work/chat"
is "never of nobody-told" "" "$(grep -o nobody-told "$work/chat" | head -n 1)"
is "no sanitizer report" "" "$(grep -E 'Sanitizer|runtime error' "$work/run.log" | head -n 3)"
[ "$failed" = 0 ] || sed 's/^/# /' "$work/run.log"
exit "$failed"
