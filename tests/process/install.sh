#!/bin/bash
# install.sh BIN: relaywatch install, uninstall, backup and restore on a private Postfix that somebody set up by hand,
# against a private smarthost (a second Postfix with Cyrus SASL and TLS) on an address of 127.0.0.0/8 of our own. Nothing
# of the host's Postfix is touched. Must run as root, in a mount namespace of its own, because of the smarthost's name in
# /etc/hosts: makes one. Prints "ok - name" or "not ok - name: why".
set -u

if [ "${2:-}" != inside ]; then
    unshare -m true 2>/dev/null || { echo "ok - # skipped: no mount namespace can be made here"; exit 0; }
    exec unshare -m bash "$0" "$1" inside
fi

bin=$(cd "$1" && pwd)
failed=0
work=$(mktemp -d /var/lib/relaywatch-install-test.XXXXXX)
chmod 755 "$work"
own=127.$((RANDOM % 200 + 20)).$((RANDOM % 250)).1
port=$((20000 + RANDOM % 9000))
etc=$work/relay/etc
conf=$work/relaywatch/relaywatch.conf
said=$work/said
host=smtp-relay.install.test
export LC_ALL=C ASAN_OPTIONS=${ASAN_OPTIONS:-}

ok() { echo "ok - $1"; }

not_ok() {
    echo "not ok - $1: $2"
    failed=1
}

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

# ---------------------------------------------------------------- what is wrong changes nothing, and says one line

# refused NAME STATUS PATTERN OPTION...
refused() {
    local name=$1 status=$2 pattern=$3 got
    shift 3
    install "$@"
    got=$?
    is "$name" "$status $before" "$got $(picture)"
    has "$name: says why" "$pattern"
}

refused "no address" 64 'not an address' --gmail-address nobody
refused "port 25" 64 'most networks block it' --relay-port 25
refused "another port" 64 '587 .*465' --relay-port 2525
refused "a host with a port" 64 'without brackets and port' --relay-host "$host:587"
refused "an unreadable password file" 1 'No such file' --app-password-file "$work/none"
printf 'a\nb\n' >"$work/two"
refused "a password of two lines" 64 'line break' --app-password-file "$work/two"
printf 'a\r\n' >"$work/two"
refused "a password with a CR" 64 'line break' --app-password-file "$work/two"
refused "the whole world" 64 'large part of the world' --trust-network 0.0.0.0/0
refused "a relay without an address" 1 'no address for this name' --relay-host nowhere.invalid
refused "a wrong password" 1 "refused the login" --app-password-file "$work/wrong"
refused "a certificate by nobody known" 1 "TLS with" --ca-file /etc/hosts
refused "a recipient that is none" 64 'not an address' --test-recipient x
rw install --relay-host "$host"
is "nothing given, no terminal" "64 $before" "$? $(picture)"
setpriv --reuid=65534 --regid=65534 --clear-groups "$bin/relaywatch" -c "$conf" install --gmail-address a@b.example >"$said" 2>&1
is "not root" 77 $?
if [ "$(df --output=fstype "$work" | tail -n 1)" != tmpfs ] && mkdir "$work/full" && mount -t tmpfs -o size=64k none "$work/full"; then
    sed "s|^keeper_state_dir.*|keeper_state_dir = $work/full|" "$conf" >"$work/full.conf"
    "$bin/relaywatch" -c "$work/full.conf" install --gmail-address relay@install.test --app-password-file "$work/pw" \
        --relay-host "$host" --ca-file "$work/ca.pem" --no-packages --yes --listen "$own:$port" >"$said" 2>&1
    is "a full disk" "1 $before" "$? $(picture)"
    has "a full disk: says why" 'is full'
    umount "$work/full"
fi

# ---------------------------------------------------------------- only looking

install --dry-run
is "a dry run changes nothing" "0 $before" "$? $(picture)"
has "and shows main.cf" '^-relayhost = \[old.example.net\]:25'
has "and the login, masked" "^+$host relay@install.test:\*\*\*"
if grep -q abcdefghijklmnop "$said"; then not_ok "no password in the plan" "it is there"; else ok "no password in the plan"; fi

