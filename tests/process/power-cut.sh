#!/bin/bash
# power-cut.sh BIN: the power fails while relaywatch-keeper puts a new login in place: support/power_cut.py makes of one traced
# run every state that a file system may come back with. In each the live map must hold a complete old or a complete new
# login, and the next run must end well. Must run as root. Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2034,SC2154 # what private-relay.sh shares
set -u

# shellcheck source=tests/support/private-relay.sh
. "$(dirname "$0")/../support/private-relay.sh"
strace -qq -o /dev/null true 2>/dev/null || { echo "ok - the power fails # skip: strace cannot trace here"; exit 0; }
begin
good=relay@smarthost.test
secret=first-$canary
set_password "$secret"
export ASAN_OPTIONS=detect_leaks=0
postfix -c "$etc" stop >/dev/null 2>&1

# The entry of another host changes, so that nothing has to be tried at the smarthost and the run is short.
fresh() {
    rm -rf "$work/state"
    source_is "127.0.0.1 $good:$secret\nk.example u:old\n"
    rm -f "$index"
    postmap -c "$etc" "$type:$passwd"
    keeper A # knows the state
    [ "$1" = set ] || source_is "127.0.0.1 $good:$secret\nk.example u:new\n"
}

run() {
    if [ "$1" = edit ]; then keeper A "${@:2}"; else
        asking=(--secret)
        keeper S "${@:2}" < <(printf 'k.example u:new\n')
        asking=()
    fi
}

# put_back VIEW: the folders as the power cut left them
put_back() {
    rm -rf "$etc" "$work/state"
    mkdir -p "$work/state"
    cp -a "$1$etc" "$etc"
    [ ! -d "$1$work/state" ] || cp -a "$1$work/state/." "$work/state/"
    chmod 755 "$etc"
    chmod 700 "$work/state"
}

# cut_all WAY
cut_all() {
    local view torn='' lost='' left='' views=0 now
    fresh "$1"
    rm -rf "$work/before" "$work/views"
    mkdir -p "$work/before$etc" "$work/before$work/state"
    cp -a "$etc/." "$work/before$etc"
    cp -a "$work/state/." "$work/before$work/state"
    run "$1" "$(command -v strace)" -D -f -y -xx -s 1000000 -o "$work/trace"
    until_true sh -c "head -1 '$work/trace' | { read -r pid rest; grep -q \"^\$pid +++ exited\" '$work/trace'; }"
    is "$1: the traced run" "done u:new" "$(field outcome) $(live k.example)"
    python3 "$(dirname "$0")/../support/power_cut.py" "$work/trace" "$work/before" "$work/views" "$etc" "$work/state" >"$work/counts" ||
        { not_ok "$1: the states" "$(cat "$work/counts")"; return; }
    for view in "$work"/views/*/; do
        view=${view%/}
        put_back "$view"
        views=$((views + 1))
        now=$(live 127.0.0.1)/$(live k.example)
        case $now in
        "$good:$secret/u:old" | "$good:$secret/u:new") ;;
        *) torn="$torn [$(cat "$view.why"): $now]" ;;
        esac
        { [ "$(head -n 1 "$passwd")" = "127.0.0.1 $good:$secret" ] && grep -qx 'k.example u:\(old\|new\)' "$passwd"; } ||
            torn="$torn [$(cat "$view.why"): sasl_passwd $(tr '\n' '|' <"$passwd")]"
        run "$1"
        [ "$(live k.example)" = u:new ] || lost="$lost [$(cat "$view.why"): $(field outcome) $(field detail)]"
        [ -z "$(find "$etc" -name '*stage*')" ] || left="$left [$(cat "$view.why")]"
    done
    is "$1: in $views states after $(sed -n 's/^points=//p' "$work/counts") calls, never without a whole login" "" "${torn:0:600}"
    is "$1: the next run ends well" "" "${lost:0:600}"
    is "$1: nothing is left over" "" "${left:0:300}"
    if [ "$views" -ge 20 ]; then ok "$1: that was a real test"; else not_ok "$1: that was a real test" "$(cat "$work/counts")"; fi
}

cut_all edit
cut_all set
exit $failed
