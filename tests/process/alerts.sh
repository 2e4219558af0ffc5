#!/bin/bash
# alerts.sh BIN: `relaywatch alerts` against a relaywatchd that reads a log written here: a refused login fires, is
# silenced, outlives kill -9 of relaywatchd under its beginning, ends with a delivery, and stands in the history with a
# report; what a receiver hears of one under a silence. Must run as root. Takes about a minute. Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2154 # what words.sh shares
set -u

# shellcheck source=tests/support/words.sh
. "$(dirname "$0")/../support/words.sh"

bin=$(cd "$1" && pwd)
dir=$(mktemp -d /var/tmp/relaywatch-alerts.XXXXXX)
chmod 0755 "$dir"
port=$((20000 + RANDOM % 20000))

# within NAME SECONDS COMMAND...: the command becomes true in time
within() {
    local name=$1 end=$((SECONDS + $2))
    shift 2
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS > end)); then
            not_ok "$name" "$(alerts 2>&1 | head -n 3 | tr '\n' ' ') $(tail -n 3 "$dir/run.log" | tr '\n' ' ')"
            return
        fi
        sleep 0.1
    done
    ok "$name"
}

# is NAME WANT GOT
is() {
    if [[ $2 == "$3" ]]; then ok "$1"; else not_ok "$1" "wanted '$2', got '$3'"; fi
}

# has NAME TEXT COMMAND...
has() {
    local name=$1 text=$2 said
    shift 2
    said=$("$@" 2>&1)
    if [[ $said == *"$text"* ]]; then ok "$name"; else not_ok "$name" "no '$text' in: ${said:0:600}"; fi
}

