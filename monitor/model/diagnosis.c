/* See diagnosis.h. One table: the entries in the order of diagnosis.def, then the three functions.
 */
#include "diagnosis.h"

#include <string.h>

#define ENTRY(id, name, severity, party, who, title, why, impact, ...)                             \
    [DIAGNOSIS_##id##_##name] = {#id, #name, title,  SEVERITY_##severity, PARTY_##party,           \
                                 who, why,   impact, {__VA_ARGS__}}

/* Who must act. */
#define OPERATOR "operator of this host"
#define GOOGLE_ADMIN "Google Workspace administrator (or whoever runs the smarthost)"
#define BOTH "operator of this host, with the Google Workspace administrator"
#define OPERATOR_APP "operator of this host, with the owner of the sending application"
#define APP "owner of the sending application"
#define DNS_OWNER "owner of the sender's domain (DNS)"
#define NETWORK "network team"
#define OPERATOR_NETWORK "operator of this host, with the network team"
#define NOBODY "nobody yet: wait"

/* What happens to mail. */
#define SAFE "Mail is delayed; it is safe in the queue."
#define SOME_SAFE "Some mail is delayed; it is safe in the queue."
#define RETURNED "Mail is lost: it is returned to its sender."
#define MESSAGE_RETURNED "This message is lost: it is returned to its sender. Other mail passes."
#define REFUSED "The application cannot hand in mail; it must keep it and try again."
#define HARMLESS "None for mail."

/* Steps that many share. */
#define FLUSH "postqueue -f"
#define RELOAD "postfix reload"
#define TEST "relaywatch test --recipient YOUR-ADDRESS"
#define CREDENTIALS "relaywatch status   # its line `login`: user, state, last proof"
#define EDIT_LOGIN "sudoedit /etc/postfix/sasl_passwd   # relaywatch tries it and puts it live"
#define SEE_DNS "getent hosts \"$(postconf -h relayhost | tr -d '[]' | cut -d: -f1)\""
#define SEE_MAP                                                                                    \
    "postmap -q SMARTHOST \"$(postconf -h smtp_sasl_password_maps)\" >/dev/null; echo $?"

