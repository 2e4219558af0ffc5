#!/bin/bash
# rotations.sh BIN [COUNT]: the login is changed again and again under a load of 20 messages a second, by each way
# (sasl_passwd edited in place, renamed over, a symbolic link; `credentials set`; a secret manager's file swapped as
# Kubernetes does, renamed over, written in place; a file dropped), COUNT times each (default 3; 200 takes half an hour), and
# each time the old account is removed at once: nothing bounces, nothing is lost, nothing comes twice. Then the bad days:
# unacceptable files, a login that fails in production, none that works. Must run as root. Prints "ok - name" or
# "not ok - name: why". KEEP=1 leaves the trial running; TESTS names some tests, WAYS some ways.
# shellcheck disable=SC2154,SC2317 # what words.sh shares; many of the functions are called by within
set -u

bin=$(cd "$1" && pwd)
count=${2:-${ROTATIONS:-3}}
limit_ms=${LIMIT_MS:-5000}
repo=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d /var/tmp/relaywatch-rotations-test.XXXXXX)
work=$(mktemp -d /var/tmp/relaywatch-rotations-work.XXXXXX)
load=
account=0
# shellcheck source=tests/support/words.sh
. "$repo/tests/support/words.sh"

now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

# within NAME SECONDS COMMAND...
within() {
    local name=$1 limit=$2 begun
    begun=$(now_ms)
    shift 2
    if becomes "$limit" "$@"; then ok "$name ($(($(now_ms) - begun)) ms)"; else
        not_ok "$name" "not within $limit s; alerts: $(alerts)"; fi
}

rw() { "$BIN/relaywatch" -c "$RELAYWATCH_CONF" "$@"; }
status_json() { rw status --json | tr -d '\n' | sed 's/\([{,:]\) */\1/g'; }
alerts() { status_json | sed -n 's/.*"alerts":\[\(.*\)\],"ended_alerts".*/\1/p' | grep -o '"diagnosis":"[^"]*"' | tr '\n' ' '; }
is_alert() { alerts | grep -q "\"$1 "; }
no_alert() { ! is_alert "$1"; }
told() { status_json | grep -q "$1"; }

clean_up() {
    [[ -n $load ]] && kill "$load" 2>/dev/null
    touch "$work/end"
    [[ -n ${KEEP:-} ]] && echo "# kept: $dir" && return
    "$repo/deploy/up" --dir "$dir" --stop >/dev/null 2>&1
    rm -rf "$(readlink -f "$dir")" "$dir" "$work"
}
trap clean_up EXIT

start() {
    "$repo/deploy/up" --dir "$dir" --build-dir "$(dirname "$bin")" --detach >"$work/up" 2>&1 ||
        { not_ok "the trial starts" "$(tail -n 3 "$work/up" | tr '\n' ' ')"; exit 1; }
    # shellcheck source=/dev/null
    . "$dir/env"
    cp "$RELAYWATCH_CONF" "$work/conf"
    cat >"$work/hook" <<END
#!/bin/sh
echo "\$1 \$RELAYWATCH_EVENT \$RELAYWATCH_USER" >>$work/hooks
END
    chmod 755 "$work/hook" "$work"
    : >"$work/hooks"
    chmod 666 "$work/hooks"
    secret=$dir/relay/vault/login drop=$dir/relay/drop
    mkdir -p "$dir/relay/vault" "$drop"
    swap_in "$(sed 's/^[^ ]* *//' "$SASL_PASSWD")" # what is live
    printf 'on_rotated = %s good\non_failed = %s bad\n' "$work/hook" "$work/hook" >>"$RELAYWATCH_CONF"
    printf 'credential_source = %s\ncredential_drop = %s\n' "$secret" "$drop" >>"$RELAYWATCH_CONF"
    sleep 1.5 # it starts again
    becomes 10 told '"state":"verified"'
}

# ---------------------------------------------------------------- accounts at the smarthost

realm() { echo "$SMARTHOST_REALM"; }
make_account() { printf '%s' "$2" | saslpasswd2 -p -c -f "$SMARTHOST_SASLDB" -u "$(realm)" "$1"; }
remove_account() { saslpasswd2 -d -f "$SMARTHOST_SASLDB" -u "$(realm)" "$1" 2>/dev/null; }

