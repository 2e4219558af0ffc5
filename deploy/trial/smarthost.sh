# shellcheck shell=bash
# The private smarthost: stands where Google would. TLS before the login, the login before everything, and all mail
# ends in one Maildir: this Postfix has no smtp(8), so nothing can leave the machine.

SMARTHOST_REALM=smarthost.example
SMARTHOST_USER=relay

smarthost_prepare() {
    local folder=$TRIAL/smarthost
    postfix_folders smarthost "$folder/mail.log"
    tls_prepare "$folder/tls"
    smarthost_sasl "$folder"
    smarthost_main_cf "$folder" >"$folder/main.cf"
    smarthost_master_cf >"$folder/master.cf"
    install -d -m 0700 -o mail -g mail "$TRIAL/mail"
}

smarthost_main_cf() {
    postfix_common smarthost "$1/mail.log"
    cat <<END
syslog_name = smarthost
myhostname = mx.smarthost.example
smtpd_banner = \$myhostname ESMTP trial smarthost
mynetworks =
message_size_limit = 35882577

# TLS
smtpd_tls_cert_file = $1/tls/server.pem
smtpd_tls_key_file = $1/tls/server.key
smtpd_tls_security_level = encrypt
smtpd_tls_loglevel = 1

# login: Cyrus SASL with a file of its own; change a password with
#   saslpasswd2 -c -f $1/sasldb2 -u $SMARTHOST_REALM $SMARTHOST_USER
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
smtpd_sasl_local_domain = $SMARTHOST_REALM
smtpd_sasl_security_options = noanonymous
smtpd_tls_auth_only = yes
cyrus_sasl_config_path = $1/sasl
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
smtpd_helo_required = yes
smtpd_client_connection_count_limit = 0

# every address there is ends in $TRIAL/mail
virtual_mailbox_domains = static:all
virtual_mailbox_base = $TRIAL
virtual_mailbox_maps = static:mail/
virtual_uid_maps = static:$(id -u mail)
virtual_gid_maps = static:$(id -g mail)
virtual_minimum_uid = 1
virtual_mailbox_limit = 0
virtual_transport = virtual
default_transport = error:5.7.1 no mail leaves the trial
relay_transport = error:5.7.1 no mail leaves the trial
END
}

smarthost_master_cf() {
    cat <<END
$PORT_STARTTLS inet n - n - - smtpd
$PORT_SMTPS inet n - n - - smtpd
    -o smtpd_tls_wrappermode=yes
virtual    unix  -  n  n  -    -  virtual
END
    postfix_services
}

# smarthost_sasl: the account that the relay uses. A start always makes the smarthost's password the relay's.
smarthost_sasl() {
    local password
    mkdir -p "$1/sasl"
    cat >"$1/sasl/smtpd.conf" <<END
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: $1/sasldb2
mech_list: PLAIN LOGIN
END
    password=$(relay_password)
    printf '%s' "$password" | smarthost_set_password "$1" ||
        fail "saslpasswd2 cannot write $1/sasldb2" "is it damaged? Remove it and run this again"
    chown root:postfix "$1/sasldb2"
    chmod 0640 "$1/sasldb2"
}

# The password comes on stdin, so that ps never shows it.
smarthost_set_password() {
    (umask 077 && saslpasswd2 -p -c -f "$1/sasldb2" -u "$SMARTHOST_REALM" "$SMARTHOST_USER")
}

smarthost_start() {
    postfix_start smarthost "$TRIAL/smarthost/mail.log"
}

smarthost_stop() {
    postfix_stop smarthost
}

# smarthost_mails: how many messages have arrived.
smarthost_mails() {
    local mails=()
    [[ -d $TRIAL/mail/new ]] && mails=("$TRIAL"/mail/new/*)
    [[ -e ${mails[0]:-} ]] && echo "${#mails[@]}" || echo 0
}
