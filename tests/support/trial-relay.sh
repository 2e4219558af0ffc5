# shellcheck shell=bash disable=SC2154
# trial-relay.sh: sourced by process tests that run a trial relay (deploy/up) each for themselves: begin and end, the
# scripted smarthost in place of the trial's, mail, what status and receiver say. The caller sets $bin (the build's bin
# folder), $repo and $work (a folder of its own); trial_begin makes $dir and the names of its env.

now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

# trial_begin NAME [PARAMETER...]: a trial in $work/NAME with a webhook that appends to $hook. Each PARAMETER is a line of
# its relaywatch.conf.
trial_begin() {
    local line
    dir=/var/lib/rw-$1-$$ hook=$work/$1.hook
    shift
    rm -f "$hook.port"
    "$bin/../support/http_sink" -f "$hook.port" "$hook" 200 &
    sink=$!
    smarthost_pid=
    : >"$hook"
    becomes 5 test -s "$hook.port"
    trial_up --webhook "http://127.0.0.1:$(cat "$hook.port")/" || return 1
    # shellcheck source=/dev/null
    . "$dir/env"
    for line in "$@"; do echo "$line"; done >>"$RELAYWATCH_CONF"
    # It looks at the file once a second, too, and may be starting again already.
    [[ $# == 0 ]] || kill -HUP "$(program_pid relaywatchd)" 2>/dev/null || true
}

trial_up() { "$repo/deploy/up" --dir "$dir" --build-dir "$(dirname "$bin")" --detach "$@" >"$hook.up" 2>&1; }

trial_end() {
    "$repo/deploy/up" --dir "$dir" --stop >/dev/null 2>&1
    kill "$sink" ${smarthost_pid:+"$smarthost_pid"} 2>/dev/null
    rm -rf "$dir"
}

# scripted_smarthost: takes the place of the trial's smarthost, on its port with its certificate; answers as $script says
scripted_smarthost() {
    local tls
    tls=$(dirname "$SMARTHOST_CA")
    script=$dir/smarthost.script
    : >"$script"
    postfix -c "$SMARTHOST_CONFIG_DIR" stop >/dev/null 2>&1
    python3 "$repo/tests/support/scripted_smarthost.py" "${SMARTHOST_STARTTLS##*:}" "$tls/server.pem" "$tls/server.key" \
        "$script" "$dir/taken" >"$dir/smarthost.ready" 2>"$dir/smarthost.errors" &
    smarthost_pid=$!
    becomes 10 grep -q ready "$dir/smarthost.ready"
}

# send COUNT [SENDER [RECIPIENT]]
send() {
    smtp-source -m "$1" -s "$(($1 < 10 ? 1 : 5))" -f "${2:-app@trial.example}" -t "${3:-ok@example.net}" "$RELAY_SUBMIT"
}

flush() { postqueue -c "$POSTFIX_CONFIG_DIR" -f; }

rw() { "$BIN/relaywatch" -c "$RELAYWATCH_CONF" "$@"; }
