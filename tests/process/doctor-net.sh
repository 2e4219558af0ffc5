#!/bin/bash
# doctor-net.sh BIN: what `relaywatch doctor` says of a network, tried in real ones: this host, a router and the world, each a
# network namespace. Packet filters on the way out and in, by nft and by iptables; the relay reached through masquerading;
# IPv6 that is broken; strangers who ask from outside. Must run as root. Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2034,SC2154,SC2317 # what private-relay.sh shares; called by trap
set -u

if [ "${DOCTOR_ALONE:-}" != yes ]; then
    unshare -n -m true 2>/dev/null || { echo "ok - # skipped: no namespaces can be made here"; exit 0; }
    DOCTOR_ALONE=yes exec unshare -n -m bash "$0" "$@"
fi
ip link set lo up # postconf(1) does not run without an interface
# shellcheck source=tests/support/private-relay.sh
. "$(dirname "$0")/../support/private-relay.sh"
conf=$work/relaywatch.conf
echo 1000 >/proc/sys/net/unix/max_dgram_qlen # of this namespace: Postfix can block on its own log at the kernel's 10

# ---------------------------------------------------------------- three networks

# namespace NAME: its process is in $NAME
namespace() {
    unshare -n sleep 600 &
    declare -g "$1=$!"
    until_true is_apart "${!1}"
}
is_apart() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
in_ns() { nsenter -t "$1" -n "${@:2}"; }

# cable A B NAME_A NAME_B V4_A V4_B V6_A V6_B: a cable between two
cable() {
    ip link add "$3" netns "$1" type veth peer name "$4" netns "$2"
    in_ns "$1" ip addr add "$5" dev "$3"
    in_ns "$2" ip addr add "$6" dev "$4"
    in_ns "$1" ip -6 addr add "$7" dev "$3" nodad
    in_ns "$2" ip -6 addr add "$8" dev "$4" nodad
    in_ns "$1" ip link set "$3" up
    in_ns "$2" ip link set "$4" up
}

make_networks() {
    namespace router
    namespace world
    for ns in $$ "$router" "$world"; do in_ns "$ns" ip link set lo up; done
    cable $$ "$router" out0 in0 192.0.2.9/24 192.0.2.1/24 2001:db8:1::9/64 2001:db8:1::1/64
    cable "$router" "$world" up0 down0 198.51.100.1/24 198.51.100.9/24 2001:db8:2::1/64 2001:db8:2::9/64
    ip route add default via 192.0.2.1
    ip -6 route add default via 2001:db8:1::1
    in_ns "$world" ip route add default via 198.51.100.1
    in_ns "$world" ip -6 route add default via 2001:db8:2::1
    in_ns "$router" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
    printf '127.0.0.1 localhost\n198.51.100.9 relay.world.test\n2001:db8:2::9 relay.world.test\n192.0.2.9 relay.test %s\n' \
        "$(hostname)" >"$work/hosts"
    mount --bind "$work/hosts" /etc/hosts
    echo 'nameserver 127.0.0.1' >"$work/resolv.conf" # nobody there: an answer at once
    mount --bind "$work/resolv.conf" /etc/resolv.conf
}

stop_all() {
    for started in "${server:-}" "${router:-}" "${world:-}"; do [ -z "$started" ] || kill "$started"; done 2>/dev/null
    clean_up
}
trap stop_all EXIT

make_all() {
    mkdir -p "$work/smart"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/ca.key" -subj /CN=test-ca -days 30 -out "$work/ca.pem" 2>/dev/null
    certificate relay.world.test
    nsenter -t "$world" -n python3 "$(dirname "$0")/../support/network_smarthost.py" "$work/smart/relay.world.test.pem" \
        "$work/smart/relay.world.test.key" >"$work/ready" &
    server=$!
    until_true grep -q ready "$work/ready"
    common "$work/relay" relay.test
    sed -i -e '/^inet_interfaces/s/=.*/= all/' -e '/^inet_protocols/s/=.*/= all/' "$etc/main.cf"
    cat >>"$etc/main.cf" <<END
relayhost = [relay.world.test]:587
smtp_tls_security_level = secure
smtp_tls_CAfile = $work/ca.pem
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = $type:$passwd
smtp_sasl_security_options = noplaintext, noanonymous
smtp_sasl_tls_security_options = noplaintext, noanonymous
smtp_sasl_tls_verified_security_options = noanonymous
smtpd_relay_restrictions = permit_mynetworks, reject
END
    { echo "2525 inet n - n - - smtpd"; echo "$services"; } >"$etc/master.cf"
    source_is "relay.world.test me:$canary\n"
    (umask 077 && postmap -c "$etc" "$type:$passwd")
    printf 'postfix_config_dir = %s\nmail_log = %s\nsasl_passwd = %s\nsubmit = 127.0.0.1:2525\nkeeper_state_dir = %s\n' \
        "$etc" "$work/relay/mail.log" "$passwd" "$work/state" >"$conf"
    postfix -c "$etc" start >/dev/null 2>&1
    until_true bash -c 'exec 3<>/dev/tcp/192.0.2.9/2525'
}

