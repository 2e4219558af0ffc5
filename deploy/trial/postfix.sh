# shellcheck shell=bash
# What both private Postfix instances have in common. NAME is "relay" or "smarthost": its main.cf and master.cf are
# in TRIAL/NAME, its queue is TRIAL/spool/NAME, outside of it because Postfix wants root to own all beside main.cf.

postfix_default() {
    postconf -dh "$1" 2>/dev/null
}

# postfix_at_least MAJOR MINOR
postfix_at_least() {
    local version major minor
    version=$(postfix_default mail_version)
    IFS=.- read -r major minor _ <<<"$version"
    ((major > $1 || (major == $1 && minor >= $2)))
}

# postfix_common NAME LOG: the first part of a main.cf.
postfix_common() {
    local level=3.6 protocols='>=TLSv1.2'
    if ! postfix_at_least 3 6; then
        level=2 protocols='!SSLv2, !SSLv3, !TLSv1, !TLSv1.1'
    fi
    cat <<END
compatibility_level = $level
queue_directory = $TRIAL/spool/$1
data_directory = $TRIAL/spool/$1-data
maillog_file = $2
maillog_file_prefixes = $TRIAL
$(if postfix_at_least 3 9; then echo 'maillog_file_permissions = 0640'; fi)
inet_interfaces = loopback-only
inet_protocols = ipv4
mydestination =
local_recipient_maps =
local_transport = error:5.1.1 no local delivery here
alias_maps =
alias_database =
biff = no
disable_vrfy_command = yes
enable_long_queue_ids = yes
smtp_tls_mandatory_protocols = $protocols
smtpd_tls_mandatory_protocols = $protocols
END
}

# postfix_services: the services of a master.cf that every instance has; none is chrooted.
postfix_services() {
    cat <<'END'
cleanup    unix  n  -  n  -    0  cleanup
qmgr       unix  n  -  n  300  1  qmgr
tlsmgr     unix  -  -  n  1000? 1 tlsmgr
rewrite    unix  -  -  n  -    -  trivial-rewrite
bounce     unix  -  -  n  -    0  bounce
defer      unix  -  -  n  -    0  bounce
trace      unix  -  -  n  -    0  bounce
verify     unix  -  -  n  -    1  verify
flush      unix  n  -  n  1000? 0 flush
proxymap   unix  -  -  n  -    -  proxymap
proxywrite unix  -  -  n  -    1  proxymap
showq      unix  n  -  n  -    -  showq
error      unix  -  -  n  -    -  error
retry      unix  -  -  n  -    -  error
discard    unix  -  -  n  -    -  discard
anvil      unix  -  -  n  -    1  anvil
scache     unix  -  -  n  -    1  scache
postlog    unix-dgram n - n -  1  postlogd
END
}

# postfix_folders NAME LOG: who owns what, as Postfix wants it. The log can be read by relaywatchd's group.
postfix_folders() {
    install -d -m 0755 "$TRIAL/$1" "$TRIAL/spool" "$TRIAL/spool/$1"
    install -d -m 0700 -o postfix "$TRIAL/spool/$1-data"
    if [[ ! -e $2 ]]; then
        install -m 0640 -o root -g relaywatch /dev/null "$2"
    fi
}

postfix_running() {
    postfix -c "$TRIAL/$1" status >/dev/null 2>&1
}

postfix_stopped() {
    ! postfix_running "$1"
}

# postfix_start NAME LOG
postfix_start() {
    local said
    if said=$(postfix -c "$TRIAL/$1" start 2>&1 8>&- </dev/null) && wait_for 10 postfix_running "$1"; then
        return
    fi
    tail -n 15 "$2" >&2
    fail "postfix -c $TRIAL/$1 start failed${said:+: $said}" "see $2; another program on its port? Then try again"
}

postfix_stop() {
    [[ -e $TRIAL/$1/main.cf ]] && postfix_running "$1" || return 0
    postfix -c "$TRIAL/$1" stop >/dev/null 2>&1 || true
    wait_for 10 postfix_stopped "$1" || postfix -c "$TRIAL/$1" abort >/dev/null 2>&1 || true
}
