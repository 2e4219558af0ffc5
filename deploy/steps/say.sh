# shellcheck shell=bash disable=SC2034 # SAY_STEPS is set by the scripts
# What the scripts say: numbered steps, progress of long commands, errors that name the step and the way out.

SAY_NAME=${0##*/}
SAY_STEP=
SAY_STEPS=0
SAY_NUMBER=0

say() {
    printf '%s\n' "$*" >&2
}

# step TITLE: announces the next of SAY_STEPS steps.
step() {
    SAY_NUMBER=$((SAY_NUMBER + 1))
    SAY_STEP=$1
    say "[$SAY_NUMBER/$SAY_STEPS] $1 (${SECONDS}s)"
}

# fail WHAT NEXT: the end, with what to do about it.
fail() {
    say ""
    say "$SAY_NAME: ${SAY_STEP:+step $SAY_NUMBER/$SAY_STEPS ($SAY_STEP): }$1"
    say "$SAY_NAME: next: $2"
    exit 1
}

usage_error() {
    say "$SAY_NAME: $1"
    say "$SAY_NAME: next: see $SAY_NAME --help"
    exit 64
}

need_root() {
    ((EUID == 0)) && return
    say "$SAY_NAME: must be run by root"
    say "$SAY_NAME: next: sudo $0 $*"
    exit 77
}

# logged LOG NEXT COMMAND...: runs COMMAND with its output in LOG and tells every few seconds how far it is.
# When it fails, shows the end of the log and stops.
logged() {
    local log=$1 next=$2 job
    shift 2
    "$@" </dev/null >>"$log" 2>&1 &
    job=$!
    logged_progress "$log" "$job" || true
    wait "$job" && return
    say "--- last lines of $log"
    tail -n 15 "$log" >&2
    say "---"
    fail "it did not work: $(cut -c 1-100 <<<"$*"); all of its output: $log" "$next"
}

logged_progress() {
    local log=$1 job=$2 begun=$SECONDS told=$SECONDS line
    while kill -0 "$job" 2>/dev/null; do
        sleep 0.2
        ((SECONDS - told >= 5)) || continue
        told=$SECONDS
        line=$(tail -n 1 "$log")
        line=${line##*$'\r'}
        say "    ... $((SECONDS - begun))s: ${line:0:90}"
    done
}

# wait_for SECONDS COMMAND...: true as soon as COMMAND is.
wait_for() {
    local until=$((SECONDS + $1 + 1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < until)) || return 1
        sleep 0.1
    done
}
