#!/bin/bash
# chaos-store.sh BIN [CYCLES [SEED]]: counting through kill -9 of writer and Redis, cut and emptied Redis files, hangs and
# second writers: not a line lost or counted twice. BIN/../support holds chaos_store. 60 cycles take about 25 s; more by argument.
# Prints "ok - name" or "not ok - name: why".
set -eu

support=$(cd "$1/../support" && pwd)
cycles=${2:-60}
seed=${3:-$RANDOM}

if out=$("$support/chaos_store" "$cycles" "$seed" 2>&1); then
    echo "ok - chaos of the store: $(tail -n 1 <<<"$out")"
else
    echo "not ok - chaos of the store: seed $seed: $(tail -n 5 <<<"$out")"
    exit 1
fi
