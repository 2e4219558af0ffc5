/* Lines of the log, most of them as operators posted them in public, and what each must be called.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "diagnose.h"
#include "logline.h"

#define H "smtp-relay.gmail.com[192.0.2.10]"
/* A recipient's status line of smtp(8). */
#define STATUS(status, dsn, text)                                                                  \
    "smtp", "4D7BD1781307: to=<a@example.org>, relay=" H ":587, delay=0.7, delays=0.1/0/0.5/0.1, " \
            "dsn=" dsn ", status=" status " (" text ")"
#define DEFERRED(text) STATUS("deferred", "4.0.0", text)
#define BOUNCED(text) STATUS("bounced", "5.0.0", text)
#define SUSPENDED(text)                                                                            \
    "error", "4D7BD1781307: to=<a@example.org>, relay=none, delay=1, delays=1/0/0/0, dsn=4.0.0, "  \
             "status=deferred (delivery temporarily suspended: " text ")"
#define SAID(text) "host " H " said: " text
#define REFUSED(text) "host " H " refused to talk to me: " text
#define AUTH(text) "SASL authentication failed; server " H " said: " text

struct row {
    const char *want; /* id, or "" */
    const char *daemon, *message;
};

static enum diagnosis diagnose_line(const struct diagnoser *d, const char *daemon,
                                    const char *message) {
    static char line[4096];
    struct logline_clock clock;
    struct mailev ev;

    snprintf(line, sizeof line, "2026-11-23T04:00:00.000000+00:00 relay postfix/%s[77]: %s", daemon,
             message);
    logline_clock_init(&clock);
    clock.now_ms = INT64_C(1795406400000);
    logline_parse(span_of(line), &clock, &ev);
    return diagnose_event(d, &ev);
}

static void check(const struct row *rows, size_t count) {
    struct diagnoser *d = diagnoser_new();

    for (size_t i = 0; i < count; i++) {
        enum diagnosis got = diagnose_line(d, rows[i].daemon, rows[i].message);

        cr_expect_str_eq(diagnosis_entry(got)->id, rows[i].want, "want %s, got %s: %s: %s",
                         rows[i].want, diagnosis_entry(got)->id, rows[i].daemon, rows[i].message);
    }
    diagnoser_free(&d);
    cr_assert(d == NULL);
}
#define CHECK(rows) check(rows, sizeof(rows) / sizeof(rows)[0])

static const struct row logins[] = {
    {"G01", DEFERRED(AUTH("535-5.7.8 Username and Password not accepted. For more information, go "
                          "to?535 5.7.8  https://support.google.com/mail/?p=BadCredentials "
                          "98e67ed59e1d1-309f77521cfsm9763797a91.14 - gsmtp"))},
    {"G01", "smtp",
     "4D7BD1781307: " AUTH(
         "535-5.7.8 Username and Password not accepted. Learn more at?535 5.7.8  "
         "https://support.google.com/mail/?p=BadCredentials n12sm14789pjk.48 - gsmtp")},
    {"G01",
     SUSPENDED("SASL authentication failed; server smtp.gmail.com[74.125.113.109] said: "
               "535-5.7.1 Username and Password not accepted. Learn more at        "
               "?535 5.7.1 http://mail.google.com/support/bin/answer.py?answer=14257 y8sm1")},
    {"G01", DEFERRED(AUTH("535 5.7.8 Error: authentication failed: authentication failure"))},
    {"G01", DEFERRED(AUTH("535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6"))},
    {"G01",
     DEFERRED(AUTH("535 5.7.3 Authentication unsuccessful [YT1PR01CA0061.PROD.OUTLOOK.COM]"))},
    {"G01", DEFERRED(AUTH("535 Incorrect authentication data"))},
    {"G01", DEFERRED(AUTH("435 4.7.8 Error: authentication failed: "))},
    {"G01", BOUNCED(AUTH("535 Authentication credentials invalid"))},
    {"G02",
     DEFERRED(AUTH("534-5.7.9 Application-specific password required. Learn more at?534 5.7.9 "
                   " https://support.google.com/mail/?p=InvalidSecondFactor o5sm22 - gsmtp"))},
    {"G03",
     DEFERRED(AUTH("534-5.7.14 <https://accounts.google.com/signin/continue?sarp=1&scc=1&plt="
                   "AKgnsbt>?534-5.7.14 Please log in via your web browser and then try again."
                   "?534-5.7.14  Learn more at?534 5.7.14  https://support.google.com/mail/"
                   "?p=WebLoginRequired o5sm - gsmtp"))},
    {"G03", DEFERRED(AUTH("534 5.7.9 Please log in with your web browser and then try again. p"))},
    {"G04",
     DEFERRED(AUTH("454 4.7.0 Cannot authenticate due to temporary system problem. Try again "
                   "later. o5sm - gsmtp"))},
    {"G04", DEFERRED(AUTH("454 4.7.0 Temporary authentication failure: generic failure"))},
    {"G05",
     DEFERRED(AUTH("454-4.7.0 Too many login attempts, please try again later. For more "
                   "information,?454 4.7.0 go to https://support.google.com/mail/ x - gsmtp"))},
    {"G06",
     BOUNCED("host smtp.gmail.com[74.125.91.109] said: 530-5.5.1 Authentication Required. Learn "
             "more at                               530 5.5.1 "
             "http://mail.google.com/support/bin/answer.py?answer=14257 i10sm.17 (in reply to "
             "MAIL FROM command)")},
    {"G06", BOUNCED(SAID("530 5.7.0 Authentication Required n44sm - gsmtp (in reply to MAIL FROM "
                         "command)"))},
    {"G06",
     BOUNCED("host smtp-mail.outlook.com[40.99.10.22] said: 530 5.7.57 Client not authenticated "
             "to send mail. [SI2PR01CA0016] (in reply to MAIL FROM command)")},
    {"G06",
     BOUNCED(SAID("553 5.7.1 <a@example.com>: Sender address rejected: not logged in (in reply "
                  "to RCPT TO command)"))},
    {"G07",
     BOUNCED(SAID("530 5.7.0 Must issue a STARTTLS command first. u6sm39603803ibu.0 - gsmtp (in "
                  "reply to MAIL FROM command)"))},
    {"G15", SUSPENDED("SASL authentication failed; server smtp.sendgrid.net[192.0.2.3] said: 451 "
                      "Authentication failed: Maximum credits exceeded")},
    {"G29", DEFERRED(AUTH("504 5.7.4 Unrecognized Authentication Type. x - gsmtp"))},
    {"G29", DEFERRED(AUTH("534 5.7.9 Authentication mechanism is too weak"))},
    {"S01", "smtp", "warning: SASL authentication failure: No worthy mechs found"},
    {"S01", DEFERRED("SASL authentication failed; cannot authenticate to server " H
                     ": no mechanism available")},
    {"S01", "smtp",
     "6F263169B46: SASL authentication failed; cannot authenticate to server "
     "smtp.sendgrid.net[161.202.148.179]: no mechanism available"},
    {"S02",
     DEFERRED("SASL authentication failed: server " H " offered no compatible authentication "
              "mechanisms for this type of connection security")},
    {"S02", "smtp",
     "warning: c1p1-exch.gazprom.loc[10.56.80.67]:465 offered no supported AUTH "
     "mechanisms: 'GSSAPI NTLM'"},
    {"S02", "smtp", "warning: " H " offered null AUTH mechanism list"},
    {"S08", DEFERRED("SASL [CACHED] authentication failed; server " H
                     " said: 535 5.7.8 Username and Password not accepted")},
    {"S12", DEFERRED("SASL authentication failed; cannot authenticate to server " H
                     ": bad protocol / cancel")},
    {"S12", DEFERRED("SASL authentication failed; authentication protocol loop with server " H)},
    {"S12", DEFERRED(AUTH("500 5.5.2 Error: bad syntax"))},
    {"S12", DEFERRED(AUTH("?? "))},
    {"S12", "smtp", "warning: SASL authentication failure: Couldn't find mech LOGIN"},
    {"S13", "smtp", "warning: smtp_sasl_auth_enable is true, but SASL support is not compiled in"},
};

