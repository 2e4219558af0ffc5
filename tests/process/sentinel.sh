#!/bin/bash
# sentinel.sh BIN: relaywatchd with Redis behind a sentinel that wants a password: it asks where the master is, and when the master is killed while
# lines are counted it goes on with the replica that takes its place: the totals are right there, each line once, also when
# the old master comes back as a replica. Must run as root; no Postfix. Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2317 # some of the functions are called by becomes and trap
# shellcheck disable=SC2154 # what words.sh shares
set -u

# shellcheck source=tests/support/words.sh
. "$(dirname "$0")/../support/words.sh"
export LC_ALL=C TZ=UTC

bin=$(cd "$1" && pwd)
dir=$(mktemp -d /var/tmp/relaywatch-sentinel.XXXXXX)
chmod 0755 "$dir"
port=$((20000 + RANDOM % 20000))
declare -A pid=()
written=0
sentinel_secret=of-the-sentinels

finish() {
    local p
    for p in "${pid[@]}"; do
        kill -KILL "$p" 2>/dev/null
    done
    wait 2>/dev/null
    if [ -n "${KEEP:-}" ]; then echo "# kept: $dir"; else rm -rf "$dir"; fi
}
trap finish EXIT
trap 'exit 1' INT TERM

port_of() { # a, b: the two servers; sentinel; http
    case $1 in
    a) echo "$port" ;;
    b) echo $((port + 1)) ;;
    sentinel) echo $((port + 2)) ;;
    http) echo $((port + 3)) ;;
    esac
}

redis() { # a|b|sentinel WORD...
    [ "$1" != sentinel ] || local -x REDISCLI_AUTH=$sentinel_secret
    redis-cli -p "$(port_of "$1")" "${@:2}"
}

# start_server a|b [OPTION...]
start_server() {
    mkdir -p "$dir/$1"
    redis-server --port "$(port_of "$1")" --bind 127.0.0.1 --dir "$dir/$1" --appendonly yes --appendfsync everysec --save '' \
        --repl-diskless-sync yes --repl-diskless-sync-delay 0 --logfile log "${@:2}" &
    pid[$1]=$!
    becomes 10 redis "$1" PING || not_ok "server $1 starts" "$(tail -n 2 "$dir/$1/log")"
}

start_sentinel() {
    mkdir -p "$dir/sentinel"
    printf '%s\n' "port $(port_of sentinel)" "bind 127.0.0.1" "dir $dir/sentinel" \
        "sentinel monitor relays 127.0.0.1 $(port_of a) 1" "sentinel down-after-milliseconds relays 1000" \
        "sentinel failover-timeout relays 5000" "requirepass $sentinel_secret" >"$dir/sentinel/conf"
    redis-server "$dir/sentinel/conf" --sentinel >"$dir/sentinel/log" &
    pid[sentinel]=$!
    becomes 10 redis sentinel PING || not_ok "the sentinel starts" "$(tail -n 2 "$dir/sentinel/log")"
}

start_daemon() {
    setpriv --reuid relaywatch --regid relaywatch --clear-groups "$bin/relaywatchd" -c "$dir/rw.conf" 2>>"$dir/daemon.log" &
    pid[daemon]=$!
}

configure() {
    mkdir -p "$dir/state" "$dir/run"
    chown relaywatch: "$dir/state" "$dir/run"
    : >"$dir/mail.log"
    echo wrong >"$dir/sentinel.password"
    # The first of the sentinels is not there.
    printf '%s\n' "host = relay1" "mail_log = $dir/mail.log" "log_start = beginning" "state_dir = $dir/state" \
        "run_dir = $dir/run" "http_listen = 127.0.0.1:$(port_of http)" "sasl_passwd =" "redis = relays" \
        "redis_sentinel = 127.0.0.1:1, 127.0.0.1:$(port_of sentinel)" \
        "redis_sentinel_password_file = $dir/sentinel.password" >"$dir/rw.conf"
}

# A line every few milliseconds until stop_lines; how many they were is in $written then.
write_lines() {
    local n=0
    trap 'echo $n >"$dir/written"; exit' TERM
    while :; do
        printf '%s relay1 postfix/smtp[4711]: 4b%08dzz: to=<a@example.org>, relay=smtp.example.net[192.0.2.1]:587, delay=1, delays=0.1/0/0.9/0, dsn=2.0.0, status=sent (250 ok)\n' \
            "$(date +%Y-%m-%dT%H:%M:%S.%6N+00:00)" $n >>"$dir/mail.log"
        n=$((n + 1))
        sleep 0.005
    done
}

start_lines() {
    write_lines &
    pid[lines]=$!
}

stop_lines() {
    kill -TERM "${pid[lines]}"
    wait "${pid[lines]}" 2>/dev/null
    unset "pid[lines]"
    written=$(wc -l <"$dir/mail.log")
}

sent_at() { redis "$1" HGET 'rw:{relay1}:log' c.sent; }

sent_is() { # a|b
    [ "$(sent_at "$1")" = "$written" ]
}

moved() { # a|b: at least so many were counted there
    [ "$(sent_at "$1")" -gt "$2" ]
}

role_is() { [ "$(redis "$1" ROLE | head -n 1)" = "$2" ]; }

fleet() { "$bin/relaywatch" -c "$dir/rw.conf" fleet --json; }

