#!/bin/bash
# failures.sh BIN: 35 failures, each made for real on a trial relay (deploy/up: Postfix, a second Postfix as
# smarthost or one that answers Google's words, Redis, all of relaywatch), and mended. Of each: exactly one alert, the right
# diagnosis, told in time, named by `relaywatch status`, over after the mending, and nothing else before, with or after it.
# Beside them a relay with ordinary trouble of recipients, of which nobody may be told. Must run as root. Takes about five
# minutes. Prints "ok - name" or "not ok - name: why", with the time from the cause to the receiver.
#
# Seven relays, each in a network and with mounts of its own, so that the name service, the disk and the clock can be
# broken for it alone; they do not begin in the same second. Rules that wait do so for a third of their time here (limits,
# below); the time that is printed is behind what the rule waits.
# shellcheck disable=SC2317,SC2154,SC2034 # functions called by name; what the supports share
set -u
export LC_ALL=C

repo=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/support/words.sh
. "$repo/tests/support/words.sh"
# shellcheck source=tests/support/trial-relay.sh
. "$repo/tests/support/trial-relay.sh"
bin=$(cd "$1" && pwd)

# The defaults are 10 s, 10 s, 60 s, 1000 MiB, 200 MiB, 10 minutes and 10000; unknown_after is shorter still, so that what
# follows a silent log would show.
limits=("unreachable_after = 3" "milter_gone_after = 3" "log_silent_after = 20" "disk_warning = 100" "disk_critical = 20"
    "unknown_after = 40" "recipients_limit = 1000")
GENEROUS_MS=15000 # how much later than it should an alert may be told here, where seven relays share a slow machine

# ---------------------------------------------------------------- one failure

# told STATUS ID: what the receiver has been told since the failure began, of one alert
told() { tail -n +$((seen + 1)) "$hook" | grep -n "\"status\":\"$1\".*\"id\":\"$2\""; }
is_told() { [[ -n $(told "$@") ]]; }

# others ID: the rest of what it was told since then
others() {
    tail -n +$((seen + 1)) "$hook" | grep -v "\"id\":\"$1\"" |
        sed -n 's/.*"status":"\([^"]*\)".*"id":"\([^"]*\)","diagnosis":"\([^"]*\)".*/\1 \2 \3/p' | tr '\n' ';'
}

# late WAIT_S: milliseconds from the cause, and from the rule's waiting time, to the receiver
late() {
    local line at
    line=$(told firing "$rule" | head -n 1 | cut -d: -f1)
    at=$(sed -n "$((seen + line))p" "$hook.head" | cut -d' ' -f1)
    echo $((at - cause - $1 * 1000))
}

# fails NAME ID DIAGNOSIS WAIT_S BREAK MEND: BREAK makes it and may set `cause` anew, to when it could first be known
fails() {
    local name=$1 rule=$2 diagnosis=$3 wait=$4 break=$5 mend=$6 seen cause delay status
    seen=$(wc -l <"$hook")
    cause=$(now_ms)
    $break
    if ! becomes $((wait + 45)) is_told firing "$rule"; then
        not_ok "$name" "no $rule; told: $(others "$rule") log: $(tail -n 4 "$MAIL_LOG" | cut -c1-300 | tr '\n' '|')"
        $mend
        sleep 5
        return
    fi
    delay=$(late "$wait")
    if ((delay <= 3000 + GENEROUS_MS)); then
        ok "$name: $rule is told, $((delay + wait * 1000)) ms after the cause: ${wait} s that it waits, and $delay ms"
    else
        not_ok "$name: told in time" "$delay ms behind the ${wait} s that it waits"
    fi
    is "$name: the diagnosis" "$diagnosis" "$(told firing "$rule" | sed -n '1s/.*"diagnosis":"\([^ ]*\) .*/\1/p')"
    status=$(rw status)
    is "$name: status, its exit status" yes "$(rw status >/dev/null; [[ $? == [12] ]] && echo yes)"
    is "$name: status names it" "$diagnosis" "$(grep -ow -m 1 "$diagnosis" <<<"$status" || head -n 5 <<<"$status")"
    sleep 2
    $mend
    if becomes 90 is_told resolved "$rule"; then
        ok "$name: over after the mending"
    else
        not_ok "$name: over after the mending" "$(rw alerts | head -n 8 | tr '\n' '|')"
    fi
    sleep 4
    is "$name: told once, and once of the end" "1 1" "$(told firing "$rule" | wc -l) $(told resolved "$rule" | wc -l)"
    is "$name: and of nothing else" "" "$(others "$rule")"
    is "$name: status is ok again" 0 "$(rw status >/dev/null; echo $?)"
}