finish() {
    kill "$run_pid" "$sink_pid" 2>/dev/null && wait "$run_pid" "$sink_pid" 2>/dev/null
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM

cat >"$dir/relaywatch.conf" <<CONF
host = mx
postfix_config_dir = $dir
mail_log = $dir/mail.log
log_start = beginning
redis =
http_listen = 127.0.0.1:$port
state_dir = $dir/state
notify_state_dir = $dir/notify
keeper_state_dir = $dir/keeper
run_dir = $dir/run
milter_socket = unix:$dir/milter/milter.sock
receivers_file = $dir/receivers.conf
sasl_passwd =
CONF
sink_program=$bin/../support/http_sink
if [[ ! -x $sink_program ]]; then
    sink_program=$dir/http_sink
    ${CC:-cc} -std=c17 -D_GNU_SOURCE -O1 -o "$sink_program" "$(dirname "$0")/../support/http_sink.c" || exit 1
fi
"$sink_program" -f "$dir/sink.port" "$dir/sink" 200 &
sink_pid=$!
until [[ -s $dir/sink.port ]]; do sleep 0.05; done
echo "webhook = http://127.0.0.1:$(cat "$dir/sink.port")/" >"$dir/receivers.conf"
chmod 0644 "$dir/receivers.conf"
: >"$dir/mail.log"
chmod 0644 "$dir/mail.log"
"$bin/relaywatch" -c "$dir/relaywatch.conf" run 2>>"$dir/run.log" &
run_pid=$!

alerts() {
    "$bin/relaywatch" -c "$dir/relaywatch.conf" alerts "$@"
}

say() {
    echo "$(date -u -d "${zone:-0} hours" '+%Y-%m-%dT%H:%M:%S.000000+00:00') mx postfix/smtp[77]: $1" >>"$dir/mail.log"
}

refuse() {
    say "4X8abc0000z$1: to=<a@example.com>, relay=smtp-relay.gmail.com[192.0.2.1]:587, delay=1, delays=0/0/1/0, dsn=4.7.8, status=deferred (SASL authentication failed; server smtp-relay.gmail.com[192.0.2.1] said: 535-5.7.8 Username and Password not accepted. For more information, go to?535 5.7.8  https://support.google.com/mail/?p=BadCredentials x - gsmtp)"
}

deliver() {
    say "4X8abc0000z$1: to=<a@example.com>, relay=smtp-relay.gmail.com[192.0.2.1]:587, delay=1, delays=0/0/1/0, dsn=2.0.0, status=sent (250 2.0.0 OK)"
}

fires() {
    alerts --json | tr -d '\n ' | sed 's/"ended_alerts".*//' | grep "\"id\":\"$1\""
}

not_firing() {
    alerts --json >/dev/null 2>&1
    (($? < 3)) && ! fires "$1"
}

since() {
    alerts show login-refused --json | sed -n 's/.*"since": *\([0-9.]*\).*/\1/p'
}

daemon() {
    sed -n 's/.*run: relaywatchd is process \([0-9]*\),.*/\1/p' "$dir/run.log" | tail -n 1
}

alerts >/dev/null 2>&1
is "without relaywatchd: unknown" 3 $?
within "relaywatchd answers" 10 eval 'alerts; (($? < 3))'
refuse 1
within "a refused login fires" 5 fires login-refused
alerts >"$dir/list"
is "critical" 2 $?
is "fits 80 columns" "" "$(awk 'length > 80' "$dir/list")"
has "says what it is" "login-refused" cat "$dir/list"
has "says who must act" "who    operator of this host" cat "$dir/list"
has "says every step, for this host" "postqueue -c $dir -f" cat "$dir/list"
has "the login's state says why" "535-5.7.8" "$bin/relaywatch" -c "$dir/relaywatch.conf" credentials show
has "all of it" "G01 BAD_CREDENTIALS" alerts show login-refused
has "nothing of that name" "does not fire" alerts show tls-broken
has "a silence needs an end" "--for is missing" alerts silence login-refused
has "a silence of an alert that there is" "there is no alert of this id" alerts silence no-such --for 1h
has "silenced" "Nobody is called" alerts silence login-refused --for 1h --why "mended at nine"
has "by whom and why" "mended at nine" alerts
has "in the status document, too" '"silenced"' curl -fsS "http://127.0.0.1:$port/api/v1/status"
has "and in the status" "nobody is called for another" "$bin/relaywatch" -c "$dir/relaywatch.conf" status
began=$(since)
for i in 1 2 3; do
    old=$(daemon)
    kill -9 "$old"
    within "killed, and there again ($i)" 15 eval '[[ $(daemon) != "$old" ]] && fires login-refused'
    is "it began when it began" "$began" "$(since)"
done
has "still silenced" "mended at nine" alerts
is "our log has it once" 1 "$(grep -c 'firing login-refused' "$dir/run.log")"
has "silent no more" "silent no more" alerts unsilence login-refused
has "twice is once too often" "there is no silence" alerts unsilence login-refused
deliver 1
within "a delivery ends it" 10 not_firing login-refused
has "over" "over     login-refused" alerts
has "in the history" "login-refused" alerts history
has "the report: cause" "G01 BAD_CREDENTIALS" alerts report login-refused
has "the report: what changed" "relaywatchd began" alerts report login-refused
has "the report: evidence" "535-5.7.8" alerts report 1
has "the report: what mends it, for this host" "- \`postqueue -c $dir -f\`" alerts report 1
has "the report: what is no command" "- Get a valid password" alerts report 1
has "the report: by which clock" " EST |" env TZ=EST5 "$bin/relaywatch" -c "$dir/relaywatch.conf" alerts report 1
has "the history: by which clock" "began EST " env TZ=EST5 "$bin/relaywatch" -c "$dir/relaywatch.conf" alerts history
has "the report: who silenced" "mended at nine" alerts report 1
# heard STATUS COUNT: the receiver was told so often that login-refused is firing, or resolved
heard() {
    (($(grep -c "\"status\":\"$1\".*\"id\":\"login-refused\"" "$dir/sink") == $2))
}
within "a receiver heard of it once" 10 eval 'heard firing 1 && heard resolved 1'
alerts silence all --for 1h --why "we are here" >/dev/null
refuse 2
within "under a silence it fires" 5 fires login-refused
sleep 4
if heard firing 1; then ok "and the receiver hears nothing"; else not_ok "and the receiver hears nothing" "$(cat "$dir/sink")"; fi
alerts unsilence all >/dev/null
within "the silence is over: it hears of it" 5 heard firing 2
alerts silence all --for 1h >/dev/null
deliver 2
within "of what it knows it hears the end, silence or not" 10 heard resolved 2
refuse 3
within "again under it" 5 fires login-refused
deliver 3
within "and over" 10 not_firing login-refused
sleep 3
if heard firing 2 && heard resolved 2; then ok "of which it hears nothing"; else not_ok "of which it hears nothing" "$(cat "$dir/sink")"; fi
zone=+5 # the log's clock is ahead by hours: what is over is over
refuse 4
within "in a log that is ahead: it fires" 5 fires login-refused
deliver 4
within "in a log that is ahead: a delivery ends it" 10 not_firing login-refused
zone=0
# relaywatch as a whole is started anew while mail comes: what Postfix missed of the milter then is over
kill "$run_pid" && wait "$run_pid" 2>/dev/null
miss() { echo "$(date -u '+%Y-%m-%dT%H:%M:%S.000000+00:00') mx postfix/smtpd[78]: warning: connect to Milter service unix:relaywatch/milter.sock: No such file or directory" >>"$dir/mail.log"; }
miss
sleep 1.1
"$bin/relaywatch" -c "$dir/relaywatch.conf" run 2>>"$dir/run.log" &
run_pid=$!
within "started anew" 15 not_firing login-refused
sleep 14
if not_firing milter-gone >/dev/null; then ok "the milter was only missed meanwhile: nobody is told"; else not_ok "the milter was only missed meanwhile: nobody is told" "$(alerts 2>&1 | head -n 3)"; fi
miss
within "a milter that is missed still is told" 20 fires milter-gone
alerts report 99 >/dev/null 2>&1
is "no such incident" 1 $?
alerts nonsense >/dev/null 2>&1
is "no such sub-command" 64 $?
has "others may not ask" "only root" setpriv --reuid nobody --clear-groups "$bin/relaywatch" -c "$dir/relaywatch.conf" alerts
exit "$failed"
