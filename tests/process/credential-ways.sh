#!/bin/bash
# credential-ways.sh BIN: the ways of a new login but the operator's edit (`set`, a secret manager's file, a drop folder),
# and what comes after a change: what was refused is remembered, the login of before put back, mail held. Must run as
# root. Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2034,SC2154 # what private-relay.sh shares
set -u

# shellcheck source=tests/support/private-relay.sh
. "$(dirname "$0")/../support/private-relay.sh"
begin
good=relay@smarthost.test
logins() { grep -c 'SASL .* authentication failed' "$work/smart/mail.log"; }

# set_to TEXT: as `relaywatch credentials set` does
set_to() {
    asking=(--secret)
    keeper S < <(printf '%b' "$1")
    asking=()
}

# sets NAME TEXT OUTCOME LIVE
sets() {
    set_to "$2"
    is "$1" "$3 $4" "$(field outcome) $(live 127.0.0.1)"
}

# ---------------------------------------------------------------- set

source_is "# kept\n127.0.0.1 $good:first # not yet\n"
sets "set: the file must be good itself" "first" bad_source ""
source_is "# kept\n127.0.0.1   $good:nothing\nother.example u:p\n"
sets "set: a first login" "first" "done" "$good:first"
is "set: the file has it, the rest is as it was" "# kept|127.0.0.1 $good:first|other.example u:p|" "$(tr '\n' '|' <"$passwd")"
is "set: its mode" "600 0" "$(stat -c '%a %u' "$passwd")"
is "set: the keeper says where from" "1 1" "$(field origin) $(field serial)"
sets "set: the same again" "first\n" unchanged "$good:first"
sets "set: a wrong one" "wrong" refused "$good:first"
is "set: was sent" 0 "$(field from_memory)"
sets "set: wrong, with the user" "$good:wrong" refused "$good:first"
is "set: the same is not sent again" 1 "$(field from_memory)"
sets "set: another relay's key that is not there" "new.example u:p" bad_source "$good:first"
sets "set: CRLF" "second\r\n" bad_source "$good:first"
sets "set: comment" "second # new" bad_source "$good:first"
sets "set: two lines" "second\nthird\n" bad_source "$good:first"
sets "set: empty" "" bad_source "$good:first"
sets "set: not ASCII" "s\303\274\n" bad_source "$good:first"
sets "set: NUL" "a\0b" bad_source "$good:first"
sets "set: no user" ":second" bad_source "$good:first"
set_to "$(head -c 100000 /dev/zero | tr '\0' x)"
is "set: too large" bad_source "$(field outcome)"
set_to "other.example v:q"
is "set: another key, this one alone" "done v:q $good:first" "$(field outcome) $(live other.example) $(live 127.0.0.1)"
set_password second
sets "set: key and value" "127.0.0.1 $good:second" "done" "$good:second"
asking=(--as relaywatch --secret)
keeper S < <(printf second)
asking=()
is "set: root alone may" not_allowed "$(field outcome)"
keeper S
is "set: without a secret" not_allowed "$(field outcome)"
keeper A
is "set: the edit has nothing to do then" unchanged "$(field outcome)"

# ---------------------------------------------------------------- what was refused is remembered

source_is "127.0.0.1 $good:typo\nother.example v:q\n"
daemon A
is "refused once" "refused 0" "$(field outcome) $(field from_memory)"
before=$(logins)
daemon A
is "then from memory" "refused 1" "$(field outcome) $(field from_memory)"
source_is "127.0.0.1 $good:typo\nother.example v:q\n"
daemon A
is "and after the file was written again" "refused 1 1" "$(field outcome) $(field from_memory) $(field line)"
is "no second login was sent" "$before" "$(logins)"
keeper A
is "a person may" "refused 0" "$(field outcome) $(field from_memory)"
is "that is one more" "$((before + 1))" "$(logins)"
sets "set: over a file that holds a refused one" "second" unchanged "$good:second"
source_is "127.0.0.1 $good:second\nother.example v:q\n"
for n in $(seq 12); do
    source_is "127.0.0.1 $good:typo$n\nother.example v:q\n"
    daemon A
done
is "ten refused ones an hour, then none is sent" inconclusive "$(field outcome)"
set_password third
source_is "127.0.0.1 $good:third\nother.example v:q\n"
keeper A
is "a person may still" "done $good:third" "$(field outcome) $(live 127.0.0.1)"
rm -f "$work/state/recall"

