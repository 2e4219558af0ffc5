#!/bin/bash
# doctor.sh BIN: `relaywatch doctor` on a private relay that is healthy, and on the same one broken in more than forty
# ways: it names each, with the right exit status, and finds nothing once it is mended. In a network of its own, so that
# the relay's ports are 587 and 465, and its names stand in a hosts file of its own. Must run as root. Prints "ok - name"
# or "not ok - name: why".
# shellcheck disable=SC2034,SC2154 # what private-relay.sh shares
set -u

if [ "${DOCTOR_ALONE:-}" != yes ]; then
    unshare -n -m true 2>/dev/null || { echo "ok - # skipped: no namespaces can be made here"; exit 0; }
    DOCTOR_ALONE=yes exec unshare -n -m bash "$0" "$@"
fi
ip link set lo up # postconf(1) does not run without an interface
ip addr add 192.0.2.9/32 dev lo
# shellcheck source=tests/support/private-relay.sh
. "$(dirname "$0")/../support/private-relay.sh"
port=587
tls_port=465
printf '127.0.0.1 localhost\n127.0.0.1 smarthost.test relay.test\n' >"$work/hosts"
mount --bind "$work/hosts" /etc/hosts
conf=$work/relaywatch.conf
daemons=
good=relay@smarthost.test

stop_all() {
    [ -z "$daemons" ] || { kill "$daemons" && wait "$daemons"; } 2>/dev/null
    [ -z "${redis:-}" ] || kill "$redis" 2>/dev/null
    clean_up
}
trap stop_all EXIT

# doctor [OPTION...]: status in $status, output in $work/said
doctor() {
    "$bin/relaywatch" -c "$conf" doctor "$@" >"$work/said" 2>"$work/complaint"
    status=$?
}

# result ID: its word in $work/said
result() { sed -nE "s/^(ok|not applicable|unknown|warning|critical) +$1 .*/\\1/p" "$work/said"; }

# names ID STATUS: after something was broken, doctor names ID and its exit status is STATUS; `mend` undoes it
count=0
names() {
    count=$((count + 1))
    doctor --only "$1"
    is "broken: $3" "$2 $4" "$status $(result "$1")"
}
critical() { names "$1" 2 "$2" critical; }
warning() { names "$1" 1 "$2" warning; }

main_is() { postconf -c "$etc" -e "$1"; }
mend() { cp -p "$work/good/main.cf" "$work/good/master.cf" "$etc/"; cp "$work/good/conf" "$conf"; }
# with SETTING STATUS-WORD ID: main.cf with another setting, and back
with() {
    main_is "$1"
    "$2" "$3" "$1"
    mend
}

# ---------------------------------------------------------------- a healthy one

make_relay_with_entrance() {
    common "$work/relay" relay.test
    mkdir -p "$work/relay/queue/relaywatch" "$work/run"
    cat >>"$etc/main.cf" <<END
relayhost = [smarthost.test]:587
smtp_tls_security_level = secure
smtp_tls_CAfile = $work/ca.pem
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = $type:$passwd
smtp_sasl_security_options = noplaintext, noanonymous
smtp_sasl_tls_security_options = noplaintext, noanonymous
smtp_sasl_tls_verified_security_options = noanonymous
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_milters = { unix:relaywatch/milter.sock, default_action=accept }
smtp_delivery_status_filter = regexp:$etc/relay_dsn_filter
END
    echo '/^5(.*)/ 4$1' >"$etc/relay_dsn_filter"
    { echo "127.0.0.1:2525 inet n - n - - smtpd"; echo "relay unix - - n - - smtp"; echo "$services"; } >"$etc/master.cf"
    postfix -c "$etc" start >/dev/null 2>&1
}

make_ours() {
    redis-server --port 0 --unixsocket "$work/redis.sock" --unixsocketperm 777 --save '' --dir "$work" >/dev/null &
    redis=$!
    cat >"$conf" <<END
host = doctor.test
postfix_config_dir = $etc
mail_log = $work/relay/mail.log
sasl_passwd = $passwd
submit = 127.0.0.1:2525
redis = unix:$work/redis.sock
http_listen = 127.0.0.1:9154
state_dir = $work/state-d
notify_state_dir = $work/state-n
keeper_state_dir = $work/state-k
run_dir = $work/run
milter_socket = unix:$work/relay/queue/relaywatch/milter.sock
receivers_file = $work/receivers.conf
END
    : >"$work/receivers.conf"
    until_true test -s "$work/relay/mail.log"
    chown root:relaywatch "$work/relay/mail.log"
    chmod 640 "$work/relay/mail.log"
    "$bin/relaywatch" -c "$conf" run >"$work/run.log" 2>&1 &
    daemons=$!
    until_true test -S "$work/relay/queue/relaywatch/milter.sock"
    until_true bash -c 'exec 3<>/dev/tcp/127.0.0.1/9154'
    until_true test -S "$work/run/notify.sock"
}

