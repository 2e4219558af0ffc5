# shellcheck shell=bash disable=SC2034 # deploy/check reads REPORTED
# Runs tests, each with its output in OUT, and counts what passed and what failed.

PASSED=0
FAILED=0
FAILURES=()
BESIDE=() # name and process id, by turns
REPORTED=no
SANITIZER_WORDS='LeakSanitizer|AddressSanitizer|ThreadSanitizer|UndefinedBehaviorSanitizer|runtime error:'
TEST_LIMIT=180 # seconds

# count_run NAME COMMAND...: runs it; sets RUN_LOG, RUN_STATUS, RUN_BEGUN. What a sanitizer finds in any process
# below it, whose stderr may go anywhere, goes to files next to the log.
count_run() {
    local name=$1
    shift
    RUN_LOG=$OUT/${name//\//-}.log RUN_STATUS=0 RUN_BEGUN=$SECONDS
    RUN_REPORTS=$(mktemp -d /tmp/relaywatch-reports.XXXXXX) # not in OUT: every user must be able to write there
    chmod 1777 "$RUN_REPORTS"
    ASAN_OPTIONS="log_path=$RUN_REPORTS/asan" UBSAN_OPTIONS="log_path=$RUN_REPORTS/ubsan:print_stacktrace=1" \
        TSAN_OPTIONS="log_path=$RUN_REPORTS/tsan" \
        timeout --kill-after=20 "$TEST_LIMIT" "$@" </dev/null >"$RUN_LOG" 2>&1 || RUN_STATUS=$?
    if ((RUN_STATUS == 124 || RUN_STATUS == 137)); then
        echo "stopped after $TEST_LIMIT seconds" >>"$RUN_LOG"
    fi
    count_reports
}

count_reports() {
    local report
    for report in "$RUN_REPORTS"/*; do
        [[ -s $report ]] && cat "$report" >>"$RUN_LOG"
    done
    rm -rf "$RUN_REPORTS"
}

# count_result NAME PASSED FAILED: the figures of one run, plus one failure for what the runner itself did not see.
count_result() {
    local name=$1 passed=$2 failed=$3 note=
    if grep -qE "$SANITIZER_WORDS" "$RUN_LOG"; then
        failed=$((failed + 1)) note=": a sanitizer found something"
    elif ((RUN_STATUS != 0 && failed == 0)); then
        failed=1 note=": exit status $RUN_STATUS"
    elif ((passed + failed == 0)); then
        failed=1 note=": no result at all"
    fi
    PASSED=$((PASSED + passed))
    FAILED=$((FAILED + failed))
    say "    $name: $passed passed$( ((failed == 0)) || echo ", $failed FAILED$note") ($((SECONDS - RUN_BEGUN))s)"
    ((failed == 0)) || FAILURES+=("$name$note ($RUN_LOG)")
}

# count_script NAME COMMAND...: its lines "ok - ..." and "not ok - ..." count.
count_script() {
    count_run "$@"
    count_lines "$1"
}

count_lines() {
    count_result "$1" "$(grep -c '^ok - ' "$RUN_LOG")" "$(grep -c '^not ok - ' "$RUN_LOG")"
}

# count_beside NAME COMMAND...: a script that waits more than it works, beside those that come meanwhile.
# count_beside_end counts it.
count_beside() {
    (
        count_run "$@"
        echo "$RUN_STATUS $((SECONDS - RUN_BEGUN))" >"$RUN_LOG.ended"
    ) &
    BESIDE+=("$1" "$!")
}

count_beside_end() {
    local took
    set -- "${BESIDE[@]}"
    while (($# > 0)); do
        wait "$2" || true
        RUN_LOG=$OUT/${1//\//-}.log
        read -r RUN_STATUS took <"$RUN_LOG.ended" || RUN_STATUS=1 took=0
        RUN_BEGUN=$((SECONDS - took))
        count_lines "$1"
        shift 2
    done
    BESIDE=()
}

# count_program NAME COMMAND...: one test, its exit status is the result.
count_program() {
    count_run "$@"
    count_result "$1" "$((RUN_STATUS == 0))" "$((RUN_STATUS != 0))"
}

# count_criterion NAME PROGRAM: Criterion's last line has the figures; a crash of a test counts as a failure.
count_criterion() {
    local line
    count_run "$1" "$2" --color=never -j4 # they wait more than they compute
    line=$(grep 'Synthesis:' "$RUN_LOG" | tail -n 1 || true)
    count_result "$1" "$(figure Passing "$line")" "$(($(figure Failing "$line") + $(figure Crashing "$line")))"
}

figure() {
    local number
    number=$(sed -n "s/.*$1: *\([0-9][0-9]*\).*/\1/p" <<<"$2")
    echo "${number:-0}"
}

# count_report: what failed, then the line that CI reads. Ends the script.
count_report() {
    local failure
    for failure in "${FAILURES[@]}"; do
        say ""
        say "FAILED $failure"
        count_excerpt "${failure##*\(}"
    done
    say ""
    REPORTED=yes
    echo "$PASSED passed, $FAILED failed"
    ((FAILED == 0 && PASSED > 0)) || exit 1
}

count_excerpt() {
    local log=${1%\)}
    grep -E "^not ok - |$SANITIZER_WORDS|\[FAIL\]|^\[----\] .*[^ ]|CRASH" "$log" | cut -c 1-300 | head -n 15 >&2 || tail -n 5 "$log" >&2
}