static const struct row replies[] = {
    {"G08",
     BOUNCED(SAID("550-5.7.1 Invalid credentials for relay [203.0.113.9]. The IP address you've "
                  "550-5.7.1 registered in your Workspace SMTP Relay service doesn't match the "
                  "550-5.7.1 domain of the account this email is being sent from. 550 5.7.1 "
                  "https://support.google.com/a/answer/6140680#invalidcred x - gsmtp (in reply "
                  "to MAIL FROM command)"))},
    {"G08",
     DEFERRED(SAID("550 5.7.1 Invalid credentials for relay [2001:db8::1]. (in reply to RCPT TO "
                   "command)"))},
    {"G09",
     BOUNCED(SAID("550-5.7.0 Mail relay denied [203.0.113.9]. Invalid credentials for relay for "
                  "one of the domains in: example.com 550 5.7.0 "
                  "https://support.google.com/a/answer/6140680#maildenied x - gsmtp (in reply to "
                  "end of DATA command)"))},
    {"G09", BOUNCED(SAID("554 5.7.1 <mica@example.org>: Relay access denied (in reply to RCPT TO "
                         "command)"))},
    {"G09",
     BOUNCED("host globala.mxsave.com[130.94.123.150] said: 550 5.7.1 <mica@xxxxxxx.com>,... "
             "Relaying denied (in reply to RCPT TO command)")},
    {"G10",
     BOUNCED(SAID("550 5.7.0 Mail Sending denied. Visit https://support.google.com/a/ x - gsmtp "
                  "(in reply to MAIL FROM command)"))},
    {"G11",
     DEFERRED(REFUSED("421-4.7.0 Try again later, closing connection. (EHLO) 421-4.7.0 For more "
                      "information, go to 421 4.7.0 https://support.google.com/a/answer/3221692 "
                      "ffacd0b85a97d-3 - gsmtp"))},
    {"G11", DEFERRED(REFUSED("501 5.5.4 HELO/EHLO argument \"x_y\" invalid, closing connection."))},
    {"G12",
     DEFERRED(SAID("421 4.7.0 IP not in whitelist for RCPT domain, closing connection. x - gsmtp "
                   "(in reply to RCPT TO command)"))},
    {"G12",
     DEFERRED(SAID("421 4.7.0 TLS required for RCPT domain, closing connection. x - gsmtp"))},
    {"G13", "smtp",
     "463F01A2EBD: host gmail-smtp-in.l.google.com[74.125.192.26] said: 421-4.7.28 "
     "[192.99.55.226 15] Our system has detected an unusual rate of 421-4.7.28 "
     "unsolicited mail originating from your IP address. 421 4.7.28 review our Bulk "
     "Email Senders Guidelines. x - gsmtp (in reply to end of DATA command)"},
    {"G13", "smtp",
     "C217620B0B: host gmail-smtp-in.l.google.com[64.233.167.26] said: 421-4.7.0 "
     "[129.104.30.35      15] Our system has detected an unusual rate of 421-4.7.0 "
     "unsolicited mail originating from your IP address. (in reply to end of DATA "
     "command)"},
    {"G13", DEFERRED("host alt1.gmail-smtp-in.l.google.com[209.85.223.73] said: 421-4.7.0 "
                     "[95.16.242.150] Our system has detected an unusual amount of 421-4.7.0 "
                     "unsolicited mail originating from your IP address. (in reply to end of DATA "
                     "command)")},
    {"G13", DEFERRED(REFUSED("421 4.7.0 mx1 Error: too many connections from 172.20.0.1"))},
    {"G14",
     BOUNCED(SAID("550 5.4.5 Daily SMTP relay limit exceeded for user. x - gsmtp (in reply to "
                  "MAIL FROM command)"))},
    {"G14",
     DEFERRED(SAID("550-5.4.5 Daily user sending limit exceeded. For more 550-5.4.5 information x"
                   " - gsmtp (in reply to RCPT TO command)"))},
    {"G15", BOUNCED(SAID("550 5.7.1 Daily SMTP relay limit exceeded for customer. x - gsmtp"))},
    {"G15", DEFERRED(SAID("450 4.2.1 Peak SMTP relay limit exceeded for customer. x - gsmtp"))},
    {"G16", DEFERRED(SAID("452 4.5.3 Your message has too many recipients. x - gsmtp"))},
    {"G17",
     DEFERRED("host ALT1.ASPMX.L.GOOGLE.com[64.233.186.26] said: 450-4.2.1 The user you are "
              "trying to contact is receiving mail at a rate that 450-4.2.1 prevents additional "
              "messages from being delivered. 450 4.2.1 https://support.google.com x - gsmtp (in "
              "reply to RCPT TO command)")},
    {"G18", DEFERRED(SAID("421 4.3.0 Temporary System Problem. Try again later (WS). x - gsmtp"))},
    {"G18", DEFERRED(SAID("451 4.3.0 Mail server temporarily rejected message. x - gsmtp"))},
    {"G18", DEFERRED(REFUSED("421 Service not available, closing transmission channel"))},
    {"G18", DEFERRED(REFUSED("450 busy"))},
    {"G19", DEFERRED(SAID("451-4.3.0 Multiple destination domains per transaction is unsupported. "
                          "Please 451 4.3.0 try again. x - gsmtp"))},
    {"G20",
     BOUNCED(SAID("550-5.7.26 This mail has been blocked because the sender is unauthenticated. "
                  "550-5.7.26 Gmail requires all senders to authenticate with either SPF or "
                  "DKIM. 550 5.7.26 x - gsmtp (in reply to end of DATA command)"))},
    {"G20", DEFERRED(SAID("421 4.7.27 Your email has been rate limited x - gsmtp"))},
    {"G21", DEFERRED(SAID("421 4.7.32 Your email has been rate limited x - gsmtp"))},
    {"G22",
     BOUNCED(SAID("550-5.7.1 [2001:db8::1] Our system has detected that this message does 550-"
                  "5.7.1 not meet IPv6 sending guidelines regarding PTR records and 550-5.7.1 "
                  "authentication. x - gsmtp"))},
    {"G22",
     BOUNCED(SAID("550 5.7.25 The IP address sending this message does not have a PTR record"))},
    {"G23", BOUNCED(SAID("550 5.7.29 Your email was sent without TLS x - gsmtp"))},
    {"G24",
     BOUNCED(SAID("550-5.7.1 [203.0.113.9      12] Our system has detected that this message is "
                  "550-5.7.1 likely unsolicited mail. To reduce the amount x - gsmtp"))},
    {"G24", BOUNCED(SAID("550-5.7.1 The IP you're using to send mail is not authorized to send 550-"
                         "5.7.1 email directly to our servers. x - gsmtp"))},
    {"G24", BOUNCED(SAID("550 5.7.1 A custom rule. x - gcdp (in reply to end of DATA command)"))},
    {"G24", BOUNCED(SAID("554 5.7.1 Service unavailable; Client host [203.0.113.9] blocked using "
                         "zen.spamhaus.org (in reply to RCPT TO command)"))},
    {"G24", BOUNCED(REFUSED("554 mx.example.org You are not welcome here"))},
    {"G25",
     BOUNCED(SAID("552-5.2.3 Your message exceeded Google's message size limits. x - gsmtp"))},
    {"G25", BOUNCED("message size 40000000 exceeds size limit 35882577 of server " H)},
    {"G26",
     BOUNCED(SAID("552-5.7.0 This message was blocked because its content presents a potential "
                  "552-5.7.0 security issue. 552 5.7.0 ?p=BlockedMessage x - gsmtp"))},
    {"G27",
     BOUNCED(SAID("550-5.1.1 The email account that you tried to reach does not exist. 550 5.1.1 "
                  "https://support.google.com/mail/?p=NoSuchUser x - gsmtp (in reply to RCPT TO "
                  "command)"))},
    {"G27", BOUNCED(SAID("550 #5.1.1 Address rejected (in reply to RCPT TO command)"))},
    {"G27", DEFERRED(SAID("452-4.2.2 The email account that you tried to reach is over quota. x"))},
    {"G27", BOUNCED(SAID("550 User unknown (in reply to RCPT TO command)"))},
    {"G28",
     BOUNCED(SAID("550-5.7.1 [203.0.113.9] Messages missing a valid messageId header are not "
                  "accepted. This message is 550 5.7.1 not RFC 5322 compliant x - gsmtp"))},
    {"G28", BOUNCED(SAID("555 5.5.2 Syntax error, goodbye. x - gsmtp"))},
    {"G28",
     BOUNCED("host spool.mail.gandi.net[217.70.178.1] said: 550 5.1.8 <root@<server>>: Sender "
             "address rejected: Domain not found (in reply to RCPT TO command)")},
    {"G30", BOUNCED(REFUSED("554 5.7.0 Too Many Unauthenticated commands. x - gsmtp"))},
    {"Q12", BOUNCED(SAID("554 5.4.6 Message exceeded 50 hops, this may indicate a mail loop. x"))},
};