in_fleet() { fleet | grep -q '"host": "relay1"'; }

# kill_hard NAME
kill_hard() {
    kill -KILL "${pid[$1]}"
    wait "${pid[$1]}" 2>/dev/null
    unset "pid[$1]"
}

# A wrong password is no trouble that passes: it is told, and named, and no secret is.
test_password() {
    if becomes 15 grep -q "store: redis sentinel 127.0.0.1:$(port_of sentinel): .*\(WRONGPASS\|invalid password\)" "$dir/daemon.log"; then
        ok "a wrong password for the sentinel is told"
    else
        not_ok "a wrong password for the sentinel is told" "$(tail -n 3 "$dir/daemon.log")"
    fi
    printf '%s\n' "$sentinel_secret" >"$dir/sentinel.password"
    kill_hard daemon
    start_daemon
}

test_start() {
    becomes 10 moved a 50 || not_ok "counts at the master that the sentinel names" "$(tail -n 3 "$dir/daemon.log")"
    becomes 5 grep -q ':log: taken' "$dir/daemon.log" # Redis has it before we have the answer
    is "one sentinel that is not there is passed over" 1 "$(grep -c 'taken with epoch 1' <(grep ':log: taken' "$dir/daemon.log"))"
    if becomes 10 in_fleet; then ok "the fleet is read there, too"; else not_ok "the fleet is read there, too" "$(fleet)"; fi
}

# The sentinel asks a replica every ten seconds how it is; one that it has not asked yet it does not make the master.
replica_is_fit() { redis sentinel SENTINEL slaves relays | grep -A 1 '^master-link-status$' | grep -qx ok; }

# The master is killed while lines are counted.
test_failover() {
    local before begin end
    becomes 30 replica_is_fit || not_ok "the sentinel knows the replica" "$(redis sentinel SENTINEL slaves relays | tr '\n' ' ')"
    before=$(sent_at a)
    kill_hard a
    begin=$(date +%s%N)
    if becomes 30 role_is b master; then ok "the sentinel makes the replica the master"; else
        not_ok "the sentinel makes the replica the master" "$(tail -n 3 "$dir/sentinel/log")"
    fi
    end=$(date +%s%N)
    echo "# failover by the sentinel: $(((end - begin) / 1000000)) ms"
    if becomes 20 moved b $((before + 200)); then ok "goes on there"; else
        not_ok "goes on there" "$(sent_at b) of $(wc -l <"$dir/mail.log"); $(tail -n 3 "$dir/daemon.log")"
    fi
    echo "# counted again $((($(date +%s%N) - end) / 1000000)) ms later"
    stop_lines
    if becomes 20 sent_is b; then ok "each line once"; else not_ok "each line once" "$(sent_at b) of $written"; fi
    is "the same totals at home" "$written" \
        "$(curl -s "http://127.0.0.1:$(port_of http)/api/v1/status" | python3 -c 'import json,sys; print(json.load(sys.stdin)["counters"]["sent"])')"
}

# The old master comes back with what it had, and is made a replica; then they change again, by order. A new master that
# looks down for a second on a busy machine is not to be changed for it in between.
test_back() {
    redis sentinel SENTINEL SET relays down-after-milliseconds 30000 >/dev/null
    start_server a
    if becomes 30 role_is a slave && becomes 20 sent_is a; then ok "the old master is a replica with the new totals"; else
        not_ok "the old master is a replica with the new totals" \
            "$(redis a ROLE | head -n 1), $(sent_at a) of $written; $(tail -n 5 "$dir/sentinel/log")"
    fi
    start_lines
    becomes 10 moved b $((written + 100)) || not_ok "counts on" "$(tail -n 3 "$dir/daemon.log")"
    redis sentinel SENTINEL failover relays >/dev/null
    becomes 30 role_is a master || not_ok "a failover by order" "$(tail -n 3 "$dir/sentinel/log")"
    becomes 20 moved a $((written + 400)) || not_ok "follows a failover by order" "$(sent_at a); $(tail -n 3 "$dir/daemon.log")"
    stop_lines
    if becomes 20 sent_is a; then ok "followed a failover by order: each line once"; else
        not_ok "followed a failover by order: each line once" "$(sent_at a) of $written"
    fi
}

# All in one life, then a restart: what was lost shows here.
test_restart() {
    kill -TERM "${pid[daemon]}"
    wait "${pid[daemon]}" 2>/dev/null
    start_daemon
    becomes 20 curl -sf "http://127.0.0.1:$(port_of http)/readyz" || not_ok "ready again" "$(tail -n 3 "$dir/daemon.log")"
    is "after a restart: the same" "$written" "$(sent_at a)"
    becomes 10 in_fleet || not_ok "after a restart: the fleet" "$(fleet)"
    is "no sanitizer report" 0 "$(grep -c 'Sanitizer\|runtime error' "$dir/daemon.log")"
}

start_server a
start_server b --replicaof 127.0.0.1 "$(port_of a)"
start_sentinel
becomes 20 eval 'redis sentinel SENTINEL replicas relays | grep -q "^master-link-status"' || not_ok "the sentinel knows the replica" ""
configure
start_lines
start_daemon
test_password
test_start
test_failover
test_back
test_restart
[ "$failed" = 0 ] || sed 's/^/# /' "$dir/daemon.log"
exit "$failed"