# ---------------------------------------------------------------- between us and the smarthost

set_password() { printf '%s' "$1" | saslpasswd2 -p -c -f "$SMARTHOST_SASLDB" -u "$SMARTHOST_REALM" "$SMARTHOST_USER"; }
password() { sed 's/^[^ ]* [^:]*://' "$SASL_PASSWD"; }
write_password() {
    (umask 077 && sed "s/:[^:]*\$/:$1/" "$SASL_PASSWD" >"$SASL_PASSWD.new")
    mv "$SASL_PASSWD.new" "$SASL_PASSWD"
}

# mail_meets_it: the failure shows with the next mail
mail_meets_it() {
    cause=$(now_ms)
    send 2
}

password_changed() { set_password somebody-else-changed-it; mail_meets_it; }
password_changed_back() { set_password "$(password)"; flush; }
password_typo() { good_password=$(password); write_password with-a-typo; }
password_right() { write_password "$good_password"; }

# certificate NAME: what the smarthost shows
certificate() {
    local tls
    tls=$(dirname "$SMARTHOST_CA")
    postconf -c "$SMARTHOST_CONFIG_DIR" "smtpd_tls_cert_file=$tls/$1.pem" "smtpd_tls_key_file=$tls/$1.key"
    postfix -c "$SMARTHOST_CONFIG_DIR" reload >/dev/null 2>&1
    sleep 1
}
certificate_good() { certificate server; flush; }
certificate_bad() { certificate "$1"; mail_meets_it; }
certificate_expired() { certificate_bad expired; }
certificate_other_name() { certificate_bad other; }
certificate_unknown() { certificate_bad unknown; }

make_certificates() (
    # shellcheck source=/dev/null
    . "$repo/deploy/steps/say.sh"
    # shellcheck source=/dev/null
    . "$repo/deploy/trial/tls.sh"
    TRIAL=$dir
    tls=$(dirname "$SMARTHOST_CA")
    tls_certificate "$tls" other other.example DNS:other.example
    mkdir "$tls/strange"
    tls_authority "$tls/strange"
    tls_certificate "$tls/strange" unknown localhost DNS:localhost
    mv "$tls/strange"/unknown.* "$tls"
    tls_certificate "$tls" expired localhost DNS:localhost
    expire "$tls"
)

# expire FOLDER: expired.pem was good until 2021
expire() {
    : >"$1/index"
    printf '[ca]\ndefault_ca=x\n[x]\ndatabase=%s\nnew_certs_dir=%s\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\n[e]\nsubjectAltName=DNS:localhost\n' \
        "$1/index" "$1" >"$1/expire.cnf"
    openssl req -new -key "$1/expired.key" -subj /CN=localhost -out "$1/expired.csr" &&
        openssl ca -batch -notext -config "$1/expire.cnf" -extensions e -preserveDN -cert "$1/ca.pem" -keyfile "$1/ca.key" \
            -in "$1/expired.csr" -out "$1/expired.pem" -startdate 20200101000000Z -enddate 20210101000000Z
} >/dev/null 2>&1

port_closed() { postfix -c "$SMARTHOST_CONFIG_DIR" stop >/dev/null 2>&1; mail_meets_it; }
port_open() { postfix -c "$SMARTHOST_CONFIG_DIR" start >/dev/null 2>&1; flush; }

# A port whose queue of connections is full drops what comes: nothing is refused, nothing answered.
black_hole() {
    postfix -c "$SMARTHOST_CONFIG_DIR" stop >/dev/null 2>&1
    python3 "$repo/tests/support/black_hole.py" "${SMARTHOST_STARTTLS##*:}" >"$dir/hole" &
    hole=$!
    becomes 5 test -s "$dir/hole"
    mail_meets_it
}
black_hole_gone() { kill "$hole"; port_open; }

no_starttls() { smarthost_sets smtpd_tls_security_level=none smtpd_tls_auth_only=no; mail_meets_it; }
starttls() { smarthost_sets smtpd_tls_security_level=encrypt smtpd_tls_auth_only=yes; flush; }
smarthost_sets() {
    postconf -c "$SMARTHOST_CONFIG_DIR" "$@"
    postfix -c "$SMARTHOST_CONFIG_DIR" reload >/dev/null 2>&1
    sleep 1
}

