#!/bin/bash
# probe.sh BIN: relaywatch-probe against some 75 hostile smarthosts, each a script of support/hostile_smtp.py. No byte of the
# login may be sent before the server has proved its name over TLS, and no server may hold the probe longer than 30
# seconds. Prints "ok - name" or "not ok - name: why".
set -u
bin=$(cd "$1" && pwd)
ask=$bin/probe_ask
[ -x "$ask" ] || ask=$bin/../support/probe_ask
[ -x "$ask" ] || { echo "not ok - probe_ask: neither in $bin nor in $bin/../support"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -W ignore "$(dirname "$0")/../support/hostile_smtp.py" "$ask" "$bin/relaywatch-probe" "$work"
