#!/bin/bash
# doctor.sh BIN: `relaywatch doctor` on a private relay that is healthy, and on the same one broken in more than sixty
# ways: it names each and nothing else but what follows from it, and finds nothing once it is mended. In a network of its
# own, so that the relay's ports are 587 and 465, and its names stand in a hosts file of its own. Must run as root. Prints "ok - name"
# or "not ok - name: why".
# shellcheck disable=SC2034,SC2154 # what private-relay.sh shares
set -u

if [ "${DOCTOR_ALONE:-}" != yes ]; then
    unshare -n -m true 2>/dev/null || { echo "ok - # skipped: no namespaces can be made here"; exit 0; }
    DOCTOR_ALONE=yes exec unshare -n -m bash "$0" "$@"
fi
ip link set lo up # postconf(1) does not run without an interface
echo 512 >/proc/sys/net/unix/max_dgram_qlen # of this namespace
ip addr add 192.0.2.9/32 dev lo
ip -6 addr add 2001:db8::9/128 dev lo
# shellcheck source=tests/support/private-relay.sh
. "$(dirname "$0")/../support/private-relay.sh"
# shellcheck source=tests/support/dns.sh
. "$(dirname "$0")/../support/dns.sh"
port=587
tls_port=465
hosts_are() { printf '127.0.0.1 localhost\n127.0.0.1 smarthost.test relay.test %s\n' "$1" >"$work/hosts"; }
hosts_are "$(hostname)"
mount --bind "$work/hosts" /etc/hosts
echo 'nameserver 127.0.0.1' >"$work/resolv.conf" # nobody there: an answer at once
mount --bind "$work/resolv.conf" /etc/resolv.conf
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

# names ID WORD NAME [CONSEQUENCE...]: after something was broken, doctor says WORD of ID, and no other alarm but these
count=0
names() {
    local id=$1 word=$2 name=$3 others
    shift 3
    count=$((count + 1))
    doctor
    others=$(sed -nE 's/^(warning|critical) +([a-z0-9-]+) .*/\2/p' "$work/said" |
        grep -vxF -e "$id" "${@/#/-e}" | tr '\n' ' ')
    is "broken: $name" "$id $word" "$id $(result "$id")${others:+, and $others}$(cat "$work/complaint")"
    [ -z "$others" ] || grep -A 2 -E "^(warning|critical) +(${others// /|}x) " "$work/said" | sed 's/^/# /'
}
critical() { names "$1" critical "${@:2}"; }
warning() { names "$1" warning "${@:2}"; }

