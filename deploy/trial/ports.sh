# shellcheck shell=bash disable=SC2034 # the other parts read PORT_*
# Which ports the trial uses: the usual ones or, when they are taken, the next free; a folder keeps its own.

# ports_choose: sets PORT_RELAY, PORT_STARTTLS, PORT_SMTPS, PORT_HTTP.
ports_choose() {
    local file=$TRIAL/etc/ports name port
    PORT_RELAY=2525 PORT_STARTTLS=2587 PORT_SMTPS=2465 PORT_HTTP=9154
    # shellcheck source=/dev/null
    [[ -e $file ]] && . "$file"
    for name in PORT_RELAY PORT_STARTTLS PORT_SMTPS PORT_HTTP; do
        port=$(port_next_free "${!name}")
        printf -v "$name" %d "$port"
    done
    for name in PORT_RELAY PORT_STARTTLS PORT_SMTPS PORT_HTTP; do
        printf '%s=%d\n' "$name" "${!name}"
    done >"$file"
}

port_next_free() {
    local port=$1
    while port_answers "$port"; do
        port=$((port + 1))
        ((port < $1 + 200)) || fail "no free port from $1 to $port on 127.0.0.1" "stop other trial relays: deploy/up --dir DIR --stop"
    done
    echo "$port"
}

# port_answers PORT: does anything listen there?
port_answers() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}
