#!/bin/bash
# fleet.sh BIN: hosts that share a Redis, under a user with the rights of relaywatch.conf(5) alone, each with relaywatchd and
# relaywatch-notify: what `relaywatch fleet`, /api/v1/fleet and the page show from any of them, also with a hundred more that
# are written as they write; one alert for all instead of one of each, also when the one that sends it dies, and one of each
# when Redis dies; a host that vanishes. Must run as root; no Postfix. Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2317 # some of the functions are called by becomes and trap
# shellcheck disable=SC2154 # what words.sh shares
set -u

# shellcheck source=tests/support/words.sh
. "$(dirname "$0")/../support/words.sh"
export LC_ALL=C TZ=UTC

bin=$(cd "$1" && pwd)
support=$(cd "$(dirname "$0")/../support" && pwd)
dir=$(mktemp -d /var/tmp/relaywatch-fleet.XXXXXX)
chmod 0755 "$dir"
port=$((20000 + RANDOM % 20000))
declare -A pid=()

# ---------------------------------------------------------------- words

finish() {
    local p
    for p in "${pid[@]}"; do
        kill -KILL "$p" 2>/dev/null
    done
    wait 2>/dev/null
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM

# ---------------------------------------------------------------- Redis and hosts

rights() { # as relaywatch.conf(5) has them
    printf 'user default on nopass ~* +@all\nuser relay on >secret ~rw:* %s\n' \
        "+eval +evalsha +script|load +hset +hmget +hgetall +zadd +zrange +set +get +ping +role +auth +hello +zrem"
}

# Redis 5 knows no users.
users=() login=()
if [[ ! $(redis-server --version) =~ v=[1-5]\. ]]; then
    users=(--aclfile "$dir/acl")
    login=("redis_user = relay" "redis_password_file = $dir/password")
fi

start_redis() {
    rights >"$dir/acl"
    redis-server --port 0 --unixsocket "$dir/redis.sock" --unixsocketperm 777 --dir "$dir" --save '' --appendonly yes \
        "${users[@]}" --logfile "$dir/redis.log" --dbfilename fleet.rdb &
    pid[redis]=$!
    becomes 10 redis-cli -s "$dir/redis.sock" PING || not_ok "Redis starts" "$(tail -n 3 "$dir/redis.log")"
}

redis() { redis-cli -s "$dir/redis.sock" "$@"; }

port_of() { echo $((port + $1)); }
url_of() { echo "http://127.0.0.1:$(port_of "$1")"; }

# configure N [LINE...]
configure() {
    local at=$dir/mx$1
    mkdir -p "$at/state" "$at/run" "$at/told"
    chown relaywatch: "$at/state" "$at/run"
    chmod 1777 "$at/run"
    chown relaywatch-notify: "$at/told"
    printf 'webhook = http://127.0.0.1:%s/\n' "$(cat "$dir/sink.port")" >"$at/receivers.conf"
    : >>"$at/mail.log"
    printf '%s\n' "host = mx$1" "mail_log = $at/mail.log" "log_start = beginning" "state_dir = $at/state" \
        "run_dir = $at/run" "http_listen = 127.0.0.1:$(port_of "$1")" "sasl_passwd =" "redis = unix:$dir/redis.sock" \
        "receivers_file = $at/receivers.conf" "notify_state_dir = $at/told" \
        "${login[@]}" "host_gone_after = 30" "milter_gone_after = 1d" "${@:2}" >"$at/rw.conf"
}

start() {
    setpriv --reuid relaywatch --regid relaywatch --clear-groups "$bin/relaywatchd" -c "$dir/mx$1/rw.conf" \
        2>>"$dir/mx$1/log" &
    pid[mx$1]=$!
    becomes 20 curl -sf --max-time 2 "$(url_of "$1")/readyz" || not_ok "mx$1 starts" "$(tail -n 3 "$dir/mx$1/log")"
}

start_notify() {
    setpriv --reuid relaywatch-notify --regid relaywatch-notify --clear-groups "$bin/relaywatch-notify" \
        -c "$dir/mx$1/rw.conf" --socket "$dir/mx$1/run/notify.sock" 2>>"$dir/mx$1/log" &
    pid[notify$1]=$!
    becomes 5 test -S "$dir/mx$1/run/notify.sock"
    chmod 777 "$dir/mx$1/run/notify.sock"
}

start_sink() {
    "$bin/../support/http_sink" -f "$dir/sink.port" "$dir/sink" 200 &
    pid[sink]=$!
    becomes 5 test -s "$dir/sink.port"
    touch "$dir/sink"
}

# end N SIGNAL
end() {
    kill "-$2" "${pid[mx$1]}"
    wait "${pid[mx$1]}" 2>/dev/null
    unset "pid[mx$1]"
}

rw() { # N COMMAND...
    "$bin/relaywatch" -c "$dir/mx$1/rw.conf" "${@:2}"
}

# field N EXPRESSION: of the fleet's document as mxN has it, in Python, as x; h(NAME) is a host of it
field() {
    curl -s --max-time 5 "$(url_of "$1")/api/v1/fleet" | python3 -c "
import json, sys
x = json.load(sys.stdin)
h = lambda name: next((h for h in x['hosts'] if h['host'] == name), {'state': 'not there', 'alerts': []})
print($2)"
}

field_is() { # N EXPRESSION WANT
    [ "$(field "$1" "$2" 2>/dev/null)" = "$3" ]
}

# soon NAME SECONDS N EXPRESSION WANT
soon() {
    if becomes "$2" field_is "$3" "$4" "$5"; then ok "$1"; else not_ok "$1" "wanted '$5', got '$(field "$3" "$4")'"; fi
}

# refuse N: the smarthost refuses mxN's login, as smtp(8) says it
refuse() {
    local i
    for i in 1 2 3; do
        printf '%s mx%s postfix/smtp[4711]: 4bCCCCCC%s%szz: to=<b@example.net>, relay=smtp.example.net[192.0.2.1]:587, delay=1, delays=0.1/0/0.9/0, dsn=4.7.8, status=deferred (SASL authentication failed; server smtp.example.net[192.0.2.1] said: 535 5.7.8 Username and Password not accepted)\n' \
            "$(date +%Y-%m-%dT%H:%M:%S.%6N+00:00)" "$1" "$i" "$1" >>"$dir/mx$1/mail.log"
    done
}

# deliver N: mail leaves mxN
deliver() {
    printf '%s mx%s postfix/smtp[4711]: 4bAAAAAA%szz: to=<a@example.org>, relay=smtp.example.net[192.0.2.1]:587, delay=1, delays=0.1/0/0.9/0, dsn=2.0.0, status=sent (250 ok)\n' \
        "$(date +%Y-%m-%dT%H:%M:%S.%6N+00:00)" "$1" "$1" >>"$dir/mx$1/mail.log"
}

# told STATUS ID [HOST]: how many notices of this kind receivers got. No keeper runs here: that the hosts miss it is not
# what this is about.
told() {
    grep -v 'keeper-gone' "$dir/sink" | grep "\"status\":\"$1\"" | grep "\"id\":\"$2\"" | grep -c "\"host\":\"${3:-}"
}

told_is() { # WANT STATUS ID [HOST]
    [ "$(told "${@:2}")" = "$1" ]
}

# hears NAME SECONDS WANT STATUS ID [HOST]
hears() {
    if becomes "$2" told_is "${@:3}"; then ok "$1"; else not_ok "$1" "wanted $3, got $(told "${@:4}")"; fi
}

# incidents ID: by what a pager tells them apart
incidents() { grep "\"id\":\"$1\"" "$dir/sink" | grep -o '"key":"[^"]*"' | cut -d'"' -f4 | cut -d/ -f1-3 | sort -u; }

leader() { redis GET rw:fleet:lease; }

# ---------------------------------------------------------------- the tests

test_three_hosts() {
    local n
    for n in 1 2 3; do
        soon "mx$n sees all three, and that they are well" 15 $n "x['state'], len(x['hosts']), x['headline']" \
            "ok 3 all 3 hosts are well"
    done
    deliver 2
    refuse 2
    soon "mx1 hears at once what is wrong with mx2" 5 1 "h('mx2')['state'], h('mx2')['alerts'][0]['id']" \
        "critical login-refused"
    is "the worst first" mx2 "$(field 1 "x['hosts'][0]['host']")"
    soon "sums" 15 3 "x['counters']['sent'], x['counters']['auth_failures']" "1 3"
    rw 3 fleet >"$dir/out"
    is "relaywatch fleet: exit status" 2 $?
    is "relaywatch fleet: the first line" "FLEET CRITICAL - 3 hosts: 1 critical, 2 ok" "$(head -n 1 "$dir/out")"
    is "relaywatch fleet: no line over 80 columns" 0 "$(grep -c '.\{81\}' "$dir/out")"
    is "rights at Redis were enough" "" "$(grep -h 'NOPERM' "$dir"/mx?/log)"
}

test_page() {
    curl -s "$(url_of 1)/fleet" >"$dir/page"
    is "page: the state first" 1 "$(grep -c '<h1>3 hosts: 1 critical, 2 ok</h1>' "$dir/page")"
    is "page: all hosts" 3 "$(grep -c '<tr role="row" class="\(critical\|ok\)"' "$dir/page")"
    is "page of a host: the fleet in short" 1 "$(curl -s "$(url_of 3)/now" | grep -c 'The fleet: 3 hosts: 1 critical, 2 ok')"
}

# One that is ended, and the command where relaywatchd does not run.
test_stop() {
    end 1 TERM
    soon "a stop in good order is none that is gone" 5 2 "h('mx1')['state']" stopped
    rw 1 fleet >"$dir/out"
    is "without relaywatchd: out of Redis" 1 "$(grep -c '^STOPPED   mx1$' "$dir/out")"
    is "without relaywatchd: says so" 1 "$(grep -c 'relaywatchd of this host does not answer' "$dir/out")"
    rw 1 fleet --forget nobody 2>"$dir/out"
    is "forget: nobody" "1 relaywatch fleet: there is no host nobody in the fleet" "$? $(cat "$dir/out")"
    rw 1 fleet --forget mx2 2>"$dir/out"
    is "forget: not who lives" "1 1" "$? $(grep -c 'mx2 gave a sign of life' "$dir/out")"
    rw 2 fleet --forget mx1 >"$dir/out"
    is "forget: who is stopped" "0 1" "$? $(grep -c "redis-cli DEL 'rw:{mx1}:log'" "$dir/out")"
    soon "forgotten" 5 3 "h('mx1')['state'], len(x['hosts'])" "not there 2"
    start 1
    soon "back by itself" 5 3 "h('mx1')['state'] in ('ok', 'warning'), len(x['hosts'])" "True 3"
}

# A hundred more: what one look takes.
test_hundred() {
    local begin end
    python3 "$support/fleet_hosts.py" "$dir/redis.sock" 100 || not_ok "a hundred hosts are written" ""
    soon "a hundred more are seen" 15 1 "len(x['hosts']), x['count']['critical']" "103 10"
    begin=$(date +%s%N)
    rw 1 fleet >"$dir/out"
    end=$(date +%s%N)
    echo "# relaywatch fleet, 103 hosts: $(((end - begin) / 1000000)) ms"
    if ((end - begin < 1000000000)); then ok "103 hosts within a second"; else not_ok "103 hosts within a second" ""; fi
    begin=$(date +%s%N)
    curl -s "$(url_of 1)/api/v1/fleet" >"$dir/out"
    end=$(date +%s%N)
    echo "# /api/v1/fleet, 103 hosts: $(((end - begin) / 1000000)) ms, $(wc -c <"$dir/out") bytes"
    rw 1 fleet --json >"$dir/out"
    is "all of them in JSON" 103 "$(python3 -c 'import json,sys; print(len(json.load(sys.stdin)["hosts"]))' <"$dir/out")"
    redis ZRANGE rw:hosts 0 -1 | grep sim | xargs redis-cli -s "$dir/redis.sock" ZREM rw:hosts >/dev/null
    soon "forgotten by all" 15 2 "len(x['hosts'])" 3
}

# One host alone: it speaks for itself. Then all: one alert.
test_one_for_all() {
    local n
    hears "one of three refused: told by that host" 5 1 firing login-refused
    is "one of three refused: nobody speaks for all" 0 "$(told firing fleet-trouble)"
    deliver 2
    hears "it is over" 10 1 resolved login-refused mx2
    for n in 1 2 3; do refuse $n; done
    hears "all three refused: one alert for all" 10 1 firing fleet-trouble
    sleep 4
    is "all three refused: no other" "1 1" "$(told firing fleet-trouble) $(told firing login-refused)"
    is "it says how many at that time, and which" 1 "$(grep -c '"title":"[23] of 3 hosts: .*login-refused on mx' "$dir/sink")"
    is "an alert that is left to it says so" 1 "$(rw 1 alerts --json | grep -c 'one alert for all hosts was sent')"
}

# The one that sent it dies, without a word; Redis dies; all is well again.
test_deaths() {
    local dead n
    dead=$(leader)
    end "${dead#mx}" KILL
    hears "its sender dies: the next one speaks" 30 2 firing fleet-trouble
    is "its sender dies: no host speaks for itself" 1 "$(told firing login-refused)"
    is "its sender dies: to receivers it is one incident" 1 "$(incidents fleet-trouble | wc -l)"
    is "... of the fleet, not of a host" 1 "$(incidents fleet-trouble | grep -c '^fleet/fleet-trouble/[0-9]*$')"
    start "${dead#mx}"
    sleep 20
    is "the dead one is back: for receivers nothing is over" 0 "$(told resolved fleet-trouble)"
    kill -STOP "${pid[redis]}"
    hears "Redis hangs: each host speaks for itself" 30 4 firing login-refused
    kill -CONT "${pid[redis]}"
    for n in 1 2 3; do deliver $n; done
    hears "all is over: the fleet" 20 1 resolved fleet-trouble
    is "all is over: of the same incident" 1 "$(incidents fleet-trouble | wc -l)"
    hears "all is over: the hosts" 20 4 resolved login-refused
    for n in 1 2 3; do
        soon "mx$n sees that all are well" 20 $n "len(x['hosts']), x['count']['critical']" "3 0"
    done
}

# The one that speaks dies, and the trouble is over before another one speaks: that one tells the end.
test_orphan() {
    local dead n
    for n in 1 2 3; do refuse $n; done
    hears "again: one alert for all" 20 3 firing fleet-trouble
    dead=$(leader)
    sleep 4
    end "${dead#mx}" KILL
    for n in 1 2 3; do deliver $n; done
    hears "its sender died, and it is over: the next one says so" 40 2 resolved fleet-trouble
    is "... of the same incident" 2 "$(incidents fleet-trouble | wc -l)"
    start "${dead#mx}"
    for n in 1 2 3; do
        soon "mx$n sees that all are well again" 40 $n "len(x['hosts']), x['count']['critical']" "3 0"
    done
    is "... and nobody says it twice" 2 "$(told resolved fleet-trouble)"
}

test_vanished() {
    local dead other
    is "a host that is back in time is none that is gone" 0 "$(told firing hosts-gone)"
    dead=$(leader)
    other=$((${dead#mx} % 3 + 1))
    end $other TERM
    end "${dead#mx}" KILL
    hears "a host vanishes, the one that speaks: one alert" 60 1 firing hosts-gone
    is "it says which, not the one that was stopped in good order" 1 \
        "$(grep -c "\"title\":\"No sign of life from $dead for" "$dir/sink")"
    is "the one that says so is well itself" True \
        "$(field $((6 - ${dead#mx} - other)) "h(x['speaker'])['state'] in ('ok', 'warning') and x['speaker'] != '$dead'")"
    start "${dead#mx}"
    hears "it is back" 20 1 resolved hosts-gone
}

printf 'secret\n' >"$dir/password"
chmod 644 "$dir/password"
start_redis
start_sink
for n in 1 2 3; do
    configure $n
    start_notify $n
    start $n
done
test_three_hosts
test_page
test_one_for_all
test_deaths
test_orphan
test_stop
test_hundred
test_vanished
is "no sanitizer report" 0 "$(cat "$dir"/mx?/log | grep -c 'Sanitizer\|runtime error')"
exit "$failed"
