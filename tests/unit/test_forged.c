/* What strangers write into the log moves no counter and no field. 6,000 lines, the same each time:
 * in each place where a server, a client, a sender or a program may choose the words stands text
 * that looks like Postfix's own, as Postfix would print it there (quoted, made printable,
 * neutered), and what the line is to be understood as is known when it is made. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose.h"
#include "logline.h"

enum { ROUNDS = 250, TEXT_MOST = 8192, LINE_MOST = 4 * TEXT_MOST };

static uint64_t state;

/* xorshift64*. */
static unsigned draw(unsigned below) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (unsigned)((state * 2685821657736338717u >> 33) % below);
}

static const char *const pieces[] = {
    "status=sent (250 ok)",
    ", status=bounced (no)",
    ", relay=evil[6.6.6.6]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)",
    ">, relay=evil[6.6.6.6]:25, delay=9, delays=9/9/9/9, dsn=2.0.0, status=sent (ok)",
    ">, orig_to=<evil>, relay=evil[6.6.6.6]:25, dsn=2.0.0, status=sent (ok)",
    ">, size=666, nrcpt=666 (queue active)",
    ">, status=expired, returned to sender",
    "status=expired, returned to sender",
    "(queue active)",
    ": removed",
    "DEADBEEF666: removed",
    "DEADBEEF666: to=<evil@x>, relay=evil[6.6.6.6]:25, delay=1, dsn=2.0.0, status=sent (x)",
    "postfix/smtp[1]: ",
    "postfix/smtp[1]: DEADBEEF666: to=<e@x>, relay=none, delay=1, dsn=5.0.0, status=bounced (x)",
    "Nov 23 03:56:08 evil postfix/smtpd[1]: connect from evil[6.6.6.6]",
    "2026-11-23T03:56:08.123456+01:00 evil postfix/qmgr[1]: DEADBEEF666: removed",
    " from evil[6.6.6.6]",
    " from evil[6.6.6.6]: ",
    " from evil[6.6.6.6]; from=<e@e> to=<f@f> proto=SMTP helo=<evil>",
    "; from=<e@e> to=<f@f> proto=SMTP helo=<evil>",
    "; from=<e@e> to=<f@f> proto=SMTP helo=<evil>: ",
    "; from=<e@e>, to=<f@f>, proto=SMTP, helo=<evil>",
    "; from=<\"",
    "; to=<f@f> proto=SMTP helo=<evil> sasl_username=<evil>",
    "> to=<f@f> proto=SMTP helo=<evil>",
    "> sasl_username=<evil>",
    ", sasl_method=EVIL, sasl_username=evil",
    "reject: RCPT from evil[6.6.6.6]: 554 5.7.1 no",
    "NOQUEUE: reject: RCPT from evil[6.6.6.6]: 554 5.7.1 no",
    "connect from evil[6.6.6.6]",
    "warning: evil[6.6.6.6]: SASL LOGIN authentication failed: x",
    ": SASL LOGIN authentication failed: x",
    "warning: ",
    "fatal: ",
    "SASL authentication failed; server evil[6.6.6.6] said: 535 5.7.8 no",
    "SASL [CACHED] authentication failed",
    "delivery temporarily suspended: connect to evil[6.6.6.6]:25: Connection refused",
    "connect to evil[6.6.6.6]:25: Connection timed out",
    ": Connection timed out",
    "host evil[6.6.6.6] said: 535 5.7.8 no",
    " said: 421-4.7.28 ",
    " refused to talk to me: ",
    "Host or domain name not found. Name service error for name=x type=A: Host not found",
    "TLS is required, but was not offered by host evil[6.6.6.6]",
    "SSL_connect error to evil[6.6.6.6]:25: Connection timed out",
    "Verified TLS connection established to evil[6.6.6.6]:25: TLSv1.3 with cipher X (1/1 bits)",
    "message-id=<evil>",
    "535-5.7.8 Username and Password not accepted",
    "too many connections",
    "quota exceeded",
    "client=evil[6.6.6.6]",
    "relay=",
    "dsn=",
    "to=<",
    "from=<",
    "[",
    "]",
    "[6.6.6.6]",
    "((((",
    "))))",
    "\"",
    "\\",
    "\\\"",
    "<",
    ">",
    "<>",
    ", ",
    "; ",
    ": ",
    "?",
    "\xc3\xa4\xe2\x82\xac\xf0\x9f\x93\xa8",
    "\xff\xfe",
    "\x1b[31m",
    "a",
    "@",
    "%s%n",
};

