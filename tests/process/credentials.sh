#!/bin/bash
# credentials.sh BIN: relaywatch-keeper and relaywatch-probe against a private relay Postfix and a private smarthost
# (a second Postfix with Cyrus SASL and TLS, ports for STARTTLS and for implicit TLS). A bad login must never
# replace a good one, and a killed keeper must leave a complete map. Must run as root. BIN holds the two
# programs and keeper_ask (or ../support does). Prints "ok - name" or "not ok - name: why".
set -u

bin=$(cd "$1" && pwd)
ask=$bin/keeper_ask
[ -x "$ask" ] || ask=$bin/../support/keeper_ask
[ -x "$ask" ] || { echo "not ok - keeper_ask: neither in $bin nor in $bin/../support"; exit 1; }
failed=0
# Below a folder that others cannot write: one case below makes it sticky.
work=$(mktemp -d /var/lib/relaywatch-credentials-test.XXXXXX)
chmod 755 "$work"
port=$((20000 + RANDOM % 9000))
tls_port=$((port + 1))
etc=$work/relay/etc
passwd=$etc/sasl_passwd
type="hash"
postconf -m | grep -qx hash || type=lmdb
index=$passwd.db
[ $type = hash ] || index=$passwd.lmdb
reply=$work/reply
export LC_ALL=C

ok() { echo "ok - $1"; }

not_ok() {
    echo "not ok - $1: $2"
    failed=1
}

# is NAME WANT GOT
is() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "wanted '$2', got '$3' $(grep -s "^detail=\|^text=" "$reply" | tr "\n" " ")"; fi
}

clean_up() {
    postfix -c "$etc" stop >/dev/null 2>&1
    postfix -c "$work/smart/etc" stop >/dev/null 2>&1
    if [ -n "${KEEP:-}" ]; then echo "# kept: $work"; else rm -rf "$work"; fi
}
trap clean_up EXIT

until_true() {
    for _ in $(seq 200); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.05
    done
    return 1
}

# ---------------------------------------------------------------- two Postfixes and a CA

# certificate NAME: a key and a certificate for that name, by our own CA
certificate() {
    openssl req -newkey rsa:2048 -nodes -keyout "$work/smart/$1.key" -subj "/CN=$1" -out "$work/smart/$1.csr" 2>/dev/null
    printf 'subjectAltName=DNS:%s\n' "$1" >"$work/smart/ext"
    openssl x509 -req -in "$work/smart/$1.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 30 \
        -extfile "$work/smart/ext" -out "$work/smart/$1.pem" 2>/dev/null
}

services='cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
smtp unix - - n - - smtp
flush unix n - n 1000? 0 flush
showq unix n - n - - showq
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
proxymap unix - - n - - proxymap
scache unix - - n - 1 scache
pickup unix n - n 1 1 pickup
postlog unix-dgram n - n - 1 postlogd'

# common DIR HOSTNAME
common() {
    mkdir -p "$1/etc" "$1/queue" "$1/data"
    chown postfix "$1/data"
    cat >"$1/etc/main.cf" <<END
compatibility_level = 2
queue_directory = $1/queue
data_directory = $1/data
command_directory = /usr/sbin
daemon_directory = $(postconf -h daemon_directory)
myhostname = $2
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = $1/mail.log
maillog_file_prefixes = $work
mynetworks = 127.0.0.0/8
END
}

make_smarthost() {
    mkdir -p "$work/smart/etc/sasl" # where Debian looks, whatever cyrus_sasl_config_path says
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/ca.key" -subj /CN=test-ca -days 30 -out "$work/ca.pem" 2>/dev/null
    certificate smarthost.test
    certificate other.test
    printf 'pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: %s\nmech_list: PLAIN LOGIN\n' \
        "$work/smart/sasldb2" >"$work/smart/etc/sasl/smtpd.conf"
    set_password first
    chown postfix "$work/smart/sasldb2"
    common "$work/smart" smarthost.test
    cat >>"$work/smart/etc/main.cf" <<END
default_transport = discard:
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_sasl_auth_enable = yes
cyrus_sasl_config_path = $work/smart/etc/sasl
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = $work/smart/smarthost.test.pem
smtpd_tls_key_file = $work/smart/smarthost.test.key
END
    {
        echo "127.0.0.1:$port inet n - n - - smtpd"
        echo "127.0.0.1:$tls_port inet n - n - - smtpd -o smtpd_tls_wrappermode=yes"
        echo "$services"
    } >"$work/smart/etc/master.cf"
    postfix -c "$work/smart/etc" start >/dev/null 2>&1
    until_true bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
}