static const struct row tls_lines[] = {
    {"T01", DEFERRED("TLS is required, but was not offered by host " H)},
    {"T02", DEFERRED("TLS is required, but host " H " refused to start TLS: 454 4.7.0 TLS not "
                     "available due to temporary reason")},
    {"T03", "smtp", "5AB7D8E2B0: TLS is required, but our TLS engine is unavailable"},
    {"T03", DEFERRED("TLS is required, but our TLS engine is unavailable")},
    {"T03", "smtp",
     "warning: cannot load Certification Authority data, "
     "CAfile=\"/etc/pki/tls/certs/ca-bundle.crt\": disabling TLS support"},
    {"T03", "smtp", "cannot load Certificate Authority data: disabling TLS support"},
    {"T04", DEFERRED("Server certificate not verified")},
    {"T04", DEFERRED("Server certificate not trusted")},
    {"T04", "smtp",
     "certificate verification failed for smtp.gmail.com[74.125.91.109]:587: untrusted "
     "issuer /C=US/O=Equifax/OU=Equifax Secure Certificate Authority"},
    {"T04", "smtp",
     "certificate verification failed for smtp.gmail.com[74.125.91.109]:587: "
     "self-signed certificate"},
    {"T04", "smtp",
     "warning: TLS library problem: 8050:error:14090086:SSL routines:"
     "SSL3_GET_SERVER_CERTIFICATE:certificate verify failed:s3_clnt.c:894:"},
    {"T05", "smtp",
     "server certificate verification failed for " H ":587: certificate has expired"},
    {"T05", "smtp", "CA certificate verification failed for " H ":587: certificate not yet valid"},
    {"T06", "smtp",
     "server certificate verification failed for " H ":587: num=62:hostname mismatch"},
    {"T07", "smtp",
     "SMTPS wrappermode (TCP port 465) requires setting \"smtp_tls_wrappermode = yes\", "
     "and \"smtp_tls_security_level = encrypt\" (or stronger)"},
    {"T08", "smtp",
     "warning: TLS library problem: error:0A00010B:SSL routines::wrong version "
     "number:../ssl/record/ssl3_record.c:354:"},
    {"T09", "smtp", "SSL_connect error to smtp.partner.com[203.0.113.42]:25: -1"},
    {"T09", "smtp",
     "warning: TLS library problem: error:14094410:SSL routines:ssl3_read_bytes:sslv3 "
     "alert handshake failure"},
    {"T09", DEFERRED("Cannot start TLS: handshake failure")},
    {"T09", STATUS("undeliverable", "4.7.5",
                   "delivery via smtp.gmail.com[72.14.205.109]: Cannot start "
                   "TLS: handshake failure")},
    {"T10", DEFERRED("client TLS configuration problem")},
    {"T10", "smtp", "fatal: Invalid TLS level \"sure\""},
};

