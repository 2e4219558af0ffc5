#!/bin/bash
# queue.sh BIN: `relaywatch queue` on a private Postfix: what waits and why, and what becomes of it when it is tried,
# held, released and deleted. Must run as root. Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2154 # what private-relay.sh shares
set -u

# shellcheck source=tests/support/private-relay.sh
. "$(dirname "$0")/../support/private-relay.sh"
# shellcheck source=tests/support/relaywatch.sh
. "$(dirname "$0")/../support/relaywatch.sh"

ids() { postqueue -c "$etc" -j | sed -n 's/.*"queue_id": "\([^"]*\)".*/\1/p'; }
count() { ids | wc -l; }
count_is() { [ "$(count)" = "$1" ]; }
drained() { postqueue -c "$etc" -f && count_is 0; }
deferred_is() { [ "$(postqueue -c "$etc" -j | grep -c '"deferred"')" = "$1" ]; }

# mail SENDER RECIPIENT...
mail() {
    local sender=$1
    shift
    printf 'From: %s\nSubject: waits\n\nx\n' "$sender" | sendmail -C "$etc" -f "$sender" "$@"
}

printf 'host = queue-test\npostfix_config_dir = %s\nmail_log = %s\nsasl_passwd = %s\n' \
    "$etc" "$work/relay/mail.log" "$passwd" >"$conf"
chmod 644 "$conf"
begin

# ---------------------------------------------------------------- the list

exits "an empty queue" 0 queue
says "an empty queue: says so" '^queue empty$'
mail a@relay.test b@example.test
mail a@relay.test c@example.test d@example.test
mail "$(printf 'odd\033[31m')@relay.test" e@example.test
until_true deferred_is 3 || not_ok "three messages wait" "$(count)"
exits "the list" 0 queue
says "how many" '^queue 3 messages: 3 put off, oldest [0-9]+ s'
says "why, with the diagnosis of the log" '^ +3  S04 MAP_MISSING: '
says "who must act" '^ +who  operator of this host'
says "what to do, with this host's places" "^ +do .*$etc"
says "the oldest: age, size, why, from whom, to whom, how many more" ' s +[0-9]+ bytes  S04  .*c@example.test.* \+1$'
is "it fits one screen" 0 "$(($(wc -l <"$out") > 23))"
fits "it fits the terminal and does not control it"
exits "every message" 0 queue --all
fits "every message: fits the terminal"
is "every message: each recipient with its reason" 4 "$(grep -c '^    to <.@example.test>' "$out")"
exits "as JSON" 0 queue --json
is "as JSON: the sums" "3 4 3 0" "$(json "[d['totals'][k] for k in ('messages', 'recipients', 'deferred', 'hold')]")"
is "as JSON: the groups" "S04 MAP_MISSING 3" "$(json "d['groups'][0]['diagnosis'], d['groups'][0]['messages']")"
is "as JSON: the messages" "3 S04 MAP_MISSING" "$(json "len(d['messages']), d['messages'][0]['recipients'][0]['diagnosis']")"

# ---------------------------------------------------------------- one message

id=$(ids | head -n 1)
exits "hold" 0 queue --hold "$id"
says "hold: says what it did" "^put on hold $id from <.*> to <"
says "hold: says what remains" '^remains +3 messages: 2 put off, 1 on hold'
is "hold: it is" 1 "$(postqueue -c "$etc" -j | grep "\"$id\"" | grep -c '"hold"')"
exits "hold again" 0 queue --hold "$id"
says "hold again: nothing to do" "$id is already on hold: nothing to do" "$err"
exits "a message on hold cannot be tried" 1 queue --flush "$id"
says "a message on hold cannot be tried: how it can" "queue --release $id" "$err"
exits "the list with one on hold" 0 queue
says "the list with one on hold: says so" '^ +1  on hold'
exits "release" 0 queue --release "$id"
says "release: says what remains" '^remains +3 messages: 3 put off'
exits "delete" 0 queue --delete "$id" --json
is "delete: as JSON" "delete 1 2" "$(json "d['action'], d['messages'], d['remaining']['messages']")"
is "delete: it is gone" 2 "$(count)"
exits "one that is not there" 1 queue --delete "$id"
says "one that is not there: says so" "$id is not in the queue" "$err"
mail a@relay.test b@example.test
until_true deferred_is 3

# ---------------------------------------------------------------- what is no queue id

