#!/bin/bash
# redis_keep.sh TRIAL: runs the trial's Redis and starts it again when it was killed, as systemd would. A Redis that
# was told to end stays ended; while another one answers on the socket, ours waits.
set -uo pipefail

server=

answers() {
    [[ $(redis-cli -s "$1/redis/redis.sock" PING 2>/dev/null) == PONG ]]
}

on_term() {
    [[ -n $server ]] && kill -TERM "$server" && wait "$server"
    exit 0
}
trap on_term TERM

while true; do
    # chroot(1) to where we are is only the change of user: it needs neither /proc nor PAM and does not fork.
    chroot --userspec=redis:redis --groups= / redis-server "$1/etc/redis.conf" &
    server=$!
    wait "$server"
    status=$?
    server=
    ((status > 128)) || exit "$status"
    sleep 0.3
    while answers "$1"; do sleep 1; done
done