static const struct row network[] = {
    {"N01", DEFERRED("connect to " H ":587: Connection timed out")},
    {"N01", "smtp", "connect to smtp.gmail.com[2607:f8b0:4004:c08::6d]:587: Connection timed out"},
    {"N01", "smtp", "connect to smtp.gmail.com[209.85.199.111]: Connection timed out (port 25)"},
    {"N01", "smtp", "connect to ASPMX.L.GOOGLE.COM[64.233.188.27]:25: Operation timed out"},
    {"N01", SUSPENDED("connect to outbound.mailhop.org[192.0.2.1]:25: Connection timed out")},
    {"N02", DEFERRED("connect to " H ":587: Connection refused")},
    {"N03",
     DEFERRED("connect to smtp.gmail.com[2800:3f0:4003:c00::6d]:587: Network is unreachable")},
    {"N04", DEFERRED("connect to " H ":587: No route to host")},
    {"N04", "smtp",
     "connect to smtp-mail.outlook.com[2603:1046:c01:2481::6]:587: Cannot assign "
     "requested address"},
    {"N05", DEFERRED("lost connection with " H " while receiving the initial server greeting")},
    {"N06",
     DEFERRED("conversation with " H " timed out while sending end of data -- message may be "
              "sent more than once")},
    {"N07", DEFERRED("Host or domain name not found. Name service error for "
                     "name=smtp-relay.gmail.com type=A: Host not found, try again")},
    {"N08", BOUNCED("Host or domain name not found. Name service error for name=mail.mydomain.com "
                    "type=A: Host not found")},
    {"N08",
     BOUNCED("Host or domain name not found. Name service error for name=3bm.co.za type=AAAA: "
             "Host found but no data record of requested type")},
    {"N08", "smtp", "warning: relayhost configuration problem"},
    {"N08", DEFERRED("unable to look up host smtp.gmail.com: No address associated with hostname")},
    {"N09", "postfix-script",
     "warning: /var/spool/postfix/etc/resolv.conf and /etc/resolv.conf differ"},
    {"N11", BOUNCED("mail for mail.example.com loops back to myself")},
    {"N11", "smtp", "warning: host " H ":25 greeted me with my own hostname relay.example.com"},
    {"N12", SUSPENDED("a reason that nobody has seen yet")},
    {"R05",
     BOUNCED("SMTPUTF8 is required, but was not offered by host mx3.qq.com[43.137.222.247]")},
    {"M12", "error",
     "A47DE47C33: to=<e@cwj-mail.local>, relay=none, delay=0.08, delays=0.06/0.01/0/"
     "0.02, dsn=4.3.0, status=deferred (mail transport unavailable)"},
};