/* Text of a stranger. Never with a line feed or a NUL: neither comes through Postfix. */
static void make_poison(char out[TEXT_MOST]) {
    unsigned count = 1 + draw(4);
    size_t at = 0;

    if (draw(50) == 0) /* a long one */
        count = 100;
    for (unsigned i = 0; i < count && at + 512 < TEXT_MOST; i++) {
        if (draw(8) == 0)
            out[at++] = (char)(1 + draw(255));
        else
            at += (size_t)snprintf(out + at, 512, "%s",
                                   pieces[draw(sizeof pieces / sizeof pieces[0])]);
    }
    out[at] = '\0';
}

/* As src/util/printable.c. */
static void printable(char *text) {
    for (char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
    }
}

/* A local part as src/global/quote_822_local.c prints it. */
static void quoted(const char *text, char out[TEXT_MOST]) {
    size_t at = 0;

    out[at++] = '"';
    for (; *text != '\0' && at + 4 < TEXT_MOST; text++) {
        if (*text == '"' || *text == '\\')
            out[at++] = '\\';
        out[at++] = *text;
    }
    out[at++] = '"';
    out[at] = '\0';
}

/* A HELO name as smtpd(8) keeps it: neuter() in src/smtpd/smtpd.c. */
static void neutered(char *text) {
    for (char *p = text; *p != '\0'; p++) {
        if (strchr(" <>()\\\";@", *p) != NULL)
            *p = '?';
    }
}

/* One word, as postscreen(8) takes it. */
static void one_word(char *text) {
    for (char *p = text; *p != '\0'; p++) {
        if (*p == ' ')
            *p = '_';
    }
}

/* What a place lets through. */
enum filter { PRINTABLE, QUOTED, NEUTERED, ONE_WORD, CONTENT /* 200 bytes */ };

/* In a shape %1 and %2 are the words of strangers, each as its filter lets it through; they are
 * also in `from`, `to` and the others, which are what is to be found. */