zone() { printf '%s\n' "$1" >"$dir/zone.new"; mv "$dir/zone.new" "$dir/zone"; }
dns_broken() { zone "localhost SERVFAIL"; mail_meets_it; }
dns_empty() { zone "elsewhere A 127.0.0.1"; mail_meets_it; }
dns_good() { zone "localhost A 127.0.0.1"; flush; }

# The relay asks the name service for its smarthost, as it does for Google.
use_dns() {
    zone "localhost A 127.0.0.1"
    python3 "$repo/tests/support/dns_server.py" "$dir/zone" 53 >"$dir/dns" &
    dns=$!
    becomes 5 test -s "$dir/dns"
    echo 'nameserver 127.0.0.1' >"$dir/resolv.conf"
    mount --bind "$dir/resolv.conf" /etc/resolv.conf
    postconf -c "$POSTFIX_CONFIG_DIR" smtp_host_lookup=dns smtp_connect_timeout=2s
    postfix -c "$POSTFIX_CONFIG_DIR" reload >/dev/null 2>&1
    sleep 1
}

lane_way() {
    make_certificates
    fails "password changed" login-refused G01 0 password_changed password_changed_back
    fails "certificate expired" tls-broken T05 0 certificate_expired certificate_good
    fails "certificate of another name" tls-broken T06 0 certificate_other_name certificate_good
    fails "certificate of an unknown authority" tls-broken T04 0 certificate_unknown certificate_good
    fails "STARTTLS taken away" tls-broken T01 0 no_starttls starttls
    fails "port closed" relay-unreachable N02 3 port_closed port_open
    use_dns
    fails "name service fails" relay-unreachable N07 3 dns_broken dns_good
    fails "name unknown" relay-unreachable N08 3 dns_empty dns_good
    fails "black hole" relay-unreachable N01 5 black_hole black_hole_gone
    fails "new password with a typo" credential-rejected C01 0 password_typo password_right
    kill "$dns"
}

# ---------------------------------------------------------------- what the smarthost says

# says STAGE ANSWER: from now on, to all mail
says() { printf '%s * %s\n' "$1" "$2" >"$script"; mail_meets_it; }
says_nothing_bad() {
    : >"$script"
    flush
    send 1 # what was refused for good does not come again
}

ehlo_rejected() { says greeting '421-4.7.0 Try again later, closing connection. (EHLO)\n421-4.7.0  For more information, go to\n421 4.7.0  https://support.google.com/a/answer/3221692 x-20020a05 - gsmtp'; }
too_many_logins() { says auth '454-4.7.0 Too many login attempts, please try again later. For more\n454-4.7.0 information, go to\n454 4.7.0  https://support.google.com/mail/answer/7126229 x-20020a05 - gsmtp'; }
login_later() { says auth '454 4.7.0 Cannot authenticate due to temporary system problem. Try again later. x-20020a05 - gsmtp'; }
app_password() { says auth '534-5.7.9 Application-specific password required. For more information, go to\n534 5.7.9  https://support.google.com/mail/?p=InvalidSecondFactor x-20020a05 - gsmtp'; }
not_registered() { says mail "550-5.7.1 Invalid credentials for relay [203.0.113.9]. The IP address you've\n550-5.7.1 registered in your Workspace SMTP Relay service doesn't match the domain\n550-5.7.1 of the account this email is being sent from.\n550 5.7.1  https://support.google.com/a/answer/6140680#invalidcred x-20020a05 - gsmtp"; }
relay_denied() { says mail "550-5.7.0 Mail relay denied [203.0.113.9]. Invalid credentials for relay for one\n550-5.7.0 of the domains in: trial.example (as obtained from HELO and MAIL FROM).\n550 5.7.0  https://support.google.com/a/answer/6140680#maildenied x-20020a05 - gsmtp"; }
quota_reached() { says rcpt '550-5.4.5 Daily SMTP relay limit exceeded for user. For more information on\n550-5.4.5 SMTP relay sending limits please contact your administrator or go to\n550 5.4.5  https://support.google.com/a/answer/166852 x-20020a05 - gsmtp'; }
quota_of_all() { says rcpt '550-5.7.1 Daily SMTP relay limit exceeded for customer. For more information on\n550-5.7.1 SMTP relay sending limits please contact your administrator or go to\n550 5.7.1  https://support.google.com/a/answer/6140680 x-20020a05 - gsmtp'; }
too_fast() { says mail '421-4.7.28 Our system has detected an unusual rate of unsolicited mail\n421-4.7.28 originating from your IP address. To protect our users from spam, mail\n421 4.7.28  has been temporarily rate limited. x-20020a05 - gsmtp'; }
login_wanted() { says mail '530-5.5.1 Authentication Required. For more information, go to\n530 5.5.1  https://support.google.com/mail/?p=WantAuthError x-20020a05 - gsmtp'; }
tls_later() { says starttls '454 4.7.0 TLS not available due to temporary reason'; }
has_a_problem() { says mail '421 4.3.0 Temporary System Problem. Try again later (WS). x-20020a05 - gsmtp'; }
hangs() { postconf -c "$POSTFIX_CONFIG_DIR" smtp_helo_timeout=2s; postfix -c "$POSTFIX_CONFIG_DIR" reload >/dev/null 2>&1; sleep 1; says ehlo hang; }

