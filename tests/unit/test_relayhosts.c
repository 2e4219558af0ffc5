/* relayhosts.c: which host a delivery asked, who is a smarthost, whose fault a failure is, and that
 * figures go on from totals. */
#include <criterion/criterion.h>
#include <string.h>

#include "logline.h"
#include "relayhosts.h"

static struct relayhosts r;

static void begin(void) {
    memset(&r, 0, sizeof r);
}

/* One line of Postfix's log behind "QID: to=<a@b.example>, ". */
static void note(struct mailev *out, const char *daemon, const char *rest, enum diagnosis d) {
    static char line[600]; /* the event points into it */
    struct logline_clock clock;

    logline_clock_init(&clock);
    text_format(line, sizeof line,
                "Nov 29 01:02:03 mx postfix/%s[7]: 4D7BD1781307: to=<a@b.example>, %s", daemon,
                rest);
    logline_parse(span_of(line), &clock, out);
    out->diagnosis = d;
    relayhosts_note(&r, out);
}

static const struct busiest_place *place(const char *name) {
    return busiest_find(&r.all, &relayhosts_kind, span_of(name));
}

#define DELAYS "delay=1, delays=0/0/0/1, "

Test(relayhosts, which_host, .init = begin) {
    static const struct {
        const char *daemon, *rest, *want; /* NULL: no smarthost */
    } rows[] = {
        {"smtp", "relay=S.example[192.0.2.1]:587, " DELAYS "dsn=2.0.0, status=sent (250 ok)",
         "S.example"},
        {"relay465/smtp", "relay=s.example[2001:db8::1]:465, " DELAYS "dsn=2.0.0, status=sent (ok)",
         "s.example"},
        {"smtp", "relay=mx.example[192.0.2.1]:25, " DELAYS "dsn=2.0.0, status=sent (250 ok)", NULL},
        {"smtp",
         "relay=none, " DELAYS "dsn=4.4.1, status=deferred (connect to s.example[192.0.2.1]:587: "
         "Connection refused)",
         "s.example"},
        {"error",
         "relay=none, " DELAYS
         "dsn=4.4.1, status=deferred (delivery temporarily suspended: connect "
         "to s.example[192.0.2.1]:587: Connection timed out)",
         "s.example"},
        {"smtp",
         "relay=none, " DELAYS "dsn=4.4.1, status=deferred (connect to mx.example[192.0.2.1]:25: "
         "Connection refused)",
         NULL},
        /* known from other lines */
        {"error",
         "relay=none, " DELAYS "dsn=4.7.8, status=deferred (delivery temporarily suspended: SASL "
         "authentication failed; server s.example[192.0.2.1] said: 535 5.7.8 no)",
         "s.example"},
        {"retry",
         "relay=none, " DELAYS "dsn=4.7.0, status=deferred (delivery temporarily suspended: host "
         "s.example[192.0.2.1] refused to talk to me: 421 4.7.0 connect to x.example[1.2.3.4]:587)",
         "s.example"},
        {"smtp",
         "relay=none, " DELAYS "dsn=4.4.3, status=deferred (Host or domain name not found. Name "
         "service error for name=s.example type=A: Host not found, try again)",
         "s.example"},
        {"smtp",
         "relay=none, " DELAYS "dsn=4.4.3, status=deferred (unable to look up host s.example: "
         "Temporary failure in name resolution)",
         "s.example"},
        {"smtp",
         "relay=none, " DELAYS "dsn=5.4.6, status=bounced (mail for s.example loops back "
         "to myself)",
         NULL},
        {"smtp",
         "relay=none, " DELAYS "dsn=4.4.3, status=deferred (Host or domain name not found. Name "
         "service error for name=s.example type=MX: Host not found, try again)",
         NULL},
        {"error",
         "relay=none, " DELAYS "dsn=4.7.8, status=deferred (delivery temporarily suspended: SASL "
         "[CACHED] authentication failed; server s.example[192.0.2.1] said: 535 5.7.8 no)",
         "s.example"},
        {"smtp",
         "relay=none, " DELAYS "dsn=4.4.2, status=deferred (lost connection with "
         "s.example[192.0.2.1] while sending RCPT TO)",
         "s.example"},
        /* no host is named */
        {"error", "relay=none, " DELAYS "dsn=4.3.0, status=deferred (mail transport unavailable)",
         NULL},
        {"smtp", "relay=none, " DELAYS "dsn=4.3.0, status=deferred (connect to [1.2)", NULL},
        {"smtp", "relay=none, " DELAYS "dsn=4.3.0, status=deferred (unable to look up host )",
         NULL},
        /* not through a relay */
        {"local", "relay=local, " DELAYS "dsn=2.0.0, status=sent (delivered to mailbox)", NULL},
        {"lmtp", "relay=s.example[192.0.2.1]:2525, " DELAYS "dsn=2.0.0, status=sent (ok)", NULL},
        {"smtp", "relay=s.example[192.0.2.1]:587, " DELAYS "dsn=2.0.0, status=deliverable (ok)",
         NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mailev ev;

        note(&ev, rows[i].daemon, rows[i].rest, DIAGNOSIS_NONE);
        cr_expect_eq(ev.relayhost.n, rows[i].want != NULL ? strlen(rows[i].want) : 0, "row %zu", i);
        if (rows[i].want != NULL && ev.relayhost.n > 0)
            cr_expect(span_is(ev.relayhost, rows[i].want), "row %zu", i);
    }
    cr_assert_not_null(place("s.example"), "in any case of letters");
    cr_expect_eq(place("s.example")->figure[0], 2);
    cr_assert_not_null(place(RELAYHOSTS_OTHER));
    cr_expect_eq(place(RELAYHOSTS_OTHER)->figure[0], 1);
    cr_expect_null(place("mx.example"));
    cr_expect_null(place("x.example"), "a server's words are not Postfix's");
}

Test(relayhosts, at_port_25, .init = begin) {
    static const char sent[] =
        "relay=smtp-relay.example[192.0.2.1]:25, " DELAYS "dsn=2.0.0, status=sent (250 ok)";
    static const char refused[] =
        "relay=b.example[192.0.2.2]:25, " DELAYS
        "dsn=4.7.8, status=deferred (SASL authentication failed; server b.example[192.0.2.2] said: "
        "535 no)";
    struct mailev ev;

    note(&ev, "smtp", sent, DIAGNOSIS_NONE);
    cr_expect_eq(ev.relayhost.n, 0);
    relayhosts_configure(&r, "SMTP-Relay.example");
    note(&ev, "smtp", sent, DIAGNOSIS_NONE);
    cr_expect(span_is(ev.relayhost, "smtp-relay.example"), "main.cf says so");
    relayhosts_configure(&r, "other.example");
    note(&ev, "smtp", sent, DIAGNOSIS_NONE);
    cr_expect(span_is(ev.relayhost, "smtp-relay.example"), "it stays one");
    note(&ev, "smtp", refused, DIAGNOSIS_G06_AUTH_REQUIRED);
    cr_expect_eq(ev.relayhost.n, 0, "any server may want one");
    note(&ev, "smtp", refused, DIAGNOSIS_G01_BAD_CREDENTIALS);
    cr_expect(span_is(ev.relayhost, "b.example"), "who gets a login is one");
    note(&ev, "smtp",
         "relay=mx.example[192.0.2.9]:25, " DELAYS
         "dsn=4.3.0, status=deferred (host mx.example[192.0.2.9] said: 451 4.3.0 later)",
         DIAGNOSIS_G18_TEMP_SYSTEM);
    cr_expect_eq(place(RELAYHOSTS_OTHER)->figure[relayhosts_figure(PARTY_RECIPIENT, false)], 1,
                 "the recipient's own server");
}

Test(relayhosts, whose_fault) {
    static const struct {
        enum diagnosis d;
        const char *dsn;
        bool answered;
        enum party want;
    } rows[] = {
        {DIAGNOSIS_G01_BAD_CREDENTIALS, "4.7.8", true, PARTY_OURS},
        {DIAGNOSIS_G18_TEMP_SYSTEM, "4.3.0", true, PARTY_SMARTHOST},
        {DIAGNOSIS_N02_CONNECT_REFUSED, "4.4.1", false, PARTY_NETWORK},
        {DIAGNOSIS_G27_RECIPIENT, "5.7.1", true, PARTY_RECIPIENT},
        {DIAGNOSIS_NONE, "5.1.1", true, PARTY_RECIPIENT},
        {DIAGNOSIS_NONE, "5.1.8", true, PARTY_OURS},
        {DIAGNOSIS_NONE, "4.2.2", true, PARTY_RECIPIENT},
        {DIAGNOSIS_NONE, "4.3.2", true, PARTY_SMARTHOST},
        {DIAGNOSIS_NONE, "4.4.7", true, PARTY_NETWORK},
        {DIAGNOSIS_NONE, "5.5.2", true, PARTY_OURS},
        {DIAGNOSIS_NONE, "5.6.0", true, PARTY_OURS},
        {DIAGNOSIS_NONE, "5.7.1", true, PARTY_SMARTHOST},
        {DIAGNOSIS_NONE, "5.0.0", true, PARTY_SMARTHOST},
        {DIAGNOSIS_NONE, "4.3.0", false, PARTY_OURS},
        {DIAGNOSIS_NONE, "", false, PARTY_OURS},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mailev ev = {.kind = MAILEV_DELIVERY,
                            .diagnosis = rows[i].d,
                            .dsn = span_of(rows[i].dsn),
                            .relay_ip = rows[i].answered ? SPAN("192.0.2.1") : (struct span){0}};

        cr_expect_eq(relayhosts_party(&ev), rows[i].want, "row %zu", i);
    }
}

Test(relayhosts, counts_go_on, .init = begin) {
    static struct totals t;
    struct mailev ev;

    note(&ev, "smtp", "relay=s.example[192.0.2.1]:587, " DELAYS "dsn=2.0.0, status=sent (250 ok)",
         DIAGNOSIS_NONE);
    note(&ev, "smtp",
         "relay=s.example[192.0.2.1]:587, " DELAYS "dsn=5.1.1, status=bounced (host "
         "s.example[192.0.2.1] said: 550 5.1.1 no such user)",
         DIAGNOSIS_G27_RECIPIENT);
    note(&ev, "smtp",
         "relay=none, " DELAYS "dsn=4.4.1, status=deferred (connect to "
         "s.example[192.0.2.1]:587: Connection refused)",
         DIAGNOSIS_N02_CONNECT_REFUSED);
    busiest_put(&r.all, &relayhosts_kind, &t);
    cr_expect_str_eq(totals_text(&t, "s.0.name"), "s.example");
    cr_expect_eq(totals_get(&t, "s.0.sent"), 1);
    cr_expect_eq(totals_get(&t, "s.0.bounced_recipient"), 1);
    cr_expect_eq(totals_get(&t, "s.0.deferred_network"), 1);
    busiest_restore(&r.all, &relayhosts_kind, &t);
    cr_assert_not_null(place("s.example"));
    cr_expect_eq(place("s.example")->figure[relayhosts_figure(PARTY_NETWORK, false)], 1);
    cr_expect_eq(place("s.example")->figure[relayhosts_figure(PARTY_RECIPIENT, true)], 1);
    cr_expect_eq(place("s.example")->figure[relayhosts_figure(PARTY_NONE, false)], 1);
}

/* As many as there are: the number of places holds, whatever the log says. */
Test(relayhosts, never_more_than_fit, .init = begin) {
    const struct busiest_place *all[BUSIEST_PLACES];

    for (int i = 0; i < 1000; i++) {
        struct mailev ev;
        char rest[200];

        text_format(rest, sizeof rest,
                    "relay=s%d.example[192.0.2.1]:587, " DELAYS "dsn=2.0.0, status=sent (250 ok)",
                    i);
        note(&ev, "smtp", rest, DIAGNOSIS_NONE);
    }
    cr_expect_eq(busiest_list(&r.all, &relayhosts_kind, all), RELAYHOSTS);
}