make_relay() {
    common "$work/relay" relay.test
    cat >>"$etc/main.cf" <<END
relayhost = [127.0.0.1]:$port
smtp_tls_security_level = secure
smtp_tls_secure_cert_match = smarthost.test
smtp_tls_CAfile = $work/ca.pem
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = $type:$passwd
smtp_sasl_security_options = noplaintext, noanonymous
smtp_sasl_tls_security_options = noplaintext, noanonymous
smtp_sasl_tls_verified_security_options = noanonymous
END
    echo "$services" >"$etc/master.cf"
    postfix -c "$etc" start >/dev/null 2>&1
}

set_password() {
    printf '%s' "$1" | saslpasswd2 -p -c -f "$work/smart/sasldb2" -u smarthost.test relay
}

# ---------------------------------------------------------------- asking

# keeper VERB [WRAPPER...]: the reply goes to $reply
keeper() {
    local verb=$1
    shift
    "$ask" "$verb" "$@" "$bin/relaywatch-keeper" --postfix "$etc" --allow relaywatch \
        --probe "$bin/relaywatch-probe" --probe-user relaywatch-probe --state "$work/state" >"$reply" 2>>"$work/keeper.log"
}

field() { sed -n "s/^$1=//p" "$reply"; }

# source TEXT: as an editor would leave it
source_is() {
    rm -f "$passwd"
    (umask 077 && printf '%b' "$1" >"$passwd")
}

live() { postmap -c "$etc" -q "$1" "$type:$passwd" 2>/dev/null; }

# applies NAME TEXT OUTCOME LINE LIVE
applies() {
    source_is "$2"
    keeper A
    is "$1" "$3 line $4 live $5" "$(field outcome) line $(field line) live $(live 127.0.0.1)"
}

# A package of Postfix may have left the probe's user out; the programs need it.
getent passwd relaywatch-probe >/dev/null || { not_ok users "no user relaywatch-probe"; exit 1; }
chmod 755 "$(dirname "$bin")" 2>/dev/null

make_smarthost || { not_ok smarthost "did not start: $(tail -3 "$work/smart/mail.log")"; exit 1; }
make_relay

# ---------------------------------------------------------------- facts, queue, peers

keeper F
is "facts" "done 127.0.0.1 $port 0 1 $passwd $type" \
    "$(field outcome) $(field relay_host) $(field relay_port) $(field implicit_tls) $(field sasl) $(field source) $(field map_type)"
keeper X
is "an unknown verb" not_allowed "$(field outcome)"
keeper FF
is "two bytes are no verb" not_allowed "$(field outcome)"

# ---------------------------------------------------------------- a first login, and mail that waited for it

good=relay@smarthost.test
printf 'From: a@relay.test\nSubject: waits\n\nx\n' | sendmail -C "$etc" -f a@relay.test b@example.test
until_true grep -q 'status=\(deferred\|bounced\)' "$work/relay/mail.log"
keeper Q
is "queue: the waiting message" "done 1 1" "$(field outcome) $(field deferred) $(field postfix_running)"
oldest=$(field oldest_s)
age=$(($(date +%s) - ${oldest:-0}))
if [ $age -ge 0 ] && [ $age -le 30 ]; then ok "queue: its age"; else not_ok "queue: its age" "$age s"; fi

applies "no map yet: a good login makes one" "127.0.0.1 $good:first\n" "done" 0 "$good:first"
is "then Postfix is reloaded and the queue flushed" "1 1" "$(field reloaded) $(field flushed)"
if until_true grep -q status=sent "$work/relay/mail.log"; then ok "the waiting message is delivered"; else
    not_ok "the waiting message is delivered" "$(tail -2 "$work/relay/mail.log")"; fi