static const struct row local[] = {
    {"S04", "smtp", "error: open database /etc/postfix/sasl_passwd.db: No such file or directory"},
    {"S04", "smtp",
     "warning: hash:/etc/postfix/sasl_passwd is unavailable. open database "
     "/etc/postfix/sasl_passwd.db: No such file or directory"},
    {"S04", "smtp", "warning: hash:/etc/postfix/sasl_passwd lookup error for \"smtp.mailgun.com\""},
    {"S04", "smtp", "warning: A193728CEB: smtp_sasl_password_maps lookup error"},
    {"S04", DEFERRED("local data error while talking to " H)},
    {"S05", "smtp", "error: open database /etc/postfix/sasl_passwd.db: Permission denied"},
    {"S06", "smtp",
     "error: unsupported dictionary type: lmdb. Is the postfix-lmdb package installed?"},
    {"S06", "postmap", "fatal: unsupported map type: hash"},
    {"S06", "virtual",
     "fatal: dict_open: unsupported dictionary type: virtual:  Is the postfix-virtual "
     "package installed?"},
    {"S07", "smtp",
     "warning: database /etc/postfix/sasl_passwd.db is older than source file "
     "/etc/postfix/sasl_passwd"},
    {"S09", "smtp", "error: open database /etc/postfix/sasl_passwd.db: Invalid argument"},
    {"S09", "smtp",
     "fatal: error opening database /etc/postfix/sasl_passwd.lmdb: MDB_INVALID: File is "
     "not an LMDB file"},
    {"S10", "postmap",
     "warning: /etc/postfix/sasl_passwd, line 3: expected format: key whitespace "
     "value"},
    {"S10", "postmap",
     "warning: /etc/postfix/sasl_passwd.db: duplicate entry: \"smtp.example.com\""},
    {"S11", "smtp", "smtp_sasl_passwd_lookup: host `smtp.example.com' user `u' pass `x'"},
    {"Q01", "smtpd",
     "NOQUEUE: reject: MAIL from localhost[127.0.0.1]: 452 4.3.1 Insufficient system "
     "storage; from=<a@example.com> proto=ESMTP helo=<x>"},
    {"Q01", "smtpd",
     "warning: not enough free space in mail queue: 1000 bytes < 1.5*message size limit"},
    {"Q02", "cleanup", "warning: 4D7BD1781307: write queue file: No space left on device"},
    {"Q02", "cleanup",
     "warning: mail_queue_enter: create file incoming/123.45: No space left on device"},
    {"Q04", "pickup", "warning: mail_queue_enter: create file incoming/1.2: Permission denied"},
    {"Q04", "qmgr", "fatal: scan_dir_push: open directory active: Permission denied"},
    {"Q04", "smtpd", "warning: problem talking to server private/anvil: Permission denied"},
    {"Q04", "postfix-script", "warning: not owned by postfix: /var/spool/postfix/active"},
    {"Q05", "qmgr",
     "warning: saving corrupt file \"4D7BD1781307\" from queue \"active\" to queue "
     "\"corrupt\""},
    {"Q05", "postfix-script", "warning: damaged message: corrupt/4D7BD1781307"},
    {"Q09", "qmgr", "4D7BD1781307: from=<a@example.com>, status=expired, returned to sender"},
    {"Q09", "qmgr", "4D7BD1781307: from=<a@example.com>, status=force-expired, returned to sender"},
    {"Q11", "cleanup",
     "4D7BD1781307: hold: header Subject: x from localhost[127.0.0.1]; from=<a@b.c> "
     "to=<d@e.f>"},
    {"Q11", "cleanup",
     "4D7BD1781307: milter-hold: END-OF-MESSAGE from localhost[127.0.0.1]: milter "
     "triggers HOLD action; from=<a@b.c> to=<d@e.f>"},
    {"Q11", "postsuper", "4D7BD1781307: placed on hold"},
    {"Q12", "smtpd",
     "NOQUEUE: reject: DATA from localhost[127.0.0.1]: 554 5.4.0 Error: too many hops; "
     "from=<a@b.c> to=<d@e.f> proto=ESMTP helo=<x>"},
    {"Q12", "cleanup", "warning: 4D7BD1781307: message rejected: hopcount exceeded"},
    {"Q12", "local",
     "710FE8F839: to=<me@localhost>, relay=local, delay=0, delays=0/0/0/0, dsn=5.4.6, "
     "status=bounced (mail forwarding loop for me@localhost)"},
    {"Q13", "bounce", "warning: 4D7BD1781307: undeliverable postmaster notification discarded"},
    {"Q14", "qmgr", "warning: queue: file system clock is 3600 seconds ahead of local clock"},
    {"Q15", "smtpd",
     "4D7BD1781307: reject: DATA from localhost[127.0.0.1]: 552 5.3.4 Message size "
     "exceeds fixed limit; from=<a@b.c> to=<d@e.f> proto=ESMTP helo=<x>"},
    {"Q15", "cleanup", "warning: 4D7BD1781307: queue file size limit exceeded"},
    {"Q16", "postsuper", "4D7BD1781307: removed"},
    {"Q16", "postsuper", "Deleted: 3 messages"},
    {"M02", "master", "fatal: bind 127.0.0.1 port 25: Address already in use"},
    {"M03", "master", "warning: /usr/lib/postfix/sbin/smtp: bad command startup -- throttling"},
    {"M03", "master", "warning: process /usr/lib/postfix/sbin/smtp pid 26335 exit status 1"},
    {"M04", "master",
     "warning: service \"smtp\" (25) has reached its process limit \"100\": new clients "
     "may experience noticeable delays"},
    {"M05", "smtpd",
     "fatal: in parameter smtpd_relay_restrictions or smtpd_recipient_restrictions, "
     "specify at least one working instance of: reject_unauth_destination"},
    {"M05", "smtp", "fatal: bad numerical configuration: smtp_connect_timeout = x"},
    {"M05", "master", "fatal: parameter inet_interfaces: no local interface found for ::1"},
    {"M05", "smtpd", "fatal: bad net/mask pattern: \"192.168.1.0/254\""},
    {"M05", "smtpd", "fatal: open database /etc/aliases.db: No such file or directory"},
    {"M06", "master", "warning: process /usr/lib/postfix/sbin/smtp pid 26335 killed by signal 9"},
    {"M07", "master",
     "fatal: open lock file pid/master.pid: unable to set exclusive lock: Resource "
     "temporarily unavailable"},
    {"M08", "postfix-script", "warning: not owned by root: /etc/postfix/./sasl_passwd"},
    {"M09", "postmap", "fatal: open database /etc/postfix/sasl_passwd.db: Permission denied"},
    {"M10", "postfix-script", "fatal: the Postfix mail system is not running"},
    {"M12", "qmgr", "warning: connect to transport private/virtuales: No such file or directory"},
    {"M12", "qmgr", "warning: private/local socket: malformed response"},
    {"M12", "qmgr",
     "warning: premature end-of-input on private/local socket while reading input "
     "attribute name"},
    {"M13", "smtpd",
     "using backwards-compatible default setting smtputf8_enable=no to accept non-ASCII"},
    {"M13", "postfix-script", "Postfix is running with backwards-compatible default settings"},
    {"M14", "smtpd",
     "warning: unexpected attribute smtputf8 from cleanup socket (expecting: sendopts)"},
    {"M18", "postconf",
     "warning: /etc/postfix/main.cf: support for parameter \"smtp_use_tls\" will be "
     "removed; instead, specify \"smtp_tls_security_level\""},
    {"M18", "postconf",
     "warning: /etc/postfix/main.cf: unused parameter: smtp_sasl_pasword_maps=x"},
    {"M19", "master",
     "warning: master_spawn: fork: Resource temporarily unavailable -- throttling"},
    {"M19", "smtp", "fatal: socket: Too many open files"},
    {"M20", "qmgr", "warning: problem talking to service rewrite: Connection reset by peer"},
    {"M20", "smtp", "warning: connect #7 to subsystem private/scache: Connection refused"},
    {"R01", "smtpd",
     "NOQUEUE: reject: RCPT from unknown[172.17.0.5]: 454 4.7.1 <x@y.example>: Relay "
     "access denied; from=<a@b.c> to=<x@y.example> proto=ESMTP helo=<app>"},
    {"R01", "smtpd",
     "NOQUEUE: reject: RCPT from 1-2-3-4.example.com[1.2.3.4]: 554 5.7.1 "
     "<smtp@example.org>: Relay access denied; from=<john@example.com> "
     "to=<smtp@example.org> proto=SMTP helo=<198.51.100.17>"},
    {"R04", "smtpd", "too many errors after RCPT from unknown[192.0.2.1]"},
    {"R04", "smtpd", "improper command pipelining after EHLO from unknown[192.0.2.1]: QUIT"},
    {"R04", "smtpd",
     "warning: Connection concurrency limit exceeded: 51 from unknown[192.0.2.1] for "
     "service smtp"},
    {"L01", "smtpd", "warning: connect to Milter service inet:127.0.0.1:8891: Connection refused"},
    {"L01", "cleanup",
     "4D7BD1781307: milter-reject: END-OF-MESSAGE from localhost[127.0.0.1]: 4.7.1 "
     "Service unavailable - try again later; from=<a@b.c> to=<d@e.f>"},
    {"L02", "smtpd",
     "warning: milter inet:127.0.0.1:8891: can't read SMFIC_CONNECT reply packet "
     "header: Connection timed out"},
    {"L03", "smtpd", "warning: connect to Milter service unix:rw/m.sock: Permission denied"},
    {"L03", "smtpd",
     "warning: connect to Milter service unix:rw/m.sock: No such file or directory"},
    {"L04", "smtpd",
     "warning: milter inet:127.0.0.1:8891: can't read SMFIC_BODYEOB reply packet "
     "header: Success"},
    {"L04", "smtpd", "warning: milter unix:x: read error in initial handshake"},
    {"L05", "cleanup",
     "warning: milter configuration error: can't reject recipient in non-smtpd(8) "
     "submission"},
    {"L06", "smtpd", "warning: Milter service needs transport:endpoint instead of \"x\""},
};

