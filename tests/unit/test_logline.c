/* The golden lines stand in tests/data/logline: taken from a Postfix 3.7.11 that was made to fail
 * in each of these ways, and (heads, clients, old_versions) from logs that operators published. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "logline.h"

/* "kind[/status] counters" but for `lines`, which each line counts. */
static void summary(const struct mailev *ev, char *out, size_t size) {
    size_t at = (size_t)snprintf(out, size, "%s", mailev_kind_name(ev->kind));

    if (ev->status != MAILEV_STATUS_NONE)
        at += (size_t)snprintf(out + at, size - at, "/%s", mailev_status_name(ev->status));
    cr_expect(ev->counters & COUNTER_BIT(COUNTER_LINES));
    for (enum counter c = COUNTER_LINES + 1; c < COUNTER_COUNT; c++) {
        if (ev->counters & COUNTER_BIT(c))
            at += (size_t)snprintf(out + at, size - at, " %s", counter_name(c));
    }
    snprintf(out + at, size - at, "\n");
}

/* The file's text on the heap. */
static struct span load(const char *name) {
    char path[256];
    char *text = malloc(65536);
    FILE *file;
    size_t n;

    snprintf(path, sizeof path, TEST_DATA "/logline/%s.log", name);
    file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    n = fread(text, 1, 65536, file);
    fclose(file);
    return (struct span){text, n};
}

