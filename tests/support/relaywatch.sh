# shellcheck shell=bash disable=SC2154
# relaywatch.sh: sourced by process tests of commands. Runs `relaywatch` of $bin with the configuration $work/relaywatch.conf
# and looks at what it says; ok and not_ok are the test's own.

conf=$work/relaywatch.conf
out=$work/out
err=$work/err

rw() { "$bin/relaywatch" -c "$conf" "$@" >"$out" 2>"$err" </dev/null; }

# exits NAME STATUS COMMAND...: of relaywatch
exits() {
    local name=$1 want=$2 status=0
    shift 2
    rw "$@" || status=$?
    if [ $status = "$want" ]; then ok "$name"; else not_ok "$name" "exit status $status: $(head -c 300 "$err")"; fi
}

# says NAME PATTERN [FILE]: the last command
says() { if grep -qE -- "$2" "${3:-$out}"; then ok "$1"; else not_ok "$1" "no '$2' in: $(head -c 900 "${3:-$out}")"; fi; }

# json EXPRESSION: of d, the object that the last command printed; several values with blanks between
json() {
    python3 -c "
import json, sys
d = json.load(open('$out'))
v = ($1)
print(*v) if isinstance(v, (tuple, list)) else print(v)" 2>&1
}

# fits NAME: the last command's words fit a terminal and cannot control it
fits() {
    local command='^ +(do +)?(sudo|sudoedit|relaywatch|post[a-z]+|tail|grep|ls) ' wrong
    wrong=$(grep -m1 $'\033' "$out" || grep '.\{81\}' "$out" | grep -vEm1 "$command")
    if [[ -z $wrong ]]; then ok "$1"; else not_ok "$1" "$wrong"; fi
}