static const struct row healthy[] = {
    {"", STATUS("sent", "2.0.0",
                "250 2.0.0 OK  1742846842 d9443c01a7336-227811sm3303645ad.88 - gsmtp")},
    {"", STATUS("sent", "2.0.0", AUTH("535 5.7.8 not accepted"))},
    {"", "smtpd", "connect from localhost[127.0.0.1]"},
    {"", "smtpd",
     "disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5"},
    {"", "smtpd", "4D7BD1781307: client=localhost[127.0.0.1]"},
    {"", "cleanup", "4D7BD1781307: message-id=<x@y>"},
    {"", "qmgr", "4D7BD1781307: from=<a@b.c>, size=2678, nrcpt=1 (queue active)"},
    {"", "qmgr", "4D7BD1781307: removed"},
    {"", "smtp",
     "Verified TLS connection established to " H ":587: TLSv1.3 with cipher "
     "TLS_AES_256_GCM_SHA384 (256/256 bits)"},
    {"", "bounce", "4D7BD1781307: sender non-delivery notification: 2B706C064A"},
    {"", "anvil", "statistics: max connection rate 1/60s for (smtp:127.0.0.1) at Nov 23 04:00:00"},
    {"", "master", "daemon started -- version 3.7.11, configuration /etc/postfix"},
    {"", "postfix-script", "refreshing the Postfix mail system"},
    {"", "smtpd", "lost connection after STARTTLS from unknown[192.0.2.1]"},
    {"", "smtpd", "warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: UGFzc3dvcmQ6"},
    {"", "smtpd", "warning: hostname a.example does not resolve to address 192.0.2.1"},
    {"", "smtp", "setting up TLS connection to " H ":587"},
    {"W15",
     DEFERRED(SAID("450 4.7.1 <a@example.org>: Recipient address rejected: Greylisted (in reply to "
                   "RCPT TO command)"))},
    {"W15", DEFERRED(SAID("451 4.7.1 Greylisting in action, please come back in 00:04:59"))},
    {"W15", DEFERRED(SAID("451 Temporarily rejected due to greylisting. Please try again later."))},
    {"W15", DEFERRED(SAID("450 4.2.0 <a@example.org>: Recipient address rejected: Greylisting in "
                          "effect, please come back later"))},
    {"W15", DEFERRED(SAID("451 4.7.1 Sorry, you have been greylisted"))},
    {"W15", DEFERRED(SAID("451 4.7.0 greylisted, try again later"))},
    {"", "lmtp",
     "A1B2C3D4E5F: to=<u@example.test>, relay=none, delay=2.1, delays=2/0/0/0.03, dsn=4.4.1, "
     "status=deferred (connect to mail.example.test[private/dovecot-lmtp]: Connection "
     "refused)"},
};