static const struct {
    const char *name;
    const char *want;
} golden[] = {
    {"bad_password", "note\n"
                     "accepted accepted\n"
                     "queued queued\n"
                     "tls tls_sessions\n"
                     "delivery/deferred deferred auth_failures\n"
                     "delivery/deferred deferred auth_failures\n"
                     "note\n"},
    {"bad_password_two_servers", "note\n"
                                 "accepted accepted\n"
                                 "queued queued\n"
                                 "attempt auth_failures\n"
                                 "delivery/deferred deferred auth_failures\n"
                                 "note\n"},
    {"certificate_name", "note\n"
                         "accepted accepted\n"
                         "queued queued\n"
                         "tls_failure tls_errors\n"
                         "tls tls_sessions\n"
                         "delivery/deferred deferred tls_errors\n"
                         "note\n"},
    {"certificate_name_two_servers", "note\n"
                                     "accepted accepted\n"
                                     "queued queued\n"
                                     "tls_failure tls_errors\n"
                                     "tls tls_sessions\n"
                                     "attempt tls_errors\n"
                                     "tls_failure tls_errors\n"
                                     "tls tls_sessions\n"
                                     "delivery/deferred deferred tls_errors\n"
                                     "note\n"
                                     "lifecycle\n"
                                     "lifecycle\n"},
    {"clients", "rejected rejected\n"
                "rejected rejected\n"
                "rejected rejected\n"
                "rejected rejected\n"
                "rejected rejected\n"
                "rejected rejected\n"
                "auth_failure inbound_auth_failures warnings\n"
                "auth_failure inbound_auth_failures warnings\n"
                "auth_failure inbound_auth_failures warnings\n"
                "warning warnings\n"
                "disconnect\n"
                "note\n"
                "disconnect\n"
                "note\n"
                "disconnect\n"
                "warning warnings\n"
                "disconnect\n"
                "note\n"
                "warning warnings\n"
                "disconnect\n"},
    {"expired", "note\n"
                "accepted accepted\n"
                "queued queued\n"
                "attempt refused\n"
                "delivery/deferred deferred refused\n"
                "queued queued\n"
                "attempt refused\n"
                "delivery/deferred deferred refused\n"
                "expired/expired expired\n"
                "accepted accepted\n"
                "queued queued\n"
                "bounce_notice\n"
                "removed removed\n"
                "attempt refused\n"},
    {"forged_address", "connect connects\n"
                       "client\n"
                       "accepted accepted\n"
                       "queued queued\n"
                       "disconnect\n"
                       "tls tls_sessions\n"
                       "delivery/sent sent\n"
                       "delivery/sent sent\n"
                       "removed removed\n"},
    {"heads", "delivery/bounced bounced\n"
              "tls_failure tls_errors\n"
              "delivery/sent sent\n"
              "warning warnings\n"
              "warning warnings\n"
              "auth_failure inbound_auth_failures warnings\n"
              "lifecycle\n"
              "tls_failure tls_errors\n"
              "delivery/deferred deferred auth_failures\n"
              "delivery/deferred deferred timeouts\n"
              "queued queued\n"
              "delivery/deferred deferred auth_failures\n"
              "delivery/deferred deferred dns_errors\n"
              "error\n"
              "foreign unparsed\n"
              "foreign unparsed\n"
              "foreign unparsed\n"
              "foreign unparsed\n"},
    {"inbound", "connect connects\n"
                "warning warnings\n"
                "warning warnings\n"
                "auth_failure inbound_auth_failures warnings\n"
                "rejected rejected\n"
                "warning warnings\n"
                "disconnect\n"
                "note\n"
                "delivery/deliverable\n"
                "bounce_notice\n"
                "note\n"
                "note\n"
                "accepted accepted\n"
                "lifecycle\n"
                "lifecycle\n"
                "lifecycle\n"
                "lifecycle\n"
                "note\n"
                "note\n"
                "rejected rejected\n"
                "note\n"
                "lifecycle\n"
                "lifecycle\n"},
    {"lifecycle", "note\n"
                  "note\n"
                  "note\n"
                  "lifecycle\n"
                  "lifecycle\n"},
    {"lost_connection", "note\n"
                        "accepted accepted\n"
                        "queued queued\n"
                        "delivery/deferred deferred\n"
                        "note\n"
                        "lifecycle\n"
                        "lifecycle\n"},
    {"name_not_found", "note\n"
                       "accepted accepted\n"
                       "queued queued\n"
                       "delivery/bounced bounced dns_errors\n"
                       "accepted accepted\n"
                       "bounce_notice\n"
                       "queued queued\n"
                       "removed removed\n"
                       "delivery/bounced bounced dns_errors\n"
                       "removed removed\n"
                       "note\n"
                       "lifecycle\n"
                       "lifecycle\n"},
    {"no_ca_file", "note\n"
                   "accepted accepted\n"
                   "queued queued\n"
                   "tls_failure tls_errors\n"
                   "tls_failure tls_errors warnings\n"
                   "tls_failure tls_errors warnings\n"
                   "tls_failure tls_errors warnings\n"
                   "delivery/deferred deferred tls_errors\n"
                   "note\n"
                   "lifecycle\n"
                   "lifecycle\n"},
    {"no_mechanism", "note\n"
                     "accepted accepted\n"
                     "queued queued\n"
                     "warning warnings\n"
                     "delivery/deferred deferred auth_failures\n"
                     "note\n"},
    {"no_password_map", "note\n"
                        "accepted accepted\n"
                        "queued queued\n"
                        "error\n"
                        "warning warnings\n"
                        "warning warnings\n"
                        "warning warnings\n"
                        "delivery/deferred deferred\n"
                        "note\n"
                        "lifecycle\n"
                        "lifecycle\n"},
    {"old_versions", "delivery/deferred deferred timeouts\n"
                     "delivery/undeliverable\n"
                     "note\n"
                     "tls tls_sessions\n"
                     "delivery/bounced bounced dns_errors\n"
                     "delivery/deferred deferred\n"
                     "attempt auth_failures\n"
                     "attempt refused\n"
                     "delivery/deferred deferred refused\n"
                     "attempt auth_failures\n"
                     "delivery/sent sent\n"
                     "tls_failure\n"
                     "note\n"
                     "note\n"
                     "warning warnings\n"},
    {"rate_limit", "note\n"
                   "accepted accepted\n"
                   "queued queued\n"
                   "delivery/deferred deferred limit_hits\n"
                   "note\n"},
    {"recipients", "note\n"
                   "accepted accepted\n"
                   "queued queued\n"
                   "delivery/bounced bounced limit_hits\n"
                   "delivery/deferred deferred limit_hits\n"
                   "delivery/bounced bounced\n"
                   "delivery/sent sent\n"
                   "accepted accepted\n"
                   "queued queued\n"
                   "bounce_notice\n"
                   "delivery/sent sent\n"
                   "removed removed\n"
                   "note\n"},
    {"refused", "note\n"
                "accepted accepted\n"
                "queued queued\n"
                "attempt refused\n"
                "delivery/deferred deferred refused\n"
                "delivery/deferred deferred refused\n"
                "note\n"},
    {"refused_two_servers", "note\n"
                            "accepted accepted\n"
                            "queued queued\n"
                            "attempt refused\n"
                            "attempt refused\n"
                            "delivery/deferred deferred refused\n"
                            "note\n"
                            "lifecycle\n"
                            "lifecycle\n"},
    {"relay_name_unknown", "note\n"
                           "accepted accepted\n"
                           "queued queued\n"
                           "warning warnings\n"
                           "delivery/deferred deferred dns_errors\n"
                           "note\n"
                           "lifecycle\n"
                           "lifecycle\n"},
    {"reply_with_fields", "note\n"
                          "accepted accepted\n"
                          "queued queued\n"
                          "delivery/bounced bounced\n"
                          "accepted accepted\n"
                          "queued queued\n"
                          "bounce_notice\n"
                          "removed removed\n"
                          "delivery/bounced bounced\n"
                          "removed removed\n"
                          "note\n"},
    {"sent", "note\n"
             "accepted accepted\n"
             "queued queued\n"
             "tls tls_sessions\n"
             "delivery/sent sent\n"
             "removed removed\n"
             "note\n"
             "lifecycle\n"
             "lifecycle\n"},
    {"timeout", "note\n"
                "accepted accepted\n"
                "queued queued\n"
                "delivery/deferred deferred timeouts\n"
                "note\n"},
    {"tls_broken", "note\n"
                   "accepted accepted\n"
                   "queued queued\n"
                   "tls_failure tls_errors\n"
                   "tls_failure tls_errors warnings\n"
                   "attempt tls_errors\n"
                   "tls_failure tls_errors\n"
                   "tls_failure tls_errors warnings\n"
                   "delivery/deferred deferred tls_errors\n"
                   "note\n"},
    {"tls_not_offered", "note\n"
                        "accepted accepted\n"
                        "queued queued\n"
                        "delivery/deferred deferred tls_errors\n"
                        "note\n"},
    {"tls_refused", "note\n"
                    "accepted accepted\n"
                    "queued queued\n"
                    "delivery/deferred deferred tls_errors\n"
                    "note\n"},
    {"transports", "note\n"
                   "accepted accepted\n"
                   "queued queued\n"
                   "warning warnings\n"
                   "delivery/bounced bounced\n"
                   "delivery/sent sent\n"
                   "delivery/deferred deferred\n"
                   "delivery/deferred deferred\n"
                   "accepted accepted\n"
                   "queued queued\n"
                   "bounce_notice\n"
                   "delivery/sent sent\n"
                   "removed removed\n"
                   "note\n"},
};