# ---------------------------------------------------------------- there and back

master=$(cat "$work/relay/queue/pid/master.pid")
install --test-recipient b@example.test
is "587: the test message is delivered" 0 $?
has "587: to the relay, over TLS that proved its name" 'Verified TLS'
is "Postfix was not stopped" "$master" "$(cat "$work/relay/queue/pid/master.pid")"
is "postfix check" 0 "$(postfix -c "$etc" check >"$said" 2>&1; echo $?)"
is "no warning about main.cf" "" "$(postconf -c "$etc" -n 2>&1 >/dev/null)"
is "their milter stands before ours" "{ inet:127.0.0.1:1, connect_timeout=1s, default_action=accept }, { unix:relaywatch/milter.sock, connect_timeout=1s, command_timeout=2s, content_timeout=5s, default_action=accept }" \
    "$(postconf -c "$etc" -h smtpd_milters)"
is "their networks stay" 3 "$(postconf -c "$etc" -h mynetworks | grep -o '[0-9.]*/[0-9]*' | grep -cE '^(127|10\.77|10\.78)')"
is "their comments stay, in their order" "$(grep '^[[:space:]]*#' "$work/kept/etc/main.cf")" \
    "$(grep '^[[:space:]]*#' "$etc/main.cf" | grep -v 'Added by relaywatch')"
is "their login stays" 1 "$(grep -c '^\[old.example.net\]:25 x:y$' "$etc/sasl_passwd")"
is "password file and map are root's alone" 0 "$(find "$etc" -name 'sasl_passwd*' -perm /077 | wc -l)"
after=$(picture)
install
is "a second run changes nothing" "0 $after" "$? $(picture)"
has "and says so" '^unchanged'
install --relay-port 465 --test-recipient b@example.test
is "465: the test message is delivered" 0 $?
has "465: to that port" ":465"
install
rw uninstall --yes
is "uninstall: all as before, to the byte" "0 $before" "$? $(picture)"
is "uninstall: Postfix runs" 0 "$(postfix -c "$etc" status >/dev/null 2>&1; echo $?)"
rw uninstall --yes
is "uninstall again: nothing to do" "0 $before" "$? $(picture)"

# ---------------------------------------------------------------- others go on working

install
postconf -c "$etc" -e 'message_size_limit = 12345678' 'smtp_tls_loglevel = 2'
rw uninstall --yes
has "edited since: says so" 'was changed since'
is "edited since: theirs stays, ours goes" "12345678 2 [old.example.net]:25 may" \
    "$(postconf -c "$etc" -h message_size_limit smtp_tls_loglevel relayhost smtp_tls_security_level | tr '\n' ' ' | sed 's/ $//')"
name=$("$bin/relaywatch" -c "$conf" backup --list | head -n 1)
rw restore "$name"
is "restore: as at the first backup" "0 $before" "$? $(picture)"
printf '\ninet_protocols = nonsense\n' >>"$etc/main.cf"
rw backup
name=$("$bin/relaywatch" -c "$conf" backup --list | tail -n 1)
as_at_first
rw restore "$name"
is "restore of what Postfix does not take: all as before" "1 $before" "$? $(picture)"
has "and says so" 'what was there is back'
rw backup --prune 1
is "backup --prune leaves one" 1 "$("$bin/relaywatch" -c "$conf" backup --list | wc -l)"
rw restore 20000101-000000
is "restore of none" "1 $before" "$? $(picture)"

mv "$etc/main.cf" "$work/real.cf" && ln -s "$work/real.cf" "$etc/main.cf"
install
is "main.cf that is a link: stays one" "0 $work/real.cf" "$? $(readlink "$etc/main.cf")"
rw uninstall --yes
rm "$etc/main.cf" && mv "$work/real.cf" "$etc/main.cf"
is "and the file behind it is as before" "$before" "$(picture)"
sed -i '1s/^/# Ansible managed\n/' "$etc/main.cf"
"$bin/relaywatch" -c "$conf" install --gmail-address relay@install.test --app-password-file "$work/pw" --relay-host "$host" \
    --ca-file "$work/ca.pem" --listen "$own:$port" --no-packages </dev/null >"$said" 2>&1