# ---------------------------------------------------------------- a secret manager's file

mkdir -p "$work/vault/..1" "$work/vault/..2"
printf 'third\n' >"$work/vault/..1/password"
ln -s ..1 "$work/vault/..data"
ln -s ..data/password "$work/vault/password"
serving=(--source "$work/vault/password")
keeper A
is "source: what is live already" unchanged "$(field outcome)"
set_password fourth
printf 'fourth' >"$work/vault/..2/password"
ln -s ..2 "$work/vault/..tmp" && mv -T "$work/vault/..tmp" "$work/vault/..data"
daemon A
is "source: ..data was swapped" "done 2 $good:fourth" "$(field outcome) $(field origin) $(live 127.0.0.1)"
daemon A
is "source: once" unchanged "$(field outcome)"
set_password fifth
source_is "127.0.0.1 $good:fifth\nother.example v:q\n"
daemon A
is "source: the operator's later edit wins" "done 0 $good:fifth" "$(field outcome) $(field origin) $(live 127.0.0.1)"
daemon A
is "source: and stays" "unchanged $good:fifth" "$(field outcome) $(live 127.0.0.1)"
rm "$work/vault/..2/password"
daemon A
is "source: gone is told, nothing else" "bad_source $good:fifth" "$(field outcome) $(live 127.0.0.1)"
case $(field detail) in *vault/password*) ok "source: by its name" ;; *) not_ok "source: by its name" "$(field detail)" ;; esac
for bad in '' '\n\n' 'a\r\n' 'x # y\n' 'p\nq\n' 'ps\377\n'; do
    printf '%b' "$bad" >"$work/vault/..2/password"
    daemon A
    is "source: bad content '$bad'" "bad_source $good:fifth" "$(field outcome) $(live 127.0.0.1)"
done
printf 'bad.example a:b\n' >"$work/vault/..2/password"
daemon A
is "source: adds no relay" "bad_source 1" "$(field outcome) $(field line)"
head -c 1000000 /dev/zero | tr '\0' x >"$work/vault/..2/password"
daemon A
is "source: one line of 1 MB" bad_source "$(field outcome)"
printf 'not-right\n' >"$work/vault/..2/password"
daemon A
is "source: refused" "refused 0" "$(field outcome) $(field from_memory)"
daemon A
is "source: refused, from memory" "refused 1" "$(field outcome) $(field from_memory)"
chown relaywatch "$work/vault/..2/password"
daemon A
is "source: of another owner" bad_source "$(field outcome)"

# The volume of a pod, as the kubelet makes it of the example: its folder is everybody's, but sticky.
mounted=$(sed -n 's/^ *path: //p' "$(dirname "$0")/../../deploy/examples/kubernetes.yaml")
mkdir -p "$work/volume/..1/$(dirname "$mounted")"
chmod 1777 "$work/volume"
set_password mounted
(umask 377 && printf '%s:mounted' "$good" >"$work/volume/..1/$mounted")
ln -s ..1 "$work/volume/..data"
ln -s "..data/${mounted%%/*}" "$work/volume/${mounted%%/*}"
serving=(--source "$work/volume/$mounted")
daemon A
is "source: a pod's volume" "done 2 $good:mounted" "$(field outcome) $(field origin) $(live 127.0.0.1)"
serving=()

# ---------------------------------------------------------------- a drop folder

mkdir "$work/drop"
serving=(--drop "$work/drop")
keeper A
is "drop: empty" "unchanged 0" "$(field outcome) $(field more)"
set_password sixth
printf 'sixth\n' >"$work/drop/new-login"
printf 'half' >"$work/drop/.hidden"
daemon A
is "drop: one that may still be written to waits" "unchanged 1" "$(field outcome) $(field more)"
touch -d '5 seconds ago' "$work/drop/new-login"
daemon A
is "drop: is taken" "done 3 $good:sixth" "$(field outcome) $(field origin) $(live 127.0.0.1)"
is "drop: and removed" ".hidden" "$(ls -A "$work/drop")"
printf 'no-good\n' >"$work/drop/x"
touch -d '5 seconds ago' "$work/drop/x"
daemon A
is "drop: a refused one stays, and is told" "refused x" "$(field outcome) $(ls "$work/drop")"
case $(field detail) in "$work/drop/x: the relay refused"*) ok "drop: by its name" ;; *) not_ok "drop: by its name" "$(field detail)" ;; esac

