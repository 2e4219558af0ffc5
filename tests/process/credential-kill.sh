#!/bin/bash
# credential-kill.sh BIN: relaywatch-keeper killed at its system calls while it puts a new login in place. At each point the
# live map must hold a complete old or a complete new login, and the next run must end well. KILL_EVERY=1 takes every call
# (some 500 runs); by default a sample. Must run as root. Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2034,SC2154 # what private-relay.sh shares
set -u

# shellcheck source=tests/support/private-relay.sh
. "$(dirname "$0")/../support/private-relay.sh"
command -v strace >/dev/null || { echo "ok - killed at its system calls # skip: no strace here"; exit 0; }
begin
good=relay@smarthost.test
secret=first-$canary
set_password "$secret"
every=${KILL_EVERY:-9}
export ASAN_OPTIONS=detect_leaks=0

postfix -c "$etc" stop >/dev/null 2>&1
# The entry of another host changes, so that nothing has to be tried at the smarthost and the run is short.
fresh() {
    source_is "127.0.0.1 $good:$secret\nk.example u:old\n"
    rm -f "$index"
    postmap -c "$etc" "$type:$passwd"
}

edit() {
    source_is "127.0.0.1 $good:$secret\nk.example u:new\n"
    keeper A "$@"
}

by_set() {
    asking=(--secret)
    keeper S "$@" < <(printf 'k.example u:new\n')
    local status=$?
    asking=()
    return $status
}

# kill_all NAME FUNCTION: every $every-th system call of one run
kill_all() {
    local calls call n points=0 number=0 torn='' lost=''
    fresh
    "$2" "$(command -v strace)" -D -o "$work/trace"
    calls=$(sed -nE 's/^([a-z0-9_]+)\(.*/\1/p' "$work/trace")
    for call in $(sort -u <<<"$calls"); do
        [ "$call" != execve ] && [ "$call" != exit_group ] || continue
        for n in $(seq "$(grep -cx "$call" <<<"$calls")"); do
            number=$((number + 1))
            [ $((number % every)) = 0 ] || continue
            fresh
            "$2" "$(command -v strace)" -D -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" && continue
            points=$((points + 1))
            case "$(live 127.0.0.1)/$(live k.example)" in
            "$good:$secret/u:old" | "$good:$secret/u:new") ;;
            *) torn="$torn $call:$n" ;;
            esac
            [ "$(head -n 1 "$passwd")" = "127.0.0.1 $good:$secret" ] && grep -qx 'k.example u:\(old\|new\)' "$passwd" || torn="$torn file:$call:$n"
            "$2"
            [ "$(live k.example)" = u:new ] || lost="$lost $call:$n($(field outcome))"
        done
    done
    is "$1, killed at $points of $number calls: never without a whole login" "" "$torn"
    is "$1: the next run ends well" "" "$lost"
    is "$1: nothing is left over" "" "$(find "$etc" -name '*stage*')"
    if [ $points -ge $((number / every / 2)) ] && [ $number -ge 100 ]; then ok "$1: that was a real test"; else
        not_ok "$1: that was a real test" "$points of $number calls"; fi
}

# theirs: of a run whose children are traced, too, the calls that are theirs alone, "call:n" a line
theirs() {
    awk -v keeper="$(head -n 1 "$work/trace" | cut -d ' ' -f 1)" '
        $1 != keeper && match($2, /^[a-z0-9_]+\(/) { call = substr($2, 1, RLENGTH - 1); print call ":" ++n[$1, call] }' "$work/trace" |
        sort -u | grep -vE '^(execve|exit_group):'
}

# kill_children NAME WANTED FUNCTION STRACE_OPTION...: the keeper lives, what it started is killed at each of its calls
# that the options leave. WANTED: the outcomes that are right.
kill_children() {
    local name=$1 wanted=$2 what=$3 point points=0 torn='' lost='' wrong='' before
    shift 3
    fresh
    before=$(live 127.0.0.1)/$(live k.example)
    "$what" "$(command -v strace)" -D -f "$@" -o "$work/trace"
    for point in $(theirs); do
        fresh
        "$what" "$(command -v strace)" -D -f "$@" -o /dev/null -e "trace=${point%:*}" \
            -e "inject=${point%:*}:signal=KILL:when=${point#*:}"
        [ -n "$(field outcome)" ] || continue # the keeper has such a call, too, and came first
        points=$((points + 1))
        grep -qw "$(field outcome)" <<<"$wanted" || wrong="$wrong $point($(field outcome))"
        [ "$(field outcome)" = 'done' ] || [ "$(live 127.0.0.1)/$(live k.example)" = "$before" ] ||
            torn="$torn $point($(live 127.0.0.1)/$(live k.example))"
        "$what"
        grep -qw "$(field outcome)" <<<"done unchanged" || lost="$lost $point($(field outcome): $(field detail))"
    done
    is "$name killed at $points of its calls: the old login stays" "" "$torn"
    is "$name: the keeper says so" "" "$wrong"
    is "$name: the next run ends well" "" "$lost"
    is "$name: nothing is left over" "" "$(find "$etc" -name '*stage*')"
    if [ $points -ge 5 ]; then ok "$name: that was a real test"; else not_ok "$name: that was a real test" "$points points"; fi
}

# The password of the relay itself changes, so that the probe has something to do.
relay_edit() {
    source_is "127.0.0.1 $good:second-$canary\nk.example u:old\n"
    keeper A "$@"
}

kill_all "an edit" edit
kill_all "a set" by_set
stage=$etc/.relaywatch-stage
kill_children "postmap" "failed done" edit -P "$stage/map" -P "$stage/${index##*/sasl_passwd}" -P "$stage/map${index##*/sasl_passwd}" \
    -P "$stage/__db.map${index##*/sasl_passwd}"
set_password "second-$canary"
# failed: where it was a postconf or postmap that came first.
kill_children "the probe" "inconclusive failed done" relay_edit -e trace=connect,socket,recvfrom,sendto,poll,alarm,getrandom
exit $failed