/* Words of strangers in places where they must not count. */
static const struct row hostile[] = {
    {"G27",
     BOUNCED(SAID("550 5.1.1 p=WantAuthError p=WebLoginRequired (in reply to RCPT TO command)"))},
    {"G27",
     BOUNCED(SAID("550 5.1.1 535 5.7.8 Username and Password not accepted p=BadCredentials (in "
                  "reply to RCPT TO command)"))},
    {"",
     BOUNCED(SAID("550 5.7.1 Username and Password not accepted (in reply to RCPT TO command)"))},
    {"",
     BOUNCED(SAID("550 5.7.1 SASL authentication failed; server x said: 535 5.7.8 no (in reply to "
                  "RCPT TO command)"))},
    {"", BOUNCED(SAID(
             "550 5.7.1 host x said: 530 5.7.0 Authentication Required (in reply to end of DATA "
             "command)"))},
    {"",
     BOUNCED(SAID("550 5.7.1 ^535 ~5.7.8 |invalid credentials for relay$ (in reply to end of DATA "
                  "command)"))},
    {"G27",
     BOUNCED(SAID("550 5.1.1 <\"relay access denied\"@example.org>: User unknown (in reply to "
                  "RCPT TO command)"))},
    {"", BOUNCED(SAID(
             "550 5.7.1 connect to x[y]:1: Connection timed out (in reply to RCPT TO command)"))},
    {"", BOUNCED(SAID(
             "550 5.7.1 refused to talk to me: 421 4.7.0 Try again later, closing connection"))},
    {"G27", BOUNCED(SAID("550 5.1.1 delivery temporarily suspended: mail transport unavailable"))},
    {"", "cleanup",
     "4D7BD1781307: warning: header Subject: warning: write queue file: No space left on "
     "device from localhost[127.0.0.1]; from=<a@b.c> to=<d@e.f>"},
    {"", "cleanup",
     "4D7BD1781307: reject: header Subject: MAIL from x[1.2.3.4]: 452 4.3.1 Insufficient "
     "system storage from localhost[127.0.0.1]; from=<a@b.c> to=<d@e.f>: 5.7.1 no"},
    {"", "smtpd",
     "warning: non-SMTP command from unknown[192.0.2.1]: fatal: No space left on device"},
    {"", "smtpd",
     "warning: Illegal address syntax from unknown[192.0.2.1] in MAIL command: <No space "
     "left on device"},
    {"", "smtpd",
     "warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: x, "
     "sasl_username=SASL authentication failure: No worthy mechs found"},
    {"", "smtpd",
     "NOQUEUE: reject: RCPT from x[192.0.2.1]: 550 5.1.1 <x@y>: Recipient address rejected: "
     "User unknown; from=<a@b.c> to=<x@y> proto=SMTP helo=<x>: Relay access denied>"},
    {"", "pipe",
     "4D7BD1781307: to=<a@example.org>, relay=x, delay=1, delays=1/0/0/0, dsn=4.3.0, "
     "status=deferred (temporary failure. Command output: SASL authentication failed; server "
     "x said: 535 5.7.8 no )"},
    {"", "pipe",
     "4D7BD1781307: to=<a@example.org>, relay=x, delay=1, delays=1/0/0/0, dsn=4.3.0, "
     "status=deferred (delivery temporarily suspended: connect to x[192.0.2.1]:25: refused)"},
    {"", "pipe",
     "4D7BD1781307: to=<a@example.org>, relay=x, delay=1, delays=1/0/0/0, dsn=4.3.0, "
     "status=deferred (host x said: 530 5.7.0 Authentication Required)"},
};

