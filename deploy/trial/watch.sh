# shellcheck shell=bash
# relaywatch itself, pointed at the trial relay.

watch_prepare() {
    cat >"$TRIAL/etc/relaywatch.conf" <<END
# the trial relay; written anew at each start
postfix_config_dir = $TRIAL/relay
mail_log = $TRIAL/log/mail.log
log_start = beginning
sasl_passwd = $TRIAL/relay/sasl_passwd
submit = 127.0.0.1:$PORT_RELAY
redis = unix:$TRIAL/redis/redis.sock
http_listen = 127.0.0.1:$PORT_HTTP
state_dir = $TRIAL/state/relaywatchd
notify_state_dir = $TRIAL/state/notify
keeper_state_dir = $TRIAL/state/keeper
run_dir = $TRIAL/run
milter_socket = unix:$TRIAL/spool/relay/relaywatch/milter.sock
receivers_file = $TRIAL/etc/receivers.conf
END
    chmod 0644 "$TRIAL/etc/relaywatch.conf"
    watch_receivers
}

# Who is told of an alert. Without options the file stays as the operator left it.
watch_receivers() {
    local file=$TRIAL/etc/receivers.conf url
    if ((${#WEBHOOKS[@]} + ${#ALERTMANAGERS[@]} > 0)) || [[ ! -e $file ]]; then
        (
            umask 077
            echo '# who is told of an alert: webhook = URL, alertmanager = URL'
            for url in "${WEBHOOKS[@]}"; do
                echo "webhook = $url"
            done
            for url in "${ALERTMANAGERS[@]}"; do
                echo "alertmanager = $url"
            done
        ) >"$file"
    fi
    chown root:relaywatch-notify "$file"
    chmod 0640 "$file"
}

watch_start() {
    process_start relaywatch "$TRIAL/log/relaywatch.log" "$TRIAL/bin/relaywatch" -c "$TRIAL/etc/relaywatch.conf" run
    wait_for 15 watch_ready || {
        tail -n 15 "$TRIAL/log/relaywatch.log" >&2
        fail "relaywatch does not answer on 127.0.0.1:$PORT_HTTP" "see $TRIAL/log/relaywatch.log"
    }
}

# Up, and the milter is there: from now on every message is counted twice, as it comes and as it goes.
watch_ready() {
    process_alive relaywatch || return 1
    port_answers "$PORT_HTTP" && [[ -S $TRIAL/spool/relay/relaywatch/milter.sock ]]
}

watch_status() {
    "$TRIAL/bin/relaywatch" -c "$TRIAL/etc/relaywatch.conf" status "$@"
}

# watch_sent: counters.sent of the status document; watch_host: its name of this host.
watch_sent() {
    watch_status --json 2>/dev/null | tr -d '\n ' | sed -n 's/.*"counters":{[^}]*"sent":\([0-9]*\).*/\1/p'
}

watch_host() {
    watch_status --json 2>/dev/null | tr -d '\n ' | sed -n 's/^{"host":"\([^"]*\)".*/\1/p'
}

watch_stop() {
    process_stop relaywatch 15
}

# The login for the smarthost was tried.
watch_login_known() {
    watch_status --json 2>/dev/null | tr -d '\n ' | grep -q '"credentials":{[^}]*"state":"verified"'
}