# dropped NAME TEXT: long enough ago
dropped() {
    printf '%b' "$2" >"$work/drop/$1"
    touch -d '5 seconds ago' "$work/drop/$1"
    sleep 0.02
}

in_drop() { find "$work/drop" -mindepth 1 -name '[!.]*' -printf '%f\n' | sort | paste -sd ' '; }

mkdir "$work/drop/w"
touch -d '5 seconds ago' "$work/drop/w"
dropped y 'sixth # broken\n'
daemon A
is "drop: of several that are not acceptable the last is told" "bad_source 1 w x y" "$(field outcome) $(field line) $(in_drop)"
case $(field detail) in "$work/drop/y: line 1: a comment"*) ok "drop: and where" ;; *) not_ok "drop: and where" "$(field detail)" ;; esac
is "drop: nothing changed" "$good:sixth" "$(live 127.0.0.1)"
set_password later
before=$(logins)
dropped a 'later\n'
daemon A
is "drop: a later good one is taken, whatever its name" "done $good:later" "$(field outcome) $(live 127.0.0.1)"
is "drop: those before it are put aside" "w.refused x.refused y.refused" "$(in_drop)"
is "drop: they were not sent again" "$before" "$(logins)"
daemon A
is "drop: and no longer told" unchanged "$(field outcome)"
rm -r "$work/drop/"*
printf '%s' one | saslpasswd2 -p -c -f "$work/smart/sasldb2" -u smarthost.test first
dropped z 'first@smarthost.test:one\n'
dropped b 'later\n'
dropped c 'relay@smarthost.test:later\n'
daemon A
is "drop: the first of several" "done first@smarthost.test:one 1" "$(field outcome) $(live 127.0.0.1) $(field more)"
is "drop: the others wait" "b c" "$(in_drop)"
daemon A
is "drop: a password alone is for the user of now; the last one wins" "done $good:later b.refused" \
    "$(field outcome) $(live 127.0.0.1) $(in_drop)"
printf 'x # y\n' >"$work/bad-source"
serving=(--source "$work/bad-source" --drop "$work/drop-link")
ln -s drop "$work/drop-link"
dropped d 'first@smarthost.test:one\n'
daemon A
is "drop: a link of root's to the folder; a bad source does not hold it up" "done 3 1 first@smarthost.test:one" \
    "$(field outcome) $(field origin) $(field more) $(live 127.0.0.1)"
daemon A
is "drop: then the bad source is told" "bad_source 2 1" "$(field outcome) $(field origin) $(field line)"
set_password sixth
dropped e "$good:sixth\n"
daemon A
is "drop: still" "done $good:sixth" "$(field outcome) $(live 127.0.0.1)"
serving=()

# ---------------------------------------------------------------- back to the login of before

printf '%s' seventh | saslpasswd2 -p -c -f "$work/smart/sasldb2" -u smarthost.test second
source_is "# by hand\n127.0.0.1 second@smarthost.test:seventh\nother.example v:q\n"
daemon A
is "undo: another account" "done 1" "$(field outcome) $(field has_previous)"
is "undo: what is kept is root's" "600 0" "$(stat -c '%a %u' "$work/state/previous")"
daemon U
is "undo: the one of before is live" "done $good:sixth 0" "$(field outcome) $(live 127.0.0.1) $(field has_previous)"
is "undo: a file edited by hand stays" "# by hand" "$(head -1 "$passwd")"
daemon A
is "undo: and is not put in place again" "refused 1" "$(field outcome) $(field from_memory)"
daemon U
is "undo: once" "unchanged $good:sixth" "$(field outcome) $(live 127.0.0.1)"
source_is "# mine\n127.0.0.1 $good:sixth\nother.example v:q\n"
set_to "second@smarthost.test:seventh"
is "undo: nor is it by set" "refused 1" "$(field outcome) $(field from_memory)"
printf '%s' ninth | saslpasswd2 -p -c -f "$work/smart/sasldb2" -u smarthost.test second
set_to "second@smarthost.test:ninth"
is "undo: set" "done second@smarthost.test:ninth" "$(field outcome) $(live 127.0.0.1)"
daemon U
is "undo: of a set brings the file back, too" "done $good:sixth # mine|127.0.0.1 $good:sixth|other.example v:q|" \
    "$(field outcome) $(live 127.0.0.1) $(tr '\n' '|' <"$passwd")"