# next_account: $user and $word are a new one's, $old is the one before
next_account() {
    old=${user:-$SMARTHOST_USER}
    account=$((account + 1))
    user=rotated$account
    word=word$account-$canary-$RANDOM
    make_account "$user" "$word"
    echo "$word" >>"$work/words"
}

line() { printf 'localhost %s@%s:%s\n' "$user" "$(realm)" "$word"; }

# A message came in with this login; a probe sends none.
in_use() { grep -q "sasl_username=$user@" "$SMARTHOST_LOG"; }

# ---------------------------------------------------------------- load

# Ten messages each half second, each to an address of its own; what was taken is in $work/submitted.
run_load() {
    local batch
    batch=$(cat "$work/submitted" "$work/not-submitted" | sort -n | tail -1)
    until [[ -e $work/stop ]]; do
        batch=$((batch + 1))
        if smtp-source -s 2 -m 10 -N -f sender@trial.example -t "b$batch@example.net" "$RELAY_SUBMIT"; then
            echo "$batch" >>"$work/submitted"
        else
            echo "$batch" >>"$work/not-submitted"
        fi
        sleep 0.4
    done
}

start_load() {
    touch "$work/submitted" "$work/not-submitted"
    run_load 2>>"$work/load.log" &
    load=$!
}

stop_load() {
    touch "$work/stop"
    wait "$load"
    load=
    rm "$work/stop"
}

queue_is_empty() { [[ -z $(find "$dir"/spool/relay/{incoming,active,deferred,maildrop} -type f) ]]; }
# Why it does, for whoever reads a failure.
what_waits() {
    echo "# $(find "$dir"/spool/relay/{incoming,active,deferred,hold,maildrop} -type f | wc -l) files wait; the first:"
    postqueue -c "$POSTFIX_CONFIG_DIR" -p | sed -n '2,9s/^/# /p'
    grep -E 'postfix/(qmgr|master|smtp\[.*(deferred|warning))' "$MAIL_LOG" | tail -n 12 | cut -c 1-220 | sed 's/^/# /'
    grep -vE ': (dis)?connect|status=sent|removed' "$SMARTHOST_LOG" | tail -n 6 | cut -c 1-220 | sed 's/^/# /'
}

received() { find "$SMARTHOST_MAIL/new" -type f -exec grep -hm1 '^X-Original-To: [0-9]*b[0-9]*@' {} + | sort; }

# ---------------------------------------------------------------- the ways of a change

by_edit_in_place() { line >"$SASL_PASSWD"; }

by_rename() {
    (umask 077 && line >"$SASL_PASSWD.new")
    mv "$SASL_PASSWD.new" "$SASL_PASSWD"
}

by_symlink() {
    mkdir -p "$dir/relay/secrets/$account"
    (umask 077 && line >"$dir/relay/secrets/$account/sasl_passwd")
    ln -s "secrets/$account/sasl_passwd" "$SASL_PASSWD.new"
    mv -T "$SASL_PASSWD.new" "$SASL_PASSWD"
}

by_set() { printf '%s@%s:%s' "$user" "$(realm)" "$word" | rw credentials set >"$work/set" 2>&1; }

# A secret manager's file, its name is $secret, and the folder where files are dropped, $drop.
login() { printf '%s@%s:%s\n' "$user" "$(realm)" "$word"; }

# swap_in TEXT: as Kubernetes' AtomicWriter does: a new folder, and ..data names it from one moment to the next
swap_in() {
    local folder=..$account-$RANDOM before
    before=$(readlink "${secret%/*}/..data")
    mkdir "${secret%/*}/$folder"
    (umask 077 && printf '%s' "$1" >"${secret%/*}/$folder/login")
    ln -sfn "$folder" "${secret%/*}/..data_tmp"
    mv -T "${secret%/*}/..data_tmp" "${secret%/*}/..data"
    [[ -L $secret ]] || ln -sf ..data/login "$secret"
    [[ -z $before ]] || rm -r "${secret%/*}/${before:?}"
}

