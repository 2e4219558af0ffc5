#!/bin/bash
# firewall.sh BIN: `relaywatch firewall` on a private Postfix that listens for all the world, in a network namespace where
# nobody is, with stand-ins for ufw and firewall-cmd. Must run as root. Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2154 # what the support files share
set -u

if [ "${2:-}" != inside ]; then
    unshare -mn true 2>/dev/null || { echo "ok - # skipped: no namespaces can be made here"; exit 0; }
    exec unshare -mn bash "$0" "$1" inside
fi
ip link set lo up 2>/dev/null || ifconfig lo up 2>/dev/null || { echo "ok - # skipped: neither ip nor ifconfig is here"; exit 0; }

# shellcheck source=tests/support/private-relay.sh
. "$(dirname "$0")/../support/private-relay.sh"
# shellcheck source=tests/support/relaywatch.sh
. "$(dirname "$0")/../support/relaywatch.sh"

# stand_in FOLDER NAME: what is read from stdin is found there, in this namespace alone
stand_in() {
    mkdir -p "$work/over$1" "$work/work$1"
    cat >"$work/over$1/$2"
    chmod 755 "$work/over$1/$2"
    grep -q " $1 overlay" /proc/mounts ||
        mount -t overlay overlay -o "lowerdir=$1,upperdir=$work/over$1,workdir=$work/work$1" "$1" 2>/dev/null
}

# listen ADDRESS: Postfix takes mail there
listen() {
    postfix -c "$etc" stop >/dev/null 2>&1
    {
        echo "$1:$port inet n - n - - smtpd"
        echo "$services"
    } >"$etc/master.cf"
    postfix -c "$etc" start >/dev/null 2>&1
    until_true grep -qi ":$(printf %04X "$port") " /proc/net/tcp
}

verdict() { is "$1" "$2" "$(json "d['state'], len(d['commands'])")"; }

printf 'postfix_config_dir = %s\n' "$etc" >"$conf"
make_relay
stand_in /usr/sbin ufw <<END
#!/bin/sh
# Rules are lines of $work/ufw; each call is noted.
echo "ufw \$*" >>$work/calls
case "\$*" in
"status verbose")
    [ -e $work/ufw ] || { echo "Status: inactive"; exit 0; }
    printf 'Status: active\nDefault: deny (incoming), allow (outgoing), disabled (routed)\n\nTo    Action    From\n--    ------    ----\n'
    cat $work/ufw ;;
"--force delete allow $port/tcp") sed -i '/^$port.tcp  *ALLOW IN  *Anywhere/d' $work/ufw ;;
"insert 1 allow proto tcp from 10.9.0.0/16 to any port $port") echo "$port/tcp   ALLOW IN    10.9.0.0/16" >>$work/ufw ;;
*) echo "ERROR: Invalid syntax" >&2; exit 1 ;;
esac
END
[ "$(command -v ufw)" = /usr/sbin/ufw ] || { echo "ok - # skipped: no overlay can be mounted here"; exit "$failed"; }

listen 127.0.0.1
exits "the loopback alone" 0 firewall --port "$port"
says "the loopback alone: no firewall is needed" '^not needed: Postfix listens at port [0-9]+ on the loopback alone'
listen 0.0.0.0
exits "all the world, no firewall" 1 firewall --port "$port"
says "no firewall: what to do" 'postconf -e inet_interfaces=loopback-only && postfix'
exits "no firewall: nothing to apply" 1 firewall --port "$port" --apply
says "no firewall: nothing was changed" 'nothing was changed' "$err"
printf '22/tcp   ALLOW IN    Anywhere\n%s/tcp   ALLOW IN    Anywhere\n' "$port" >"$work/ufw"
exits "ufw lets everybody in" 1 firewall --port "$port"
says "ufw: the command" "^ +close it +ufw --force delete allow $port/tcp$"
fits "ufw: fits the terminal"
is "ufw: nothing was changed" 0 "$(grep -c delete "$work/calls")"
postconf -c "$etc" -e 'mynetworks = 127.0.0.0/8 10.9.0.0/16'
exits "as JSON" 1 firewall --port "$port" --json
verdict "as JSON: a trusted network stays allowed" "open 2"
exits "apply" 0 firewall --port "$port" --apply
says "apply: says what it ran" "^ufw insert 1 allow proto tcp from 10.9.0.0/16 to any port $port$"
says "apply: and that it is closed" '^closed: ufw is active and keeps others'
cp "$work/ufw" "$work/ufw.before"
exits "apply again" 0 firewall --port "$port" --apply
says "apply again: nothing" 'nothing was changed'
is "apply again: the rules stay" "" "$(diff "$work/ufw" "$work/ufw.before")"

stand_in /usr/bin firewall-cmd <<END
#!/bin/sh
echo "firewall-cmd \$*" >>$work/calls
case "\$*" in
--list-all-zones)
    [ -e $work/ports ] || exit 252
    printf 'public (default, active)\n  target: default\n  services: ssh\n  ports: %s\n' "\$(cat $work/ports)" ;;
"--permanent --zone=public --remove-port=$port/tcp") touch $work/removed ;;
--permanent*) ;;
--reload) [ ! -e $work/removed ] || : >$work/ports ;;
*) exit 2 ;;
esac
END
echo "$port/tcp" >"$work/ports"
exits "firewalld lets everybody in" 1 firewall --port "$port"
says "firewalld: the command" "firewall-cmd --permanent --zone=public --remove-port=$port/tcp"
exits "firewalld: apply" 0 firewall --port "$port" --apply
says "firewalld: closed" '^closed: firewalld runs and keeps others'
postfix -c "$etc" stop >/dev/null 2>&1
python3 -c "
import socket, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('0.0.0.0', $port)); s.listen(); time.sleep(60)" &
other=$!
until_true grep -qi ":$(printf %04X "$port") " /proc/net/tcp
echo "$port/tcp" >"$work/ports"
exits "another program's port" 0 firewall --port "$port" --apply
says "another program's port: left alone" "is not Postfix's but python3's: it is left alone"
kill "$other"
wait "$other" 2>/dev/null
exits "nobody listens" 0 firewall --port "$port"
says "nobody listens: on the loopback alone it would be" '^not needed: Postfix does not listen at port'
postconf -c "$etc" -e 'inet_interfaces = all'
exits "nobody listens, yet" 0 firewall --port "$port"
says "nobody listens, yet: what will be" 'with inet_interfaces = all Postfix'
exits "no port" 64 firewall --port x
exits "--apply has no --json" 64 firewall --apply --json
cp "$bin/relaywatch" "$work/relaywatch"
status=0
setpriv --reuid=65534 --regid=65534 --clear-groups "$work/relaywatch" -c "$conf" firewall >"$out" 2>"$err" || status=$?
is "not root" 77 $status
exit "$failed"
