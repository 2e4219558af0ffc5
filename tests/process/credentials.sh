#!/bin/bash
# credentials.sh BIN: relaywatch-keeper and relaywatch-probe against a private relay Postfix and a private smarthost
# (a second Postfix with Cyrus SASL and TLS, ports for STARTTLS and for implicit TLS). A bad login must never
# replace a good one. Must run as root. BIN holds the two programs and keeper_ask
# (or ../support does). Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2034,SC2154 # what private-relay.sh shares
set -u

# shellcheck source=tests/support/private-relay.sh
. "$(dirname "$0")/../support/private-relay.sh"
begin

# ---------------------------------------------------------------- facts, queue, peers

keeper F
is "facts" "done 127.0.0.1 $port 0 1 $passwd $type" \
    "$(field outcome) $(field relay_host) $(field relay_port) $(field implicit_tls) $(field sasl) $(field source) $(field map_type)"
keeper X
is "an unknown verb" not_allowed "$(field outcome)"
keeper FF
is "two bytes are no verb" not_allowed "$(field outcome)"

# Values that together are longer than the answer to Q: queue_directory is told behind them.
long=$(printf 'noplaintext, %.0s' {1..20})
cp "$etc/main.cf" "$work/main.cf"
postconf -c "$etc" -e "smtp_sasl_mechanism_filter = $long" "smtp_tls_secure_cert_match = $long" "smtp_sasl_tls_security_options = $long"
keeper Q
is "queue: with long values in main.cf" "done 0 1" "$(field outcome) $(field deferred) $(field postfix_running)"
cp "$work/main.cf" "$etc/main.cf"

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
# qmgr(8) may not be there yet when it is told to send: relaywatchd asks again after a while, and so do we.
if until_true grep -q status=sent "$work/relay/mail.log" || { keeper N && until_true grep -q status=sent "$work/relay/mail.log"; }; then
    ok "the waiting message is delivered"; else
    not_ok "the waiting message is delivered" "$(tail -2 "$work/relay/mail.log")"; fi
is "map and its mode" "600 0" "$(stat -c '%a %u' "$index")"
is "nothing is left beside it" "" "$(find "$etc" -name "*stage*")"
keeper A
is "the same again" unchanged "$(field outcome)"
touch -d '1 hour ago' "$index"
keeper A
is "the same written anew: the index is no older" "unchanged newer $good:first 600" \
    "$(field outcome) $([[ $index -ot $passwd ]] && echo older || echo newer) $(live 127.0.0.1) $(stat -c %a "$index")"
is "and nothing is left beside it, either" "" "$(find "$etc" -name "*stage*")"
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
chown -h relaywatch "$passwd"
keeper A
is "a symbolic link that is not root's" "bad_source $keep" "$(field outcome) $(live 127.0.0.1)"
rm "$passwd"
mkdir -m 777 "$work/open"
cp -p "$work/elsewhere" "$work/open/elsewhere"
ln -s "$work/open/elsewhere" "$passwd"
keeper A
is "a symbolic link into a folder for everybody" "bad_source $keep" "$(field outcome) $(live 127.0.0.1)"
rm -r "$passwd" "$work/open"
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

printf '127.0.0.1 %s:second\nlinked.example u:p\n' "$good" >"$work/elsewhere" # mode 0600 from before
rm "$passwd"
ln -s ../../elsewhere "$passwd"
keeper A
is "a symbolic link of root's, with dots in it" bad_source "$(field outcome)"
ln -sf "$work/elsewhere" "$passwd.new" && mv -T "$passwd.new" "$passwd"
keeper A
is "a symbolic link of root's" "done u:p" "$(field outcome) $(live linked.example)"
printf '127.0.0.1 %s:second\n' "$good" >"$work/elsewhere"
keeper A
is "what it names changed in place" "done " "$(field outcome) $(live linked.example)"
rm "$passwd"

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

# ---------------------------------------------------------------- one at a time

postfix -c "$etc" stop >/dev/null 2>&1
exec 9>"$work/state/lock"
flock 9
keeper A
is "while another change runs" busy "$(field outcome)"
exec 9>&-

# ---------------------------------------------------------------- the secret stays where it belongs

keeper E
is "the login of before is forgotten" "done 0" "$(field outcome) $(field has_previous)"
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
