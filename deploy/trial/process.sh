# shellcheck shell=bash
# Programs that stay: started in a session of their own, found again by a lock that they inherit and hold as
# long as they live. So a stale number in a file is never taken for a process of ours, /proc or not.
# PIDS is the folder for NAME.lock and NAME.pid.

# process_start NAME LOG COMMAND...
process_start() {
    local name=$1 log=$2
    shift 2
    (
        exec 9>>"$PIDS/$name.lock"
        flock -w 5 9 || exit 1
        exec 8>&- </dev/null >>"$log" 2>&1
        exec setsid "$@"
    ) &
    echo $! >"$PIDS/$name.pid"
}

process_alive() {
    [[ -e $PIDS/$1.lock ]] && ! flock -s -n "$PIDS/$1.lock" true
}

# process_stop NAME SECONDS: asks it to end, then makes its session end.
process_stop() {
    local pid
    process_alive "$1" || return 0
    pid=$(cat "$PIDS/$1.pid" 2>/dev/null || true)
    [[ $pid =~ ^[1-9][0-9]*$ ]] || fail "$PIDS/$1.pid has no process id, but $1 runs" "end it by hand: fuser $PIDS/$1.lock"
    kill -TERM "$pid" 2>/dev/null || true
    if ! wait_for "$2" process_dead "$1"; then
        say "    $1 did not end within $2 s: killing it"
        kill -KILL -- "-$pid" 2>/dev/null || true
        wait_for 5 process_dead "$1" || fail "$1 (process $pid) cannot be ended" "look at it: ps -ef | grep $pid"
    fi
    rm -f "$PIDS/$1.pid"
}

process_dead() {
    ! process_alive "$1"
}