static const struct shape {
    const char *shape;
    const char *want; /* kind[/status] and counters but for `lines` */
    enum filter filter[2];
    const char *from, *to, *relay, *client_ip, *login;
} shapes[] = {
#define ID "4D7BD1781307"
#define RELAY                                                                                      \
    ", relay=mx.example[192.0.2.1]:25, delay=0.1, delays=0.05/0/0.05/0, dsn=4.2.0, status="
    {"smtp[1]: " ID ": to=<%1@s.example>, orig_to=<%2@o.example>" RELAY "deferred (x)",
     "delivery/deferred deferred",
     {QUOTED, QUOTED},
     NULL,
     "%1@s.example",
     "mx.example"},
    {"smtp[1]: " ID ": to=<%1@s.example>" RELAY "sent (250 2.0.0 %2)",
     "delivery/sent sent",
     {QUOTED, PRINTABLE},
     NULL,
     "%1@s.example",
     "mx.example"},
    {"smtp[1]: " ID ": to=<a@s.example>" RELAY
     "bounced (host mx.example[192.0.2.1] said: 550 5.1.1 %1 (in reply to RCPT TO command))",
     "delivery/bounced bounced",
     {PRINTABLE},
     NULL,
     "a@s.example",
     "mx.example"},
    {"smtp[1]: " ID ": to=<%1@s.example>" RELAY
     "bounced (host mx.example[192.0.2.1] said: 550 5.1.1 <%1@s.example>: Recipient address "
     "rejected: %2 (in reply to RCPT TO command))",
     "delivery/bounced bounced",
     {QUOTED, PRINTABLE},
     NULL,
     "%1@s.example",
     "mx.example"},
    {"smtp[1]: " ID ": host mx.example[192.0.2.1] said: 450 4.1.8 %1 (in reply to end of DATA "
     "command)",
     "attempt",
     {PRINTABLE}},
    {"error[1]: " ID ": to=<%1@s.example>, relay=none, delay=1, delays=1/0/0/0, dsn=5.1.1, "
     "status=bounced (User unknown: %2)",
     "delivery/bounced bounced",
     {QUOTED, PRINTABLE},
     NULL,
     "%1@s.example",
     "none"},
    {"pipe[1]: " ID ": to=<%1@s.example>, relay=prog, delay=1, delays=1/0/0/0, dsn=4.3.0, "
     "status=deferred (%2)",
     "delivery/deferred deferred",
     {QUOTED, PRINTABLE},
     NULL,
     "%1@s.example",
     "prog"},
    {"local[1]: " ID ": to=<%1@s.example>, relay=local, delay=1, delays=1/0/0/0, dsn=5.2.0, "
     "status=bounced (Command died with status 1: \"x\". Command output: %2 )",
     "delivery/bounced bounced",
     {QUOTED, PRINTABLE},
     NULL,
     "%1@s.example",
     "local"},
    {"qmgr[1]: " ID ": from=<%1@s.example>, size=284, nrcpt=2 (queue active)",
     "queued queued",
     {QUOTED},
     "%1@s.example"},
    {"qmgr[1]: " ID ": from=<%1@s.example>, status=expired, returned to sender",
     "expired/expired expired",
     {QUOTED},
     "%1@s.example"},
    {"cleanup[1]: " ID ": message-id=%1", "accepted accepted", {PRINTABLE}},
    {"cleanup[1]: " ID ": message-id=<%1@x>", "accepted accepted", {PRINTABLE}},
    {"cleanup[1]: " ID ": resent-message-id=<%1@x>", "note", {PRINTABLE}},
    {"cleanup[1]: " ID
     ": warning: header Subject: %1 from c.example[192.0.2.9]; from=<%2@a.example> "
     "to=<b@b.example> proto=ESMTP helo=<h>: rule",
     "note",
     {CONTENT, QUOTED},
     "%2@a.example",
     "b@b.example",
     NULL,
     "192.0.2.9"},
    {"cleanup[1]: " ID ": reject: header Subject: %1 from c.example[192.0.2.9]; from=<a@a.example> "
     "to=<%2@b.example> proto=ESMTP helo=<h>: 5.7.1 rule",
     "rejected rejected",
     {CONTENT, QUOTED},
     "a@a.example",
     "%2@b.example",
     NULL,
     "192.0.2.9"},
    {"cleanup[1]: " ID ": reject: body %1 from c.example[192.0.2.9]; from=<a@a.example> "
     "to=<b@b.example> proto=ESMTP helo=<%2>: 5.7.1 rule",
     "rejected rejected",
     {CONTENT, NEUTERED},
     "a@a.example",
     "b@b.example",
     NULL,
     "192.0.2.9"},
    {"cleanup[1]: " ID ": hold: header X: %1 from local; from=<a@a.example> to=<b@b.example>",
     "note",
     {CONTENT},
     "a@a.example",
     "b@b.example"},
    {"cleanup[1]: " ID ": milter-reject: END-OF-MESSAGE from c.example[192.0.2.9]: 5.7.1 %1; "
     "from=<%2@a.example> to=<b@b.example> proto=ESMTP helo=<h>",
     "rejected rejected",
     {PRINTABLE, QUOTED},
     "%2@a.example",
     "b@b.example",
     NULL,
     "192.0.2.9"},
    {"smtpd[1]: NOQUEUE: reject: RCPT from c.example[192.0.2.9]: 554 5.7.1 <%1@b.example>: Relay "
     "access denied; from=<%2@a.example> to=<%1@b.example> proto=ESMTP helo=<h>",
     "rejected rejected",
     {QUOTED, QUOTED},
     "%2@a.example",
     "%1@b.example",
     NULL,
     "192.0.2.9"},
    {"smtpd[1]: NOQUEUE: reject: RCPT from c.example[192.0.2.9]: 550 5.7.1 %1; from=<a@a.example> "
     "to=<b@b.example> proto=ESMTP helo=<%2>",
     "rejected rejected",
     {PRINTABLE, NEUTERED},
     "a@a.example",
     "b@b.example",
     NULL,
     "192.0.2.9"},
    {"smtpd[1]: NOQUEUE: reject: RCPT from c.example[192.0.2.9]: 550 5.7.1 no; from=<%1@a.example> "
     "to=<b@b.example> proto=ESMTP helo=<%2> sasl_username=<u@d.example>",
     "rejected rejected",
     {QUOTED, NEUTERED},
     "%1@a.example",
     "b@b.example",
     NULL,
     "192.0.2.9",
     "u@d.example"},
    {"smtpd[1]: NOQUEUE: reject: EHLO from c.example[192.0.2.9]: 504 5.5.2 <%1>: Helo command "
     "rejected: no; proto=SMTP helo=<%1>",
     "rejected rejected",
     {NEUTERED},
     NULL,
     NULL,
     NULL,
     "192.0.2.9"},
    {"smtpd[1]: warning: non-SMTP command from c.example[192.0.2.9]: %1",
     "warning warnings",
     {PRINTABLE},
     NULL,
     NULL,
     NULL,
     "192.0.2.9"},
    {"smtpd[1]: warning: Illegal address syntax from c.example[192.0.2.9] in MAIL command: %1",
     "warning warnings",
     {PRINTABLE},
     NULL,
     NULL,
     NULL,
     "192.0.2.9"},
    {"smtpd[1]: warning: c.example[192.0.2.9]: SASL LOGIN authentication failed: no, "
     "sasl_username=%1",
     "auth_failure inbound_auth_failures warnings",
     {PRINTABLE},
     NULL,
     NULL,
     NULL,
     "192.0.2.9",
     "%1"},
    {"smtpd[1]: warning: c.example[192.0.2.9]: SASL %1 authentication failed: no",
     "auth_failure inbound_auth_failures warnings",
     {ONE_WORD},
     NULL,
     NULL,
     NULL,
     "192.0.2.9"},
    {"smtpd[1]: improper command pipelining after DATA from c.example[192.0.2.9]: %1",
     "note",
     {PRINTABLE},
     NULL,
     NULL,
     NULL,
     "192.0.2.9"},
    {"smtp[1]: certificate verification failed for mx.example[192.0.2.1]:25: untrusted issuer "
     "/CN=%1",
     "tls_failure tls_errors",
     {PRINTABLE}},
    {"smtpd[1]: c.example[192.0.2.9]: subject_CN=%1, issuer_CN=%2, fingerprint=AA:BB",
     "note",
     {PRINTABLE, PRINTABLE}},
    {"postscreen[1]: NOQUEUE: reject: RCPT from [192.0.2.9]:4711: 550 5.7.1 Service unavailable; "
     "client [192.0.2.9] blocked using b.example; from=<%1@a.example>, to=<b@b.example>, "
     "proto=ESMTP, helo=<%2>",
     "rejected rejected",
     {QUOTED, ONE_WORD},
     "%1@a.example",
     "b@b.example",
     NULL,
     "192.0.2.9"},
    {"postscreen[1]: PREGREET 99 after 0.1 from [192.0.2.9]:4711: %1",
     "note",
     {PRINTABLE},
     NULL,
     NULL,
     NULL,
     "192.0.2.9"},
    {"bounce[1]: warning: " ID ": undeliverable postmaster notification discarded",
     "warning warnings",
     {PRINTABLE}},
    {"pickup[1]: " ID ": uid=33 from=<%1@a.example>", "note", {QUOTED}, "%1@a.example"},
};