# main_is SETTING [smart]: of the relay, or of the smarthost, which takes it up at its next connection
main_is() {
    local cf=$etc
    [ -z "${2:-}" ] || cf=$work/smart/etc
    postconf -c "$cf" -e "$1"
    [ -z "${2:-}" ] || { postfix -c "$cf" reload && sleep 0.5; } >/dev/null 2>&1
}
mend() { cp -p "$work/good/main.cf" "$work/good/master.cf" "$etc/"; cp "$work/good/conf" "$conf"; }
# with SETTING WORD ID [CONSEQUENCE...]: main.cf with another setting, and back
with() {
    main_is "$1"
    "$2" "$3" "$1" "${@:4}"
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

daemons_begin() {
    "$bin/relaywatch" -c "$conf" run >"$work/run.log" 2>&1 &
    daemons=$!
    until_true "$bin/relaywatch" -c "$conf" doctor --only relaywatchd,keeper,notify,milter-socket
}

daemons_end() {
    kill "$daemons"
    wait "$daemons" 2>/dev/null
    daemons=
}

redis_begin() {
    redis-server --port 0 --unixsocket "$work/redis.sock" --unixsocketperm 777 --save '' --dir "$work" >/dev/null &
    redis=$!
    until_true test -S "$work/redis.sock"
}

make_ours() {
    redis_begin
    cat >"$conf" <<END
host = doctor.test
postfix_config_dir = $etc
mail_log = $work/relay/mail.log
sasl_passwd =
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
    daemons_begin
}

# has_text WORDS: doctor said so just now
has_text() {
    if tr -s ' \n' ' ' <"$work/said" | grep -qF -- "$1"; then ok "says: $1"; else not_ok "says: $1" "$(cat "$work/said")"; fi
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

doctor --only disk,inodes
is "--only: these two" "0 2" "$status $(wc -l <"$work/said")"
"$bin/relaywatch" -c "$conf" status --json >"$work/said"
is "what it did is no unknown line in the log" 0 "$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["counters"]["unparsed"])' "$work/said")"

# ---------------------------------------------------------------- broken: relaywatch itself

# Postfix logs in by itself, so relaywatchd need not try the logins of this test: sasl_passwd is empty in $conf.
sed -i 's/^host = .*/host = other.test/' "$conf"
critical relaywatchd "relaywatchd of another host"
mend
sed -i 's/^127.0.0.1:2525 inet n - n/127.0.0.1:2525 inet n - y/' "$etc/master.cf"
main_is "smtpd_milters = { unix:$work/relay/queue/relaywatch/milter.sock, default_action=accept }"
warning milter-socket "a chrooted smtpd, and the milter by its whole path" milter-entry
has_text "seen from its chroot"
mend
chmod 700 "$work/relay/queue/relaywatch"
warning milter-socket "the milter's folder is closed"
has_text "may not open it"
chmod 2755 "$work/relay/queue/relaywatch"
daemons_end
critical relaywatchd "relaywatchd down" keeper notify milter-socket
critical keeper "the keeper's socket gone" relaywatchd notify milter-socket
critical notify "relaywatch-notify down" relaywatchd keeper milter-socket
warning milter-socket "the milter down" relaywatchd keeper notify
python3 -m http.server -b 127.0.0.1 9154 -d "$work/smart" >/dev/null 2>&1 &
web=$!
until_true bash -c 'exec 3<>/dev/tcp/127.0.0.1/9154'
critical relaywatchd "another program at its port" keeper notify milter-socket
has_text "another program answers there"
kill "$web"
wait "$web" 2>/dev/null
daemons_begin
# ---------------------------------------------------------------- broken: main.cf

with "relayhost =" critical relayhost
with "relayhost = smarthost.test:587" warning relayhost
with "relayhost = [smarthost.test]:25" warning relayhost login
with "relayhost = [smarthost.test]:465" critical wrapper-mode
with "smtp_tls_wrappermode = yes" critical wrapper-mode tls
with "smtp_tls_security_level = may" critical tls-level sasl-options login
with "smtp_tls_security_level = encrypt" warning tls-level sasl-options login
with "smtp_tls_CAfile = $work/nowhere.pem" critical ca-file tls
with "smtp_tls_CAfile = $work/smart/other.test.pem" critical tls
with "smtp_tls_secure_cert_match = other.test" critical tls
with "smtp_sasl_security_options = noplaintext" critical sasl-options
with "smtp_sasl_security_options = noanonymous" warning sasl-options
with "smtp_sasl_tls_verified_security_options = noplaintext" critical sasl-options login
with "smtp_helo_name = localhost" critical helo-name
with "smtp_helo_name = nowhere.relay.test" warning helo-name
with "relayhost = [nowhere.test]:587" critical dns credentials-key
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
with "relayhost = [other.test]:587" critical credentials-key dns

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
critical credentials-format "a comment behind the password" credentials-key
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
tried() { grep -c 'SASL PLAIN authentication failed' "$work/smart/mail.log"; }
before=$(tried)
critical login "and it is not sent again"
is "not sent again" "$before" "$(tried)"
has_text "it was not sent again"
index_again "smarthost.test $good:first\n"

# ---------------------------------------------------------------- broken: the host

postfix -c "$etc" stop >/dev/null 2>&1
critical postfix-running "Postfix down"
doctor --only postfix-running --fix --yes
doctor --only postfix-running
is "fix: Postfix" 0 "$status"
postfix -c "$work/smart/etc" stop >/dev/null 2>&1
critical tcp-587 "port 587 closed" login
main_is "relayhost = [smarthost.test]:465"
main_is "smtp_tls_wrappermode = yes"
critical tcp-465 "port 465 closed" login
mend
critical login "no relay" tcp-587
doctor
is "broken: the whole says 2" 2 "$status"
postfix -c "$work/smart/etc" start >/dev/null 2>&1
until_true bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
install -o root -m 600 /dev/null "$work/relay/other.log"
sed -i "s,^mail_log = .*,mail_log = $work/relay/other.log," "$conf"
critical log-source "a log that relaywatchd cannot read" log-flowing
mend
install -o root -g relaywatch -m 640 /dev/null "$work/relay/other.log"
sed -i "s,^mail_log = .*,mail_log = $work/relay/other.log," "$conf"
critical log-flowing "a log that nobody writes"
mend
hosts_are ""
warning own-name "this host's name is not in the hosts file"
hosts_are "$(hostname)"
main_is "smtpd_banner = smarthost.test ESMTP; Thu, 01 Jan 2026 00:00:00 +0000" smart
critical clock "a clock that is not the relay's"
main_is "smtpd_banner = smarthost.test ESMTP; $(date -R)" smart
doctor --only clock
is "the relay's clock" "0 ok" "$status $(result clock)"
main_is "smtpd_banner = smarthost.test ESMTP" smart
sasl_folder=$(dirname "$(find /usr/lib* -name 'libplain.so*' | head -n 1)")
count=$((count + 1))
unshare -m bash -c 'mount -t tmpfs none "$1" && shift && "$@"' - "$sasl_folder" "$bin/relaywatch" -c "$conf" doctor \
    --only sasl-plugins,login >"$work/said"
is "broken: no plugins of libsasl2" "critical critical" "$(result sasl-plugins) $(result login)"

# small OPTIONS: the queue on a file system of its own
small() {
    postfix -c "$etc" stop >/dev/null 2>&1
    mkdir -p "$work/small"
    mount -t tmpfs -o "$1,mode=755" none "$work/small"
    main_is "queue_directory = $work/small"
    main_is "smtpd_milters = { unix:$work/relay/queue/relaywatch/milter.sock, default_action=accept }"
    postfix -c "$etc" start >/dev/null 2>&1
}
large() {
    postfix -c "$etc" stop >/dev/null 2>&1
    mend
    umount "$work/small"
    postfix -c "$etc" start >/dev/null 2>&1
}
small size=10m
head -c 8700000 /dev/zero >"$work/small/fill"
warning disk "the disk is nearly full"
head -c 10200000 /dev/zero >"$work/small/fill"
critical disk "the disk is full"
large
small nr_inodes=1000
for i in $(seq 950); do : >"$work/small/defer/$i"; done 2>/dev/null
critical inodes "no inodes"
large

# put_off QUEUE_ID: a message whose next attempt is tomorrow: today qmgr(8) would see that there is nothing in it
put_off() {
    install -o postfix -m 700 /dev/null "$work/relay/queue/$1"
    touch -d tomorrow "$work/relay/queue/$1"
    mv "$work/relay/queue/$1" "$work/relay/queue/deferred/A/$1"
}

echo "queue_warning = 1" >>"$conf"
postsuper -c "$etc" -r ALL >/dev/null 2>&1
install -o postfix -m 700 -d "$work/relay/queue/deferred/A"
put_off ABCDEF012345
warning queue "mail waits"
mend
rm "$work/relay/queue/deferred/A/ABCDEF012345"
# waits SECONDS: a message with a long queue id, which has the time of its arrival in it
waits() {
    put_off "$(python3 - "$1" <<'END'
import sys, time
digits = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
n, out = int(time.time()) - int(sys.argv[1]), ""
while n:
    n, d = divmod(n, 52)
    out = digits[d] + out
print(out + "0000z1000")
END
)"
}
mend
waits 2400
warning queue-oldest "a message that waits for long"
waits 86400
critical queue-oldest "a message that waits for a day"
find "$work/relay/queue/deferred/A" -type f -delete
put_off ABCDEF012345
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
redis_begin

# ---------------------------------------------------------------- broken: the relay's TLS

# A certificate of that many days, from its first to its last second
days() {
    (cd "$work/smart" && mkdir -p ca && : >ca/index && date +%s%N | head -c 16 >ca/serial &&
        printf '[ca]\ndefault_ca=x\n[x]\nnew_certs_dir=ca\ndatabase=ca/index\nserial=ca/serial\ndefault_md=sha256\npolicy=p\n%s\n' \
            '[p]
commonName=supplied' >ca/conf &&
        openssl ca -batch -config ca/conf -cert "$work/ca.pem" -keyfile "$work/ca.key" -in smarthost.test.csr -extfile ext \
            -startdate "$(date -u -d "$1" +%Y%m%d%H%M%SZ)" -enddate "$(date -u -d "$2" +%Y%m%d%H%M%SZ)" -notext \
            -out smarthost.test.pem) >/dev/null 2>"$work/ca.log" || not_ok "a certificate" "$(cat "$work/ca.log")"
    postfix -c "$work/smart/etc" reload >/dev/null 2>&1
    sleep 0.5
}
cp "$work/smart/smarthost.test.pem" "$work/smart/good.pem"
printf 'subjectAltName=DNS:smarthost.test\n' >"$work/smart/ext"
days "1 month ago" "3 days"
warning tls-expiry "a certificate with three days left"
days "1 month ago" "6 hours"
critical tls-expiry "a certificate with hours left"
days "1 month ago" "1 day ago"
critical tls-expiry "a certificate that has expired" tls
days "1 day" "1 month"
critical clock "a certificate that begins tomorrow" tls
cp "$work/smart/good.pem" "$work/smart/smarthost.test.pem"
main_is "smtpd_tls_protocols = TLSv1.1" smart
critical tls-version "a relay with old TLS" tls
main_is "smtpd_tls_protocols =" smart
main_is "smtpd_tls_security_level = none" smart
critical tls "a relay without TLS"
main_is "smtpd_tls_security_level = may" smart

# ---------------------------------------------------------------- broken: Postal

mkdir -p "$work/postal"
export POSTAL_CONFIG_FILE_PATH=$work/postal/postal.yml
postal_is() { printf 'version: 2\n%b' "$1" >"$POSTAL_CONFIG_FILE_PATH"; }
postal_is ''
warning postal "Postal names no relay"
postal_is 'postal:\n  smtp_relays:\n    - smtp://relay.test:25?ssl_mode=None\n'
warning postal "Postal uses another port"
postal_is 'postal:\n  # smtp_relays: smtp://relay.test:2525\n  smtp_relays: []\n'
warning postal "only a remark names it"
postal_is 'postal:\n  smtp_relays:\n    - smtp://127.0.0.1:2525?ssl_mode=None\n'
warning postal "Postal looks up an address"
has_text "127.0.0.1 is an address"
postal_is 'postal: [\n'
warning postal "a file that is no YAML"
dns_zone "relay.test A 127.0.0.1"
dns_begin 53
postal_is 'postal:\n  smtp_relays:\n    - smtp://relay.test:2525?ssl_mode=None\n'
doctor --only postal
is "Postal as it should be" "0 ok" "$status $(result postal)"
dns_end
export POSTAL_CONFIG_FILE_PATH=

echo 10 >/proc/sys/net/unix/max_dgram_qlen
doctor --only log-queue
is "little room for lines on their way to postlogd is a remark" "0 ok" "$status $(result log-queue)"
has_text "max_dgram_qlen=512"
echo 512 >/proc/sys/net/unix/max_dgram_qlen

# ---------------------------------------------------------------- broken: open to strangers

# A listener for all, and strangers' mail: in the whole of it.
main_is "inet_interfaces = all"
sed -i 's/^127.0.0.1:2525/2525/' "$etc/master.cf"
postfix -c "$etc" stop >/dev/null 2>&1
postfix -c "$etc" start >/dev/null 2>&1
until_true bash -c 'exec 3<>/dev/tcp/192.0.2.9/2525'
warning outside "reachable from outside" firewall
warning firewall "and no firewall" outside
doctor --only open-relay
is "reachable, but no open relay" "0 ok" "$status $(result open-relay)"
main_is "smtpd_relay_restrictions = check_client_access static:OK, reject"
postfix -c "$etc" reload >/dev/null 2>&1
sleep 1
critical open-relay "strangers' mail is taken" outside firewall
printf '2001:db8::/32 OK\n' >"$etc/clients"
main_is "inet_protocols = all"
main_is "smtpd_relay_restrictions = check_client_access cidr:$etc/clients, reject"
postfix -c "$etc" stop >/dev/null 2>&1
postfix -c "$etc" start >/dev/null 2>&1
until_true bash -c 'exec 3<>/dev/tcp/2001:db8::9/2525'
critical open-relay "strangers' mail is taken over IPv6 alone" outside firewall
has_text "2001:db8::9 takes mail from strangers"
is "no message came of it" "" "$(find "$work/relay/queue/incoming" "$work/relay/queue/active" "$work/relay/queue/deferred" -type f)"
mend

# ---------------------------------------------------------------- all mended

postfix -c "$etc" stop >/dev/null 2>&1
postfix -c "$etc" start >/dev/null 2>&1
doctor
is "mended: exit status" 0 "$status"
is "mended: no false alarm" "" "$(grep -E '^(warning|critical|unknown)' "$work/said")"
# ---------------------------------------------------------------- nothing answers

# Every server is a black hole: its port takes no connection, its name server no question.
mend
daemons_end
postfix -c "$work/smart/etc" stop >/dev/null 2>&1
python3 - "$work/holes" <<'END' &
import socket, sys, time
kept = []
def hole(family, address, port):
    s = socket.socket(family)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen(0)
    for _ in range(4):  # until its queue is full: whoever comes after that is not answered
        c = socket.socket(family)
        c.setblocking(False)
        c.connect_ex((address, port))
        kept.append(c)
    kept.append(s)
for port in (587, 465, 6379, 9155, 8891):
    hole(socket.AF_INET, "127.0.0.2", port)
    hole(socket.AF_INET6, "2001:db8::9", port)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("127.0.0.2", 53))
