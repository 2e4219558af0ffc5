#!/bin/bash
# dns.sh BIN: `relaywatch dns` against a small DNS server on loopback. Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2154,SC2034 # what relaywatch.sh shares
set -u

bin=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d /var/tmp/relaywatch-dns-test.XXXXXX)
export LC_ALL=C

# shellcheck source=tests/support/words.sh
. "$here/../support/words.sh"
# shellcheck source=tests/support/relaywatch.sh
. "$here/../support/relaywatch.sh"
# shellcheck source=tests/support/dns.sh
. "$here/../support/dns.sh"

clean_up() {
    dns_end
    rm -rf "$work"
}
trap clean_up EXIT

# world LINE...: all that the DNS knows, beside Google's records
world() {
    dns_zone "$@" \
        '_spf.google.com TXT v=spf1 include:_netblocks.google.com include:_netblocks2.google.com include:_netblocks3.google.com ~all' \
        '_netblocks.google.com TXT v=spf1 ip4:192.0.2.0/24 ~all' '_netblocks2.google.com TXT v=spf1 ip6:2001:db8::/32 ~all' \
        '_netblocks3.google.com TXT v=spf1 ip4:198.51.100.0/24 ~all'
}

# key BYTES: base64 of so many
key() { head -c "$1" /dev/zero | base64 -w0; }

look() {
    local name=$1 want=$2
    shift 2
    exits "$name" "$want" dns "$@" --resolver "$resolver" --helo relay1.x.example
}

# verdicts NAME WANT: of SPF DKIM DMARC HELO PTR
verdicts() { is "$1" "$2" "$(sed -nE 's/^(SPF|DKIM|DMARC|HELO|PTR) +([a-zA-Z]+) .*/\2/p' "$out" | xargs)"; }

good=('x.example TXT v=spf1 include:_spf.google.com ~all' 'x.example TXT google-site-verification=abc'
    "google._domainkey.x.example TXT v=DKIM1; k=rsa; p=$(key 294)"
    '_dmarc.x.example TXT v=DMARC1; p=reject; rua=mailto:dmarc@x.example'
    'relay1.x.example A 192.0.2.25' '25.2.0.192.in-addr.arpa PTR relay1.x.example')
world "${good[@]}"
dns_begin

look "all is there" 0 x.example
verdicts "all is there: each is ok" "ok ok ok ok ok"
says "all is there: look-ups are counted" '4 of 10 look-ups, 0 of 2 without an answer'
says "a key longer than a packet of UDP is read" 'a key of 2048 bits or more'
fits "all is there: fits the terminal"
is "all is there: nothing to publish" 0 "$(grep -c '^ *publish' "$out")"
look "as JSON" 0 --json x.example
is "as JSON: states" "ok ok ok ok ok" "$(json "[c['state'] for c in d['checks']]")"
look "a dot at the end, options behind it" 0 x.example. --json

world 'other.example A 192.0.2.1'
look "nothing is there" 1 x.example
verdicts "nothing is there: verdicts" "WRONG WRONG WRONG weak"
says "nothing is there: SPF to publish" '^ +publish +x.example. TXT "v=spf1 include:_spf.google.com ~all"'
says "nothing is there: DKIM, how to" 'Generate new record'
says "nothing is there: DMARC to publish" '^ +publish +_dmarc.x.example. TXT "v=DMARC1; p=none;'
says "nothing is there: HELO to publish" '^ +publish +relay1.x.example. A ADDRESS-OF-THIS-HOST'
fits "nothing is there: fits the terminal"

world "${good[@]}" 'y.example TXT v=spf1 ip4:192.0.2.1 -all' "s2._domainkey.y.example TXT v=DKIM1; p=$(key 162)" \
    '_dmarc.y.example TXT v=DMARC1; p=none'
look "Google is not in it, a short key, a policy that only watches" 1 y.example --selector s2
verdicts "Google is not in it: verdicts" "WRONG weak weak ok ok"
says "Google is not in it: the record with it" 'publish +y.example. TXT "v=spf1 ip4:192.0.2.1'

world "${good[@]}" "z.example TXT v=spf1 $(printf 'include:i%d.example ' 1 2 3 4 5 6 7) include:_spf.google.com -all" \
    "$(for i in 1 2 3 4 5 6 7; do echo "i$i.example TXT v=spf1 ip4:192.0.2.$i -all"; done)"
look "eleven look-ups" 1 z.example
says "eleven look-ups: said" 'more than 10'

world "${good[@]}" 'x.example TXT v=spf1 -all'
look "two SPF records" 1 x.example
says "two SPF records: said" 'more than one SPF record'

world "${good[@]}"
look "a domain below: policy of the one above" 1 sub.x.example
says "a domain below: where it stands" '^DMARC ok +_dmarc.x.example'
look "an address without a name" 0 x.example --address 198.51.100.7
says "an address without a name: to publish" 'publish +7.100.51.198.in-addr.arpa. PTR relay1.x.example.'
exits "a short name for HELO" 1 dns x.example --resolver "$resolver" --helo localhost
says "a short name for HELO: what to do" 'smtp_helo_name='

world "${good[@]}" 'mute.example MUTE' 'google._domainkey.mute.example SERVFAIL' '_dmarc.mute.example MUTE'
SECONDS=0
look "a name server that does not answer" 75 mute.example
verdicts "a name server that does not answer: verdicts" "unknown unknown unknown ok ok"
if ((SECONDS <= 30)); then ok "a name server that does not answer: a deadline"; else not_ok "a deadline" "$SECONDS s"; fi
dns_end
SECONDS=0
look "no name server" 75 x.example

for bad in x '' 'a..b' '-x.example' 'x.example;id' '*.example' "$(printf 'x\n.example')"; do
    exits "no domain: '${bad//$'\n'/ }'" 64 dns --helo relay1.x.example -- "$bad"
done
exits "no resolver" 64 dns x.example --helo relay1.x.example --resolver nowhere
exits "no address" 64 dns x.example --helo relay1.x.example --address 1.2.3
exits "no domain at all" 64 dns
exit "$failed"