# One message meets it, and a probe does not: nobody is called, and Postfix tries it again.
login_later_once() {
    local seen lines
    seen=$(wc -l <"$hook")
    lines=$(wc -l <"$MAIL_LOG")
    printf 'auth * 454 4.7.0 Cannot authenticate due to temporary system problem. x-20020a05 - gsmtp\n' >"$script"
    send 1
    becomes 10 eval 'tail -n +$((lines + 1)) "$MAIL_LOG" | grep -q "status=deferred.*454 4.7.0"' || not_ok "454 once" "not seen"
    : >"$script"
    sleep 10
    is "454 to one login, then none: nobody is told" "" "$(others -)"
    is "454 to one login, then none: the message waits" 1 "$(postqueue -c "$POSTFIX_CONFIG_DIR" -p | grep -c '454 4.7.0')"
    flush
    sleep 3
}

lane_words() {
    login_later_once
    fails "454 too many logins" login-refused G05 0 too_many_logins says_nothing_bad
    fails "454 login, later" login-refused G04 3 login_later says_nothing_bad
    fails "534 app password wanted" login-refused G02 0 app_password says_nothing_bad
    fails "530 login wanted" login-refused G06 0 login_wanted says_nothing_bad
    fails "454 TLS, later" tls-broken T02 3 tls_later says_nothing_bad
    fails "421 a problem of its own" relay-unreachable G18 3 has_a_problem says_nothing_bad
    fails "it hangs" relay-unreachable N06 5 hangs says_nothing_bad
}

# What the smarthost's rules refuse may be some of the mail, and is over a minute after the last of it.
lane_rules() {
    fails "421 at EHLO" relay-refuses G11 0 ehlo_rejected says_nothing_bad
    fails "550 quota of the sender reached" limit-reached G14 0 quota_reached says_nothing_bad
    fails "550 address not registered" relay-refuses G08 0 not_registered says_nothing_bad
}
lane_limits() {
    fails "550 quota of all reached" limit-reached G15 0 quota_of_all says_nothing_bad
    fails "550 relay denied" relay-refuses G09 0 relay_denied says_nothing_bad
    fails "421 too fast" limit-reached G13 0 too_fast says_nothing_bad
    is "a limit returns no mail" 0 "$(grep -c 'status=bounced' "$MAIL_LOG")"
}

# ---------------------------------------------------------------- this host

relay_sets() {
    postconf -c "$POSTFIX_CONFIG_DIR" "$@"
    postfix -c "$POSTFIX_CONFIG_DIR" reload >/dev/null 2>&1
}

relay_stopped() {
    postfix -c "$POSTFIX_CONFIG_DIR" stop >/dev/null 2>&1 # waits for all of it
    cause=$(now_ms)
}
relay_started() { postfix -c "$POSTFIX_CONFIG_DIR" start >/dev/null 2>&1; send 1; }

# Kept from being started again, as by a broken update.
milter_killed() {
    chmod 0 "$BIN/relaywatch-milter"
    cause=$(now_ms)
    kill -KILL "$(program_pid relaywatch-milter)"
}
milter_back() { chmod 0755 "$BIN/relaywatch-milter"; }