is "main.cf of somebody else's machinery: not without --yes" 1 $?
has "and says whose" 'written by something else'
as_at_first

# ---------------------------------------------------------------- the password in argv

# A relay that takes the connection and says nothing: time to look.
python3 - "$own" <<'END' &
import socket, sys, time
s = socket.socket()
s.bind((sys.argv[1].rsplit(".", 1)[0] + ".2", 587))
s.listen(5)
time.sleep(60)
END
silent=$!
echo "${own%.1}.2 silent.install.test" >>"$work/hosts"
"$bin/relaywatch" -c "$conf" install --gmail-address relay@install.test --app-password=S3cretInArgv --relay-host silent.install.test \
    --no-packages --yes --listen "$own:$port" </dev/null >"$said" 2>&1 &
install_pid=$!
until_true pgrep -P $install_pid
sleep 0.3
is "a password in argv is gone at once" 0 "$(tr '\0' ' ' <"/proc/$install_pid/cmdline" | grep -c S3cretInArgv)"
is "and in no child" 0 "$(cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ' | grep -c -- '-password[ =]S3cretInArgv')"
kill $install_pid $silent 2>/dev/null
wait $install_pid $silent 2>/dev/null

# ---------------------------------------------------------------- killed on the way

# What Postfix reads is the old or the new, and it works.
is_whole() {
    local cf
    cf=$(sha256sum <"$etc/main.cf")
    [ "$cf" = "$old_cf" ] || [ "$cf" = "$new_cf" ] || { echo "main.cf is neither"; return; }
    postfix -c "$etc" check >/dev/null 2>&1 || echo "postfix check"
    if [ "$cf" = "$new_cf" ]; then
        [ -n "$(postmap -c "$etc" -q "$host" "$(postconf -c "$etc" -h smtp_sasl_password_maps)")" ] || echo "no login"
    fi
}

doing=(install --gmail-address relay@install.test --app-password-file "$work/pw" --relay-host "$host"
    --ca-file "$work/ca.pem" --listen "$own:$port" --no-packages --yes)
killable() { "$@" "$bin/relaywatch" -c "$conf" "${doing[@]}" </dev/null >"$said" 2>&1; }
killed() { (killable strace -D -o /dev/null -e "trace=${1%:*}" -e "inject=${1%:*}:signal=KILL:when=${1#*:}") 2>/dev/null; }

# The points: of each call that writes, as many as POINTS says, spread over a whole run; 0: each one.
calls='openat write fsync ftruncate rename renameat unlink unlinkat mkdir mkdirat fchmod fchown utimensat flock'