by_source_swap() { swap_in "$(login)"; }

by_source_rename() {
    (umask 077 && login >"$secret.new")
    mv -T "$secret.new" "$secret"
}

by_source_in_place() { login >"$secret"; }

by_drop() { (umask 077 && login >"$drop/login-$account"); }

# rotate_by NAME FUNCTION
rotate_by() {
    local begun took worst=0 late=0 sum=0 i
    for ((i = 0; i < count; i++)); do
        next_account
        begun=$(now_ms)
        "$2"
        becomes 30 in_use || { not_ok "$1: new login in use" "rotation $i of $user: not within 30 s; $(alerts)"; return; }
        took=$(($(now_ms) - begun))
        remove_account "$old"
        sum=$((sum + took))
        ((took > worst)) && worst=$took
        ((took > limit_ms)) && late=$((late + 1))
    done
    is "$1: $count new logins in use within $limit_ms ms each (mean $((sum / count)), worst $worst)" 0 "$late"
}

test_rotations() {
    local way ways=${WAYS:-edit_in_place rename symlink set source_swap source_rename source_in_place drop}
    start_load
    sleep 2
    chmod 600 "$SASL_PASSWD"
    for way in $ways; do
        # What is not sasl_passwd itself replaces no symbolic link.
        [[ -L $SASL_PASSWD && $way != symlink ]] && once by_rename
        rotate_by "${way//_/ }" "by_$way"
    done
    stop_load
    test_nothing_lost "$(($(wc -w <<<"$ways") * count)) rotations"
}

# once FUNCTION: a change that is not measured
once() {
    next_account
    "$1"
    becomes 10 in_use
    remove_account "$old"
}

# test_nothing_lost NAME: all that was taken has arrived, once
test_nothing_lost() {
    local submitted
    within "$1: the queue drains" 60 queue_is_empty
    queue_is_empty || what_waits
    submitted=$(($(wc -l <"$work/submitted") * 10))
    is "$1: no message was refused at the relay" 0 "$(wc -l <"$work/not-submitted")"
    is "$1: all $submitted messages arrived" "$submitted" "$(received | sort -u | wc -l)"
    is "$1: none twice" "" "$(received | uniq -d | head -3)"
    is "$1: none bounced" 0 "$(grep -c 'postfix/smtp\[.*status=bounced' "$MAIL_LOG")"
}

# ---------------------------------------------------------------- what is not acceptable

live() { postmap -c "$POSTFIX_CONFIG_DIR" -q localhost "$(postconf -c "$POSTFIX_CONFIG_DIR" -h smtp_sasl_password_maps)"; }

# write_bad FORMAT ARGUMENT...
write_bad() {
    # shellcheck disable=SC2059
    (umask 077 && printf "$@" >"$SASL_PASSWD.new")
    mv "$SASL_PASSWD.new" "$SASL_PASSWD"
}

# bad NAME DIAGNOSIS WORDS COMMAND...: the alert has the words, the live map is what it was
bad() {
    local name=$1 id=$2 words=$3 before
    before=$(live)
    shift 3
    "$@"
    within "$name: $id" 6 is_alert "$id"
    within "$name: says why" 3 told "$words"
    is "$name: the live map is unchanged" "$before" "$(live)"
    by_rename # the good one again
    within "$name: put right" 6 no_alert "$id"
}

test_bad_sources() {
    local login
    login="$user@$(realm)"
    bad "bad password" C01 'the relay refused this login' write_bad 'localhost %s:not-it\n' "$login"
    bad "swapped words" C07 'line 1: *.*colon' write_bad '%s:%s localhost\n' "$login" "$word"
    bad "missing key" C07 'no entry for localhost' write_bad 'elsewhere %s:%s\n' "$login" "$word"
    bad "no key at all" C07 'line 1: *no value after the key' write_bad '%s:%s\n' "$login" "$word"
    bad "trailing comment" C07 'line 2: *a comment' write_bad '# mine\nlocalhost %s:%s # new\n' "$login" "$word"
    bad "CRLF" C07 'line 1: *a carriage return' write_bad 'localhost %s:%s\r\n' "$login" "$word"
    bad "empty file" C07 'no entry in the file' write_bad ''
    bad "deleted" C07 'No such file' rm "$SASL_PASSWD"
    bad "readable for all" C07 'mode 0644' chmod 644 "$SASL_PASSWD"
    bad "not root's" C07 'not owned by root' chown relaywatch "$SASL_PASSWD"
    bad "1 MB line" C07 'larger than 65536' eval 'head -c 1000000 /dev/zero | tr "\0" x | (umask 077; cat >"$SASL_PASSWD")'
    bad "not UTF-8" C07 'line 1: *.*not ASCII' write_bad 'localhost %s:\xff\xfe\n' "$login"
}