for bad in all - '*' '../x' 'A B' 'ABC' '-ABCDEF' '' 'ABCDEF;x' "$(printf 'ABCDE\nALL')"; do
    exits "no queue id: '${bad//$'\n'/ }'" 64 queue --delete="$bad"
done
for verb in hold release delete; do
    exits "ALL, nobody to ask: $verb" 64 queue --$verb ALL </dev/null
done
is "nothing was done" 3 "$(count)"
exits "two things at a time" 64 queue --hold "$id" --delete "$id"
exits "--yes alone" 64 queue --yes
if script -qec true /dev/null >/dev/null 2>&1; then # a bare chroot has no terminals
    script -qec "$bin/relaywatch -c $conf queue --delete ALL" /dev/null <<<"yes" >"$out" 2>&1
    says "ALL on a terminal: asks with the number" 'delete all 3 messages, for good, no sender is told\? Type ALL: '
    is "ALL on a terminal: another word is no" 3 "$(count)"
    script -qec "$bin/relaywatch -c $conf queue --hold ALL" /dev/null <<<"ALL" >"$out" 2>&1
    says "ALL on a terminal: ALL is yes" 'put on hold 3 messages'
    exits "release ALL" 0 queue --release ALL --yes
fi

# ---------------------------------------------------------------- not root

cp "$bin/relaywatch" "$work/relaywatch"
user() { setpriv --reuid=65534 --regid=65534 --clear-groups "$work/relaywatch" -c "$conf" "$@" >"$out" 2>"$err"; }
status=0
user queue --delete "$(ids | head -n 1)" || status=$?
is "not root: delete" 77 "$status"
says "not root: what to do" 'sudo relaywatch queue --delete' "$err"
status=0
user queue || status=$?
is "not root, a configuration that is not Postfix's own" 77 "$status"
says "not root: how to" 'sudo relaywatch queue' "$err"
is "nothing was done" 3 "$(count)"

# ---------------------------------------------------------------- tried, mended, gone

id=$(ids | head -n 1)
exits "flush one: it fails again" 0 queue --flush "$id"
says "flush one: says why it waits" '^waits +S04: '
source_is "127.0.0.1 relay@smarthost.test:first\n"
keeper A # tries the login, puts it in place and flushes
until_true drained || not_ok "the mended relay delivers" "$(tail -n 2 "$work/relay/mail.log")"
postconf -c "$etc" -e 'defer_transports = smtp'
postfix -c "$etc" reload >/dev/null 2>&1
mail a@relay.test b@example.test
mail a@relay.test c@example.test
until_true deferred_is 2
postconf -c "$etc" -e 'defer_transports ='
postfix -c "$etc" reload >/dev/null 2>&1
id=$(ids | head -n 1)
exits "flush one that can be sent" 0 queue --flush "$id"
says "flush one that can be sent: it is gone" "^gone .*logs --queue-id $id"
exits "flush all" 0 queue --flush
says "flush all: what was done" '^tried +all that was put off \(1\)'
says "flush all: nothing remains" '^remains +empty$'

# ---------------------------------------------------------------- Postfix is down; many messages

postconf -c "$etc" -e 'defer_transports = smtp'
postfix -c "$etc" reload >/dev/null 2>&1
mail a@relay.test b@example.test
until_true deferred_is 1
postfix -c "$etc" stop >/dev/null 2>&1
exits "Postfix is down" 0 queue
says "Postfix is down: said" '^Postfix does not run'
says "Postfix is down: the command" "^ +postfix -c $etc start"
# 20,000 names of the same file, in its folder of a hashed queue, which goes by the first letter.
file=$(find "$work/relay/queue/deferred" -type f)
python3 - "$file" <<'END'
import os, sys
folder, name = os.path.split(sys.argv[1])
for i in range(20000):
    os.link(sys.argv[1], "%s/%sA%07X" % (folder, name[0], i))
END
peak=$(/usr/bin/env python3 - "$bin/relaywatch" -c "$conf" queue <<'END'
import resource, subprocess, sys
out = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, env={"ASAN_OPTIONS": "quarantine_size_mb=1"})
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, out.stdout.decode().split("\n")[0])
END
)
is "many messages are all told" "queue 20001 messages: 20001 put off" "$(cut -d' ' -f2- <<<"${peak%%,*}")"
if [ "${peak%% *}" -lt 100 ]; then ok "many messages: bounded memory"; else not_ok "many messages: bounded memory" "$peak MiB"; fi
exit "$failed"
