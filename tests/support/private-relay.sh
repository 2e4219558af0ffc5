# shellcheck shell=bash disable=SC2034
# private-relay.sh: sourced by process tests with BIN as $1. A private relay Postfix, a private smarthost (a second
# Postfix with Cyrus SASL and TLS, ports for STARTTLS and for implicit TLS), and relaywatch-keeper to ask. All of it is in
# $work and ends with the script. Must run as root.

bin=$(cd "$1" && pwd)
ask=$bin/keeper_ask
[ -x "$ask" ] || ask=$bin/../support/keeper_ask
[ -x "$ask" ] || { echo "not ok - keeper_ask: neither in $bin nor in $bin/../support"; exit 1; }
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
# shellcheck source=tests/support/words.sh
. "$(dirname "$0")/../support/words.sh"
export LC_ALL=C

# is NAME WANT GOT
is() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "wanted '$2', got '$3' $(grep -s "^detail=\|^text=" "$reply" | tr "\n" " ")"; fi
}

clean_up() {
    postfix -c "$etc" stop >/dev/null 2>&1
    postfix -c "$work/smart/etc" stop >/dev/null 2>&1
    no_secret_in "$work"
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

# Options of keeper_ask and of the keeper beside those that are always the same.
asking=()
serving=()

# keeper VERB [WRAPPER...]: the reply goes to $reply
keeper() {
    local verb=$1
    shift
    "$ask" "${asking[@]}" "$verb" "$@" "$bin/relaywatch-keeper" --postfix "$etc" --allow relaywatch \
        --probe "$bin/relaywatch-probe" --probe-user relaywatch-probe --state "$work/state" "${serving[@]}" \
        >"$reply" 2>>"$work/keeper.log"
}

# As relaywatchd asks: a login that was refused is not tried again.
daemon() {
    asking=(--as relaywatch)
    keeper "$@"
    asking=()
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

# begin: starts both
begin() {
    # A package of Postfix may have left the probe's user out; the programs need it.
    getent passwd relaywatch-probe >/dev/null || { not_ok users "no user relaywatch-probe"; exit 1; }
    chmod 755 "$(dirname "$bin")" 2>/dev/null
    make_smarthost || { not_ok smarthost "did not start: $(tail -3 "$work/smart/mail.log")"; exit 1; }
    make_relay
}
