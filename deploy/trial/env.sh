# shellcheck shell=bash
# TRIAL/env: where everything is, for people and scripts: . DIR/env

env_write() {
    {
        env_line BIN "$TRIAL/bin"
        env_line RELAYWATCH_CONF "$TRIAL/etc/relaywatch.conf"
        env_line RELAYWATCH_RECEIVERS "$TRIAL/etc/receivers.conf"
        env_line RELAYWATCH_URL "http://127.0.0.1:$PORT_HTTP"
        env_line RELAYWATCH_LOG "$TRIAL/log/relaywatch.log"
        env_line RELAY_SUBMIT "127.0.0.1:$PORT_RELAY"
        env_line POSTFIX_CONFIG_DIR "$TRIAL/relay"
        env_line SASL_PASSWD "$TRIAL/relay/sasl_passwd"
        env_line MAIL_LOG "$TRIAL/log/mail.log"
        env_line SMARTHOST_STARTTLS "$RELAY_SMARTHOST:$PORT_STARTTLS"
        env_line SMARTHOST_SMTPS "$RELAY_SMARTHOST:$PORT_SMTPS"
        env_line SMARTHOST_CA "$TRIAL/smarthost/tls/ca.pem"
        env_line SMARTHOST_USER "$SMARTHOST_USER"
        env_line SMARTHOST_REALM "$SMARTHOST_REALM"
        env_line SMARTHOST_SASLDB "$TRIAL/smarthost/sasldb2"
        env_line SMARTHOST_CONFIG_DIR "$TRIAL/smarthost"
        env_line SMARTHOST_LOG "$TRIAL/smarthost/mail.log"
        env_line SMARTHOST_MAIL "$TRIAL/mail"
        env_line REDIS_SOCKET "$TRIAL/redis/redis.sock"
        env_line REDIS_CONF "$TRIAL/etc/redis.conf"
    } >"$TRIAL/env"
}

env_line() {
    printf "%s='%s'\n" "$1" "$2"
}