begin_all() {
    make_smarthost || { not_ok smarthost "did not start: $(tail -3 "$work/smart/mail.log")"; exit 1; }
    make_relay_with_entrance
    source_is "smarthost.test $good:first\n"
    (umask 077 && postmap -c "$etc" "$type:$passwd")
    make_ours
    mkdir "$work/good"
    cp -p "$etc/main.cf" "$etc/master.cf" "$work/good/"
    cp "$conf" "$work/good/conf"
}

begin_all
started=$SECONDS
doctor
is "healthy: exit status" 0 "$status"
is "healthy: no false alarm" "" "$(grep -E '^(warning|critical|unknown)' "$work/said")"
[ $((SECONDS - started)) -le 10 ] && ok "healthy: within 10 s" || not_ok "healthy: within 10 s" "$((SECONDS - started)) s"
doctor --json
is "healthy: JSON" "ok True" "$(python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); print(d["state"], len(d["checks"]) >= 50)' "$work/said")"
doctor --only nonsense
is "a check that there is not" 64 "$status"

# ---------------------------------------------------------------- broken: relaywatch itself

# From here on without relaywatchd: it would mend the password map by itself.
kill "$daemons"
wait "$daemons" 2>/dev/null
daemons=
critical relaywatchd "relaywatchd down"
critical keeper "the keeper's socket gone"
critical notify "relaywatch-notify down"
warning milter-socket "the milter down"
# ---------------------------------------------------------------- broken: main.cf

with "relayhost =" critical relayhost
with "relayhost = smarthost.test:587" warning relayhost
with "relayhost = [smarthost.test]:25" warning relayhost
with "relayhost = [smarthost.test]:465" critical wrapper-mode
with "smtp_tls_wrappermode = yes" critical wrapper-mode
with "smtp_tls_security_level = may" critical tls-level
with "smtp_tls_security_level = encrypt" warning tls-level
with "smtp_tls_CAfile = $work/nowhere.pem" critical ca-file
with "smtp_tls_CAfile = $work/smart/other.test.pem" critical tls
with "smtp_tls_secure_cert_match = other.test" critical tls
with "smtp_sasl_security_options = noplaintext" critical sasl-options
with "smtp_sasl_security_options = noanonymous" warning sasl-options
with "smtp_sasl_tls_verified_security_options = noplaintext" critical sasl-options
with "smtp_helo_name = localhost" critical helo-name
with "smtp_helo_name = nowhere.relay.test" warning helo-name
with "relayhost = [nowhere.test]:587" critical dns
with "smtpd_milters =" warning milter-entry
with "smtpd_milters = unix:relaywatch/milter.sock" critical milter-fail-open
with "smtpd_milters = { unix:relaywatch/milter.sock, default_action=tempfail }" critical milter-fail-open
with "smtp_delivery_status_filter =" warning loss-guard
with "smtp_use_tls = yes" warning deprecated
with "debug_peer_list = smarthost.test" critical verbose-log
with "mynetworks = 0.0.0.0/0" critical mynetworks
with "smtpd_relay_restrictions = permit" critical relay-restrictions
with "smtpd_relay_restrictions = permit, reject" critical relay-restrictions
with "smtp_sasl_password_maps =" critical credentials-file
with "relayhost = [other.test]:587" critical credentials-key

# ---------------------------------------------------------------- broken: master.cf

without() { sed -i "/^$1 /d" "$etc/master.cf"; }
without "smtp unix"
critical master-smtp "no smtp service"
mend
without "relay unix"
warning master-relay "no relay service"
mend
without "127.0.0.1:2525 inet"
critical master-listener "no listener"
mend
sed -i 's/^smtp unix.*/& -o smtp_tls_security_level=none/' "$etc/master.cf"
warning master-overrides "-o in master.cf"
mend
rm "$etc/master.cf"
critical config "no master.cf"
mend

# ---------------------------------------------------------------- broken: the password file