kill_points() {
    local call count step i
    killable strace -o "$work/trace" -e trace="${calls// /,}"
    for call in $calls; do
        # Which of its calls write: of openat those that make a file.
        mapfile -t writes < <(awk -v call="$call(" 'index($0, call) == 1 { n++; if (call != "openat(" || /O_CREAT/) print n }' "$work/trace")
        count=${#writes[@]}
        step=$((${POINTS:-3} > 0 ? (count + ${POINTS:-3} - 1) / ${POINTS:-3} : 1))
        for ((i = step > 1 ? RANDOM % step : 0; step > 0 && i < count; i += step)); do
            echo "$call:${writes[i]}"
        done
    done
}

keep_all() {
    rm -rf "$work/all" && mkdir "$work/all" && cp -a "$etc" "$work/relaywatch" "$work/keeper" "$work/all"
}

back_to_kept() {
    rm -rf "$etc" "$work/relaywatch" "$work/keeper"
    cp -a "$work/all/etc" "$work/relay"
    cp -a "$work/all/relaywatch" "$work/all/keeper" "$work"
}

# each_point NAME FINISH: `doing`, killed at each point from what keep_all kept on; FINISH says what is wrong after the
# same once more, undisturbed
each_point() {
    local point list torn='' unlike='' count=0 problem
    list=$(kill_points)
    for point in $list; do
        back_to_kept
        killed "$point"
        count=$((count + 1))
        problem=$(is_whole)
        [ -z "$problem" ] || torn="$torn $point($problem)"
        problem=$("$2")
        [ -z "$problem" ] || unlike="$unlike $point($problem)"
    done
    is "$1, killed at $count points: always the old or the new" "" "$torn"
    is "$1: the next run finishes it" "" "$unlike"
    if [ $count -ge 10 ]; then ok "$1: that was a real test"; else not_ok "$1: that was a real test" "$count points"; fi
}

# Without times: what was taken back was written again.
contents() { picture | sed 's/[0-9.]* \([0-9a-f]\{64\}\)/\1/'; }

if command -v strace >/dev/null; then
    export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
    killable strace -o "$work/trace" -e trace=fsync
    syncs=$(grep -c '^fsync(' "$work/trace")
    rw uninstall --yes
    wanted=$(contents)
    wrong=
    for n in $(seq 1 $((syncs / 6 + 1)) "$syncs") "$((syncs - 2))"; do
        killable strace -o /dev/null -e trace=fsync -e "inject=fsync:error=ENOSPC:when=$n"
        status=$?
        if grep -q 'as it was$' "$said"; then
            [ "$status" = 1 ] && [ "$(contents)" = "$wanted" ] || wrong="$wrong $n(status $status)"
        fi
        rw uninstall --yes
        [ "$(picture)" = "$before" ] || wrong="$wrong $n(uninstall)"
    done
    is "a disk that fills up on the way: as before" "" "$wrong"
    old_cf=$(sha256sum <"$etc/main.cf")
    list=$(kill_points)
    new_cf=$(sha256sum <"$etc/main.cf")
    rw uninstall --yes
    is "as before" "$before" "$(picture)"
    points=0 torn='' unfinished='' unlike=''
    for point in $list; do
        killed "$point"
        points=$((points + 1))
        problem=$(is_whole)
        [ -z "$problem" ] || torn="$torn $point($problem)"
        # Half of them are finished first, the others taken back at once.
        if ((points % 2)); then
            install && [ "$(sha256sum <"$etc/main.cf")" = "$new_cf" ] || unfinished="$unfinished $point"
        fi
        rw uninstall --yes
        [ "$(picture)" = "$before" ] || { unlike="$unlike $point"; as_at_first; }
    done
    is "killed at $points points: always the old or the new" "" "$torn"
    is "the next run finishes it" "" "$unfinished"
    is "uninstall: as before, whatever was cut off" "" "$unlike"
    taken_back() { rw uninstall --yes && [ "$(picture)" = "$before" ] || echo "$(diff <(echo "$before") <(picture) | head -n 3)"; }
    restored() { rw restore "$name" && [ "$(contents)" = "$wanted" ] || echo "$(diff <(echo "$wanted") <(contents) | head -n 3)"; }
    install
    keep_all
    doing=(uninstall --yes)
    each_point uninstall taken_back
    back_to_kept
    name=$("$bin/relaywatch" -c "$conf" backup --list | head -n 1)
    rw restore "$name"
    wanted=$(contents)
    is "restore: main.cf of before install" "$old_cf" "$(sha256sum <"$etc/main.cf")"
    doing=(restore "$name")
    back_to_kept
    each_point "restore of before" restored
    back_to_kept
    rw backup
    name=$("$bin/relaywatch" -c "$conf" backup --list | tail -n 1)
    wanted=$(contents)
    rw uninstall --yes
    keep_all
    doing=(restore "$name")
    each_point "restore of after" restored
    as_at_first
    if [ $points -ge 20 ]; then ok "that was a real test"; else not_ok "that was a real test" "$points points"; fi
fi

if grep -rqs -e abcdefghijklmnop "$work/relay/mail.log" "$said"; then not_ok "no password in logs" "it is there"; else ok "no password in logs"; fi
exit $failed