Test(diagnose, logins) {
    CHECK(logins);
}

Test(diagnose, replies) {
    CHECK(replies);
}

Test(diagnose, tls) {
    CHECK(tls_lines);
}

Test(diagnose, network) {
    CHECK(network);
}

Test(diagnose, local) {
    CHECK(local);
}

Test(diagnose, healthy) {
    CHECK(healthy);
}

Test(diagnose, hostile) {
    CHECK(hostile);
}

Test(diagnose, bare_replies) {
    static const struct {
        const char *want, *text;
    } table[] = {
        {"G01",
         "535-5.7.8 Username and Password not accepted. For more information, go to\r\n535 5.7.8 "
         " https://support.google.com/mail/?p=BadCredentials x - gsmtp\r\n"},
        {"G01", "535 5.7.8 Error: authentication failed: authentication failure"},
        {"G01", "535"},
        {"G02", "534-5.7.9 Application-specific password required. Learn more at\r\n534 5.7.9 x"},
        {"G03",
         "534-5.7.14 <https://accounts.google.com/signin/continue>\r\n534-5.7.14 Please log in"},
        {"G04", "454 4.7.0 Cannot authenticate due to temporary system problem. Try again later."},
        {"G05", "454-4.7.0 Too many login attempts, please try again later.\r\n454 4.7.0 x"},
        {"G07", "530 5.7.0 Must issue a STARTTLS command first"},
        {"G08", "550-5.7.1 Invalid credentials for relay [203.0.113.9]. The IP\r\n550 5.7.1 x"},
        {"G11", "421-4.7.0 Try again later, closing connection. (EHLO)\r\n421 4.7.0 x - gsmtp"},
        {"G18", "421 4.3.0 Temporary System Problem."},
        {"T02", "454 4.7.0 TLS not available due to local problem"},
        {"", "235 2.7.0 Accepted"},
        {"", "220 smtp-relay.gmail.com ESMTP x - gsmtp"},
        {"", "250 2.0.0 535 5.7.8 Username and Password not accepted"},
        {"", "connect to 192.0.2.1: Connection refused"},
        {"", "53"},
        {"", ""},
    };
    struct diagnoser *d = diagnoser_new();

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        enum diagnosis got = diagnose_reply(d, span_of(table[i].text));

        cr_expect_str_eq(diagnosis_entry(got)->id, table[i].want, "got %s: %s",
                         diagnosis_entry(got)->id, table[i].text);
    }
    cr_assert(diagnose_reply(d, (struct span){NULL, 0}) == DIAGNOSIS_NONE);
    diagnoser_free(&d);
}

/* An event that a parser left nearly empty does no harm. */
Test(diagnose, empty_events) {
    struct diagnoser *d = diagnoser_new();

    for (int kind = 0; kind <= MAILEV_KIND_COUNT; kind++) {
        for (int status = 0; status <= MAILEV_STATUS_OTHER; status++) {
            struct mailev ev = {.kind = (enum mailev_kind)kind,
                                .status = (enum mailev_status)status};

            cr_expect((diagnose_event(d, &ev) != DIAGNOSIS_NONE) == (kind == MAILEV_EXPIRED));
        }
    }
    diagnoser_free(&d);
    diagnoser_free(&d);
}
