# shellcheck shell=bash
# The private Redis: no port, a socket that root and relaywatchd's group can use, and every second on disk.

redis_prepare() {
    install -d -m 2750 -o redis -g relaywatch "$TRIAL/redis"
    find "$TRIAL/redis" -mindepth 1 ! -user redis -exec chown -h redis {} +
    cat >"$TRIAL/etc/redis.conf" <<END
port 0
unixsocket $TRIAL/redis/redis.sock
unixsocketperm 770
dir $TRIAL/redis
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
daemonize no
END
}

redis_start() {
    process_start redis "$TRIAL/log/redis.log" bash "$REPO/deploy/trial/redis_keep.sh" "$TRIAL"
    wait_for 10 redis_answers || {
        tail -n 15 "$TRIAL/log/redis.log" >&2
        fail "Redis does not answer" "see $TRIAL/log/redis.log"
    }
}

redis_answers() {
    [[ $(redis_ask PING) == PONG ]]
}

# redis_ask COMMAND...
redis_ask() {
    redis-cli -s "$TRIAL/redis/redis.sock" "$@"
}

redis_stop() {
    process_stop redis 10
}
