# shellcheck shell=bash disable=SC2034
# install-relay.sh: sourced by install.sh and installkill.sh with BIN as $1: a private Postfix that somebody set up by hand,
# and a private smarthost (a second Postfix with Cyrus SASL and TLS) on an address of 127.0.0.0/8 of our own, whose name
# stands in a hosts file of our own: in a mount namespace that is made here, so the script begins anew in it. Nothing of
# the host's Postfix is touched. Must run as root.

if [ "${INSTALL_ALONE:-}" != yes ]; then
    unshare -m true 2>/dev/null || { echo "ok - # skipped: no mount namespace can be made here"; exit 0; }
    INSTALL_ALONE=yes exec unshare -m bash "$0" "$1"
fi

bin=$(cd "$1" && pwd)
work=$(mktemp -d /var/lib/relaywatch-install-test.XXXXXX)
chmod 755 "$work"
own=127.$((RANDOM % 200 + 20)).$((RANDOM % 250)).1
port=$((20000 + RANDOM % 9000))
etc=$work/relay/etc
conf=$work/relaywatch/relaywatch.conf
said=$work/said
host=smtp-relay.install.test
export LC_ALL=C ASAN_OPTIONS=${ASAN_OPTIONS:-}

# shellcheck source=tests/support/words.sh
. "$(dirname "$0")/../support/words.sh"

# is NAME WANT GOT
is() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "wanted '$2', got '$3' ($(tail -n 3 "$said" 2>/dev/null | tr '\n' '|'))"; fi
}

# has NAME PATTERN: the last command said so
has() {
    if grep -q -e "$2" "$said"; then ok "$1"; else not_ok "$1" "no '$2' in: $(head -c 400 "$said" | tr '\n' '|')"; fi
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

folders() {
    mkdir -p "$1/etc" "$1/queue" "$1/data"
    chown postfix "$1/data"
}

make_smarthost() {
    local s=$work/smart
    folders "$s"
    mkdir -p "$s/etc/sasl"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/ca.key" -subj /CN=test-ca -days 30 -out "$work/ca.pem" 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -keyout "$s/key.pem" -subj "/CN=$host" -out "$s/csr" 2>/dev/null
    printf 'subjectAltName=DNS:%s\n' "$host" >"$s/ext"
    openssl x509 -req -in "$s/csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 30 \
        -extfile "$s/ext" -out "$s/cert.pem" 2>/dev/null
    printf 'pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: %s\nmech_list: PLAIN LOGIN\n' \
        "$s/sasldb2" >"$s/etc/sasl/smtpd.conf"
    printf abcdefghijklmnop | saslpasswd2 -p -c -f "$s/sasldb2" -u install.test relay
    chown postfix "$s/sasldb2"
    cat >"$s/etc/main.cf" <<END
compatibility_level = 2
queue_directory = $s/queue
data_directory = $s/data
myhostname = $host
mydestination =
local_recipient_maps =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = $s/mail.log
maillog_file_prefixes = $work
default_transport = discard:
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_sasl_auth_enable = yes
cyrus_sasl_config_path = $s/etc/sasl
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = $s/cert.pem
smtpd_tls_key_file = $s/key.pem
END
    {
        echo "$own:587 inet n - n - - smtpd"
        echo "$own:465 inet n - n - - smtpd -o smtpd_tls_wrappermode=yes"
        echo "$services"
    } >"$s/etc/master.cf"
    cp /etc/hosts "$work/hosts"
    echo "$own $host" >>"$work/hosts"
    mount --bind "$work/hosts" /etc/hosts
    postfix -c "$s/etc" start >/dev/null 2>&1
    until_true bash -c "exec 3<>/dev/tcp/$own/587"
}

# A relay as somebody wrote it by hand: comments, values over several lines, another milter, a map of another relay.
make_relay() {
    folders "$work/relay"
    mkdir -p "$work/relaywatch" "$work/keeper"
    cat >"$etc/main.cf" <<END
# Our relay. Ask Anna before you change it.
queue_directory = $work/relay/queue
data_directory=$work/relay/data
compatibility_level = 2
myhostname = relay.install.test

# who may send
mynetworks = 127.0.0.0/8,
    # the office
	10.77.0.0/16
  10.78.0.0/16
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [old.example.net]:25
smtp_tls_security_level = may
smtp_use_tls = yes
smtpd_milters = { inet:127.0.0.1:1,
    connect_timeout=1s, default_action=accept }
mydestination = relay.install.test,
	localhost
local_recipient_maps =
alias_maps =
maillog_file = $work/relay/mail.log
maillog_file_prefixes = $work
# the end, without a newline: smtp_sasl_auth_enable = no
END
    printf 'notify_classes = resource' >>"$etc/main.cf"
    {
        printf '# ours\n%s:%s inet n - n - - smtpd\n    -o syslog_name=postfix/in\n' "$own" "$port"
        echo "$services"
    } >"$etc/master.cf"
    (umask 077 && printf '# the old one\n[old.example.net]:25 x:y\n' >"$etc/sasl_passwd")
    cat >"$conf" <<END
# by hand
postfix_config_dir = $etc
mail_log = $work/relay/mail.log
keeper_state_dir = $work/keeper
receivers_file = $work/relaywatch/receivers.conf
milter_socket = unix:$work/relay/queue/relaywatch/milter.sock
submit = $own:$port
sasl_passwd = $etc/sasl_passwd
END
    printf 'abcd efgh ijkl mnop\n' >"$work/pw"
    printf 'wrong\n' >"$work/wrong"
    chmod 600 "$work/pw" "$work/wrong"
    postfix -c "$etc" start >/dev/null 2>&1
    until_true postfix -c "$etc" status
}

rw() { "$bin/relaywatch" -c "$conf" "$@" </dev/null >"$said" 2>&1; }

# install OPTION...: what every run has
install() {
    rw install --gmail-address relay@install.test --app-password-file "$work/pw" --relay-host "$host" \
        --ca-file "$work/ca.pem" --listen "$own:$port" --no-packages --yes "$@"
}

# Everything but the mere time of a folder: names, modes, owners, times, contents.
picture() {
    (cd "$work" && find relay/etc relaywatch ! -type d -printf '%p %m %u %g %T@ ' -exec sha256sum {} \; &&
        find relay/etc relaywatch -type d -printf '%p %m %u %g\n') | sort
}

for user in relaywatch relaywatch-milter relaywatch-notify relaywatch-probe; do
    getent passwd $user >/dev/null || { not_ok users "no user $user"; exit 1; }
done
chmod 755 "$(dirname "$bin")" 2>/dev/null
make_smarthost || { not_ok smarthost "did not start: $(tail -n 3 "$work/smart/mail.log" 2>&1)"; exit 1; }
make_relay || { not_ok relay "did not start"; exit 1; }
before=$(picture)
mkdir "$work/kept"
cp -a "$etc" "$work/relaywatch" "$work/kept"

# Not by relaywatch itself: as it was at the beginning.
as_at_first() {
    rm -rf "$etc" "$work/relaywatch"
    cp -a "$work/kept/etc" "$work/relay"
    cp -a "$work/kept/relaywatch" "$work"
}