# ---------------------------------------------------------------- it works when tried, and not for mail

is_live() { [[ $(live) == "$1" ]]; }
held() { postconf -c "$POSTFIX_CONFIG_DIR" -h defer_transports | grep -q smtp; }
refuse_when_used() { becomes 20 in_use && make_account "$user" "other-$RANDOM"; }

test_rollback() {
    local good good_user=$user good_word=$word
    good="$user@$(realm):$word"
    start_load
    next_account
    by_rename
    refuse_when_used
    within "refused in production: rolled back" 60 is_live "$good"
    within "refused in production: the alert" 5 told 'the old one is live again'
    within "refused in production: a hook is told" 5 grep -q "bad rolled_back" "$work/hooks"
    # The one that was put back may have delivered already.
    is "refused in production: history" rolled_back \
        "$(rw credentials history | sed -n '1,2s/^[^ ]* *\([a-z_]*\).*/\1/p' | grep -xv confirmed | head -1)"
    sleep 3
    is_live "$good" || not_ok "refused in production: it stays" "$(live)"
    user=$good_user word=$good_word
    by_rename
    within "refused in production: put right by hand, the alert ends" 10 no_alert C01
    stop_load
    test_nothing_lost "a rollback"
}

test_both_dead() {
    start_load
    next_account
    by_rename
    becomes 20 in_use
    remove_account "$old"
    make_account "$user" "other-$RANDOM"
    within "both dead: mail is held" 60 held
    within "both dead: the alert" 5 is_alert C05
    within "both dead: a hook is told" 5 grep -q "bad held" "$work/hooks"
    told '"mail_held":true' || not_ok "both dead: status tells" "$(rw credentials show)"
    stop_load
    is "both dead: mail waits" 1 "$(queue_is_empty && echo 0 || echo 1)"
    next_account
    by_set
    is "both dead: a right one is taken" 0 $?
    is "both dead: the hold ends" "" "$(postconf -c "$POSTFIX_CONFIG_DIR" -h defer_transports)"
    within "both dead: the alert ends" 10 no_alert C05
    test_nothing_lost "both dead"
}

# ---------------------------------------------------------------- what is shown

# shown EXPRESSION: of k, the keys by name
shown() {
    rw credentials show --json | python3 -c "
import json, sys
k = {key['key']: key for key in json.load(sys.stdin)['keys']}
print($1)"
}

