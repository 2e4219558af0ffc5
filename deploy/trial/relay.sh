# shellcheck shell=bash
# The private relay: what an application would send through, set up as relaywatch wants a relay to be.

RELAY_SMARTHOST=localhost

relay_prepare() {
    local folder=$TRIAL/relay
    postfix_folders relay "$TRIAL/log/mail.log"
    install -d -m 2750 -o relaywatch-milter -g postfix "$TRIAL/spool/relay/relaywatch"
    relay_main_cf "$folder" >"$folder/main.cf"
    relay_master_cf >"$folder/master.cf"
    relay_loss_guard >"$folder/relay_dsn_filter"
    relay_map "$folder"
}

relay_main_cf() {
    local port=$PORT_STARTTLS wrappermode=no
    if [[ $RELAY_PORT == smtps ]]; then
        port=$PORT_SMTPS wrappermode=yes
    fi
    postfix_common relay "$TRIAL/log/mail.log"
    cat <<END
myhostname = relay.trial.example
myorigin = trial.example
smtp_helo_name = \$myhostname
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
message_size_limit = 35882577

# the smarthost; its name comes from /etc/hosts, not from the DNS
relayhost = [$RELAY_SMARTHOST]:$port
smtp_host_lookup = native
smtp_connect_timeout = 30s

# TLS: authenticate the server, or keep the mail
smtp_tls_security_level = secure
smtp_tls_wrappermode = $wrappermode
smtp_tls_servername = hostname
smtp_tls_CAfile = $TRIAL/smarthost/tls/ca.pem
smtp_tls_loglevel = 1

# login: the password only to a server whose name was proved
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = $(relay_map_type):$1/sasl_passwd
smtp_sasl_mechanism_filter = plain, login
smtp_sasl_security_options = noplaintext, noanonymous
smtp_sasl_tls_security_options = noplaintext, noanonymous
smtp_sasl_tls_verified_security_options = noanonymous
smtp_sasl_auth_soft_bounce = yes

# keep the mail when the smarthost refuses us, not the recipient
smtp_delivery_status_filter = regexp:$1/relay_dsn_filter

# the observer: it may die or hang, mail passes
smtpd_milters = { unix:relaywatch/milter.sock, connect_timeout=1s, command_timeout=2s, content_timeout=5s, default_action=accept }
non_smtpd_milters = \$smtpd_milters

# A trial should be lively: Postfix's own figures are 300s, 300s and 4000s.
queue_run_delay = 30s
minimal_backoff_time = 30s
maximal_backoff_time = 60s
END
}

relay_master_cf() {
    cat <<END
$PORT_RELAY inet n - n - - smtpd
pickup     unix  n  -  n  60   1  pickup
smtp       unix  -  -  n  -    -  smtp
relay      unix  -  -  n  -    -  smtp
END
    postfix_services
}

# Refusals that are about us, not about the recipient, become deferrals.
relay_loss_guard() {
    cat <<'END'
/^5(\.7\.[01] host .* said: 55[04][- ]5\.7\.[01] .*(Mail relay denied|Invalid credentials for relay|Access denied).*)/ 4$1
/^5(\.5\.1 host .* said: 530[- ]5\.[57]\.[01] .*)/ 4$1
/^5(\.7\.0 host .* said: 530[- ]5\.7\.0 .*)/ 4$1
/^5(\.[47]\.[15] host .* said: 550[- ]5\.[47]\.[15] Daily SMTP relay limit .*)/ 4$1
END
}

# The map type that is this host's habit where it is an indexed one: texthash needs no index and is everywhere.
relay_map_type() {
    local type
    type=$(postfix_default default_database_type)
    case $type in
    hash | btree | lmdb | cdb | dbm | sdbm) echo "$type" ;;
    *) echo texthash ;;
    esac
}

# relay_password: the password in sasl_passwd; a new one, and a new file, where there is none to be read.
relay_password() {
    local file=$TRIAL/relay/sasl_passwd key login
    mkdir -p "$TRIAL/relay"
    if ! read -r key login 2>/dev/null <"$file" || [[ $key != "$RELAY_SMARTHOST" || $login != *?:?* ]]; then
        login=$SMARTHOST_USER@$SMARTHOST_REALM:$(head -c 15 /dev/urandom | base64 | tr '+/' 'xy')
        (umask 077 && printf '%s %s\n' "$RELAY_SMARTHOST" "$login" >"$file")
    fi
    printf '%s' "${login#*:}"
}

relay_map() {
    local type
    type=$(relay_map_type)
    [[ $type == texthash ]] && return
    (umask 077 && postmap -c "$1" "$type:$1/sasl_passwd") ||
        fail "postmap cannot index $1/sasl_passwd" "look at the line above"
}

relay_start() {
    postfix_start relay "$TRIAL/log/mail.log"
}

relay_stop() {
    postfix_stop relay
}