open(sys.argv[1], "w").close()
time.sleep(600)
END
holes=$!
until_true test -e "$work/holes"
echo 'nameserver 127.0.0.2' >"$work/resolv.conf"
printf '127.0.0.1 localhost\n127.0.0.2 smarthost.test\n2001:db8::9 smarthost.test\n' >"$work/hosts"
sed -i 's/^http_listen = .*/http_listen = 127.0.0.2:9155/; s/^redis = .*/redis = 127.0.0.2:6379/
    s/^milter_socket = .*/milter_socket = inet:8891@127.0.0.2/' "$conf"
# black NAME SECONDS: doctor takes no longer, and says critical
black() {
    local began=$SECONDS
    doctor
    is "black holes: $1" "2 yes" "$status $([ $((SECONDS - began)) -le 15 ] && echo yes || echo "$((SECONDS - began)) s")"
    echo "# $1: $((SECONDS - began)) s"
}
black "every port"
shown=$(cut -c 81- "$work/said" | tr -d '\n')
is "no line is longer than 80 columns" "" "$shown"
is "black holes: named" "critical unknown critical warning warning" \
    "$(result tcp-587) $(result login) $(result relaywatchd) $(result redis) $(result milter-socket)"
printf '127.0.0.1 localhost\n' >"$work/hosts"
black "every port and the name server"
is "black holes: DNS is named" "critical warning" "$(result dns) $(result own-name)"
if command -v script >/dev/null; then
    script -qec "'$bin/relaywatch' -c '$conf' doctor --only dns,own-name" /dev/null >"$work/typed" 2>&1
    is "a terminal is told what is waited for" yes "$(grep -q "waiting for DNS and ports, this host's name" "$work/typed" && echo yes)"
fi
kill "$holes"
wait "$holes" 2>/dev/null

[ "$count" -ge 40 ] && ok "$count ways" || not_ok ways "$count"
exit "$failed"