index_again() { source_is "$1"; rm -f "$index"; (umask 077 && postmap -c "$etc" "$type:$passwd" 2>/dev/null); }
mv "$passwd" "$passwd.away"
critical credentials-file "no password file"
mv "$passwd.away" "$passwd"
chmod 644 "$passwd"
critical credentials-owner "readable for all"
doctor --only credentials-owner --fix --yes
is "fix: mode" 600 "$(stat -c %a "$passwd")"
chmod 644 "$index"
critical credentials-owner "its index readable for all"
doctor --only credentials-owner --fix --yes
is "fix: mode of the index" 600 "$(stat -c %a "$index")"
chown postfix "$passwd"
critical credentials-owner "another's"
chown root "$passwd"
printf 'smarthost.test %s:first # mine\n' "$good" >"$passwd"
critical credentials-format "a comment behind the password"
index_again "[smarthost.test]:465 $good:first\n"
critical credentials-key "the key of the other port"
index_again "smarthost.test $good:first\n"
source_is "smarthost.test $good:second\n"
critical credentials-map "a stale map"
source_is "smarthost.test $good:first\n"
rm "$index"
critical credentials-map "no map"
doctor --only credentials-map --fix
is "fix: asks, and nobody is there" "2 no" "$status $([ -e "$index" ] && echo yes || echo no)"
doctor --only credentials-map --fix --yes
is "fix: the map" "$good:first" "$(live smarthost.test)"
source_is "smarthost.test $good:wrong\n"
doctor --only credentials-map --fix --yes
is "fix: not with a login that the relay refuses" "$good:first" "$(live smarthost.test)"
is "fix: says why" 1 "$(grep -c 'the map stays as it was: the relay refused this login' "$work/complaint")"
doctor --only credentials-map --fix --yes --json
is "fix: as JSON, one object" 1 "$(python3 -c 'import json, sys; json.load(sys.stdin); print(1)' <"$work/said" 2>&1)"
index_again "smarthost.test $good:wrong\n"
critical login "a wrong password"
index_again "smarthost.test $good:first\n"

# ---------------------------------------------------------------- broken: the host

postfix -c "$etc" stop >/dev/null 2>&1
critical postfix-running "Postfix down"
doctor --only postfix-running --fix --yes
doctor --only postfix-running
is "fix: Postfix" 0 "$status"
postfix -c "$work/smart/etc" stop >/dev/null 2>&1
critical tcp-587 "port 587 closed"
main_is "relayhost = [smarthost.test]:465"
main_is "smtp_tls_wrappermode = yes"
critical tcp-465 "port 465 closed"
mend
critical login "no relay"
doctor
is "broken: the whole says 2" 2 "$status"
postfix -c "$work/smart/etc" start >/dev/null 2>&1
until_true bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
chmod 600 "$work/relay/mail.log"
critical log-source "a log that relaywatchd cannot read"
chmod 640 "$work/relay/mail.log"
touch -d '2 days ago' "$work/relay/mail.log"
warning log-flowing "a silent log"
touch "$work/relay/mail.log"
echo "queue_warning = 1" >>"$conf"
postsuper -c "$etc" -r ALL >/dev/null 2>&1
install -o postfix -m 700 -d "$work/relay/queue/deferred/A"
install -o postfix -m 700 -D /dev/null "$work/relay/queue/deferred/A/ABCDEF012345"
warning queue "mail waits"
mend
echo "queue_critical = 1" >>"$conf"
critical queue "much mail waits"
mend
rm "$work/relay/queue/deferred/A/ABCDEF012345"
install -o postfix -m 700 /dev/null "$work/relay/queue/corrupt/ABCDEF012346"
warning queue-corrupt "a damaged message"
rm "$work/relay/queue/corrupt/ABCDEF012346"
kill "$redis"
wait "$redis" 2>/dev/null
redis=
warning redis "Redis down"

# A listener for all, and strangers' mail: in the whole of it.
main_is "inet_interfaces = all"
sed -i 's/^127.0.0.1:2525/2525/' "$etc/master.cf"
postfix -c "$etc" stop >/dev/null 2>&1
postfix -c "$etc" start >/dev/null 2>&1
until_true bash -c 'exec 3<>/dev/tcp/192.0.2.9/2525'
warning outside "reachable from outside"
warning firewall "and no firewall"
doctor --only open-relay
is "reachable, but no open relay" "0 ok" "$status $(result open-relay)"
main_is "smtpd_relay_restrictions = check_client_access static:OK, reject"
postfix -c "$etc" reload >/dev/null 2>&1
sleep 1
critical open-relay "strangers' mail is taken"
is "no message came of it" "" "$(find "$work/relay/queue/incoming" "$work/relay/queue/active" "$work/relay/queue/deferred" -type f)"
mend

# ---------------------------------------------------------------- all mended

postfix -c "$etc" stop >/dev/null 2>&1
postfix -c "$etc" start >/dev/null 2>&1
make_ours
doctor
is "mended: exit status" 0 "$status"
is "mended: no false alarm" "" "$(grep -E '^(warning|critical|unknown)' "$work/said")"
[ "$count" -ge 40 ] && ok "$count ways" || not_ok ways "$count"
exit "$failed"