redis_killed() {
    local keeper
    keeper=$(cat "$dir/pid/redis.pid")
    kill -KILL "$keeper"
    cause=$(now_ms)
    kill -KILL "$(redis-cli -s "$REDIS_SOCKET" INFO server | sed -n 's/^process_id:\([0-9]*\).*/\1/p')"
}
redis_back() { trial_up; }

disk_full() { fallocate -l "$(($(df --output=avail -B 1 "$dir/spool/relay" | tail -n 1) - 5000000))" "$dir/spool/relay/filler"; }
disk_free() { rm "$dir/spool/relay/filler"; }

# Postfix goes on, but its lines go elsewhere: a wrong line in main.cf, or a logger that died.
log_stopped() {
    relay_sets "maillog_file=$dir/log/other.log"
    sleep 3
    cause=$(now_ms)
    talk_on 12 &
}
talk_on() { for _ in $(seq "$1"); do send 1; sleep 2; done; }
log_back() { relay_sets "maillog_file=$MAIL_LOG"; sleep 1; send 1; }
log_deleted() { mv "$MAIL_LOG" "$MAIL_LOG.gone"; }
log_made() { mv "$MAIL_LOG.gone" "$MAIL_LOG"; send 1; }

map_gone() {
    rm -f "$SASL_PASSWD".{db,lmdb,cdb}
    postfix -c "$POSTFIX_CONFIG_DIR" reload >/dev/null 2>&1
    sleep 1
    mail_meets_it
}
map_back() { postmap -c "$POSTFIX_CONFIG_DIR" "$SASL_PASSWD"; postfix -c "$POSTFIX_CONFIG_DIR" reload >/dev/null 2>&1; sleep 1; flush; }

ca_gone() { mv "$SMARTHOST_CA" "$SMARTHOST_CA.gone"; }
ca_back() { mv "$SMARTHOST_CA.gone" "$SMARTHOST_CA"; flush; }

program_broken() {
    postconf -c "$POSTFIX_CONFIG_DIR" service_throttle_time=2s # else it takes a minute after the mending
    cp "$POSTFIX_CONFIG_DIR/master.cf" "$dir/master.cf.good"
    sed -i 's/^smtp  *unix.*/& -o smtp_tls_security_level=nonsense/' "$POSTFIX_CONFIG_DIR/master.cf"
    postfix -c "$POSTFIX_CONFIG_DIR" reload >/dev/null 2>&1
    sleep 1
    mail_meets_it
}
program_mended() {
    cp "$dir/master.cf.good" "$POSTFIX_CONFIG_DIR/master.cf"
    postfix -c "$POSTFIX_CONFIG_DIR" reload >/dev/null 2>&1
    sleep 1
    flush
}

limit_near() { smtp-source -m 8 -s 1 -r 100 -f busy@trial.example -t many@example.net "$RELAY_SUBMIT"; }
limit_raised() { sed -i 's/^recipients_limit .*/recipients_limit = 5000/' "$RELAYWATCH_CONF"; }

lane_host() {
    fails "Postfix stopped" postfix-down M01 3 relay_stopped relay_started
    fails "milter killed" milter-gone L01 3 milter_killed milter_back
    fails "Redis killed" store-down W01 10 redis_killed redis_back
    fails "disk full" disk-low Q01 0 disk_full disk_free
    fails "password map gone" postfix-trouble S04 0 map_gone map_back
    fails "authorities' file gone" ca-file-gone T03 0 ca_gone ca_back
    fails "smtp(8) misconfigured" tls-broken T10 0 program_broken program_mended
    fails "log goes elsewhere" log-silent M16 20 log_stopped log_back
    fails "log deleted" log-silent M16 20 log_deleted log_made
    fails "near the limit" limit-near W14 0 limit_near limit_raised
}

# ---------------------------------------------------------------- what takes longer

# More mail than the smarthost takes, and nobody refuses any.
queue_flooded() {
    relay_sets smtp_destination_rate_delay=1s
    sleep 1
    send 130
    cause=$(now_ms)
    for _ in $(seq 50); do
        send 20
        sleep 2
    done &
    flood=$!
}
queue_drained() {
    kill "$flood" 2>/dev/null
    relay_sets smtp_destination_rate_delay=0s
    sleep 1
    flush
}

# clock SECONDS: this lane's clock, from now on
clock() { printf '%-20s' "$1" 1<>"$shift_file"; }
clock_jumps() {
    clock "${1:-3600}"
    cause=$(date +%s%3N) # ours: this shell began before the clock was another
}
clock_right() { clock 0; }
clock_back() { clock_jumps -3600; }