# says NAME CHECK RESULT WORDS
says() {
    "$bin/relaywatch" -c "$conf" doctor --json --only "$2" >"$work/said" 2>&1
    is "$1" "$3 yes" "$(python3 - "$work/said" "$4" <<'END'
import json, sys
c = json.load(open(sys.argv[1]))["checks"][0]
print(c["result"], "yes" if sys.argv[2] in c["found"] else c["found"])
END
)"
}

# What a stranger on the router gets at this host's port: open, refused or silent.
stranger() {
    in_ns "$router" timeout 3 bash -c "exec 3<>/dev/tcp/$1/2525 && head -c 3 <&3" >"$work/stranger" 2>&1
    if grep -q 220 "$work/stranger"; then echo open; elif grep -q refused "$work/stranger"; then echo refused; else echo silent; fi
}

make_networks
make_all

# ---------------------------------------------------------------- all is well, and the way out

says "a way that is free" tcp-587 ok "IPv4: open, IPv6: open"
says "the relay says whom it sees" egress-address ok "sees us as "
if command -v nft >/dev/null; then
    drop() { nft "add table inet f; add chain inet f out { type filter hook output priority 0; }; add rule inet f out $1"; }
    drop 'tcp dport 587 drop'
    says "nft drops 587 out" tcp-587 critical "IPv4: no answer in time, IPv6: no answer in time"
    nft delete table inet f
    drop 'tcp dport 587 reject with tcp reset'
    says "nft rejects 587 out" tcp-587 critical "IPv4: refused, IPv6: refused"
    nft delete table inet f
    drop 'meta nfproto ipv6 tcp dport 587 drop'
    says "IPv6 alone gets no answer" tcp-587 warning "IPv4: open, IPv6: no answer in time"
    nft delete table inet f

    # ---------------------------------------------------------------- the way in

    says "open for others" outside warning "port 2525 answers at 192.0.2.9"
    is "a stranger sees that, too" open "$(stranger 192.0.2.9)"
    says "no filter" firewall warning "none is active"
    nft 'add table inet f; add chain inet f in { type filter hook input priority 0; policy drop; };
        add rule inet f in iif lo accept; add rule inet f in ct state established,related accept;
        add rule inet f in meta l4proto ipv6-icmp accept'
    is "nft keeps a stranger out" silent "$(stranger 192.0.2.9)"
    says "nft filters what comes in" firewall ok "nftables filters what comes in"
    says "behind it the port is not told to be open for all" outside warning "perhaps not: nftables filters"
    nft delete table inet f

    in_ns "$router" nft 'add table ip n; add chain ip n post { type nat hook postrouting priority 100; };
        add rule ip n post oifname up0 masquerade; add table ip6 d; add chain ip6 d through { type filter hook forward priority 0; };
        add rule ip6 d through drop'
    says "masqueraded: the address that the relay sees" egress-address ok "sees us as 198.51.100.1"
    says "IPv6 that a router swallows" tcp-587 warning "IPv4: open, IPv6: no answer in time"
    in_ns "$router" nft 'delete table ip n; delete table ip6 d'
else
    echo "ok - # skipped: there is no nft here"
fi
if command -v iptables >/dev/null && command -v iptables-save >/dev/null; then
    iptables -A OUTPUT -p tcp --dport 587 -j DROP
    says "iptables drops 587 out over IPv4" tcp-587 ok "IPv4: no answer in time, IPv6: open"
    iptables -F OUTPUT
    iptables -A INPUT -i out0 -p tcp --dport 2525 -j DROP
    is "iptables keeps a stranger out" silent "$(stranger 192.0.2.9)"
    says "iptables filters what comes in" firewall ok "filters what comes in"
    iptables -F INPUT
else
    echo "ok - # skipped: there is no iptables here"
fi
ip -6 route del default
says "no IPv6 route, and the relay has an AAAA" tcp-587 ok "IPv4: open, IPv6: no way there"
ip -6 route add default via 2001:db8:1::1

# ---------------------------------------------------------------- strangers

# asked ADDRESS: what the relay says to RCPT of a stranger, asked from the router
asked() {
    in_ns "$router" python3 - "$1" <<'END'
import smtplib, sys
s = smtplib.SMTP(sys.argv[1], 2525, timeout=10)
s.ehlo("stranger.example")
s.mail("a@example.com")
print(s.rcpt("b@example.net")[0])
END
}

answers() { [ "$(asked 192.0.2.9)" = "$1" ]; }

is "a stranger is refused" 554 "$(asked 192.0.2.9)"
says "no open relay" open-relay ok "refused"
postconf -c "$etc" -e 'smtpd_relay_restrictions = check_client_access static:OK, reject'
postfix -c "$etc" reload >/dev/null 2>&1
until_true answers 250
is "an open relay takes a stranger's mail" "250 250" "$(asked 192.0.2.9) $(asked 2001:db8:1::9)"
says "an open relay is told" open-relay critical "takes mail from strangers"
postconf -c "$etc" -e 'smtpd_relay_restrictions = permit_mynetworks, reject' 'mynetworks = 127.0.0.0/8 192.0.2.9/32'
postfix -c "$etc" reload >/dev/null 2>&1
until_true answers 554
is "this host's own address may send, a stranger not" 554 "$(asked 192.0.2.9)"
says "that is no open relay" open-relay ok "refused"
exit $failed
