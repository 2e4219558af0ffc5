#!/bin/bash
# postal.sh BIN: `relaywatch postal` on configurations of Postal, with a DNS server on loopback. Must run as root. Prints
# "ok - name" or "not ok - name: why".
# shellcheck disable=SC2154,SC2034 # what the support files share
set -u

bin=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d /var/tmp/relaywatch-postal-test.XXXXXX)
yml=$work/config/postal.yml
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

# postal NAME STATUS ACTION OPTION...
postal() {
    local name=$1 want=$2
    shift 2
    exits "$name" "$want" postal "$@" --config "$yml" --resolver "$resolver"
}

backups() { find "$work/config" -name 'postal.yml.before-*' | wc -l; }

mkdir -p "$work/config" "$work/etc"
printf 'postfix_config_dir = %s\nsubmit = 127.0.0.1:2525\n' "$work/etc" >"$conf"
dns_zone 'relay.example.com A 127.0.0.1' 'far.example.com A 192.0.2.7' 'both.example.com A 127.0.0.1' 'both.example.com AAAA ::1'
dns_begin

cat >"$yml" <<'END'
# Our Postal. Für Änderungen: ops@example.com
version: 2

postal:
  web_hostname: postal.example.com # the web
  smtp_hostname: postal.example.com

main_db:
  host: 127.0.0.1
  password: hunter2

rails:
  secret_key: "0123"   # never change
END
chown 1234:1235 "$yml"
chmod 640 "$yml"
cp "$yml" "$work/before.yml"

postal "show: no relay" 0 show
says "show: no relay: says so" 'names no relay'
postal "dry run" 0 add-relay --host relay.example.com --dry-run
says "dry run: shows the difference" '^\+    - smtp://relay.example.com:2525\?ssl_mode=None$'
is "dry run: writes nothing" "" "$(diff "$work/before.yml" "$yml")"
postal "add-relay" 0 add-relay --host relay.example.com
says "add-relay: what to restart" '^next +postal restart'
is "add-relay: two lines more, nothing else" "> |  smtp_relays:|> |    - smtp://relay.example.com:2525?ssl_mode=None|" \
    "$(diff "$work/before.yml" "$yml" | sed -n 's/^> /> |/p' | tr '\n' '|')"
is "add-relay: YAML takes it so" "['smtp://relay.example.com:2525?ssl_mode=None'] postal.example.com 0123" \
    "$(python3 -c "import yaml; d = yaml.safe_load(open('$yml')); print(d['postal']['smtp_relays'], d['postal']['web_hostname'], d['rails']['secret_key'])")"
is "add-relay: mode and owner stay" "640 1234 1235" "$(stat -c '%a %u %g' "$yml")"
is "add-relay: the file of before is kept, for the same readers" "640 1234 1235" "$(stat -c '%a %u %g' "$work"/config/postal.yml.before-*)"
is "add-relay: the file of before is as it was" "" "$(diff "$work/before.yml" "$work"/config/postal.yml.before-*)"
is "no secret is shown" 0 "$(grep -c 'hunter2\|0123' "$out")"
before=$(stat -c %Y.%i "$yml")
postal "add-postfix-relay again" 0 add-postfix-relay --host relay.example.com
says "again: nothing to do" 'says so already: nothing to do'
is "again: the file is not touched" "$before" "$(stat -c %Y.%i "$yml")"
is "again: no second copy" 1 "$(backups)"
postal "show" 0
says "show: the relay, as the DNS knows it" 'line 6: relay.example.com:2525 ssl_mode=None \(127.0.0.1\)'
postal "show as JSON" 0 show --json
is "show as JSON: facts" "2 relay.example.com 2525 None 0" \
    "$(json "d['version'], d['relays'][0]['host'], d['relays'][0]['port'], d['relays'][0]['ssl_mode'], len(d['relays'][0]['problems'])")"
sleep 1 # copies are named by the second
postal "remove-relay" 0 remove-relay --host relay.example.com
is "remove-relay: YAML takes it so" "[]" "$(python3 -c "import yaml; print(yaml.safe_load(open('$yml'))['postal']['smtp_relays'])")"
postal "remove-relay again" 0 remove-relay --host relay.example.com
says "remove-relay again: nothing to do" 'nothing to do'

# ---------------------------------------------------------------- what Postal would not reach

cp "$work/before.yml" "$yml"
for bad in 127.0.0.1 localhost nowhere.example.com far.example.com both.example.com; do
    postal "host $bad" 1 add-relay --host $bad
    says "host $bad: why" 'Postal would not reach'
done
says "an IPv6 address, too: said" 'Postal tries that first'
postal "the port of Postal's own server" 1 add-relay --host relay.example.com --port 25
says "the port of Postal's own server: what to do" '^ +--listen 127.0.0.1:2525|relaywatch install --listen'
is "nothing was changed" "" "$(diff "$work/before.yml" "$yml")"
postal "--force" 0 add-relay --host far.example.com --force
postal "show what cannot work" 1 show
says "show what cannot work: why" 'leads to 192.0.2.7, but Postfix takes mail at'
printf 'smtp_relays:\n  - hostname: 127.0.0.1\n    port: 25\n    ssl_mode: none\n' >"$yml"
postal "show a legacy file, as guides have it" 1 show
says "legacy: the address" 'is an address: Postal looks it up as a name'
says "legacy: the word" 'ssl_mode=none: not a word that Postal knows'
says "legacy: the port" "port 25 is taken by Postal's own SMTP server"
fits "show fits the terminal"
postal "add to a legacy file" 0 add-relay --host relay.example.com
is "legacy: YAML takes it so" "relay.example.com 2525 None" \
    "$(python3 -c "import yaml; r = yaml.safe_load(open('$yml'))['smtp_relays'][1]; print(r['hostname'], r['port'], r['ssl_mode'])")"

# ---------------------------------------------------------------- what is not touched

printf 'version: 2\npostal: {web_hostname: x}\n' >"$yml"
postal "a form that is not changed" 1 add-relay --host relay.example.com
says "a form that is not changed: the line" 'line 2: it stands there in a form that is not changed here' "$err"
printf 'version: 2\npostal:\n  a: [\n' >"$yml"
postal "not YAML" 1 add-relay --host relay.example.com
says "not YAML: the line" 'line 4: not YAML' "$err"
rm "$yml"
postal "no file" 1 show
says "no file: what to do" 'Else name it: --config FILE' "$err"
for bad in 'a b' '"x"' "$(printf 'a.example\n  x: y')" ''; do postal "no host: '${bad//$'\n'/ }'" 64 add-relay "--host=$bad"; done
postal "no port" 64 add-relay --host relay.example.com --port 70000
exits "no such action" 64 postal destroy
cp "$work/before.yml" "$yml"
chmod 755 "$work"
chmod 600 "$yml"
cp "$bin/relaywatch" "$work/relaywatch"
status=0
setpriv --reuid=65534 --regid=65534 --clear-groups "$work/relaywatch" -c "$conf" postal show --config "$yml" >"$out" 2>"$err" || status=$?
is "not root" 77 $status
exit "$failed"