static const struct diagnosis_entry table[DIAGNOSIS_COUNT] = {
    [DIAGNOSIS_NONE] = {"", "", "", SEVERITY_INFO, PARTY_NONE, "", "", "", {NULL}},

    /* G: what the smarthost answers */
    ENTRY(G01, BAD_CREDENTIALS, CRITICAL, OURS, OPERATOR,
          "The smarthost refuses our user name or password.",
          "The password was changed or revoked, mistyped, or the account is suspended. Google: "
          "changing the "
          "account's password revokes its app passwords, and an ordinary password no longer works.",
          SAFE, "Get a valid password. Google: https://myaccount.google.com/apppasswords",
          EDIT_LOGIN, FLUSH),
    ENTRY(G02, APP_PASSWORD_REQUIRED, CRITICAL, OURS, OPERATOR,
          "Google wants an app password; we sent the account's ordinary one.",
          "The account has 2-Step Verification, so SMTP needs an app password. App passwords do "
          "not exist "
          "with security keys only, Advanced Protection, or where the administrator forbids them.",
          SAFE, "Create an app password: https://myaccount.google.com/apppasswords", EDIT_LOGIN,
          FLUSH,
          "No app passwords: allow-list our address in the SMTP relay service, or use another "
          "account"),
    ENTRY(G03, WEB_LOGIN_REQUIRED, CRITICAL, OURS, BOTH,
          "Google blocked the login as suspicious and wants a sign-in with a browser.",
          "A new address or country, an open security challenge, or terms not yet accepted.", SAFE,
          "Sign in once as that user at https://accounts.google.com and confirm the activity",
          "Administrator: user > Security > turn off login challenge for 10 minutes", TEST, FLUSH),
    ENTRY(G04, TEMP_AUTH_FAILURE, WARNING, SMARTHOST, NOBODY,
          "The smarthost cannot check logins at the moment.",
          "A temporary fault on the smarthost's side. Our login is not refused.", SAFE,
          "Wait 15 minutes, do not flush the queue meanwhile", CREDENTIALS,
          "After 30 minutes see the smarthost's status page. Google: "
          "https://www.google.com/appsstatus"),
    ENTRY(G05, TOO_MANY_LOGINS, CRITICAL, OURS, OPERATOR,
          "The smarthost locked us out after too many logins.",
          "Usually a wrong password was tried again and again (see G01), else too many connections "
          "at once.",
          SAFE, "postconf -e defer_transports=smtp && postfix reload   # stop the tries",
          EDIT_LOGIN ", then wait 15 to 60 minutes",
          "postconf -X defer_transports && postfix reload && postqueue -f",
          "postconf -e smtp_destination_concurrency_limit=10 && postfix reload"),
    ENTRY(G06, AUTH_REQUIRED, CRITICAL, OURS, OPERATOR,
          "The smarthost wants a login and Postfix sent none.",
          "No entry of the password map has the key that Postfix looks for, SASL is switched off, "
          "or it is "
          "the wrong server.",
          RETURNED, "postconf relayhost smtp_sasl_auth_enable smtp_sasl_password_maps", SEE_MAP,
          "postconf -e smtp_sasl_auth_enable=yes && postfix reload",
          "tail -n 200 /var/log/mail.log   # bounced mail must be sent again by the application"),
    ENTRY(
        G07, MUST_STARTTLS, CRITICAL, OURS, OPERATOR,
        "The smarthost demands TLS and Postfix spoke without it.",
        "smtp_tls_security_level is empty, none or may, or something on the way removed STARTTLS.",
        RETURNED, "postconf -e smtp_tls_security_level=secure && postfix reload", TEST,
        "If TLS is then not offered: a firewall inspects SMTP; network team"),
    ENTRY(G08, INVALID_RELAY_CREDENTIALS, CRITICAL, SMARTHOST, BOTH,
          "Google's SMTP relay service does not know our address or our sender's domain.",
          "Our public address changed (NAT, IPv6), is not in the allow-list, or the sender's "
          "domain is not in "
          "the account; or a login was expected and none was made.",
          RETURNED,
          "Compare the address in [] of the reply with the allow-list: admin.google.com > Apps > "
          "Gmail > "
          "Routing > SMTP relay service",
          "If it is IPv6: postconf -e smtp_address_preference=ipv4 && postfix reload", SEE_MAP,
          "A change of the allow-list takes up to 1 hour (24 at worst)"),
    ENTRY(
        G09, MAIL_RELAY_DENIED, CRITICAL, SMARTHOST, BOTH,
        "The smarthost refuses to relay for this sender, domain or address.",
        "The sender's domain or our address is not registered there, the sender is not one that "
        "this login may "
        "use, or no login was made.",
        RETURNED, "postconf relayhost smtp_sasl_auth_enable", SEE_MAP,
        "Register the domain or address that the reply names, or correct the envelope sender",
        "Google: admin.google.com > Apps > Gmail > Routing > SMTP relay service > Allowed senders"),
    ENTRY(G10, SENDING_DENIED, CRITICAL, SMARTHOST, GOOGLE_ADMIN,
          "The smarthost does not let this account send.",
          "The account is disabled, suspended, or not registered for the relay service.", RETURNED,
          "Look at the account: admin.google.com > Directory > Users",
          "Restore it, or give us another login", EDIT_LOGIN, TEST),
    ENTRY(G11, EHLO_REJECTED, CRITICAL, OURS, OPERATOR,
          "The smarthost does not accept the name with which we greet it.",
          "The EHLO name is localhost, a container's id, has no dot, or is the smarthost's own. "
          "Waiting does "
          "not help.",
          SAFE, "postconf myhostname smtp_helo_name",
          "postconf -e smtp_helo_name=RELAY.YOUR-DOMAIN && postfix reload   # a name that resolves",
          FLUSH),
    ENTRY(G12, IP_OR_TLS_NOT_ACCEPTED_FOR_RCPT, CRITICAL, RECIPIENT,
          "administrator of the receiving domain",
          "One receiving domain accepts mail only from certain addresses, or only with TLS.",
          "Rules of the recipient's domain (inbound gateway, TLS compliance), not of ours.",
          "Mail to this domain is delayed; it is safe in the queue. Other mail passes.",
          "Ask the receiving domain's administrator to accept our address",
          "postconf smtp_tls_security_level   # must be secure, verify or encrypt"),
    ENTRY(G13, UNUSUAL_RATE, WARNING, OURS, OPERATOR_APP,
          "The smarthost slows us down: too much mail or too many connections at once.",
          "A burst from the application, an abused account, or more connections than it allows.",
          SOME_SAFE,
          "postconf -e smtp_destination_rate_delay=1s smtp_destination_concurrency_limit=2 && "
          "postfix reload",
          "relaywatch queue   # whose mail waits: find the sender behind the rise; do not flush",
          "Google: https://support.google.com/mail/answer/81126"),
    ENTRY(G14, DAILY_USER_LIMIT, CRITICAL, OURS, BOTH,
          "This sender has reached the smarthost's daily limit.",
          "Google: 10,000 messages or recipients in 24 hours for each envelope sender (2,000 "
          "messages on "
          "smtp.gmail.com).",
          RETURNED, "postconf -e defer_transports=smtp && postfix reload   # hold the mail here",
          "Wait: the limit rolls over 24 hours; spread mail over several envelope senders",
          "postconf -X defer_transports && postfix reload && postqueue -f"),
    ENTRY(G15, CUSTOMER_LIMIT, CRITICAL, SMARTHOST, GOOGLE_ADMIN,
          "The whole account has reached the smarthost's sending limit.",
          "A peak limit (Google: of 10 minutes) passes by itself; a daily limit or used-up credit "
          "needs time or the "
          "account's owner.",
          "Peak: mail is delayed, safe in the queue. Daily: mail is returned to its sender.",
          "postconf -e defer_transports=smtp && postfix reload   # daily limit: hold the mail here",
          "Wait, or have the limit raised",
          "postconf -X defer_transports && postfix reload && postqueue -f"),
    ENTRY(
        G16, TOO_MANY_RECIPIENTS, TICKET, OURS, OPERATOR,
        "A message had more recipients than the smarthost takes at once.",
        "smtp_destination_recipient_limit was raised above what the smarthost takes (Google: 100).",
        "The recipients that are left over get the message with the next try.",
        "postconf -e smtp_destination_recipient_limit=50 && postfix reload"),
    ENTRY(G17, RECEIVER_RATE, TICKET, RECIPIENT, NOBODY,
          "One recipient gets more mail than his mailbox takes.",
          "The limit is the recipient's, not ours.",
          "Mail to this recipient is delayed; it is safe in the queue. Other mail passes.",
          "Wait: Postfix tries again", "postqueue -p"),
    ENTRY(
        G18, TEMP_SYSTEM, WARNING, SMARTHOST, NOBODY,
        "The smarthost has a temporary problem of its own.",
        "Overload, maintenance or a fault on its side; connections are closed or refused with 4xx.",
        SAFE, "Wait: Postfix tries again",
        "relaywatch status   # act only if nothing is sent any more",
        "Google: https://www.google.com/appsstatus"),
    ENTRY(G19, MULTIPLE_DEST_DOMAINS, TICKET, OURS, OPERATOR,
          "The smarthost takes only one recipient domain a transaction.",
          "Typical of Google's MX hosts, not of smtp-relay.gmail.com: relayhost may be the wrong "
          "server.",
          "The recipients that are left over get the message with the next try.",
          "postconf relayhost",
          "postconf -e smtp_destination_recipient_limit=1 && postfix reload   # if it is frequent"),
    ENTRY(G20, UNAUTHENTICATED_SENDER, WARNING, OURS, DNS_OWNER,
          "The sender's domain fails SPF, DKIM or DMARC.",
          "The domain's DNS does not name the smarthost as allowed to send, or mail is not signed.",
          RETURNED, "dig +short TXT YOUR-DOMAIN",
          "Google: publish \"v=spf1 include:_spf.google.com ~all\" and switch on DKIM signing",
          "Let the From: header and the envelope sender be of the same domain"),
    ENTRY(G21, FROM_ALIGNMENT, WARNING, OURS,
          "owner of the sending application, with the domain's owner",
          "The From: header is of another domain than SPF or DKIM vouch for.",
          "The application sends under a domain that neither signs nor authorises the mail.",
          MESSAGE_RETURNED, "Let the application use a From: of the signing domain",
          "dig +short TXT _dmarc.YOUR-DOMAIN"),
    ENTRY(G22, PTR_IPV6, WARNING, NETWORK, "network team, with the owner of the address's DNS",
          "Our address has no matching reverse DNS name, and the smarthost minds.",
          "No PTR record, or its name does not resolve back to the address; often IPv6.", RETURNED,
          "postconf -e smtp_address_preference=ipv4 && postfix reload   # if the address is IPv6",
          "dig +short -x OUR-ADDRESS", "Set PTR and AAAA (or A) that name each other"),
    ENTRY(
        G23, TLS_REQUIRED_BY_POLICY, CRITICAL, OURS, OPERATOR,
        "The smarthost's policy demands TLS for this mail.",
        "smtp_tls_security_level is empty, none or may, or something on the way removed STARTTLS.",
        RETURNED, "postconf -e smtp_tls_security_level=secure && postfix reload", TEST),
    ENTRY(G24, REPUTATION_POLICY, WARNING, OURS, OPERATOR_APP,
          "The smarthost takes our mail for unwanted, or its policy forbids it.",
          "Content or reputation of the sender's domain or of our address; or mail goes straight "
          "to the receiver's "
          "server instead of the smarthost.",
          RETURNED, "postconf relayhost   # must be the smarthost, in brackets",
          "tail -n 200 /var/log/mail.log   # which sender, since when",
          "Stop the sender of unwanted mail; Google: https://postmaster.google.com"),
    ENTRY(G25, SIZE, TICKET, OURS, APP, "A message is larger than the smarthost takes.",
          "The smarthost's SIZE limit is below our message_size_limit.", MESSAGE_RETURNED,
          "postconf -h message_size_limit",
          "postconf -e message_size_limit=35882577 && postfix reload   # Google's limit: refused "
          "at once"),
    ENTRY(G26, ATTACHMENT_BLOCKED, TICKET, OURS, APP,
          "The smarthost refuses an attachment as dangerous.",
          "A file type that it blocks (programs, scripts, some archives).", MESSAGE_RETURNED,
          "Send a link to the file instead"),
    ENTRY(G27, RECIPIENT, INFO, RECIPIENT, APP,
          "A recipient does not exist, is disabled, or his mailbox is full.",
          "An address of one recipient; the relay works.", MESSAGE_RETURNED,
          "Take the address off the list",
          "relaywatch status --since 1h   # only many of them are a problem"),
    ENTRY(G28, MESSAGE_FORMAT, TICKET, OURS, APP,
          "The smarthost refuses the form of a message or command.",
          "Missing or double headers, a bad sender address, or a command that it does not know.",
          MESSAGE_RETURNED, "Correct what the reply names in the application"),
    ENTRY(G29, AUTH_TYPE, CRITICAL, OURS, OPERATOR,
          "The smarthost does not take our way of logging in.",
          "smtp_sasl_mechanism_filter picks a mechanism that the smarthost does not accept.", SAFE,
          "postconf smtp_sasl_mechanism_filter",
          "postconf -e 'smtp_sasl_mechanism_filter=plain, login' && postfix reload", FLUSH),
    ENTRY(G30, UNAUTH_COMMANDS, WARNING, OURS, OPERATOR,
          "The smarthost closed on a client of ours that talks without logging in.",
          "A health check or probe on this host that sends commands before AUTH.", HARMLESS,
          "Find the check that connects to the smarthost and stop it",
          "ss -tnp '( dport = :587 or dport = :465 or dport = :25 )'"),

    /* S: SASL client and password map */
    ENTRY(
        S01, NO_MECHANISM_PLUGIN, CRITICAL, OURS, OPERATOR,
        "Postfix has no SASL plugin for the mechanisms that the smarthost offers.",
        "The Cyrus SASL plugins are not installed, or noplaintext is in force on this connection.",
        SAFE, "apt-get install libsasl2-modules   # Debian, Ubuntu",
        "dnf install cyrus-sasl-plain   # Rocky, RHEL", RELOAD, FLUSH),
    ENTRY(S02, NO_COMPATIBLE_MECHANISM, CRITICAL, OURS, OPERATOR,
          "The smarthost offers no login mechanism that our settings allow.",
          "Only PLAIN and LOGIN are offered and the certificate was not verified, or "
          "smtp_sasl_mechanism_filter is too narrow.",
          SAFE, "postconf smtp_tls_security_level smtp_sasl_mechanism_filter",
          "postconf -e smtp_tls_security_level=secure && postfix reload", TEST,
          "Do not relax smtp_sasl_*_security_options before you know why the certificate was not "
          "verified"),
    ENTRY(S03, SILENT_NO_AUTH, CRITICAL, OURS, OPERATOR,
          "Postfix finds no password for the smarthost and sends without logging in.",
          "The key in the password map is neither the bare host name nor exactly the relayhost "
          "value. Postfix "
          "logs nothing of it.",
          RETURNED, "postconf relayhost smtp_sasl_password_maps", SEE_MAP,
          "sudoedit /etc/postfix/sasl_passwd   # key: the smarthost's name without brackets and "
          "port"),
    ENTRY(S04, MAP_MISSING, CRITICAL, OURS, OPERATOR, "Postfix cannot find its password map.",
          "The file or its index does not exist: postmap was never run, or somebody removed it.",
          SAFE, "postconf smtp_sasl_password_maps; ls -l /etc/postfix/sasl_passwd*",
          "postmap \"$(postconf -h smtp_sasl_password_maps)\" && postfix reload", FLUSH),
    ENTRY(S05, MAP_UNREADABLE, CRITICAL, OURS, OPERATOR, "Postfix may not read its password map.",
          "SELinux, a proxy: map, or a service unit that takes root's rights away. root:root 0600 "
          "is right.",
          SAFE, "ls -lZ /etc/postfix/sasl_passwd*", "restorecon -Rv /etc/postfix   # with SELinux",
          "postconf smtp_sasl_password_maps   # never proxy:", FLUSH),
    ENTRY(S06, MAP_TYPE_UNSUPPORTED, CRITICAL, OURS, OPERATOR,
          "This Postfix does not know the type of a map (hash: is going away).",
          "A distribution upgrade or another image: the map type is not built in or its package is "
          "missing.",
          SAFE, "postconf -m; postconf -h default_database_type",
          "T=$(postconf -h default_database_type) && postmap $T:/etc/postfix/sasl_passwd && "
          "postconf -e "
          "smtp_sasl_password_maps=$T:/etc/postfix/sasl_passwd && postfix reload",
          "postconf -n | grep -E 'hash:|btree:'   # change these too", FLUSH),
    ENTRY(S07, MAP_STALE, WARNING, OURS, OPERATOR,
          "The password file was edited, and Postfix still uses the old index.",
          "postmap was not run after the edit, so the old password is live.",
          "None yet; mail waits as soon as the old password is revoked.", CREDENTIALS,
          "postmap \"$(postconf -h smtp_sasl_password_maps)\" && postfix reload", TEST),
    ENTRY(S08, CACHED_AUTH_FAILURE, WARNING, OURS, OPERATOR,
          "Postfix remembers a refused login and does not try it again.",
          "smtp_sasl_auth_cache_name is set; the account was mended with the same password.", SAFE,
          "postconf smtp_sasl_auth_cache_name smtp_sasl_auth_cache_time",
          "postconf -X smtp_sasl_auth_cache_name && postfix reload", FLUSH),
    ENTRY(S09, MAP_CORRUPT_LOCKED, CRITICAL, OURS, OPERATOR,
          "The index of the password map is damaged or locked.",
          "A full disk or a kill while postmap wrote, or a process that holds its lock.", SAFE,
          "ls -l /etc/postfix/sasl_passwd*; fuser -v /etc/postfix/sasl_passwd*",
          "df -h /etc/postfix",
          "postmap \"$(postconf -h smtp_sasl_password_maps)\" && postfix reload", FLUSH),
    ENTRY(S10, ENTRY_MALFORMED, CRITICAL, OURS, OPERATOR,
          "A line of the password file is not `smarthost user:password`.",
          "A missing blank, a duplicate key, or a comment behind the password. postmap warns and "
          "goes on.",
          "Mail may go out without a login and be returned to its sender.",
          "sudoedit /etc/postfix/sasl_passwd   # the line that the message names",
          "postmap \"$(postconf -h smtp_sasl_password_maps)\"; " RELOAD, SEE_MAP),
    ENTRY(S11, PASSWORD_IN_LOG, CRITICAL, OURS, OPERATOR,
          "The smarthost's password is being written to the mail log.",
          "smtp -v in master.cf, debug_peer_list, or smtp_tls_loglevel of 3 or more.", HARMLESS,
          "postconf debug_peer_list smtp_tls_loglevel; postconf -M smtp/unix relay/unix",
          "Remove them, then: postfix reload",
          "Remove the lines from the log, the journal and log shipping",
          "Change the password: it is known to who can read the log"),
    ENTRY(S12, SASL_PROTOCOL, WARNING, NETWORK, OPERATOR_NETWORK,
          "The login ended in a way that SMTP does not foresee.",
          "A proxy or appliance between us and the smarthost, a mechanism that one side speaks "
          "badly, or an "
          "answer that is no answer to a login.",
          SAFE, CREDENTIALS, TEST,
          "postconf -e 'smtp_sasl_mechanism_filter=plain, login' && postfix reload"),
    ENTRY(S13, SASL_NOT_BUILT, CRITICAL, OURS, OPERATOR, "This Postfix is built without SASL.",
          "A home-made or minimal package.", RETURNED, "postconf -A   # must list cyrus",
          "Install the distribution's Postfix package"),
    ENTRY(S14, DUMMY_CREDENTIALS, CRITICAL, OURS, OPERATOR,
          "Postfix logs in with a dummy password although the smarthost knows us by address.",
          "SASL is on in IP allow-list mode; the smarthost offers AUTH and refuses the dummy.",
          SAFE, "postconf -e smtp_sasl_auth_enable=no",
          "postconf -X smtp_sasl_password_maps; postfix reload", FLUSH),

    /* T: TLS client */
    ENTRY(T01, TLS_NOT_OFFERED, CRITICAL, NETWORK, OPERATOR_NETWORK,
          "The smarthost does not offer TLS to us.",
          "A firewall that inspects SMTP removes STARTTLS, or it is the wrong host or port.", SAFE,
          "openssl s_client -starttls smtp -connect SMARTHOST:587 -servername SMARTHOST </dev/null",
          "Network team: switch off SMTP inspection for this host",
          "Way round: port 465 with smtp_tls_wrappermode=yes; never a lower security level"),
    ENTRY(
        T02, STARTTLS_REFUSED, WARNING, SMARTHOST, NOBODY,
        "The smarthost offers TLS but will not start it now.",
        "A temporary fault of the smarthost, or a proxy before it.", SAFE,
        "Wait: Postfix tries again",
        "openssl s_client -starttls smtp -connect SMARTHOST:587 -servername SMARTHOST </dev/null"),
    ENTRY(T03, TLS_ENGINE_UNAVAILABLE, CRITICAL, OURS, OPERATOR,
          "Postfix cannot use TLS: its CA file does not load.",
          "smtp_tls_CAfile names a file that this distribution does not have, or ca-certificates "
          "is missing.",
          SAFE, "postconf smtp_tls_CAfile smtp_tls_CApath",
          "apt-get install ca-certificates   # or: dnf install ca-certificates",
          "postconf -e smtp_tls_CAfile=/etc/ssl/certs/ca-certificates.crt && postfix reload   # "
          "Debian, Ubuntu",
          FLUSH),
    ENTRY(T04, CERT_UNTRUSTED, CRITICAL, OURS, OPERATOR_NETWORK,
          "The smarthost's certificate cannot be verified.",
          "The CA bundle is missing or old, a proxy intercepts TLS, or the certificate is "
          "self-signed or not "
          "the smarthost's. The lines before name the issuer.",
          SAFE,
          "postconf smtp_tls_CAfile smtp_tls_servername; relaywatch test --recipient YOUR-ADDRESS",
          "openssl s_client -starttls smtp -connect SMARTHOST:587 -servername SMARTHOST </dev/null",
          "postconf -e smtp_tls_servername=hostname && postfix reload",
          "Do not lower smtp_tls_security_level without your security officer"),
    ENTRY(T05, CERT_EXPIRED_NOT_YET_VALID, CRITICAL, SMARTHOST, OPERATOR,
          "The smarthost's certificate is not valid at this time.",
          "It expired, or this host's clock is wrong. With Google it is the clock.", SAFE,
          "timedatectl; chronyc tracking",
          "openssl s_client -starttls smtp -connect SMARTHOST:587 </dev/null | openssl x509 -noout "
          "-dates",
          "Clock right: the smarthost's administrator must renew the certificate", FLUSH),
    ENTRY(T06, CERT_NAME, CRITICAL, OURS, OPERATOR,
          "The smarthost's certificate is for another name.",
          "relayhost is an address, an alias, or has no brackets; or it is another server.", SAFE,
          "postconf relayhost smtp_tls_secure_cert_match",
          "openssl s_client -starttls smtp -connect SMARTHOST:587 </dev/null | openssl x509 -noout "
          "-ext "
          "subjectAltName",
          "postconf -e 'relayhost=[SMARTHOST]:587' && postfix reload", FLUSH),
    ENTRY(T07, WRAPPERMODE_OFF_ON_465, CRITICAL, OURS, OPERATOR,
          "Port 465 needs TLS from the first byte, and Postfix does not do it.",
          "smtp_tls_wrappermode is off.", SAFE,
          "postconf -e smtp_tls_wrappermode=yes smtp_tls_security_level=secure && postfix reload",
          FLUSH),
    ENTRY(T08, WRAPPERMODE_ON_587, CRITICAL, OURS, OPERATOR,
          "Postfix starts TLS at once on a port that wants STARTTLS.",
          "smtp_tls_wrappermode is on with port 587 or 25.", SAFE,
          "postconf relayhost smtp_tls_wrappermode",
          "postconf -e smtp_tls_wrappermode=no && postfix reload", FLUSH),
    ENTRY(T09, TLS_HANDSHAKE, CRITICAL, NETWORK, OPERATOR_NETWORK,
          "The TLS handshake with the smarthost fails.",
          "No common protocol or cipher (crypto policy, smtp_tls_mandatory_protocols), a "
          "certificate that is "
          "not accepted, or a device on the way that breaks TLS.",
          SAFE,
          "openssl s_client -starttls smtp -connect SMARTHOST:587 -servername SMARTHOST </dev/null",
          "postconf smtp_tls_mandatory_protocols smtp_tls_wrappermode relayhost",
          "update-crypto-policies --show   # Rocky, RHEL", TEST),
    ENTRY(T10, TLS_CONFIG, CRITICAL, OURS, OPERATOR, "Postfix's TLS client settings are not valid.",
          "A misspelt smtp_tls_security_level, or a TLS policy map that cannot be read.", SAFE,
          "postconf -n | grep ^smtp_tls",
          "postconf -e smtp_tls_security_level=secure && postfix reload", FLUSH),
    ENTRY(T11, TLS_POLICY_WEAK, WARNING, OURS, OPERATOR,
          "The login travels over TLS that does not check whom it talks to.",
          "smtp_tls_security_level is below verify, so a man in the middle can take the password.",
          HARMLESS, TEST, "postconf -e smtp_tls_security_level=secure && postfix reload", TEST),

    /* N: network and DNS */
    ENTRY(N01, CONNECT_TIMEOUT, CRITICAL, NETWORK, NETWORK,
          "The smarthost does not answer: connections time out.",
          "A firewall or security group drops outgoing SMTP (clouds block port 25), or the "
          "smarthost is down.",
          SAFE, "nc -vz -w5 SMARTHOST 587; nc -vz -w5 SMARTHOST 465", "postconf relayhost",
          "Network team: allow outgoing TCP to the smarthost's name, not to single addresses",
          FLUSH),
    ENTRY(N02, CONNECT_REFUSED, CRITICAL, NETWORK, OPERATOR_NETWORK,
          "The smarthost refuses connections.",
          "The server is down, the port is wrong, or a firewall rejects.", SAFE,
          "postconf relayhost", "nc -vz -w5 SMARTHOST 587; nc -vz -w5 SMARTHOST 465",
          "iptables -S OUTPUT; nft list ruleset", FLUSH),
    ENTRY(N03, IPV6_UNREACHABLE, TICKET, OURS, OPERATOR,
          "The smarthost is not reachable by one of its addresses (usually IPv6).",
          "It has IPv6 addresses and this host has no IPv6 route. Harmless while IPv4 works.",
          "None while IPv4 works; else mail is delayed, safe in the queue.",
          "ip -6 route; ip route", "postconf -e smtp_address_preference=ipv4 && postfix reload",
          "postconf -e inet_protocols=ipv4   # needs postfix stop and start"),
    ENTRY(N04, NO_ROUTE, CRITICAL, NETWORK, OPERATOR_NETWORK,
          "This host has no way to the smarthost: no route, or its own address is gone.",
          "A routing or firewall fault, or smtp_bind_address is no longer on this host.", SAFE,
          "ip route get \"$(getent ahostsv4 SMARTHOST | awk 'NR==1{print $1}')\"",
          "postconf smtp_bind_address smtp_bind_address6; ip -br address", FLUSH),
    ENTRY(N05, LOST_CONNECTION, WARNING, NETWORK, NETWORK,
          "The connection to the smarthost breaks off.",
          "A firewall, proxy or load balancer on the way, or the smarthost closed. If it broke "
          "after the end "
          "of data, a message may arrive twice.",
          SOME_SAFE, "relaywatch status --since 1h   # how many",
          "nc -vz -w5 SMARTHOST 587; nc -vz -w5 SMARTHOST 465",
          "postconf relayhost smtp_tls_wrappermode"),
    ENTRY(N06, CONVERSATION_TIMEOUT, WARNING, NETWORK, NETWORK,
          "The smarthost stops answering in mid-conversation.",
          "If only large messages hang: an MTU or window fault on the way. Else the smarthost is "
          "slow, or the "
          "port wants TLS from the first byte. A message may arrive twice.",
          SOME_SAFE, "ping -c3 -M do -s 1452 SMARTHOST", "postconf relayhost smtp_tls_wrappermode",
          "ip link   # lower the MTU, or clamp MSS on the firewall"),
    ENTRY(N07, DNS_TEMP, CRITICAL, NETWORK, OPERATOR_NETWORK,
          "The smarthost's name cannot be looked up at the moment.",
          "The DNS resolver does not answer, or Postfix's chroot has an old resolv.conf.", SAFE,
          SEE_DNS, "cat /etc/resolv.conf; diff /etc/resolv.conf /var/spool/postfix/etc/resolv.conf",
          "dig SMARTHOST   # at each nameserver: dig @ADDRESS SMARTHOST", FLUSH),
    ENTRY(N08, DNS_NXDOMAIN, CRITICAL, OURS, OPERATOR,
          "The smarthost's name does not exist in DNS.",
          "A typing error in relayhost, missing brackets, or the wrong resolver.",
          "Mail is delayed with a single relayhost; with others it is returned to its sender.",
          "postconf relayhost transport_maps sender_dependent_relayhost_maps", SEE_DNS,
          "postconf -e 'relayhost=[SMARTHOST]:587' && postfix reload", FLUSH),
    ENTRY(N09, CHROOT_RESOLV_CONF, CRITICAL, OURS, OPERATOR,
          "Postfix's chroot has another resolv.conf than this host.",
          "Debian and Ubuntu copy it at start only; it was empty or changed since.", SAFE,
          "cp /etc/resolv.conf /var/spool/postfix/etc/resolv.conf && postfix reload", FLUSH,
          "postconf -F smtp/unix/chroot=n && postfix reload   # for good"),
    ENTRY(N10, RELAYHOST_NO_BRACKETS, CRITICAL, OURS, OPERATOR,
          "Mail goes to other servers than the smarthost.",
          "relayhost is empty or has no brackets, or another map sends mail round it.",
          "Mail is delayed or returned by servers that do not know us.",
          "postconf relayhost transport_maps sender_dependent_relayhost_maps default_transport",
          "postconf -e 'relayhost=[SMARTHOST]:587' && postfix reload", FLUSH),
    ENTRY(N11, LOOP_TO_SELF, CRITICAL, OURS, OPERATOR,
          "The smarthost's name leads back to this host.",
          "Split DNS, /etc/hosts or proxy_interfaces, or relayhost is our own name.", RETURNED,
          "postconf relayhost myhostname proxy_interfaces; " SEE_DNS,
          "grep -n SMARTHOST /etc/hosts",
          "postconf -e 'relayhost=[SMARTHOST]:587' && postfix reload", FLUSH),
    ENTRY(N12, DELIVERY_SUSPENDED, INFO, NETWORK, NOBODY,
          "Postfix waits before it tries the smarthost again.",
          "A consequence of an earlier failure, never the cause.", SAFE,
          "relaywatch status   # the first failure is the cause", FLUSH),
    ENTRY(N13, EGRESS_IP_CHANGED, CRITICAL, OURS, BOTH,
          "The smarthost sees us under another address than before.",
          "NAT, a new uplink or IPv6 changed the public address, and it may not be in the "
          "allow-list.",
          "Where the smarthost goes by address, mail is returned to its sender.",
          "relaywatch test --recipient YOUR-ADDRESS",
          "Add the new address to the smarthost's allow-list",
          "postconf -e smtp_address_preference=ipv4 && postfix reload   # if it is IPv6"),

    /* Q: queue, disk, messages */
    ENTRY(Q01, DISK_LOW_SMTPD, CRITICAL, OURS, OPERATOR,
          "The queue's disk is nearly full: Postfix refuses new mail.",
          "Less is free than 1.5 times message_size_limit, or than queue_minfree.", REFUSED,
          "df -h /var/spool/postfix", "du -xsh /var/log /var/spool/* | sort -h",
          "Free space elsewhere; never delete queue files by hand"),
    ENTRY(Q02, DISK_FULL_CLEANUP, CRITICAL, OURS, OPERATOR,
          "The queue's disk is full: Postfix cannot write new mail.",
          "No space or no inodes left on the queue's file system.", REFUSED,
          "df -h /var/spool/postfix; df -i /var/spool/postfix",
          "du -xsh /var/log /var/spool/* | sort -h",
          "Free space elsewhere; never delete queue files by hand"),
    ENTRY(Q03, INODES, CRITICAL, OURS, OPERATOR, "The queue's file system has no inodes left.",
          "Very many small files; a message takes one to three.", REFUSED,
          "df -i /var/spool/postfix",
          "find / -xdev -type f -printf '%h\\n' | sort | uniq -c | sort -n | tail",
          "Remove the small files that are not Postfix's"),
    ENTRY(
        Q04, QUEUE_PERMISSION, CRITICAL, OURS, OPERATOR,
        "Postfix may not use its own queue directory.",
        "Owner, mode or SELinux label of the queue was changed, often by a restore or a chown -R.",
        "New mail is refused and queued mail waits.", "postfix check",
        "postfix set-permissions; postfix check",
        "restorecon -RF /var/spool/postfix   # with SELinux", "postfix reload"),
    ENTRY(Q05, CORRUPT, WARNING, OURS, OPERATOR, "A queue file is damaged and was set aside.",
          "A crash or a full disk while it was written. Each file in corrupt/ is a message not "
          "delivered.",
          "This message is not delivered until somebody looks at it.",
          "ls -l /var/spool/postfix/corrupt", "postcat /var/spool/postfix/corrupt/QUEUE-ID",
          "df -h /var/spool/postfix; dmesg | tail"),
    ENTRY(Q06, DEFERRED_GROWTH, CRITICAL, OURS, OPERATOR, "More and more mail waits in the queue.",
          "The smarthost takes less than comes in; the reasons of the waiting messages say why.",
          SAFE, "relaywatch status", "postqueue -p", "tail -n 200 /var/log/mail.log"),
    ENTRY(Q07, ACTIVE_CONGESTION, WARNING, OURS, OPERATOR, "The active queue is congested.",
          "The smarthost is slow, or a rate or concurrency limit holds delivery back.", SAFE,
          "postqueue -p",
          "postconf smtp_destination_concurrency_limit smtp_destination_rate_delay "
          "qmgr_message_active_limit",
          "Do not flush: it makes congestion worse"),
    ENTRY(Q08, OLDEST_AGE, WARNING, OURS, OPERATOR, "Mail has been waiting for a long time.",
          "It cannot be delivered and is returned when maximal_queue_lifetime is over.",
          "Mail is delayed; it is returned to its sender at the end of its lifetime.",
          "postqueue -p", "relaywatch status",
          "postconf maximal_queue_lifetime bounce_queue_lifetime"),
    ENTRY(Q09, EXPIRED, CRITICAL, OURS, OPERATOR,
          "A message waited too long and was returned to its sender.",
          "It could not be delivered within maximal_queue_lifetime (or bounce_queue_lifetime).",
          "This message is lost: it is returned to its sender.", "tail -n 200 /var/log/mail.log",
          "postqueue -p",
          "Until the cause is mended: postconf -e maximal_queue_lifetime=10d && postfix reload"),
    ENTRY(Q10, INCOMING_STUCK, CRITICAL, OURS, OPERATOR, "New mail is not picked up for delivery.",
          "The queue manager is not running, the disk is slow, or a milter holds mail up.", SAFE,
          "postfix status; ps -C qmgr", "postqueue -p", "iostat -x 1 3"),
    ENTRY(Q11, HOLD, TICKET, OURS, OPERATOR,
          "Mail was put on hold and stays there until somebody releases it.",
          "A header check, a milter or an operator put it there.", "Mail on hold is not delivered.",
          "postqueue -p", "postcat -q QUEUE-ID", "postsuper -H ALL   # after you know why"),
    ENTRY(Q12, MAIL_LOOP, WARNING, OURS, APP, "A message goes round in circles.",
          "Forwarding or a relay that sends mail back; it passed 50 hosts.", MESSAGE_RETURNED,
          "postcat -qh QUEUE-ID   # its Received: lines show the circle",
          "Mend the forwarding at the host that appears again and again"),
    ENTRY(
        Q13, BOUNCE_STORM, WARNING, OURS, OPERATOR_APP, "Very many non-delivery notices are made.",
        "Mail to bad addresses, or mail that the smarthost refuses; the notices themselves are "
        "often refused "
        "too.",
        "Mail is returned to its senders; some notices are discarded.", "relaywatch status",
        "tail -n 200 /var/log/mail.log", "postconf -e bounce_queue_lifetime=1d && postfix reload"),
    ENTRY(Q14, QUEUE_CLOCK, WARNING, OURS, OPERATOR,
          "The clock of the queue's file system and this host's differ.",
          "A clock step or a network file system; retry times lie in the future and mail is not "
          "tried.",
          SAFE, "timedatectl; chronyc tracking", "Correct the clock, then: postqueue -f"),
    ENTRY(Q15, LOCAL_SIZE, TICKET, OURS, APP, "A message is larger than our own limit.",
          "It exceeds message_size_limit.",
          "This message is refused; the application is told at once.",
          "postconf message_size_limit", "Send a smaller message, or a link"),
    ENTRY(Q16, ACCIDENTAL_DELETE, INFO, OURS, OPERATOR, "Mail was deleted from the queue by hand.",
          "Somebody ran postsuper -d.",
          "The deleted messages are lost, without a notice to their senders.",
          "tail -n 200 /var/log/mail.log   # which messages", "last   # who was logged in"),
    ENTRY(
        Q17, TRANSPORT_DEFERRED, WARNING, OURS, OPERATOR,
        "Postfix was told to keep mail in the queue: its transport is in defer_transports.",
        "Somebody set it, or relaywatch did because the smarthost refuses each login it has; "
        "then an alert about the login is there, too.",
        SAFE, "postconf defer_transports",
        "relaywatch status   # is the login dead? Then mend that: the hold ends with it",
        "postconf -X defer_transports && postfix reload && postqueue -f   # set by hand, and over"),

    /* M: Postfix's daemons and this host */
    ENTRY(M01, NOT_RUNNING, CRITICAL, OURS, OPERATOR, "Postfix is not running.",
          "It was stopped or could not start. On Debian up to 12 `systemctl is-active postfix` "
          "says active all "
          "the same.",
          "No mail is taken or sent; what is queued stays safe.", "postfix status",
          "postfix check; postfix start", "journalctl -u 'postfix*' -n 50"),
    ENTRY(M02, PORT_IN_USE, CRITICAL, OURS, OPERATOR, "Postfix cannot listen: its port is taken.",
          "Another mail server, a container, or Postal's own SMTP server holds the port.", REFUSED,
          "ss -ltnp 'sport = :25'", "Stop that program, or give Postfix another port in master.cf",
          "postfix start"),
    ENTRY(M03, BAD_STARTUP_THROTTLE, CRITICAL, OURS, OPERATOR,
          "A Postfix process dies as soon as it starts.",
          "The fatal: line of the same process just before this one says why.",
          "The service is down in steps of 60 seconds; mail waits or is refused.", "postfix check",
          "tail -n 200 /var/log/mail.log   # the fatal: before this line", "postconf -n >/dev/null",
          RELOAD),
    ENTRY(M04, PROCESS_LIMIT, WARNING, OURS, OPERATOR,
          "Postfix runs as many processes of a service as it may.",
          "\"smtp\" (25) is the inbound side: clients that hold connections open, or slow milters "
          "or DNS.",
          "New connections wait; mail is delayed.", "ss -tn 'sport = :25' | wc -l",
          "postconf default_process_limit smtpd_client_connection_count_limit", TEST),
    ENTRY(M05, CONFIG_FATAL, CRITICAL, OURS, OPERATOR,
          "Postfix stops at a fault in its configuration.",
          "A bad value in main.cf or master.cf, or a parameter that this version does not know.",
          "The service does not run: mail waits or is refused.",
          "postconf -n >/dev/null; postfix check",
          "Correct what the message names (the last change first)", RELOAD,
          "relaywatch test --recipient "
          "YOUR-ADDRESS"),
    ENTRY(M06, KILLED, CRITICAL, OURS, OPERATOR, "A Postfix process was killed or crashed.",
          "Signal 9: out of memory, or by hand. Signal 11: a crash of the program or a library.",
          "The mail in hand is tried again; a message may arrive twice.",
          "journalctl -k | grep -i -E 'oom|killed process|segfault'", "free -m",
          "Signal 11: update Postfix and its libraries"),
    ENTRY(M07, LOCKED, WARNING, OURS, OPERATOR,
          "Postfix runs already, or something holds its lock.",
          "A second start, or a second instance with the same queue or data directory.", HARMLESS,
          "postfix status", "fuser -v /var/spool/postfix/pid/master.pid",
          "postconf queue_directory data_directory"),
    ENTRY(M08, POSTFIX_CHECK, TICKET, OURS, OPERATOR, "postfix check finds wrong owners or modes.",
          "A file of Postfix is writable by others or not owned by root.",
          "None for mail; it is a weakness, and may stop Postfix from starting.", "postfix check",
          "postfix set-permissions", "chown root:root FILE; chmod go-w FILE"),
    ENTRY(M09, POSTMAP_FAILED, WARNING, OURS, OPERATOR, "postmap could not build a map.",
          "No permission, no space, or another process holds the file.",
          "None yet: Postfix uses the old map.", "ls -l /etc/postfix; df -h /etc/postfix",
          CREDENTIALS, "postmap \"$(postconf -h smtp_sasl_password_maps)\" && postfix reload"),
    ENTRY(M10, RELOAD_FAILED, CRITICAL, OURS, OPERATOR, "Postfix did not take the reload.",
          "It is not running, or its configuration has a fault.",
          "Without a running Postfix no mail is taken or sent; what is queued stays safe.",
          "postfix status; postfix check", "postfix start", "tail -n 200 /var/log/mail.log"),
    ENTRY(M11, UNIT_LIES, TICKET, OURS, OPERATOR,
          "systemd reports Postfix as active although that says nothing.",
          "On Debian up to 12 and Ubuntu up to 24.04 postfix.service is /bin/true; the real one is "
          "postfix@-.service.",
          HARMLESS, "postfix status", "systemctl status postfix@-.service"),
    ENTRY(M12, TRANSPORT_UNAVAILABLE, CRITICAL, OURS, OPERATOR,
          "Postfix's delivery process is not there.",
          "The smtp process dies at start (its fatal: line says why), or a transport's name is "
          "misspelt.",
          SAFE, "tail -n 200 /var/log/mail.log   # the fatal: before this line",
          "postconf -M; postconf transport_maps default_transport", "postfix check", RELOAD),
    ENTRY(M13, COMPAT_MODE, INFO, OURS, OPERATOR, "Postfix runs with old default settings.",
          "compatibility_level is not set.", HARMLESS, "postconf compatibility_level mail_version",
          "postconf -e compatibility_level=3.6 && postfix reload   # 2 up to Postfix 3.5"),
    ENTRY(M14, UPGRADED_NOT_RESTARTED, WARNING, OURS, OPERATOR,
          "Postfix was upgraded and still runs in part the old programs.",
          "Processes of two versions talk to each other.", SOME_SAFE, "postconf -d mail_version",
          "postfix stop; postfix start"),
    ENTRY(M15, SELINUX_DENIED, CRITICAL, OURS, OPERATOR,
          "SELinux forbids Postfix something that it needs.",
          "A file with the wrong label, moved from elsewhere, or a port or socket without a rule.",
          "What was denied fails: mail waits or is refused.", "ausearch -m avc -ts recent",
          "restorecon -Rv /etc/postfix /var/spool/postfix", "Never setenforce 0"),
    ENTRY(M16, LOG_MISSING, CRITICAL, OURS, OPERATOR,
          "The mail log is silent or loses lines: relaywatch is blind.",
          "The log file is missing or was rotated without reopening, or the logger drops lines at "
          "its rate limit.",
          "Unknown: mail may flow or not.", "postconf maillog_file; ls -l /var/log/mail*",
          "logger -p mail.info test; tail -n1 /var/log/mail.log",
          "journald: RateLimitBurst=0 in /etc/systemd/journald.conf, then systemctl restart "
          "systemd-journald",
          "systemctl restart rsyslog"),
    ENTRY(M17, CLOCK_SKEW, CRITICAL, OURS, OPERATOR, "This host's clock is wrong.",
          "Time synchronisation is off or cannot reach its servers.",
          "TLS certificates look invalid and retry times are wrong: mail may wait.", "timedatectl",
          "chronyc tracking; chronyc makestep", "systemctl restart chrony systemd-timesyncd"),
    ENTRY(M18, DEPRECATED_PARAMETER, INFO, OURS, OPERATOR,
          "main.cf has a parameter that is old, unused or set twice.",
          "Left over from an older version, or a typing error: then what you meant is not set.",
          HARMLESS, "postconf -n 2>&1 >/dev/null", "postconf -X PARAMETER && postfix reload"),
    ENTRY(M19, SYSTEM_LIMITS, WARNING, OURS, OPERATOR, "Postfix meets a limit of the system.",
          "No more open files, processes or memory.", "Mail is delayed or refused while it lasts.",
          "ulimit -n; cat /proc/sys/fs/file-nr; free -m",
          "systemctl show -p LimitNOFILE -p TasksMax postfix", "postconf default_process_limit"),
    ENTRY(
        M20, INTERNAL_IPC, WARNING, OURS, OPERATOR,
        "Postfix's own processes do not reach each other.",
        "One of them (rewrite, anvil, scache, ...) died or cannot start; its fatal: line says why.",
        "Mail is delayed or refused while it lasts.",
        "tail -n 200 /var/log/mail.log   # fatal: or panic: before this line", "postfix check",
        RELOAD),

    /* R: inbound */
    ENTRY(R01, RELAY_DENIED, WARNING, OURS, OPERATOR, "A client tried to relay and was refused.",
          "The application's address is not in mynetworks; or a stranger tried.",
          "The client's mail is refused; a proper application keeps it.", "postconf mynetworks",
          "postconf -e 'mynetworks=127.0.0.0/8 THE-CLIENT/32' && postfix reload   # only if it is "
          "yours",
          "Never add 0.0.0.0/0"),
    ENTRY(R02, OPEN_RELAY, CRITICAL, OURS, OPERATOR, "Strangers can send mail through this host.",
          "Postfix listens to the world and mynetworks or the relay restrictions let everybody in.",
          "Others' unwanted mail uses up our limits and reputation.",
          "postconf inet_interfaces mynetworks smtpd_relay_restrictions",
          "postconf -e 'smtpd_relay_restrictions=permit_mynetworks, reject' && postfix reload",
          "postconf -e inet_interfaces=loopback-only   # needs postfix stop and start"),
    ENTRY(R03, APP_UNREACHABLE, CRITICAL, OURS, OPERATOR, "The application does not reach Postfix.",
          "A wrong host or port in the application, or Postfix does not listen where it looks.",
          REFUSED, "ss -ltnp | grep master", "postconf inet_interfaces",
          "From the application's host or container: nc -vz -w5 THIS-HOST 25"),
    ENTRY(R04, CLIENT_DISCIPLINE, TICKET, OURS, APP,
          "A client breaks the rules of SMTP or connects too often.",
          "A faulty program, too many connections, or a stranger that tries things.",
          "Only this client's mail is affected.", "tail -n 200 /var/log/mail.log   # which client",
          "postconf smtpd_client_connection_count_limit smtpd_forbid_bare_newline",
          "Correct the client"),
    ENTRY(
        R05, SMTPUTF8, TICKET, OURS, APP,
        "A message needs SMTPUTF8, and the next server does not offer it.",
        "An address with letters outside ASCII; a proxy before the smarthost may hide the feature.",
        MESSAGE_RETURNED, "Use ASCII addresses for this recipient",
        "postconf relayhost smtputf8_enable"),

    /* L: our milter */
    ENTRY(L01, MILTER_DOWN, WARNING, OURS, OPERATOR, "Postfix does not reach a milter.",
          "The milter is not running.",
          "None with default_action=accept, as relaywatch sets it: mail passes, uncounted by the "
          "milter. "
          "Otherwise it is refused for now.",
          "postconf smtpd_milters non_smtpd_milters milter_default_action", "relaywatch status",
          "systemctl restart relaywatch-milter"),
    ENTRY(L02, MILTER_TIMEOUT, WARNING, OURS, OPERATOR, "A milter does not answer in time.",
          "It hangs or is stopped.",
          "Mail comes in slower; with default_action=accept none is refused.",
          "postconf smtpd_milters", "systemctl restart relaywatch-milter", "relaywatch status"),
    ENTRY(L03, MILTER_PERMISSION, WARNING, OURS, OPERATOR,
          "Postfix may not open, or does not find, a milter's socket.",
          "Owner or mode of the socket, a path that is not inside Postfix's chroot, or SELinux.",
          "None with default_action=accept: mail passes, uncounted by the milter.",
          "postconf smtpd_milters; ls -l /var/spool/postfix/relaywatch*", TEST,
          "systemctl restart relaywatch-milter"),
    ENTRY(L04, MILTER_PROTOCOL, WARNING, OURS, OPERATOR,
          "A milter and Postfix do not understand each other.",
          "The milter crashed in mid-conversation, or speaks another version of the protocol.",
          "None with default_action=accept: mail passes, uncounted by the milter.",
          "postconf smtpd_milters milter_protocol", "systemctl restart relaywatch-milter",
          "journalctl -u relaywatch-milter -n 50"),
    ENTRY(L05, MILTER_REJECT_NON_SMTPD, WARNING, OURS, OPERATOR,
          "A milter refuses mail in a place where Postfix cannot refuse it.",
          "A milter of somebody else; ours never refuses.",
          "The message is put on hold or returned.", "postconf non_smtpd_milters", "postqueue -p",
          "Mend or remove that milter"),
    ENTRY(
        L06, MILTER_SYNTAX, CRITICAL, OURS, OPERATOR, "The milter setting in main.cf is not valid.",
        "smtpd_milters needs transport:endpoint, as in inet:127.0.0.1:8891 (Postfix: host first).",
        REFUSED, "postconf smtpd_milters non_smtpd_milters milter_default_action",
        "Correct it, then: postfix reload", TEST),

    /* C: change of credentials */
    ENTRY(C01, NEW_CREDENTIAL_REJECTED, WARNING, OURS, OPERATOR,
          "The smarthost refuses the new login; the old one stays live.",
          "The new password or user name is wrong, or not active yet.",
          "None: nothing was changed, mail goes on with the old login.", CREDENTIALS, EDIT_LOGIN,
          "Do not try it again and again: the smarthost may lock us out"),
    ENTRY(
        C02, PROBE_INCONCLUSIVE, TICKET, NETWORK, NOBODY,
        "The new login could not be tried; the old one stays live.",
        "Network, TLS, or a temporary answer of the smarthost. It says nothing about the password.",
        "None: nothing was changed. relaywatch tries again.", CREDENTIALS, TEST),
    ENTRY(C03, NEW_MAP_NOT_PICKED_UP, CRITICAL, OURS, OPERATOR,
          "Postfix still uses the old login after the change.",
          "Its processes hold the old map open.", SAFE, RELOAD, CREDENTIALS, FLUSH),
    ENTRY(C04, OLD_REVOKED_BEFORE_SWITCH, CRITICAL, OURS, OPERATOR,
          "The old login was revoked before the new one was live.",
          "The old password no longer works and the new one does; the change is made at once.",
          SAFE, CREDENTIALS, TEST, FLUSH),
    ENTRY(C05, BOTH_REJECTED, CRITICAL, OURS, BOTH,
          "The smarthost refuses the old and the new login.",
          "The account is blocked or suspended, or both passwords are revoked.", SAFE,
          "Get a valid password. Google: https://myaccount.google.com/apppasswords", EDIT_LOGIN,
          "relaywatch credentials verify   # the account was unblocked: this ends the hold"),
    ENTRY(C06, ROLLBACK_FAILED, CRITICAL, OURS, OPERATOR,
          "The old login could not be put back: the password map is not as expected.",
          "A step failed half-way (disk, permissions), or somebody else changed the files.",
          "Unknown until checked; mail waits if the login does not work.", CREDENTIALS,
          "ls -l --time-style=full-iso /etc/postfix/sasl_passwd*; df -h /etc/postfix",
          "postmap \"$(postconf -h smtp_sasl_password_maps)\" && postfix reload", TEST),
    ENTRY(C07, SOURCE_BAD, WARNING, OURS, OPERATOR,
          "The new password file is not acceptable; the old login stays live.",
          "Empty, not `smarthost user:password`, with control characters, or others can read it.",
          "None: nothing was changed, mail goes on with the old login.",
          "relaywatch credentials history   # which file, and what is wrong with it", EDIT_LOGIN,
          "chmod 600 /etc/postfix/sasl_passwd   # where others can read it"),
    ENTRY(C08, CONFIRM_TIMEOUT, WARNING, OURS, OPERATOR, "No mail has proved the new login yet.",
          "Nothing was sent since the change, or nothing arrived.",
          "None known: the new login passed its trial and is live.", TEST, CREDENTIALS),
    ENTRY(C09, SECRET_RESIDUE, TICKET, OURS, OPERATOR,
          "A copy of a password lies where others could read it.",
          "A backup, an index readable by all, or free pages of an old index.", HARMLESS,
          "ls -l /etc/postfix/sasl_passwd*", "chmod 600 /etc/postfix/sasl_passwd*",
          "Remove old copies, and revoke the old password"),

    /* W: relaywatch itself */
    ENTRY(W01, STORE_UNAVAILABLE, WARNING, OURS, OPERATOR,
          "Redis does not take relaywatch's figures.",
          "Redis is down, full, read-only, or refuses our login.",
          "None for mail. The figures are kept on this host and written later.",
          "relaywatch show-config   # redis = where it should answer",
          "systemctl status redis-server"),
    ENTRY(W02, KEEPER_SILENT, WARNING, OURS, OPERATOR,
          "relaywatch's privileged helper does not answer.",
          "relaywatch-keeper's socket is not there, or the program fails.",
          "None for mail; the queue is not counted and a new login is not put in place.",
          "systemctl status relaywatch-keeper.socket", "journalctl -u 'relaywatch-keeper*' -n 50",
          "systemctl restart relaywatch-keeper.socket"),
    ENTRY(W03, NOTHING_ACCEPTED, CRITICAL, SMARTHOST, OPERATOR,
          "The smarthost answers, but takes no message.",
          "Its reply is not in the catalogue: read it below. Often a rule of the smarthost about "
          "senders, addresses or content.",
          SAFE, "postqueue -p   # the reply to each message", TEST,
          "tail -n 200 /var/log/mail.log"),
    ENTRY(W04, DUPLICATE_HOST, WARNING, OURS, OPERATOR,
          "Two relaywatchd write under one host name.",
          "Two hosts have the same host = (a machine was cloned), or one was moved and the old one "
          "still runs. The one that came later writes to Redis.",
          "None for mail: each host is watched. In Redis only one of them is seen.",
          "relaywatch show-config   # on both hosts: host = must differ",
          "systemctl stop relaywatchd   # on the one that is not wanted; the other goes on by "
          "itself"),
    ENTRY(W05, RECEIVER_FAILING, WARNING, OURS, OPERATOR,
          "A receiver of alerts does not take them.",
          "It cannot be reached from this host, its URL or its token is no longer good, or it has "
          "too much to do. The other receivers are told.",
          "None for mail. Who relies on this receiver hears nothing.",
          "journalctl -u relaywatch-notify -n 20   # what it answers",
          "Its line in /etc/relaywatch/receivers.conf, its URL and its token"),
    ENTRY(W06, NOBODY_TOLD, CRITICAL, OURS, OPERATOR, "Nobody can be told of an alert.",
          "relaywatch-notify does not run, or no receiver takes anything: often it is this host's "
          "network, its DNS or a firewall.",
          "None for mail by itself. What goes wrong now shows here only.",
          "systemctl status relaywatch-notify",
          "journalctl -u relaywatch-notify -n 20   # what the receivers answer"),
    ENTRY(
        W10, STATE_UNWRITABLE, WARNING, OURS, OPERATOR,
        "relaywatch cannot write to its own folder.",
        "The disk of its state_dir is full, read-only or failing, or the folder has a wrong owner.",
        "None for mail. A restart of relaywatchd would fall back to what was written last.",
        "df -h /var/lib/relaywatch; df -i /var/lib/relaywatch",
        "journalctl -u relaywatchd -n 20   # what fails, and where",
        "ls -ld /var/lib/relaywatch   # right would be: drwx------ relaywatch"),
    ENTRY(W11, LOGIN_UNVERIFIED, WARNING, OURS, OPERATOR,
          "It is long ago that something proved the login to work.",
          "No mail was delivered, and the trial login gave no clear answer: the smarthost's, the "
          "network's, or relaywatch-keeper's trouble.",
          "None known: it may show with the next message only.", CREDENTIALS, TEST),
    ENTRY(
        W12, DELIVERIES_FAIL, WARNING, OURS, OPERATOR,
        "Too many deliveries fail by the relay's own fault.",
        "A part of them meets a fault (login, TLS, network, a rule of the smarthost) while others "
        "pass: one of several servers, processes or addresses is bad.",
        SOME_SAFE, "relaywatch status --since 1h   # the failures by kind", "postqueue -p",
        "tail -n 200 /var/log/mail.log"),
    ENTRY(W13, MAIL_UNACCOUNTED, CRITICAL, OURS, OPERATOR,
          "A message is gone from the queue, and nothing says where to.",
          "Queue files were removed by hand (postsuper -d ALL, rm), a disk lost them, or lines of "
          "the log are missing.",
          "These messages may be lost, without a notice to their senders.",
          "relaywatch status --json | jq .ledger", "tail -n 200 /var/log/mail.log",
          "last; journalctl -k -n 50   # who was logged in, and what the disk says"),
    ENTRY(W14, LIMIT_NEAR, WARNING, OURS, OPERATOR_APP,
          "A sender comes near the smarthost's limit of recipients a day.",
          "The smarthost counts recipients by envelope sender over 24 hours. Above its limit it "
          "returns mail.",
          "None yet.", "relaywatch alerts show limit-near   # which sender, how many",
          "Spread the mail over several envelope senders, or over more hours",
          "Where the limit is another one: recipients_limit in relaywatch.conf"),
    ENTRY(W15, GREYLISTED, INFO, RECIPIENT, NOBODY,
          "The recipient's server greylists: it says 'later' first.",
          "It puts off mail of those it does not know yet, to see whether they try again; for some "
          "minutes, as a rule.",
          "Mail to this recipient is delayed; it is safe in the queue. Other mail passes.",
          "Wait: Postfix tries again", "postqueue -p"),
    ENTRY(W16, CANARY_OVERDUE, WARNING, OURS, OPERATOR,
          "The message that shows that mail goes through does not arrive.",
          "No other trouble explains it: a route or filter of its own, the recipient's side, or a "
          "fault that shows nowhere else.",
          "Not known: other mail may be delayed, too.",
          "relaywatch status --json | jq .canary   # what it met",
          "relaywatch test --recipient YOUR-ADDRESS",
          "Where the address is wrong: canary_recipient in relaywatch.conf"),
    ENTRY(W20, HOST_GONE, CRITICAL, OURS, "whoever runs that host",
          "A host of the fleet is not heard of.",
          "The host is down, its network is, or relaywatchd there: killed, or not started again.",
          "Not known: nobody watches the mail of that host.",
          "relaywatch fleet   # which, since when, how it was",
          "ssh HOST systemctl status relaywatchd postfix",
          "relaywatch fleet --forget HOST   # where it is gone for good"),
};

