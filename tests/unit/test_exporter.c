/* exporter.c: what each line counts, that hostile labels make no more than so many series, that a
 * restart goes on with the same series. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "exporter.h"
#include "logline.h"

#define HEAD "Nov 28 09:00:00 relay1 postfix/"

static void note(struct exporter *e, const char *line) {
    struct logline_clock clock;
    struct mailev ev;

    logline_clock_init(&clock);
    clock.now_ms = INT64_C(1795856400000);
    logline_parse(span_of(line), &clock, &ev);
    exporter_note(e, &ev);
}

/* "sent=2 deferred=1": the series of a family. */
static const char *series(const struct exporter *e, enum exporter_family family) {
    static char text[4096];
    const struct exporter_place *place;

    text[0] = '\0';
    for (size_t i = 0; (place = exporter_series(e, family, i)) != NULL; i++)
        text_format(text + strlen(text), sizeof text - strlen(text), "%s%s=%llu", i > 0 ? " " : "",
                    place->labels, (unsigned long long)place->value);
    return text;
}

#define TO "4bAAAAAAA1z: to=<a@example.org>, relay=smtp.example.net[192.0.2.1]:587, "
#define DELAYS "delay=2.5, delays=0.1/0.2/0.3/1.9, "

Test(exporter, lines) {
    static const struct {
        enum exporter_family family;
        const char *line, *want;
    } rows[] = {
        {EXPORTER_SMTP_STATUS, HEAD "smtp[1]: " TO DELAYS "dsn=2.0.0, status=sent (250 ok)",
         "sent=1"},
        {EXPORTER_SMTP_STATUS, HEAD "relay/smtp[1]: " TO DELAYS "dsn=2.0.0, status=sent (250 ok)",
         "sent=1"},
        {EXPORTER_SMTP_STATUS, HEAD "local[1]: " TO DELAYS "dsn=2.0.0, status=sent (delivered)",
         ""},
        {EXPORTER_SMTP_DEFERRED, HEAD "smtp[1]: " TO DELAYS "dsn=4.7.8, status=deferred (x)",
         "4.7.8=1"},
        {EXPORTER_SMTP_BOUNCED, HEAD "smtp[1]: " TO DELAYS "dsn=5.1.1, status=bounced (x)",
         "5.1.1=1"},
        {EXPORTER_SMTP_BOUNCED, HEAD "smtp[1]: " TO DELAYS "dsn=2.0.0, status=sent (x)", ""},
        {EXPORTER_SMTP_TLS,
         HEAD "smtp[1]: Verified TLS connection established to smtp.example.net[192.0.2.1]:587: "
              "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519",
         "Verified,TLSv1.3,TLS_AES_256_GCM_SHA384,256,256=1"},
        {EXPORTER_SMTP_TLS,
         HEAD "smtp[1]: Trusted TLS connection established to a[192.0.2.1]:25: TLSv1.2 with cipher "
              "ECDHE-ECDSA-CHACHA20-POLY1305 (256/256 bits)",
         "Trusted,TLSv1.2,ECDHE-ECDSA-CHACHA20-POLY1305,256,256=1"},
        {EXPORTER_SMTP_TLS,
         HEAD "smtp[1]: Verified TLS connection reused to a[192.0.2.1]:25: TLSv1.2 with cipher "
              "AES (256/256 bits)",
         ""},
        {EXPORTER_SMTP_TLS,
         HEAD
         "smtp[1]: Verified TLS connection established to a[192.0.2.1]:25: TLSv1.2 with cipher "
         "A{B=\"C\" (256/256 bits)",
         "other,other,other,other,other=1"},
        {EXPORTER_SMTPD_TLS,
         HEAD
         "submission/smtpd[1]: Anonymous TLS connection established from c[192.0.2.9]: TLSv1.3 "
         "with cipher TLS_AES_128_GCM_SHA256 (128/128 bits)",
         "Anonymous,TLSv1.3,TLS_AES_128_GCM_SHA256,128,128=1"},
        {EXPORTER_SMTPD_LOST, HEAD "smtpd[1]: lost connection after RCPT from c[192.0.2.9]",
         "RCPT=1"},
        {EXPORTER_SMTPD_LOST,
         HEAD "smtpd[1]: lost connection after DATA (123 bytes) from c[192.0.2.9]", "DATA=1"},
        {EXPORTER_SMTPD_LOST, HEAD "smtpd[1]: timeout after RCPT from c[192.0.2.9]", ""},
        {EXPORTER_SMTPD_LOST, HEAD "smtpd[1]: disconnect from c[192.0.2.9] ehlo=1", ""},
        {EXPORTER_SMTPD_DISCONNECTS, HEAD "smtpd[1]: disconnect from c[192.0.2.9] ehlo=1", "=1"},
        {EXPORTER_SMTPD_DISCONNECTS, HEAD "smtpd[1]: lost connection after RCPT from c[192.0.2.9]",
         ""},
        {EXPORTER_SMTPD_CLIENT, HEAD "smtpd[1]: 4bAAAAAAA1z: client=c[192.0.2.9]", "=1"},
        {EXPORTER_SMTPD_CLIENT,
         HEAD "smtpd[1]: 4bAAAAAAA1z: client=c[192.0.2.9], sasl_method=PLAIN, sasl_username=joe",
         "PLAIN=1"},
        {EXPORTER_SMTPD_REJECTED,
         HEAD "smtpd[1]: NOQUEUE: reject: RCPT from c[192.0.2.9]: 554 5.7.1 <a@b>: Relay access "
              "denied; from=<> to=<a@b> proto=ESMTP helo=<x>",
         "554=1"},
        {EXPORTER_SMTPD_REJECTED,
         HEAD "smtpd[1]: NOQUEUE: reject: MAIL from c[192.0.2.9]: 452 4.3.1 Insufficient system "
              "storage; from=<x@y> proto=ESMTP helo=<x>",
         "452=1"},
        {EXPORTER_SMTPD_REJECTED,
         HEAD "smtpd[1]: 4bAAAAAAA1z: reject: DATA from c[192.0.2.9]: 550 5.5.3 x; from=<> "
              "proto=ESMTP helo=<x>",
         ""},
        {EXPORTER_CLEANUP_REJECTED,
         HEAD "cleanup[1]: 4bAAAAAAA1z: reject: header Subject: x from c[192.0.2.9]; from=<a@b> "
              "to=<c@d> proto=ESMTP helo=<x>: 5.7.1 message content rejected",
         "=1"},
        {EXPORTER_CLEANUP_NOT_ACCEPTED,
         HEAD "cleanup[1]: 4bAAAAAAA1z: milter-reject: END-OF-MESSAGE from c[192.0.2.9]: 5.7.1 "
              "Spam; from=<a@b> to=<c@d> proto=ESMTP helo=<x>",
         "=1"},
        {EXPORTER_SMTP_TIMED_OUT,
         HEAD "smtp[1]: connect to smtp.example.net[192.0.2.1]:587: Connection timed out", "=1"},
        {EXPORTER_SMTP_TIMED_OUT,
         HEAD "smtp[1]: connect to smtp.example.net[192.0.2.1]:587: Connection refused", ""},
        {EXPORTER_SMTPD_NAME_MISMATCH,
         HEAD "smtpd[1]: warning: hostname a.example does not resolve to address 192.0.2.9", "=1"},
        {EXPORTER_SMTPD_NAME_MISMATCH, HEAD "smtpd[1]: warning: hostname lookup of nothing", ""},
        {EXPORTER_BOUNCE_NOTICES,
         HEAD "bounce[1]: 4bAAAAAAA1z: sender non-delivery notification: 4bAAAAAAA2z", "=1"},
        {EXPORTER_BOUNCE_NOTICES,
         HEAD "bounce[1]: 4bAAAAAAA1z: sender delay notification: 4bAAAAAAA2z", ""},
        {EXPORTER_VIRTUAL_DELIVERED,
         HEAD "virtual[1]: 4bAAAAAAA1z: to=<a@b>, relay=virtual, delay=0.1, delays=0/0/0/0.1, "
              "dsn=2.0.0, status=sent (delivered to maildir)",
         "=1"},
        {EXPORTER_UNSUPPORTED, HEAD "smtp[1]: no such words were ever heard", "smtp,=1"},
        {EXPORTER_UNSUPPORTED, "no line of Postfix at all", ",=1"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct exporter *e = calloc(1, sizeof *e);

        note(e, rows[i].line);
        cr_expect_str_eq(series(e, rows[i].family), rows[i].want, "%s: %s", rows[i].line,
                         series(e, rows[i].family));
        free(e);
    }
}

Test(exporter, histograms) {
    struct exporter *e = calloc(1, sizeof *e);
    const double *bound;

    note(e, HEAD "qmgr[1]: 4bAAAAAAA1z: from=<a@b>, size=1000, nrcpt=3 (queue active)");
    note(e, HEAD "qmgr[1]: 4bAAAAAAA2z: from=<a@b>, size=2000000000, nrcpt=500 (queue active)");
    note(e, HEAD "lmtp[1]: " TO DELAYS "dsn=2.0.0, status=sent (x)");
    note(e, HEAD
         "pipe[1]: 4bAAAAAAA1z: to=<a@b>, relay=maildrop, delay=1, delays=0.5/0/0/0.5, dsn=2.0.0, "
         "status=sent (x)");
    cr_expect_eq(exporter_bounds(EXPORTER_RECIPIENTS, &bound), 8);
    cr_expect_eq(e->histogram[EXPORTER_RECIPIENTS].bucket[2], 1, "3 is not over 4");
    cr_expect_eq(e->histogram[EXPORTER_RECIPIENTS].bucket[8], 1);
    cr_expect_eq(e->histogram[EXPORTER_RECIPIENTS].sum, 503);
    cr_expect_eq(exporter_bounds(EXPORTER_SIZE, &bound), 7);
    cr_expect_eq(e->histogram[EXPORTER_SIZE].bucket[0], 1, "a bound belongs to what is below");
    cr_expect_eq(e->histogram[EXPORTER_SIZE].bucket[7], 1);
    cr_expect_eq(e->histogram[EXPORTER_SIZE].sum, 2000001000);
    cr_expect_eq(e->histogram[EXPORTER_LMTP + STAGE_TRANSMISSION].bucket[4], 1);
    cr_expect_eq(e->histogram[EXPORTER_LMTP + STAGE_TRANSMISSION].sum, 1900000);
    cr_expect_eq(e->histogram[EXPORTER_PIPE].bucket[3], 1);
    cr_expect_str_eq(e->pipe[0], "maildrop");
    free(e);
}

/* A smarthost that makes up status codes, and a log that makes up everything. */
Test(exporter, hostile_labels_make_no_more_series) {
    struct exporter *e = calloc(1, sizeof *e);
    size_t count = 0;
    uint64_t sum = 0;

    for (int i = 0; i < 1000; i++) {
        char line[512];

        text_format(line, sizeof line,
                    HEAD "smtp[1]: " TO DELAYS "dsn=4.%d.%d, status=deferred (x)", i % 40, i);
        note(e, line);
        text_format(line, sizeof line, HEAD "d\"{%d[1]: nonsense", i);
        note(e, line);
        text_format(line, sizeof line, HEAD "made%d[1]: nonsense", i);
        note(e, line);
        text_format(
            line, sizeof line,
            HEAD "pipe[1]: 4bAAAAAAA1z: to=<a@b>, relay=r%d, delay=1, delays=1/0/0/0, dsn=2.0.0, "
                 "status=sent (x)",
            i);
        note(e, line);
    }
    for (const struct exporter_place *p;
         (p = exporter_series(e, EXPORTER_SMTP_DEFERRED, count)) != NULL; count++)
        sum += p->value;
    cr_expect_eq(count, 24);
    cr_expect_eq(sum, 1000, "none is lost");
    cr_expect_str_eq(exporter_series(e, EXPORTER_SMTP_DEFERRED, 23)->labels, "other");
    cr_expect_eq(exporter_series(e, EXPORTER_SMTP_DEFERRED, 23)->value, 977);
    cr_expect_eq(exporter_series(e, EXPORTER_SMTP_DEFERRED, 0)->value, 1);
    for (count = 0; exporter_series(e, EXPORTER_UNSUPPORTED, count) != NULL; count++)
        ;
    cr_expect_eq(count, 24);
    cr_expect_str_eq(e->pipe[EXPORTER_PIPES - 1], "other");
    cr_expect_eq(e->histogram[EXPORTER_PIPE + 3 * STAGE_COUNT].bucket[3], 997);
    free(e);
}

/* What the log itself calls "other" is no second series of that name. */
Test(exporter, other_has_one_place) {
    struct exporter *e = calloc(1, sizeof *e);

    note(e,
         HEAD "smtpd[1]: NOQUEUE: reject: RCPT fuom unknown[192.0.2.9]: 454 4.7.1 x; from=<a@b>");
    note(e, HEAD "smtpd[1]: 4bAAAAAAA1z: client=c[192.0.2.9], sasl_method=other, sasl_username=j");
    note(e, HEAD "smtpd[1]: 4bAAAAAAA1z: client=c[192.0.2.9], sasl_method=A\"B, sasl_username=j");
    note(e, HEAD "smtpd[1]: 4bAAAAAAA1z: client=c[192.0.2.9], sasl_method=PLAIN, sasl_username=j");
    cr_expect_str_eq(series(e, EXPORTER_SMTPD_REJECTED), "other=1");
    cr_expect_str_eq(series(e, EXPORTER_SMTPD_CLIENT), "PLAIN=1 other=2", "%s",
                     series(e, EXPORTER_SMTPD_CLIENT));
    free(e);
}

/* A restart goes on with the same series in the same fields; what is published is what is there. */
Test(exporter, survives_a_restart) {
    struct exporter *e = calloc(1, sizeof *e);
    struct exporter *again = calloc(1, sizeof *again);
    struct totals *t = calloc(1, sizeof *t);
    static const char *const lines[] = {
        HEAD "smtp[1]: " TO DELAYS "dsn=4.7.8, status=deferred (x)",
        HEAD "smtp[1]: " TO DELAYS "dsn=2.0.0, status=sent (250 ok)",
        HEAD "smtp[1]: Verified TLS connection established to a[192.0.2.1]:25: TLSv1.2 with cipher "
             "AES256-SHA (256/256 bits)",
        HEAD "smtpd[1]: 4bAAAAAAA1z: client=c[192.0.2.9]",
        HEAD "smtpd[1]: disconnect from c[192.0.2.9] ehlo=1",
        HEAD "qmgr[1]: 4bAAAAAAA1z: from=<a@b>, size=1000, nrcpt=3 (queue active)",
        HEAD
        "pipe[1]: 4bAAAAAAA1z: to=<a@b>, relay=maildrop, delay=1, delays=0.5/0/0/0.5, dsn=2.0.0, "
        "status=sent (x)",
        HEAD "lmtp[1]: " TO DELAYS "dsn=2.0.0, status=sent (x)",
        HEAD "smtp[1]: \"{no such words}",
    };

    exporter_restore(e, t);
    for (int round = 0; round < 3; round++) {
        size_t fields;

        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
            note(e, lines[i]);
        exporter_put(e, t);
        fields = t->count;
        exporter_put(e, t);
        exporter_restore(again, t);
        for (int f = 0; f < EXPORTER_FAMILIES; f++) {
            char was[4096];

            text_copy(was, sizeof was, series(e, (enum exporter_family)f));
            cr_expect_str_eq(series(again, (enum exporter_family)f), was, "family %d", f);
        }
        for (int h = 0; h < EXPORTER_HISTOGRAMS; h++) {
            cr_expect_eq(memcmp(again->histogram[h].bucket, e->histogram[h].bucket,
                                sizeof e->histogram[h].bucket),
                         0, "histogram %d", h);
            cr_expect_eq(again->histogram[h].sum, e->histogram[h].sum, "histogram %d", h);
        }
        cr_expect_str_eq(again->pipe[0], "maildrop");
        cr_expect_eq(t->count, fields);
        *e = *again;
    }
    cr_expect_eq(totals_get(t, "x.D.4.7.8"), 3);
    cr_expect_eq(totals_get(t, "x.A."), 3, "without login");
    cr_expect_eq(totals_get(t, "x.d"), 3);
    cr_expect_eq(totals_get(t, "x.q.2"), 3);
    cr_expect_eq(totals_get(t, "x.q.sum"), 9);
    cr_expect_eq(totals_get(t, "x.p.maildrop.a.3"), 3);
    free(e);
    free(again);
    free(t);
}

/* Of a store that somebody filled: nothing leads out of bounds. */
Test(exporter, foreign_fields) {
    static const char *const names[] = {"x.",      "x.S",          "x.S.",         "x.S.a,b,c",
                                        "x.c.x",   "x.p.",         "x.p.a",        "x.p..a.0",
                                        "x.q.99",  "x.q.",         "x.T.other",    "x.Z.9",
                                        "x.l.z.0", "x.D.\"{}\\.1", "x.p.other.a.0"};
    struct exporter *e = calloc(1, sizeof *e);
    struct totals *t = calloc(1, sizeof *t);

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        totals_set(t, names[i], 7);
    for (int i = 0; i < 100; i++) {
        char name[TOTALS_NAME_SIZE];

        text_format(name, sizeof name, "x.D.4.0.%d", i);
        totals_set(t, name, 1);
    }
    exporter_restore(e, t);
    exporter_put(e, t);
    cr_expect_null(exporter_series(e, EXPORTER_SMTP_DEFERRED, 24));
    free(e);
    free(t);
}