Test(logline, golden) {
    struct logline_clock clock;

    logline_clock_init(&clock);
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        struct span text = load(golden[i].name);
        const char *p = text.p, *end = text.p + text.n;
        const char *want = golden[i].want;

        for (unsigned number = 1; p < end; number++) {
            const char *newline = memchr(p, '\n', (size_t)(end - p));
            struct mailev ev;
            char got[256];

            logline_parse((struct span){p, (size_t)(newline - p)}, &clock, &ev);
            summary(&ev, got, sizeof got);
            cr_expect_eq(strncmp(want, got, strlen(got)), 0, "%s line %u: %s", golden[i].name,
                         number, got);
            want = strchr(want, '\n') != NULL ? strchr(want, '\n') + 1 : "";
            p = newline + 1;
        }
        cr_expect_str_empty(want, "%s: more is expected", golden[i].name);
        free((char *)text.p);
    }
}

/* Fields that may be asked for, by their names in struct mailev. */
static struct span field(const struct mailev *ev, const char *name) {
#define FIELD(member)                                                                              \
    if (strcmp(name, #member) == 0)                                                                \
        return ev->member;
    FIELD(host)
    FIELD(instance)
    FIELD(daemon)
    FIELD(queue_id)
    FIELD(severity)
    FIELD(to)
    FIELD(from)
    FIELD(relay)
    FIELD(relay_ip)
    FIELD(dsn)
    FIELD(tls_trust)
    FIELD(tls_version)
    FIELD(tls_cipher)
    FIELD(tls_peer)
    FIELD(sasl_method)
    FIELD(sasl_username)
    FIELD(client)
    FIELD(client_ip)
    FIELD(message_id)
    FIELD(text)
#undef FIELD
    return (struct span){NULL, 0};
}

#define HEAD "Nov 23 03:56:08 relay postfix/"
#define STATUS                                                                                     \
    ", relay=real.example[192.0.2.1]:587, delay=0.1, delays=0.05/0/0.05/0, dsn=4.2.0, status="
static const struct {
    const char *line;
    const char *want; /* summary */
    const char *fields[5][2];
} rows[] = {
    {HEAD "smtp[1]: A4B7812A12D: to=<a@b.example>, orig_to=<c>" STATUS "sent (250 ok)",
     "delivery/sent sent\n",
     {{"to", "a@b.example"},
      {"relay", "real.example"},
      {"relay_ip", "192.0.2.1"},
      {"text", "250 ok"}}},
    {HEAD
     "smtp[1]: A4B7812A12D: to=<a@b.example>, relay=r[2607:f8b0::1]:587, conn_use=3, delay=12, "
     "delays=9/1/1/1, tls=secure/!x?, dsn=2.0.0, status=sent (a (b) c)) tail",
     "delivery/sent sent\n",
     {{"relay_ip", "2607:f8b0::1"}, {"dsn", "2.0.0"}, {"text", "a (b) c)"}}},
    {HEAD "lmtp[1]: A4B7812A12D: to=<a@b>, relay=h.example[private/x], delay=1, delays=0/0/0/1, "
          "new_field=x y, dsn=2.0.0, status=sent (ok)",
     "delivery/sent sent\n",
     {{"relay", "h.example"}, {"relay_ip", ""}}},
    {HEAD "lmtp[1]: A4B7812A12D: to=<a@b>, relay=none, delay=1, delays=0/0/0/1, dsn=4.4.1, "
          "status=deferred (connect to h.example[private/x]: Connection refused)",
     "delivery/deferred deferred refused\n",
     {{"relay", "none"}}},
    {HEAD
     "qmgr[1]: A4B7812A12D: from=<\"x>, size=1, nrcpt=9 (queue active)\"@d>, size=284, nrcpt=2 "
     "(queue active)",
     "queued queued\n",
     {{"from", "\"x>, size=1, nrcpt=9 (queue active)\"@d"}}},
    {HEAD
     "qmgr[1]: A4B7812A12D: from=<\"x>, status=expired, returned to sender\"@d>, size=284, nrcpt=2 "
     "(queue active)",
     "queued queued\n",
     {{NULL}}},
    {HEAD "qmgr[1]: A4B7812A12D: from=<a@b>, status=force-expired, returned to sender",
     "expired/expired expired\n",
     {{"from", "a@b"}}},
    {HEAD
     "smtp[1]: A4B7812A12D: to=<\"q\\\"x>, relay=evil[6.6.6.6]:25, delay=1, dsn=2.0.0, status=sent "
     "(ok)\"@s.example>" STATUS "bounced (host r[1.2.3.4] said: 550 >, relay=e, status=sent (250))",
     "delivery/bounced bounced\n",
     {{"relay", "real.example"},
      {"text", "host r[1.2.3.4] said: 550 >, relay=e, status=sent (250)"}}},
    {HEAD "smtp[1]: A4B7812A12D: to=<a@b>" STATUS
          "deferred (host r[1.2.3.4] said: 450 4.2.0 SASL authentication failed; connect to "
          "x[1.2.3.4]:25: "
          "Connection refused (in reply to RCPT TO command))",
     "delivery/deferred deferred\n",
     {{NULL}}},
    {HEAD "smtp[1]: A4B7812A12D: to=<a@b>" STATUS
          "deferred (SASL authentication failed; server r[1.2.3.4] said: 454-4.7.0 Too many login "
          "attempts, please try again later)",
     "delivery/deferred deferred auth_failures limit_hits\n",
     {{NULL}}},
    {HEAD "smtp[1]: A4B7812A12D: to=<a@b>" STATUS
          "deferred (SASL [CACHED] authentication failed; server r said: 535 no)",
     "delivery/deferred deferred auth_failures\n",
     {{NULL}}},
    {HEAD "qmgr[1]: A4B7812A12D: to=<a@b>, relay=none, delay=1, delays=0/0/0/1, dsn=4.4.1, "
          "status=deferred (delivery temporarily suspended: connect to h[1.2.3.4]:25: Connection "
          "refused)",
     "delivery/deferred deferred refused\n",
     {{NULL}}},
    {HEAD "smtp[1]: A4B7812A12D: to=<a@b>" STATUS "undeliverable (host r[1.2.3.4] said: 550 no)",
     "delivery/undeliverable\n",
     {{NULL}}},
    {HEAD "smtp[1]: A4B7812A12D: to=<a@b>, relay=real.example[192.0.2.1]:587, delay=0.1, delays=",
     "other unparsed\n",
     {{NULL}}},
    {HEAD "smtp[1]: Verified TLS connection reused to r.example[192.0.2.1]:587: TLSv1.3 with "
          "cipher C (1/1 bits)",
     "tls\n",
     {{"tls_peer", "r.example"}, {"tls_trust", "Verified"}}},
    {HEAD "smtpd[1]: Anonymous TLS connection established from c.example[192.0.2.1] to "
          "sni.example: TLSv1.3 "
          "with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)",
     "tls\n",
     {{"client", "c.example"},
      {"client_ip", "192.0.2.1"},
      {"tls_version", "TLSv1.3"},
      {"tls_cipher", "TLS_AES_256_GCM_SHA384"}}},
    {HEAD "smtpd[1]: warning: non-SMTP command from u[192.0.2.1]: x[1.2.3.4]: SASL LOGIN "
          "authentication failed: y",
     "warning warnings\n",
     {{"client_ip", "192.0.2.1"}}},
    {HEAD "smtpd[1]: warning: u[192.0.2.1]: SASL PLAIN authentication failed: r, sasl_username=a, "
          "sasl_username=b",
     "auth_failure inbound_auth_failures warnings\n",
     {{"sasl_username", "a, sasl_username=b"}, {"sasl_method", "PLAIN"}}},
    {HEAD "smtpd[1]: A4B7812A12D: client=c[192.0.2.1], sasl_method=PLAIN, sasl_username=u@d, "
          "sasl_sender=x",
     "client\n",
     {{"client", "c"}, {"sasl_method", "PLAIN"}, {"sasl_username", "u@d"}}},
    {HEAD
     "smtpd[1]: NOQUEUE: reject: RCPT from c[192.0.2.1]: 554 5.7.1 <\"; from=<a> to=<b> proto=SMTP "
     "helo=<c>\"@d>: Recipient address rejected: no; from=<\"; from=<x>\"@y> to=<z@d> proto=ESMTP "
     "helo=<h>",
     "rejected rejected\n",
     {{"from", "\"; from=<x>\"@y"}, {"to", "z@d"}, {"client_ip", "192.0.2.1"}}},
    {HEAD "smtpd[1]: NOQUEUE: reject_warning: RCPT from c[192.0.2.1]: 554 5.7.1 no; from=<> "
          "to=<z@d> proto=SMTP "
          "helo=<h>",
     "note\n",
     {{"from", ""}, {"to", "z@d"}}},
    {HEAD
     "cleanup[1]: A4B7812A12D: reject: header Subject: reject: x from evil[6.6.6.6]; from=<e> "
     "to=<e> "
     "proto=SMTP helo=<e> from c[192.0.2.1]; from=<a@b> to=<c@d> proto=ESMTP helo=<h>: 5.7.1 no",
     "rejected rejected\n",
     {{"from", "a@b"}, {"to", "c@d"}, {"client_ip", "192.0.2.1"}}},
    {HEAD "cleanup[1]: A4B7812A12D: milter-reject: END-OF-MESSAGE from c[192.0.2.1]: 5.7.1 no; "
          "from=<a@b> "
          "to=<c@d> proto=ESMTP helo=<h>",
     "rejected rejected\n",
     {{"client_ip", "192.0.2.1"}, {"text", "5.7.1 no"}}},
    {HEAD "cleanup[1]: A4B7812A12D: resent-message-id=<a@b>", "note\n", {{NULL}}},
    {HEAD "cleanup[1]: A4B7812A12D: message-id=<>", "accepted accepted\n", {{"message_id", "<>"}}},
    {HEAD "postsuper[1]: A4B7812A12D: removed", "removed removed\n", {{"queue_id", "A4B7812A12D"}}},
    {HEAD "postscreen[1]: CONNECT from [192.0.2.1]:4711 to [192.0.2.2]:25",
     "connect\n",
     {{"client_ip", "192.0.2.1"}}},
    {HEAD "postscreen[1]: PASS NEW [2001:db8::1]:4711", "note\n", {{"client_ip", "2001:db8::1"}}},
    {HEAD "smtp[1]: A4B7812A12D: to=<a@b>" STATUS "filtered (x)", "delivery/other\n", {{NULL}}},
    {HEAD "pipe[1]: A4B7812A12D: to=<a@b>, relay=p, delay=1, delays=0/0/0/1, dsn=4.3.0, "
          "status=deferred (connect to h[1.2.3.4]:25: Connection refused)",
     "delivery/deferred deferred\n", /* the words of some program */
     {{NULL}}},
    {HEAD "smtp[1]: A4B7812A12D: a@b.example, relay=real.example[192.0.2.1]:587, delay=0.1, "
          "delays=0.05/0/0.05/0, dsn=2.0.0, status=sent (250 ok)",
     "delivery/sent sent\n",
     {{"to", "a@b.example"}, {"relay", "real.example"}}},
    {HEAD "smtp[1]: A4B7812A12D: host x, relay=none, delay=1, dsn=2.0.0, status=sent (250 ok)",
     "attempt\n",
     {{NULL}}},
    {HEAD
     "error[1]: A4B7812A12D: to=<a@b>, status=deferred (delivery temporarily suspended: connect "
     "to h[1.2.3.4]:25: Connection refused)",
     "delivery/deferred deferred refused\n",
     {{"to", "a@b"}}},
    {HEAD "smtp[1]: A4B7812A12D: to=<\"x>, status=sent (\"@b>" STATUS "bounced (x)",
     "delivery/bounced bounced\n",
     {{"to", "\"x>, status=sent (\"@b"}}},
    {HEAD "smtp[1]: A4B7812A12D: relay=r.example[:25], status=sent (250 ok)",
     "delivery/sent sent\n",
     {{NULL}}},
    {HEAD "qmgr[1]: A4B7812A12D: from=<a@b>, nrcpt=2 (queue active)",
     "queued queued\n",
     {{"from", "a@b"}}},
    {"Nov 23 03:56:08 h postfix[9]: postfix/postlog: starting the Postfix mail system",
     "lifecycle\n",
     {{"daemon", "postfix"}}},
    {"Nov 23 03:56:08 h postfix[9]: /usr/sbin/postconf: warning: /etc/postfix/main.cf: unused "
     "parameter: x=1",
     "warning warnings\n",
     {{"severity", "warning"}}},
    {"Nov 23 03:56:08 h postfix[9]: fatal: unknown inet_protocols value \"IPv4\"",
     "fatal fatals\n",
     {{NULL}}},
    {"Apr 06 15:16:46 2016 barracuda outbound/error: 86607FB82A5: to=<a@b>, relay=none, "
     "delay=0.25, "
     "delays=0.12/0.02/0/0.11, dsn=4.4.2, status=deferred (delivery temporarily suspended: lost "
     "connection with h[1.2.3.4] while sending RCPT TO)",
     "delivery/deferred deferred\n",
     {{"host", "barracuda"}, {"instance", "outbound"}, {"daemon", "error"}}},
    {HEAD "smtp[1]: A4B7812A12D: status=deferred (bounce failed)",
     "delivery/deferred deferred\n",
     {{"text", "bounce failed"}}},
    {HEAD "smtp[1]: A4B7812A12D: warning: header Subject: connect to h[1.2.3.4]:25: Connection "
          "refused",
     "note\n",
     {{NULL}}},
    {HEAD "smtpd[1]: warning:", "warning warnings\n", {{"severity", "warning"}, {"text", ""}}},
    {HEAD "smtpd[1]: warning:x", "other unparsed\n", {{NULL}}},
    {HEAD "foo[1]: bar", "other unparsed\n", {{"daemon", "foo"}}},
    {HEAD "smtpd[1]: \xff\x1b[31m something new", "other unparsed\n", {{NULL}}},
    {HEAD "smtp[1]:", "other unparsed\n", {{"daemon", "smtp"}}},
    {"Nov 23 03:56:08 h app[1]: " HEAD "smtp[1]: A4B7812A12D: to=<a@b>" STATUS "sent (x)",
     "foreign unparsed\n",
     {{"daemon", ""}}},
    {"", "foreign unparsed\n", {{NULL}}},
};

Test(logline, rows) {
    struct logline_clock clock;

    logline_clock_init(&clock);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mailev ev;
        char got[256];

        logline_parse(span_of(rows[i].line), &clock, &ev);
        summary(&ev, got, sizeof got);
        cr_expect_str_eq(got, rows[i].want, "%s", rows[i].line);
        for (size_t j = 0; j < 5 && rows[i].fields[j][0] != NULL; j++) {
            struct span value = field(&ev, rows[i].fields[j][0]);

            cr_expect(span_equal(value, span_of(rows[i].fields[j][1])), "%s: %s is \"%.*s\"",
                      rows[i].line, rows[i].fields[j][0], (int)value.n, value.p);
        }
    }
}

Test(logline, numbers) {
    struct logline_clock clock;
    struct mailev ev;

    logline_clock_init(&clock);
    logline_parse(
        SPAN(
            "2026-11-23T03:22:01.250+01:00 h postfix-out/submission/smtp[42]: 4C4FL74S9BzX1WQ: "
            "to=<a@b>, relay=r[192.0.2.1]:587, delay=3274, delays=0.05/12/0.000001/1.5, dsn=2.0.0, "
            "status=sent (ok)\r\n"),
        &clock, &ev);
    cr_expect_eq(ev.time_ms, 1795400521250);
    cr_expect_eq(ev.pid, 42u);
    cr_expect_eq(ev.relay_port, 587);
    cr_expect_eq(ev.delay_us, 3274000000);
    cr_expect_eq(ev.delays_us[STAGE_BEFORE_QMGR], 50000);
    cr_expect_eq(ev.delays_us[STAGE_QMGR], 12000000);
    cr_expect_eq(ev.delays_us[STAGE_SETUP], 1);
    cr_expect_eq(ev.delays_us[STAGE_TRANSMISSION], 1500000);
    cr_expect(span_is(ev.text, "ok"));
    cr_expect(span_is(ev.instance, "postfix-out/submission"));
    logline_parse(SPAN(HEAD "qmgr[1]: A4B7812A12D: from=<>, size=284, nrcpt=2 (queue active)"),
                  &clock, &ev);
    cr_expect_eq(ev.size_bytes, 284u);
    cr_expect_eq(ev.recipients, 2u);
    cr_expect_not_null(ev.from.p);
    cr_expect_eq(ev.delay_us, -1);
    cr_expect_eq(ev.delays_us[STAGE_QMGR], -1);
}

/* What servers and senders may choose, in each place where it is printed, moves no counter and no
 * field. */
Test(logline, forged) {
    static const char *const poison[] = {
        "status=sent (250 ok)",
        ", relay=evil[6.6.6.6]:25, dsn=2.0.0, status=sent (250 ok)",
        ">, relay=evil[6.6.6.6]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (ok)",
        "x> status=bounced",
        "), status=expired, returned to sender",
        "(queue active)",
        ": removed",
        "warning: x",
        "A4B7812A12D: removed",
        "reject: RCPT from evil[6.6.6.6]: no",
        "connect from evil[6.6.6.6]",
        "SASL authentication failed",
        "Connection timed out",
        "Name service error",
        "((((",
        "))))",
        "\\\\",
        "postfix/smtp[1]: A4B7812A12D: to=<a@b>, relay=none, status=sent (x)"};
    static const struct {
        const char *before, *after, *want;
    } places[] = {
        {HEAD "smtp[1]: A4B7812A12D: to=<a@b>" STATUS "deferred (host r[1.2.3.4] said: 450 4.2.0 ",
         " (in reply to RCPT TO command))", "delivery/deferred deferred\n"},
        {HEAD "smtp[1]: A4B7812A12D: to=<a@b>" STATUS "bounced (host r[1.2.3.4] said: 550 ",
         " (in reply to end of DATA command))", "delivery/bounced bounced\n"},
        {HEAD "smtp[1]: A4B7812A12D: to=<a@b>" STATUS "sent (250 2.0.0 ", ")",
         "delivery/sent sent\n"},
        {HEAD "smtp[1]: A4B7812A12D: to=<\"", "\"@b>" STATUS "deferred (x)",
         "delivery/deferred deferred\n"},
        {HEAD "smtp[1]: A4B7812A12D: to=<a@b>, orig_to=<\"", "\"@b>" STATUS "bounced (x)",
         "delivery/bounced bounced\n"},
        {HEAD "smtp[1]: A4B7812A12D: host r[1.2.3.4] said: 450 ", "", "attempt\n"},
        {HEAD "qmgr[1]: A4B7812A12D: from=<\"", "\"@b>, size=1, nrcpt=1 (queue active)",
         "queued queued\n"},
        {HEAD "qmgr[1]: A4B7812A12D: from=<\"", "\"@b>, status=expired, returned to sender",
         "expired/expired expired\n"},
        {HEAD "cleanup[1]: A4B7812A12D: message-id=<", "@b>", "accepted accepted\n"},
        {HEAD "smtpd[1]: NOQUEUE: reject: RCPT from c[192.0.2.1]: 554 5.7.1 <",
         ">: no; from=<> to=<b@c> "
         "proto=SMTP helo=<h>",
         "rejected rejected\n"},
        {HEAD "smtpd[1]: NOQUEUE: reject: RCPT from c[192.0.2.1]: 554 5.7.1 no; from=<> to=<b@c> "
              "proto=SMTP helo=<",
         ">", "rejected rejected\n"},
        {HEAD "cleanup[1]: A4B7812A12D: warning: header Subject: ",
         " from c[192.0.2.1]; from=<a@b> to=<c@d>", "note\n"},
        {HEAD "smtpd[1]: warning: non-SMTP command from c[192.0.2.1]: ", "", "warning warnings\n"},
        {HEAD "smtpd[1]: improper command pipelining after DATA from c[192.0.2.1]: ", "", "note\n"},
        {"Nov 23 03:56:08 relay dovecot: lmtp(u): ", "", "foreign unparsed\n"},
    };
    struct logline_clock clock;

    logline_clock_init(&clock);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        for (size_t j = 0; j < sizeof poison / sizeof poison[0]; j++) {
            char line[1024], got[256];
            struct mailev ev;

            snprintf(line, sizeof line, "%s%s%s", places[i].before, poison[j], places[i].after);
            logline_parse(span_of(line), &clock, &ev);
            summary(&ev, got, sizeof got);
            cr_expect_str_eq(got, places[i].want, "%s", line);
            cr_expect(ev.relay.n == 0 || span_is(ev.relay, "real.example"), "%s", line);
            cr_expect(ev.client_ip.n == 0 || span_is(ev.client_ip, "192.0.2.1"), "%s", line);
        }
    }
}