lane_slow() {
    fails "clock jumped" clock-wrong M17 0 clock_jumps clock_right
    fails "clock set back" clock-wrong M17 0 clock_back clock_right
    fails "queue flooded" queue-growing Q06 60 queue_flooded queue_drained
}

# ---------------------------------------------------------------- a healthy one

lane_healthy() {
    bash "$repo/tests/support/healthy_mail.sh" "$dir/env" "$script" 180 0.4 >"$work/healthy.mails"
    smtp-source -m 1 -f app1@trial.example -t later-alone@example.net "$RELAY_SUBMIT" # and no other mail comes
    sleep 10
    ok "healthy: $(tr '\n' ' ' <"$work/healthy.mails")"
    is "healthy: nobody is told of anything" "" "$(seen=0; others -)"
    is "healthy: nothing fired" 0 "$(grep -c 'alert: firing' "$RELAYWATCH_LOG")"
    is "healthy: mail goes through" yes "$( (($(wc -l <"$dir/taken") > 60)) && echo yes)"
    is "healthy: recipients' own trouble was there" yes \
        "$( (($(grep -c 'status=bounced\|status=deferred' "$MAIL_LOG") > 25)) && echo yes)"
}

# ---------------------------------------------------------------- lanes

# In a network, with a hosts file and a clock of its own.
own_place() {
    ip link set lo up
    printf '127.0.0.1 localhost %s\n' "$(hostname)" >"$work/$lane.hosts"
    mount --bind "$work/$lane.hosts" /etc/hosts
    case $lane in
    host)
        mkdir -p "/var/lib/rw-host-$$/spool/relay"
        mount -t tmpfs -o size=300m,mode=755 tmpfs "/var/lib/rw-host-$$/spool/relay"
        ;;
    slow)
        shift_file=$work/clock
        clock 0
        [[ -e /etc/ld.so.preload ]] || : >/etc/ld.so.preload
        ${CC:-cc} -std=c17 -D_GNU_SOURCE -O1 -shared -fPIC -DSHIFT_FILE="\"$shift_file\"" -o "$work/clock_shift.so" \
            "$repo/tests/preload/clock_shift.c" || exit 1
        echo "$work/clock_shift.so" >"$work/preload"
        mount --bind "$work/preload" /etc/ld.so.preload
        ;;
    esac
}

run_lane() {
    lane=$1
    own_place
    trap 'trial_end; [[ $lane != host ]] || { umount "/var/lib/rw-host-$$/spool/relay"; rm -rf "/var/lib/rw-host-$$"; } 2>/dev/null' EXIT
    trap 'exit 1' INT TERM
    if ! trial_begin "$lane" "${limits[@]}"; then
        not_ok "$lane: the trial starts" "$(tail -n 5 "$hook.up" | tr '\n' ' ')"
        exit 1
    fi
    sleep 2
    case $lane in
    words | rules | limits | healthy)
        scripted_smarthost || not_ok "$lane: the scripted smarthost" "$(tail -n 3 "$dir/smarthost.errors")"
        ;;
    esac
    "lane_$lane"
    is "$lane: no finding of a sanitizer" 0 "$(grep -cE 'AddressSanitizer|LeakSanitizer|runtime error:' "$RELAYWATCH_LOG")"
    [[ $failed == 0 ]] || tail -n 60 "$RELAYWATCH_LOG" | sed 's/^/# /'
    exit "$failed"
}

if [[ -n ${2:-} ]]; then
    work=$3
    run_lane "$2"
fi
unshare -n -m true 2>/dev/null || { echo "ok - # skipped: no namespaces can be made here"; exit 0; }
work=$(mktemp -d /var/tmp/relaywatch-failures.XXXXXX)
trap 'kill "${lanes[@]}" 2>/dev/null; wait; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
chmod 0755 "$work"
lanes=()
for lane in ${LANES:-host rules limits slow way healthy words}; do
    unshare -n -m bash "$0" "$bin" "$lane" "$work" >"$work/$lane.out" 2>&1 &
    lanes+=($!)
    sleep 7 # deploy/up builds under a lock, and two failures are not to begin together
done
for lane in "${lanes[@]}"; do
    wait "$lane" || failed=1
done
lanes=()
cat "$work"/*.out
exit "$failed"