static void fill(const char *shape, char words[2][TEXT_MOST], char out[LINE_MOST]) {
    size_t at = 0;

    for (; *shape != '\0' && at + 1 < LINE_MOST; shape++) {
        if (shape[0] == '%' && (shape[1] == '1' || shape[1] == '2')) {
            at += (size_t)snprintf(out + at, LINE_MOST - at, "%s", words[shape[1] - '1']);
            cr_assert_lt(at, LINE_MOST);
            shape++;
        } else {
            out[at++] = *shape;
        }
    }
    out[at] = '\0';
}

static void make_words(const struct shape *shape, char words[2][TEXT_MOST]) {
    for (int i = 0; i < 2; i++) {
        char text[TEXT_MOST];

        make_poison(text);
        printable(text);
        if (shape->filter[i] == NEUTERED)
            neutered(text);
        else if (shape->filter[i] == ONE_WORD)
            one_word(text);
        else if (shape->filter[i] == CONTENT)
            text[200] = '\0';
        if (shape->filter[i] == QUOTED)
            quoted(text, words[i]);
        else
            memcpy(words[i], text, sizeof text);
    }
}

static void summary(const struct mailev *ev, char *out, size_t size) {
    size_t at = (size_t)snprintf(out, size, "%s", mailev_kind_name(ev->kind));

    if (ev->status != MAILEV_STATUS_NONE)
        at += (size_t)snprintf(out + at, size - at, "/%s", mailev_status_name(ev->status));
    for (enum counter c = COUNTER_LINES + 1; c < COUNTER_COUNT; c++) {
        if (ev->counters & COUNTER_BIT(c))
            at += (size_t)snprintf(out + at, size - at, " %s", counter_name(c));
    }
}