const struct diagnosis_entry *diagnosis_entry(enum diagnosis d) {
    return &table[(unsigned)d < DIAGNOSIS_COUNT ? d : DIAGNOSIS_NONE];
}

/* Is `text` the entry's id, its name, or both with a blank between? */
static bool is_called(const struct diagnosis_entry *entry, struct span text) {
    size_t id_n = strlen(entry->id);

    if (span_is(text, entry->id) || span_is(text, entry->name))
        return true;
    return text.n > id_n && span_starts(text, entry->id) && text.p[id_n] == ' ' &&
           span_is((struct span){text.p + id_n + 1, text.n - id_n - 1}, entry->name);
}

enum diagnosis diagnosis_find(struct span name) {
    if (name.n == 0)
        return DIAGNOSIS_NONE;
    for (int d = DIAGNOSIS_NONE + 1; d < DIAGNOSIS_COUNT; d++) {
        if (is_called(&table[d], name))
            return (enum diagnosis)d;
    }
    return DIAGNOSIS_NONE;
}

const char *severity_name(enum severity s) {
    switch (s) {
    case SEVERITY_INFO:
        return "info";
    case SEVERITY_TICKET:
        return "ticket";
    case SEVERITY_WARNING:
        return "warning";
    case SEVERITY_CRITICAL:
        return "critical";
    }
    return "unknown";
}

static const char *const parties[PARTY_COUNT] = {"", "ours", "smarthost", "network", "recipient"};

const char *party_name(enum party party) {
    return (unsigned)party < PARTY_COUNT ? parties[party] : "";
}

enum party party_find(struct span name) {
    for (enum party party = PARTY_OURS; party < PARTY_COUNT; party++) {
        if (span_is(name, parties[party]))
            return party;
    }
    return PARTY_NONE;
}
