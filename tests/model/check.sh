#!/bin/bash
# check.sh [FAULTS]: checks the model of the counting protocol with spin: safety with FAULTS faults (2: every pair of
# them, 3.3 million states, 0.4 GB, 5 s; 3 takes hours and is left to who changes the protocol), liveness with one, and
# that each rule that is left out is missed. Prints "ok - name" or "not ok - name: why".
set -u

faults=${1:-2}
model=$(cd "$(dirname "$0")" && pwd)/stream.pml
failed=0

if ! command -v spin >/dev/null; then
    echo "ok - model of the counting protocol # skip: spin is not here"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# run COMPILER_FLAGS PAN_FLAGS SPIN_FLAGS...: what pan says
run() {
    local compiler=$1 pan=$2
    shift 2
    spin -a "$@" "$model" >spin.log 2>&1 || { cat spin.log && return; }
    # shellcheck disable=SC2086 # lists of words
    cc -w -O2 -DCOLLAPSE -DMEMLIM=2000 $compiler -o pan pan.c || return
    # shellcheck disable=SC2086
    timeout 600 ./pan -m1000000 $pan 2>&1
}

# expect NAME right|wrong OUTPUT
expect() {
    local errors states
    errors=$(sed -n 's/.*errors: \([0-9]*\)$/\1/p' <<<"$3")
    states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' <<<"$3")
    if grep -qE 'max search depth too small|MEMLIM bound|out of memory' <<<"$3" || [[ -z $errors || -z $states ]]; then
        echo "not ok - $1: the search did not end: $(tail -n 3 <<<"$3" | tr '\n' ' ')"
        failed=1
    elif [[ ($2 == right && $errors == 0) || ($2 == wrong && $errors != 0) ]]; then
        echo "ok - $1 ($states states)"
    else
        echo "not ok - $1: $(grep -E '^pan:|errors:' <<<"$3" | tr '\n' ' ')"
        failed=1
    fi
}

expect "model: what is published is right, whatever happens" right "$(run "-DSAFETY -DNOCLAIM" "" "-DFAULTS=$faults")"
expect "model: in the end all is published" right "$(run "-DNFAIR=5" "-a -f -N done" -DFAULTS=1)"
for rule in 1 2 3 4; do
    expect "model: without rule $rule an error is found" wrong "$(run "-DSAFETY -DNOCLAIM" "" -DFAULTS=2 "-DBREAK=$rule")"
done
exit "$failed"