is "map and its mode" "600 0" "$(stat -c '%a %u' "$index")"
is "nothing is left beside it" "" "$(find "$etc" -name "*stage*")"
keeper A
is "the same again" unchanged "$(field outcome)"
keeper V
is "verify" "done ok 235 $good" "$(field outcome) $(field result) $(field smtp_code) $(field user)"

# ---------------------------------------------------------------- changes, good and bad

keep="$good:first"
applies "wrong password" "127.0.0.1 $good:wrong\n" refused 1 "$keep"
applies "swapped words" "$good:first 127.0.0.1\n" bad_source 1 "$keep"
applies "carriage returns" "# x\r\n127.0.0.1 $good:second\r\n" bad_source 1 "$keep"
applies "comment after the password" "\n127.0.0.1 $good:second # new\n" bad_source 2 "$keep"
applies "continuation line" "127.0.0.1 $good:second\n more\n" bad_source 2 "$keep"
applies "duplicate key" "127.0.0.1 $good:first\n127.0.0.1 $good:second\n" bad_source 2 "$keep"
applies "no entry for the relay" "[127.0.0.1]:1 $good:second\n" bad_source 0 "$keep"
applies "empty file" "" bad_source 0 "$keep"
applies "not ASCII" "127.0.0.1 $good:f\303\274\n" bad_source 1 "$keep"
source_is "127.0.0.1 $good:second\n"
head -c 100000 /dev/zero | tr '\0' x >>"$passwd"
keeper A
is "too large" bad_source "$(field outcome)"

source_is "127.0.0.1 $good:second\n"
chmod 644 "$passwd"
keeper A
is "mode 0644" "bad_source $keep" "$(field outcome) $(live 127.0.0.1)"
chmod 600 "$passwd"
ln "$passwd" "$work/second-name"
keeper A
is "two names" "bad_source $keep" "$(field outcome) $(live 127.0.0.1)"
rm "$work/second-name"
mv "$passwd" "$work/elsewhere"
ln -s "$work/elsewhere" "$passwd"
keeper A
is "symbolic link" "bad_source $keep" "$(field outcome) $(live 127.0.0.1)"
rm "$passwd"
keeper A
is "file gone" "bad_source $keep" "$(field outcome) $(live 127.0.0.1)"
keeper V
is "file gone: the live login is still known" "done ok" "$(field outcome) $(field result)"
mkfifo -m 600 "$passwd"
keeper A
is "fifo" bad_source "$(field outcome)"
rm "$passwd"
source_is "127.0.0.1 $good:second\n"
chown relaywatch "$passwd"
keeper A
is "another owner" bad_source "$(field outcome)"
chmod 777 "$etc"
source_is "127.0.0.1 $good:second\n"
keeper A
is "a folder for everybody" bad_source "$(field outcome)"
chmod 1777 "$etc"
source_is "127.0.0.1 $good:second\n"
keeper A
is "even a sticky one" bad_source "$(field outcome)"
chmod 755 "$etc"
chmod 1777 "$work"
keeper V
is "but on the way a sticky one will do" "done" "$(field outcome)"
chmod 755 "$work"

set_password second
applies "good change, no newline at the end" "127.0.0.1 $good:second" "done" 0 "$good:second"
keeper V
is "verify the new one" "done ok" "$(field outcome) $(field result)"
applies "another key beside it" "127.0.0.1 $good:second\nother.example u:p\n" "done" 0 "$good:second"
is "is live too" u:p "$(live other.example)"
applies "and removed" "127.0.0.1 $good:second\n" "done" 0 "$good:second"
is "is gone" "" "$(live other.example)"

# ---------------------------------------------------------------- the smarthost's troubles

postconf -c "$work/smart/etc" -e "smtpd_tls_cert_file=$work/smart/other.test.pem" "smtpd_tls_key_file=$work/smart/other.test.key"
postfix -c "$work/smart/etc" reload >/dev/null 2>&1
sleep 1
logins=$(grep -c ' auth=' "$work/smart/mail.log")
applies "certificate for another name" "127.0.0.1 $good:third\n" inconclusive 0 "$good:second"
is "says so" tls "$(field result)"
case $(field text) in *other.test*) ok "and names it" ;; *) not_ok "and names it" "$(field text)" ;; esac
if [ "$(field certificate_expires_s)" -gt 0 ]; then ok "and its end"; else not_ok "and its end" none; fi
is "no login was tried" "$logins" "$(grep -c ' auth=' "$work/smart/mail.log")"
postconf -c "$work/smart/etc" -e "smtpd_tls_cert_file=$work/smart/smarthost.test.pem" "smtpd_tls_key_file=$work/smart/smarthost.test.key"
postfix -c "$work/smart/etc" reload >/dev/null 2>&1