printf '%s' tenth | saslpasswd2 -p -c -f "$work/smart/sasldb2" -u smarthost.test second
set_to "second@smarthost.test:tenth"
set_password eighth
daemon U
is "undo: the one of before is dead: the live one stays" "unchanged second@smarthost.test:tenth" "$(field outcome) $(live 127.0.0.1)"

# ---------------------------------------------------------------- both dead

daemon H
is "hold: not without a proof" "not_allowed 0" "$(field outcome) $(field held)"
postconf -c "$etc" -e 'defer_transports = uucp'
printf '%s' other | saslpasswd2 -p -c -f "$work/smart/sasldb2" -u smarthost.test second
daemon U
is "undo: both dead" "refused second@smarthost.test:tenth" "$(field outcome) $(live 127.0.0.1)"
daemon H
is "hold: mail is held" "done 1 uucp, smtp, relay" "$(field outcome) $(field held) $(postconf -c "$etc" -h defer_transports)"
daemon H
is "hold: once" unchanged "$(field outcome)"
printf 'From: a@relay.test\nSubject: waits\n\nx\n' | sendmail -C "$etc" -f a@relay.test held@example.test
until_true grep -q 'to=<held@example.test>.*status=deferred' "$work/relay/mail.log"
is "hold: no login is tried meanwhile" 0 "$(grep -c 'to=<held@example.test>.*SASL' "$work/relay/mail.log")"
set_to "$good:eighth"
is "release: by the first good login" "done 0 uucp" "$(field outcome) $(field held) $(postconf -c "$etc" -h defer_transports)"
if until_true grep -q 'to=<held@example.test>.*status=sent' "$work/relay/mail.log"; then ok "release: what waited is sent"; else
    not_ok "release: what waited is sent" "$(tail -2 "$work/relay/mail.log")"; fi
keeper H
is "hold: a person may" "done 1" "$(field outcome) $(field held)"
keeper R
is "release: by hand" "done 0 uucp" "$(field outcome) $(field held) $(postconf -c "$etc" -h defer_transports)"
keeper R
is "release: once" unchanged "$(field outcome)"

# ---------------------------------------------------------------- reloads

keeper N
keeper R
sleep 10
for n in 1 2 3; do
    printf '%s' "pw$n" | saslpasswd2 -p -c -f "$work/smart/sasldb2" -u smarthost.test "user$n"
    set_to "user$n@smarthost.test:pw$n"
    reloads[n]=$(field reloaded)
done
is "three changes at once: one reload, one is owed" "1 0 0" "${reloads[*]}"
due=$(field reload_due_ms)
if [ "$due" -gt 0 ] && [ "$due" -le 10000 ]; then ok "when it is due"; else not_ok "when it is due" "$due"; fi
sleep "$(awk "BEGIN { print $due / 1000 + 0.1 }")"
daemon N
is "then it is done" "done 1" "$(field outcome) $(field reloaded)"
daemon N
is "once" unchanged "$(field outcome)"

# ---------------------------------------------------------------- several senders' logins

postconf -c "$etc" -e smtp_sender_dependent_authentication=yes
source_is "127.0.0.1 user3@smarthost.test:pw3\na@relay.test user1@smarthost.test:bad\nother.example v:q\n"
daemon A
is "a sender's login is tried, too" "refused 2" "$(field outcome) $(field line)"
source_is "127.0.0.1 user3@smarthost.test:pw3\na@relay.test user1@smarthost.test:pw1\nother.example v:q\n"
daemon A
is "a sender's login" "done 1 user1@smarthost.test:pw1" "$(field outcome) $(field changed) $(live a@relay.test)"
set_to "a@relay.test user2@smarthost.test:pw2"
is "one of them alone" "done 1 user2@smarthost.test:pw2 user3@smarthost.test:pw3" \
    "$(field outcome) $(field changed) $(live a@relay.test) $(live 127.0.0.1)"

if grep -q 'Sanitizer\|runtime error' "$work/keeper.log"; then
    not_ok "sanitizers" "$(grep -m2 'Sanitizer\|runtime error' "$work/keeper.log")"
else
    ok "sanitizers silent"
fi
exit $failed
