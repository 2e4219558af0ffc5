# shellcheck shell=bash disable=SC2034 # the other parts read PORT_*
# Which ports the trial uses: the usual ones or, when they are taken, the next free; a folder keeps its own, also while
# it is stopped or has not yet begun to listen. PORTS_TRIALS lists the folders of this machine's trials, a line each.
PORTS_TRIALS=/run/relaywatch-trials

# ports_choose: sets PORT_RELAY, PORT_STARTTLS, PORT_SMTPS, PORT_HTTP.
ports_choose() {
    exec 7>>"$PORTS_TRIALS"
    flock 7
    ports_look_at_others
    ports_choose_free "$TRIAL/etc/ports"
    printf '%s\n' "${OTHERS[@]}" "$TRIAL" >"$PORTS_TRIALS"
    exec 7>&-
}

ports_choose_free() {
    local name port
    PORT_RELAY=2525 PORT_STARTTLS=2587 PORT_SMTPS=2465 PORT_HTTP=9154
    # shellcheck source=/dev/null
    [[ -e $1 ]] && . "$1"
    for name in PORT_RELAY PORT_STARTTLS PORT_SMTPS PORT_HTTP; do
        port=$(port_next_free "${!name}")
        printf -v "$name" %d "$port"
    done
    for name in PORT_RELAY PORT_STARTTLS PORT_SMTPS PORT_HTTP; do
        printf '%s=%d\n' "$name" "${!name}"
    done >"$1"
}

# The folders of other trials, and their ports; a folder that is gone keeps none.
ports_look_at_others() {
    local folder
    OTHERS=() PORTS_TAKEN=
    while IFS= read -r folder; do
        [[ $folder != "$TRIAL" && -e $folder/etc/ports ]] || continue
        OTHERS+=("$folder")
        PORTS_TAKEN+=$(sed 's/.*=//' "$folder/etc/ports")$'\n'
    done <"$PORTS_TRIALS"
}

port_next_free() {
    local port=$1
    while grep -qx "$port" <<<"$PORTS_TAKEN" || port_answers "$port"; do
        port=$((port + 1))
        ((port < $1 + 200)) || fail "no free port from $1 to $port on 127.0.0.1" "stop other trial relays: deploy/up --dir DIR --stop"
    done
    echo "$port"
}

# port_answers PORT: does anything listen there?
port_answers() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}
