#!/bin/bash
# chaos-daemon.sh BIN [CYCLES [SEED]]: relaywatchd reads a log that grows while it and Redis are killed, stopped, emptied
# and cut, and while a second one of its name comes and goes: not a line lost or counted twice. Must run as root.
# BIN/../support holds chaos_daemon. 60 cycles take about 30 s; more by argument.
# Prints "ok - name" or "not ok - name: why".
set -eu

bin=$(cd "$1" && pwd)
cycles=${2:-60}
seed=${3:-$RANDOM}

if out=$("$bin/../support/chaos_daemon" "$bin/relaywatchd" "$cycles" "$seed" 2>&1); then
    echo "ok - chaos of relaywatchd: $(tail -n 1 <<<"$out")"
else
    echo "not ok - chaos of relaywatchd: seed $seed: $(tail -n 5 <<<"$out")"
    exit 1
fi
