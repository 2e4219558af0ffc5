#!/bin/bash
# install.sh BIN: relaywatch install, uninstall, backup and restore on a private Postfix that somebody set up by hand. What
# happens when they are killed is in installkill.sh. Must run as root. Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2154 # what install-relay.sh shares
set -u
# shellcheck source=tests/support/install-relay.sh
. "$(dirname "$0")/../support/install-relay.sh"

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
printf 'p\303\244ss\n' >"$work/two"
refused "a password with a letter that is not ASCII" 64 'not ASCII' --app-password-file "$work/two"
refused "something behind the options" 64 'relaywatch install: later: not understood' later
refused "the whole world" 64 'large part of the world' --trust-network 0.0.0.0/0
refused "a relay without an address" 1 'no address for this name' --relay-host nowhere.invalid
refused "a wrong password" 1 "refused the login" --app-password-file "$work/wrong"
refused "a certificate by nobody known" 1 "TLS with" --ca-file /etc/hosts
refused "a recipient that is none" 64 'not an address' --test-recipient x
if chattr +i "$etc/main.cf" 2>/dev/null; then
    refused "an immutable main.cf" 1 "main.cf is immutable: chattr -ia"
    chattr -i "$etc/main.cf"
fi

# cf_with NAME LINES PATTERN: main.cf with lines that are wrong is left as it is
cf_with() {
    local good=$before
    printf '\n%s\n' "$2" >>"$etc/main.cf"
    before=$(picture)
    refused "$1" 1 "$3"
    before=$good
    as_at_first
}

cf_with "a parameter that is its own value" 'mydomain = $myhostname
myhostname = $mydomain' 'postfix check: warning: .*nesting: "my.*fatal: '
cf_with "a line that is none" garbage "postfix check: fatal: $etc/main.cf, line 25: missing '='"
cf_with "two password maps" "smtp_sasl_password_maps = hash:$etc/sasl_passwd, hash:/elsewhere" 'more than one map'
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
truncate -s 0 "$(grep -ls '^# Our relay' "$work/keeper/setup/backups/$name"/[0-9]*)"
rw restore "$name"
is "restore of a damaged backup: nothing is touched" "1 $before" "$? $(picture)"
has "and says so" 'main.cf, is damaged: nothing was changed'
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

if grep -rqs -e abcdefghijklmnop "$work/relay/mail.log" "$said"; then not_ok "no password in logs" "it is there"; else ok "no password in logs"; fi
exit $failed
