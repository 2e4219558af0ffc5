#!/bin/bash
# installkill.sh BIN: relaywatch install, uninstall and restore killed on the way, or out of disk: Postfix always has the old or
# the new configuration, whole and with a login, and the next run completes. Of the points at which each can be killed
# (every call that writes), POINTS of each call are taken, 0: all; RUNS names which of the four are tried. Must run as
# root. Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2154,SC2317 # what install-relay.sh shares; called by name
set -u
# shellcheck source=tests/support/install-relay.sh
. "$(dirname "$0")/../support/install-relay.sh"
command -v strace >/dev/null || { echo "ok - # skipped: there is no strace here"; exit 0; }

# ---------------------------------------------------------------- killed on the way

# What Postfix reads is the old or the new, and it works: where it logs in, it has a login for its relay.
is_whole() {
    local cf maps nexthop name
    cf=$(sha256sum <"$etc/main.cf")
    [ "$cf" = "$old_cf" ] || [ "$cf" = "$new_cf" ] || { echo "main.cf is neither"; return; }
    postfix -c "$etc" check >/dev/null 2>&1 || echo "postfix check"
    [ "$(postconf -c "$etc" -h smtp_sasl_auth_enable)" = yes ] || return
    maps=$(postconf -c "$etc" -h smtp_sasl_password_maps)
    nexthop=$(postconf -c "$etc" -h relayhost)
    name=${nexthop%]*}
    [ -n "$(postmap -c "$etc" -q "${name#[}" "$maps" || postmap -c "$etc" -q "$nexthop" "$maps")" ] || echo "no login"
}

doing=(install --gmail-address relay@install.test --app-password-file "$work/pw" --relay-host "$host"
    --ca-file "$work/ca.pem" --listen "$own:$port" --no-packages --yes)
killable() { "$@" "$bin/relaywatch" -c "$conf" "${doing[@]}" </dev/null >"$said" 2>&1; }
killed() { (killable strace -D -o /dev/null -e "trace=${1%:*}" -e "inject=${1%:*}:signal=KILL:when=${1#*:}") 2>/dev/null; }

# The points: of each call that writes, as many as POINTS says, spread over a whole run; 0: each one.
calls=${CALLS:-openat write fsync ftruncate rename renameat unlink unlinkat mkdir mkdirat fchmod fchown utimensat flock}

kill_points() {
    local call count step i
    killable strace -o "$work/trace" -e trace="${calls// /,}"
    for call in $calls; do
        # Which of its calls write: of openat those that make a file.
        mapfile -t writes < <(awk -v call="$call(" 'index($0, call) == 1 { n++; if (call != "openat(" || /O_CREAT/) print n }' "$work/trace")
        count=${#writes[@]}
        step=$((${POINTS:-2} > 0 ? (count + ${POINTS:-2} - 1) / ${POINTS:-2} : 1))
        for ((i = step > 1 ? RANDOM % step : 0; step > 0 && i < count; i += step)); do
            echo "$call:${writes[i]}"
        done
    done
}

keep_all() {
    rm -rf "$work/all" && mkdir "$work/all" && cp -a "$etc" "$work/relaywatch" "$work/keeper" "$work/all"
}

back_to_kept() {
    rm -rf "$etc" "$work/relaywatch" "$work/keeper"
    cp -a "$work/all/etc" "$work/relay"
    cp -a "$work/all/relaywatch" "$work/all/keeper" "$work"
}

# each_point NAME FINISH: `doing`, killed at each point from what keep_all kept on; FINISH says what is wrong after the
# same once more, undisturbed
each_point() {
    local point list torn='' unlike='' count=0 problem
    list=$(kill_points)
    for point in $list; do
        back_to_kept
        killed "$point"
        count=$((count + 1))
        problem=$(is_whole)
        [ -z "$problem" ] || torn="$torn $point($problem)"
        problem=$("$2")
        [ -z "$problem" ] || unlike="$unlike $point($problem)"
    done
    is "$1, killed at $count points: always the old or the new" "" "$torn"
    is "$1: the next run finishes it" "" "$unlike"
    if [ "$count" -ge 10 ]; then ok "$1: that was a real test"; else not_ok "$1: that was a real test" "$count points"; fi
}

# Without times: what was taken back was written again.
contents() { picture | sed 's/[0-9.]* \([0-9a-f]\{64\}\)/\1/'; }

wanted_is() { [ "$(contents)" = "$wanted" ] || diff <(echo "$wanted") <(contents) | head -n 3; }
taken_back() { { rw uninstall --yes && [ "$(picture)" = "$before" ]; } || diff <(echo "$before") <(picture) | head -n 3; }
restored() { rw restore "$name" || echo "status $?"; wanted_is; }
backup_at() { "$bin/relaywatch" -c "$conf" backup --list | "$1" -n 1; }

full_disk() {
    local wrong='' n status syncs
    killable strace -o "$work/trace" -e trace=fsync
    syncs=$(grep -c '^fsync(' "$work/trace")
    rw uninstall --yes
    wanted=$(contents)
    for n in $(seq 1 $((syncs / 6 + 1)) "$syncs") "$((syncs - 2))"; do
        killable strace -o /dev/null -e trace=fsync -e "inject=fsync:error=ENOSPC:when=$n"
        status=$?
        if grep -q 'as it was$' "$said"; then
            { [ "$status" = 1 ] && [ -z "$(wanted_is)" ]; } || wrong="$wrong $n(status $status)"
        fi
        rw uninstall --yes
        [ "$(picture)" = "$before" ] || wrong="$wrong $n(uninstall)"
    done
    is "a disk that fills up on the way: as before" "" "$wrong"
}

try_install() {
    local list point points=0 problem torn='' unfinished='' unlike=''
    full_disk
    list=$(kill_points)
    rw uninstall --yes
    is "as before" "$before" "$(picture)"
    for point in $list; do
        killed "$point"
        points=$((points + 1))
        problem=$(is_whole)
        [ -z "$problem" ] || torn="$torn $point($problem)"
        # Half of them are finished first, the others taken back at once.
        if ((points % 2)); then
            { install && [ "$(sha256sum <"$etc/main.cf")" = "$new_cf" ]; } || unfinished="$unfinished $point"
        fi
        rw uninstall --yes
        [ "$(picture)" = "$before" ] || { unlike="$unlike $point"; as_at_first; }
    done
    is "install, killed at $points points: always the old or the new" "" "$torn"
    is "the next run finishes it" "" "$unfinished"
    is "uninstall: as before, whatever was cut off" "" "$unlike"
    if [ "$points" -ge 20 ]; then ok "that was a real test"; else not_ok "that was a real test" "$points points"; fi
}

try_uninstall() {
    install
    keep_all
    doing=(uninstall --yes)
    each_point uninstall taken_back
    as_at_first
}

try_restore() {
    install
    keep_all
    name=$(backup_at head)
    rw restore "$name"
    wanted=$(contents)
    is "restore: main.cf of before install" "$old_cf" "$(sha256sum <"$etc/main.cf")"
    doing=(restore "$name")
    back_to_kept
    each_point "restore of before" restored
    back_to_kept
    rw backup
    name=$(backup_at tail)
    wanted=$(contents)
    rw uninstall --yes
    keep_all
    doing=(restore "$name")
    each_point "restore of after" restored
    as_at_first
}

# relay_is NEXTHOP MAP KEY: Postfix's relay, and the one login that it has
relay_is() {
    echo >>"$etc/main.cf" # postconf(1) adds to a last line without an end
    postconf -c "$etc" -e "relayhost = $1" "smtp_sasl_auth_enable = yes" "smtp_sasl_password_maps = $2" 2>/dev/null
    rm -f "$etc"/sasl_passwd*
    (umask 077 && echo "$3 x:y" >"$etc/sasl_passwd")
    [ "${2%%:*}" = texthash ] || postmap -c "$etc" "$2"
}

# Two relays, and each configuration knows the login of its own alone: while one takes the other's place, too, there is one
# for the relay of each moment.
try_two() {
    local maps
    for maps in "texthash $etc/sasl_passwd" "$(postconf -c "$etc" -h default_database_type) $etc/sasl_passwd"; do
        as_at_first
        relay_is '[new.example.net]:587' "${maps/ /:}" new.example.net
        rw backup
        name=$(backup_at tail)
        wanted=$(contents)
        new_cf=$(sha256sum <"$etc/main.cf")
        sleep 1.1 # the text is written anew, and the index is to be newer
        relay_is '[other.example.net]:25' "${maps/ /:}" '[other.example.net]:25'
        old_cf=$(sha256sum <"$etc/main.cf")
        keep_all
        doing=(restore "$name")
        each_point "restore of another relay, ${maps% *}" restored
    done
    as_at_first
}

export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
old_cf=$(sha256sum <"$etc/main.cf")
install
new_cf=$(sha256sum <"$etc/main.cf")
rw uninstall --yes
for run in ${RUNS:-install uninstall restore two}; do
    "try_$run"
done

if grep -rqs -e abcdefghijklmnop "$work/relay/mail.log" "$said"; then not_ok "no password in logs" "it is there"; else ok "no password in logs"; fi
exit $failed