postfix -c "$work/smart/etc" stop >/dev/null 2>&1
applies "smarthost down" "127.0.0.1 $good:third\n" inconclusive 0 "$good:second"
is "says so" unreachable "$(field result)"
postfix -c "$work/smart/etc" start >/dev/null 2>&1
until_true bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"

set_password third
postconf -c "$etc" -e "relayhost=[127.0.0.1]:$tls_port" smtp_tls_wrappermode=yes
applies "implicit TLS" "127.0.0.1 $good:third\n" "done" 0 "$good:third"
postconf -c "$etc" -e "relayhost=[127.0.0.1]:$port" smtp_tls_wrappermode=no

postconf -c "$etc" -e smtp_sasl_auth_enable=no
keeper A
is "no SASL: nothing to do" unchanged "$(field outcome)"
keeper V
is "no SASL: the way is proved" "done ok" "$(field outcome) $(field result)"
postconf -c "$etc" -e smtp_sasl_auth_enable=yes

# ---------------------------------------------------------------- texthash

postconf -c "$etc" -e "smtp_sasl_password_maps=texthash:$passwd"
keeper A
is "texthash: proved and loaded once" "done 1" "$(field outcome) $(field reloaded)"
keeper A
is "texthash: then unchanged" unchanged "$(field outcome)"
source_is "127.0.0.1 $good:wrong\n"
keeper A
is "texthash: a wrong one is not loaded" "refused 0" "$(field outcome) $(field reloaded)"
postconf -c "$etc" -e "smtp_sasl_password_maps=$type:$passwd"
source_is "127.0.0.1 $good:third\n"

# ---------------------------------------------------------------- one at a time, and killed at each step

postfix -c "$etc" stop >/dev/null 2>&1
exec 9>"$work/state/lock"
flock 9
keeper A
is "while another change runs" busy "$(field outcome)"
exec 9>&-

if command -v strace >/dev/null; then
    points=0
    torn=
    export ASAN_OPTIONS=detect_leaks=0
    for call in mkdirat openat write fsync utimensat renameat renameat2 unlinkat rename close; do
        for n in $(seq 60); do
            source_is "127.0.0.1 $good:third\n" && rm -f "$index" && postmap -c "$etc" "$type:$passwd"
            # The entry of another host changes too, so that nothing has to be proved and the run is short.
            source_is "127.0.0.1 $good:third\nk$n.example u:p$n\n"
            keeper A "$(command -v strace)" -D -o /dev/null -e trace=$call -e "inject=$call:signal=KILL:when=$n" && break
            points=$((points + 1))
            case "$(live 127.0.0.1)/$(live k$n.example)" in
            "$good:third/" | "$good:third/u:p$n") ;;
            *) torn="$torn $call:$n" ;;
            esac
        done
    done
    keeper A
    is "killed at $points points: never without a whole map" "" "$torn"
    is "and nothing is left over after the next run" "" "$(find "$etc" -name "*stage*")"
    if [ $points -ge 20 ]; then ok "that was a real test"; else not_ok "that was a real test" "$points points"; fi
fi

# ---------------------------------------------------------------- the secret stays where it belongs

if grep -rqs -e ':third' -e ':second' -e "$(printf '\0%s\0third' "$good" | base64)" "$work/state" "$work/keeper.log" "$work/relay/mail.log"; then
    not_ok "no password in state or logs" "$(grep -rls third "$work/state" "$work/keeper.log" "$work/relay/mail.log")"
else
    ok "no password in state or logs"
fi
if grep -q 'Sanitizer\|runtime error' "$work/keeper.log"; then
    not_ok "sanitizers" "$(grep -m2 'Sanitizer\|runtime error' "$work/keeper.log")"
else
    ok "sanitizers silent"
fi
exit $failed
