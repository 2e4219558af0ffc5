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
every=${KILL_EVERY:-9}
export ASAN_OPTIONS=detect_leaks=0

postfix -c "$etc" stop >/dev/null 2>&1
# The entry of another host changes, so that nothing has to be tried at the smarthost and the run is short.
fresh() {
    source_is "127.0.0.1 $good:first\nk.example u:old\n"
    rm -f "$index"
    postmap -c "$etc" "$type:$passwd"
}

edit() {
    source_is "127.0.0.1 $good:first\nk.example u:new\n"
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
            "$good:first/u:old" | "$good:first/u:new") ;;
            *) torn="$torn $call:$n" ;;
            esac
            grep -qx "127.0.0.1 $good:first" "$passwd" && grep -qx 'k.example u:\(old\|new\)' "$passwd" || torn="$torn file:$call:$n"
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

kill_all "an edit" edit
kill_all "a set" by_set
exit $failed
