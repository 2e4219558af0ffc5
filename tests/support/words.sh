# shellcheck shell=bash disable=SC2034
# words.sh: sourced by process tests: what they print, and $failed, their exit status.

failed=0

ok() { echo "ok - $1"; }

not_ok() {
    echo "not ok - $1: $2"
    failed=1
}

# is NAME WANT GOT
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "wanted '$2', got '$3'"; fi; }

# becomes SECONDS COMMAND...: true as soon as the command is
becomes() {
    local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
    shift
    until "$@" >/dev/null 2>&1; do
        ((${EPOCHREALTIME/./} < end)) || return 1
        sleep 0.05
    done
}

# A part of each secret of the tests that look for leaks: see canary.py. Never an argument of a program.
canary=$(<"$(dirname "${BASH_SOURCE[0]}")/canary")

# no_secret_in FOLDER...: but where one belongs
no_secret_in() { python3 "$(dirname "${BASH_SOURCE[0]}")/canary.py" look "$@" || failed=1; }

# program_pid NAME: its process in the trial whose env was read; others of the same build may run beside it
program_pid() {
    local p
    for p in /proc/[0-9]*; do
        if [[ $(readlink "$p/exe" 2>/dev/null) == "$BIN/$1" ]] && grep -qzxF -- "$RELAYWATCH_CONF" "$p/cmdline" 2>/dev/null; then
            echo "${p#/proc/}"
        fi
    done
}
