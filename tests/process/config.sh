#!/bin/bash
# config.sh BIN: `relaywatch show-config` and `relaywatch test` on a private Postfix that somebody set up carelessly.
# Must run as root. Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2154 # what private-relay.sh shares
set -u

# shellcheck source=tests/support/private-relay.sh
. "$(dirname "$0")/../support/private-relay.sh"
# shellcheck source=tests/support/relaywatch.sh
. "$(dirname "$0")/../support/relaywatch.sh"

begin
submit=127.0.0.1:$((port + 2))
printf 'host = config.test\npostfix_config_dir = %s\nmail_log = %s\nsasl_passwd = %s\nsubmit = %s\n' \
    "$etc" "$work/relay/mail.log" "$passwd" "$submit" >"$conf"

# ---------------------------------------------------------------- show-config

exits "show-config" 0 show-config --changed
says "what is right is only shown" '^smtp_tls_security_level = secure$'
is "what is right: nothing below it" "" "$(sed -n '/^smtp_tls_security_level/{n;/recommended/p;}' "$out")"
says "what is missing: the milter, as it should be" '^    recommended  \{ unix:/var/spool/postfix/relaywatch/milter.sock, connect_timeout=1s'
says "what is missing: why" '^    why          relaywatch-milter sees what enters'
says "how to set it" '^# [0-9]+ differ from what is recommended: relaywatch install'
printf '%s\n' 'smtp_tls_security_level = may' 'smtp_use_tls = yes' 'transport_maps = static:smtp' \
    "smtp_sasl_password_maps = inline:{127.0.0.1=relay:hunter2}" >>"$etc/main.cf"
exits "show-config of a careless main.cf" 0 show-config
says "careless: TLS" '^    recommended  secure$'
says "careless: why" '^    why +only .secure. proves that the server is the relay'
says "careless: deprecated" '^    recommended  take it out of main.cf$'
says "careless: what only a person can judge" '^transport_maps = static:smtp: mail for some recipients may take another way'
is "no secret is shown" 0 "$(grep -c hunter2 "$out")"
says "that there is one is" '^smtp_sasl_password_maps = inline:\*\*\*$'
exits "as JSON" 0 show-config --json
is "as JSON: what differs" "may secure True" \
    "$(json "next((p['value'], p['recommended'], p['differs']) for p in d['postfix'] if p['name'] == 'smtp_tls_security_level')")"
is "as JSON: ours" "$submit config.test" "$(json "d['relaywatch']['submit'], d['relaywatch']['host']")"
is "as JSON: no secret" 0 "$(grep -c hunter2 "$out")"
sed -i '/^smtp_use_tls/d; /^transport_maps/d; /inline:/d; /= may$/d' "$etc/main.cf"

# ---------------------------------------------------------------- what cannot be written

full() { "$bin/relaywatch" -c "$conf" "$@" >/dev/full 2>"$err"; }
full show-config
is "a full disk: exit status" 1 $?
says "a full disk: says so" 'the output cannot be written, it is incomplete: No space left on device' "$err"
full status --json
is "a full disk: status is unknown" 3 $?
"$bin/relaywatch" -c "$conf" credentials show --json >"$out" 2>"$err"
is "credentials show without relaywatchd" 1 $?
says "credentials show without relaywatchd: names it" 'relaywatchd does not answer at 127' "$err"
says "credentials show without relaywatchd: as JSON" '"error"'
printf x | "$bin/relaywatch" -c "$conf" credentials set --json >"$out" 2>"$err"
is "credentials set without relaywatch-keeper" 1 $?
says "credentials set without relaywatch-keeper: as JSON" '"outcome": "failed"'
for bad in --user= --user=a:b '--user=a b' --key= $'--key=a b:c\nd' '--key=#a' --user; do
    exits "credentials set ${bad//$'\n'/ }" 64 credentials set "$bad"
done
"$bin/relaywatch" -c "$conf" credentials set </etc >"$out" 2>"$err"
is "credentials set < a folder" 1 $?
says "credentials set < a folder: why" 'the standard input: Is a directory' "$err"

# ---------------------------------------------------------------- test

for bad in "--recipient" "--recipient=" "--recipient=a b" "--recipient=a@b>x" $'--recipient=a@b\r\nDATA'; do
    exits "test ${bad//[$'\r\n']/ }" 64 test "$bad"
done
to=--recipient=me@example.test
for bad in $'--subject=x\nBcc: c@d' $'--subject=x\rBcc: c@d' $'--subject=\033[2J' $'--from=a@b>\r\nRCPT TO:<c@d' '--from=a b' \
    --timeout=0 --timeout=x --timeout=2d --server=nowhere --server=127.0.0.1:0; do
    exits "test ${bad//[$'\r\n\033']/ }" 64 test $to "$bad"
    says "test ${bad//[$'\r\n\033']/ }: names the option" "relaywatch test: ${bad%%=*}: give " "$err"
done
exits "nobody listens" 1 test $to
says "nobody listens: says so" 'Connection refused'
{
    echo "$submit inet n - n - - smtpd"
    cat "$etc/master.cf"
} >"$work/master.cf"
cp "$work/master.cf" "$etc/master.cf"
echo '/^Subject:/ WARN' >"$etc/head"
postconf -c "$etc" -e "header_checks = regexp:$etc/head" 'smtpd_relay_restrictions = permit_mynetworks, reject'
source_is "127.0.0.1 relay@smarthost.test:first\n"
keeper A
postfix -c "$etc" stop >/dev/null 2>&1
postfix -c "$etc" start >/dev/null 2>&1
until_true bash -c "exec 3<>/dev/tcp/${submit/:/\/}"
exits "test with --subject and --from" 0 test $to --subject 'Is it "well"? <x>' --from app@relay.test --timeout 20s
says "test: the end" '^OK: the smarthost took the message'
if until_true grep -q 'header Subject: Is it "well"? <x> from .*from=<app@relay.test> to=<me@example.test>' "$work/relay/mail.log"; then
    ok "test: the head and the envelope say so"; else not_ok "test: the head and the envelope say so" "$(grep Subject "$work/relay/mail.log")"; fi
exits "test with the null sender" 0 test $to --from '' --timeout 20
set_password other
postfix -c "$etc" reload >/dev/null 2>&1
SECONDS=0
exits "a login that is refused" 1 test $to --timeout 2s --json
is "a login that is refused: outcome and diagnosis" "deferred BAD_CREDENTIALS" "$(json "d['outcome'], d['diagnosis']")"
if ((SECONDS < 20)); then ok "--timeout is kept"; else not_ok "--timeout is kept" "$SECONDS s"; fi
exits "a login that is refused: in words" 1 test $to --timeout 2s
postconf -c "$work/smart/etc" -e "smtpd_tls_cert_file=$work/smart/other.test.pem" "smtpd_tls_key_file=$work/smart/other.test.key"
postfix -c "$work/smart/etc" reload >/dev/null 2>&1
postfix -c "$etc" reload >/dev/null 2>&1
exits "a certificate for another name" 1 test $to --timeout 3s
# Postfix 3.5 (Debian 11) has no line that says why.
if grep -q 'certificate verification failed for .*mismatch' "$work/relay/mail.log"; then why='T06 CERT_NAME'; else why='T04 CERT_UNTRUSTED'; fi
says "a certificate for another name: is told as that" "^  $why: "
says "the command names this relay" "openssl s_client .*-connect 127.0.0.1:$port "
exit "$failed"