static void check_field(const char *name, struct span got, const char *want,
                        char words[2][TEXT_MOST], const char *line) {
    static char text[LINE_MOST];

    fill(want != NULL ? want : "", words, text);
    cr_expect(span_equal(got, span_of(text)), "%s is \"%.*s\", not \"%s\": %s", name, (int)got.n,
              got.p, text, line);
}

/* Nobody but Postfix says that our login, our TLS or our host is broken. */
static bool is_ours(enum diagnosis d) {
    char family = diagnosis_entry(d)->id[0];

    return family == 'S' || family == 'T' || family == 'N' || family == 'M' || family == 'L' ||
           d == DIAGNOSIS_G01_BAD_CREDENTIALS || d == DIAGNOSIS_G06_AUTH_REQUIRED;
}

static void check(const struct shape *shape, struct logline_clock *clock,
                  const struct diagnoser *d) {
    static char words[2][TEXT_MOST], message[LINE_MOST], line[LINE_MOST + 64];
    char got[256];
    struct mailev ev;

    make_words(shape, words);
    fill(shape->shape, words, message);
    snprintf(line, sizeof line, "%s relay postfix/%s",
             draw(2) == 0 ? "Nov 23 03:56:08" : "2026-11-23T03:56:08.123456+01:00", message);
    logline_parse(span_of(line), clock, &ev);
    summary(&ev, got, sizeof got);
    cr_expect_str_eq(got, shape->want, "%s, not %s: %s", got, shape->want, line);
    cr_expect(ev.queue_id.n == 0 || span_is(ev.queue_id, ID) || span_is(ev.queue_id, "NOQUEUE"),
              "queue id: %s", line);
    check_field("from", ev.from, shape->from, words, line);
    check_field("to", ev.to, shape->to, words, line);
    check_field("relay", ev.relay, shape->relay, words, line);
    check_field("client_ip", ev.client_ip, shape->client_ip, words, line);
    check_field("sasl_username", ev.sasl_username, shape->login, words, line);
    cr_expect(!is_ours(diagnose_event(d, &ev)) || ev.kind == MAILEV_TLS_FAILURE, "%s: %s",
              diagnosis_entry(diagnose_event(d, &ev))->id, line);
}

Test(forged, lines) {
    struct diagnoser *d = diagnoser_new();
    struct logline_clock clock;

    logline_clock_init(&clock);
    clock.now_ms = INT64_C(1795834000000);
    state = 88172645463325252u;
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
            check(&shapes[i], &clock, d);
    }
    diagnoser_free(&d);
}
