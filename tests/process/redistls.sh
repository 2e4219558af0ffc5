#!/bin/bash
# redistls.sh BIN: relaywatchd with a Redis by TLS that wants a password: it counts there; a server that cannot prove its name, or
# whom no authority that we trust knows, is told and gets no password. Where hiredis has no SSL part that is a clear error
# of the configuration. Must run as root; no Postfix. Prints "ok - name" or "not ok - name: why".
# shellcheck disable=SC2317 # some of the functions are called by becomes and trap
# shellcheck disable=SC2154 # what words.sh shares
set -u

# shellcheck source=tests/support/words.sh
. "$(dirname "$0")/../support/words.sh"
export LC_ALL=C TZ=UTC

bin=$(cd "$1" && pwd)
dir=$(mktemp -d /var/tmp/relaywatch-redistls.XXXXXX)
chmod 0755 "$dir"
port=$((20000 + RANDOM % 20000))
declare -A pid=()

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

configure() {
    printf '%s\n' "host = relay1" "mail_log = $dir/mail.log" "log_start = beginning" "state_dir = $dir/state" "run_dir = $dir/run" \
        "http_listen = 127.0.0.1:$((port + 1))" "sasl_passwd =" "redis = localhost:$port" "redis_tls = yes" \
        "redis_ca_file = $dir/ca.pem" "redis_password_file = $dir/password" >"$dir/rw.conf"
}

# certificate NAME: a key and a certificate for that name, by our own CA
certificate() {
    openssl req -newkey rsa:2048 -nodes -keyout "$dir/server.key" -subj "/CN=$1" -out "$dir/server.csr" 2>/dev/null
    openssl x509 -req -in "$dir/server.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -days 2 \
        -extfile <(echo "subjectAltName=DNS:$1") -out "$dir/server.pem" 2>/dev/null
}

redis() { REDISCLI_AUTH=secret redis-cli -s "$dir/redis.sock" "$@"; }

start_redis() {
    redis-server --port 0 --tls-port "$port" --bind 127.0.0.1 --tls-cert-file "$dir/server.pem" --tls-key-file "$dir/server.key" \
        --tls-ca-cert-file "$dir/ca.pem" --tls-auth-clients no --unixsocket "$dir/redis.sock" --requirepass secret \
        --dir "$dir" --save '' --logfile "$dir/redis.log" &
    pid[redis]=$!
    becomes 10 redis PING || { not_ok "Redis starts" "$(tail -n 2 "$dir/redis.log")"; exit 1; }
}

start_daemon() {
    setpriv --reuid relaywatch --regid relaywatch --clear-groups "$bin/relaywatchd" -c "$dir/rw.conf" 2>>"$dir/daemon.log" &
    pid[daemon]=$!
}

end() { # NAME
    kill "${pid[$1]}"
    wait "${pid[$1]}" 2>/dev/null
    unset "pid[$1]"
}

sent_is() { [ "$(redis HGET 'rw:{relay1}:log' c.sent)" = "$1" ]; }
deliver() {
    printf '%s relay1 postfix/smtp[4711]: 4b00000000zz: to=<a@example.org>, relay=smtp.example.net[192.0.2.1]:587, delay=1, delays=0.1/0/0.9/0, dsn=2.0.0, status=sent (250 ok)\n' \
        "$(date +%Y-%m-%dT%H:%M:%S.%6N+00:00)" >>"$dir/mail.log"
}
tells() { grep -q "store: redis localhost:$port: .*$1" "$dir/daemon.log"; }

mkdir -p "$dir/state" "$dir/run"
chown relaywatch: "$dir/state" "$dir/run"
: >"$dir/mail.log"
echo secret >"$dir/password"
chmod 644 "$dir/password"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$dir/ca.key" -subj /CN=test-ca -days 2 -out "$dir/ca.pem" 2>/dev/null
chmod 644 "$dir/ca.pem"
configure
if ! "$bin/relaywatchd" -c "$dir/rw.conf" -t 2>"$dir/errors"; then
    is "without hiredis' SSL part: a clear error" 1 "$(grep -c "rw.conf, line 9: redis_tls: hiredis had no SSL part .*; right would be no, and a tunnel" "$dir/errors")"
    exit "$failed"
fi
certificate localhost
start_redis
start_daemon
deliver
if becomes 10 sent_is 1; then ok "counts there"; else not_ok "counts there" "$(tail -n 3 "$dir/daemon.log")"; fi
end redis
certificate another.example
start_redis
if becomes 20 tells 'certificate not taken: '; then ok "another name: is told"; else not_ok "another name: is told" "$(tail -n 3 "$dir/daemon.log")"; fi
is "another name: nobody logged in" 0 "$(redis INFO commandstats | grep -c 'cmdstat_\(role\|hmget\|eval\)')"
end redis
certificate localhost
start_redis
deliver
if becomes 60 sent_is 2; then ok "the right one again: goes on"; else not_ok "the right one again: goes on" "$(tail -n 3 "$dir/daemon.log")"; fi
end daemon
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$dir/other.key" -subj /CN=other-ca -days 2 -out "$dir/ca.pem" 2>/dev/null
: >"$dir/daemon.log"
start_daemon
if becomes 20 tells 'certificate not taken: '; then ok "an authority that nobody trusts: is told"; else not_ok "an authority that nobody trusts: is told" "$(tail -n 3 "$dir/daemon.log")"; fi
end daemon
echo nonsense >"$dir/ca.pem"
status=0
setpriv --reuid relaywatch --regid relaywatch --clear-groups "$bin/relaywatchd" -c "$dir/rw.conf" 2>"$dir/errors" || status=$?
is "a file that holds no certificate ends the start" "78 1" "$status $(grep -c "redis_tls: $dir/ca.pem: " "$dir/errors")"
is "no sanitizer report" 0 "$(grep -c 'Sanitizer\|runtime error' "$dir/daemon.log")"
exit "$failed"