test_show() {
    printf 'x.example smtp:[other.example]:587\n' >"$POSTFIX_CONFIG_DIR/elsewhere"
    postmap -c "$POSTFIX_CONFIG_DIR" "$(relay_type):$POSTFIX_CONFIG_DIR/elsewhere"
    postconf -c "$POSTFIX_CONFIG_DIR" -e "transport_maps=$(relay_type):$POSTFIX_CONFIG_DIR/elsewhere" \
        smtp_sender_dependent_authentication=yes
    make_account tenant "word0-$RANDOM-tenant"
    {
        line
        echo "a@tenant.example tenant@$(realm):word0-wrong"
        echo "[other.example]:587 me:word0-other"
        echo "unused.example me:word0-unused"
    } >"$SASL_PASSWD"
    within "show: a sender's login that is refused" 6 is_alert C01
    is "show: no login of that file is live but the relay's" "True False False False" "$(shown '*[x["live"] for x in k.values()]')"
    is "show: when it was refused" True "$(shown 'k["a@tenant.example"]["refused_at"] is not None')"
    make_account tenant word0-tenant
    sed -i s/word0-wrong/word0-tenant/ "$SASL_PASSWD"
    within "show: put right" 6 no_alert C01
    is "show: all are live" "True True True True" "$(shown '*[x["live"] for x in k.values()]')"
    is "show: what uses them" "1 sender a@tenant.example transport_maps x.example 0" \
        "$(shown 'len(k["localhost"]["used_by"]), *k["a@tenant.example"]["used_by"], *k["[other.example]:587"]["used_by"], len(k["unused.example"]["used_by"])')"
    is "show: which were proved" "True True False" \
        "$(shown '*[k[x]["verified_at"] is not None for x in ("localhost", "a@tenant.example", "unused.example")]')"
    is "show: no password" 0 "$(rw credentials show | grep -c 'word[0-9]')"
    is "show: four are masked, and the relay's" 5 "$(rw credentials show | grep -c '\*\*\*\*')"
    is "show: it fits" "" "$(rw credentials show | grep -v '^from\|^source' | grep -m1 '.\{81\}')"
    chmod 644 "$SASL_PASSWD"
    is "show: a file that others can read, and what mends it" "sudo chmod 600 $SASL_PASSWD" \
        "$(rw credentials show | grep -A 1 '^warning' | tail -n 1 | sed 's/^ *//')"
    chmod 600 "$SASL_PASSWD"
    is "show: no such file" 0 "$(rw credentials show | grep -c '^warning')"
    by_rename
    within "show: back to one" 6 told "\"user\":\"$user@"
}

relay_type() { postconf -c "$POSTFIX_CONFIG_DIR" -h smtp_sasl_password_maps | cut -d : -f 1; }

# ---------------------------------------------------------------- no secret where it does not belong

# Looks into the arguments and environments of all processes, again and again, while the rest runs.
watch_processes() {
    until [[ -e $work/end ]]; do
        cat /proc/[0-9]*/{cmdline,environ} 2>/dev/null | tr '\0' '\n' | grep -aE 'word[0-9]+-[a-z0-9]+-[0-9]+' >>"$work/seen-in-processes"
        sleep 0.05
    done
}

# Where a password may stand: sasl_passwd with its index, the keeper's state (the login of before), the smarthost.
test_secrets() {
    local key
    sort -u -o "$work/words" "$work/words"
    redis-cli -s "$REDIS_SOCKET" save >/dev/null 2>&1
    for key in $(redis-cli -s "$REDIS_SOCKET" --scan); do
        redis-cli -s "$REDIS_SOCKET" hgetall "$key" # not packed, as a dump is
    done >"$work/redis" 2>/dev/null
    no_secret_in "$(readlink -f "$dir")" "$work"
    is "no password in logs, state, Redis, temporary files" "" "$(find "$dir/log" "$dir/state/relaywatchd" "$dir/state/notify" \
        "$dir/run" "$dir/redis" "$dir/etc" "$dir/spool" "$work/redis" /tmp /dev/shm -maxdepth 6 -type f -newer "$work/up" \
        -exec grep -aslFf "$work/words" {} + 2>/dev/null | head -3)"
    is "that was a real test: they are where they may be" 1 "$(grep -aqFf "$work/words" "$SASL_PASSWD" && echo 1)"
    is "no password in an argument or an environment" "" "$(sort -u "$work/seen-in-processes" | head -3)"
    is "no core file" "" "$(find "$dir" -name 'core*' -type f | head -1)"
    is "the keeper's files are root's" "" "$(find "$dir/state/keeper" ! -user root -o -perm /077 | head -1)"
}

start
: >"$work/seen-in-processes"
watch_processes &
next_account
by_rename
becomes 10 told "\"user\":\"$user@"
for test in ${TESTS:-rotations bad_sources rollback both_dead show secrets}; do
    "test_$test"
done
within "a hook was told of the good ones" 5 grep -q "good confirmed rotated" "$work/hooks"
touch "$work/end"
wait
is "sanitizers silent" "" "$(grep -m1 'Sanitizer\|runtime error' "$RELAYWATCH_LOG")"
exit $failed
