#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "diagnose.h"
#include "logline.h"
#include "troubles.h"

static struct troubles all;
static struct diagnoser *diagnoser;
static struct logline_clock the_clock;

static void begin(void) {
    diagnoser = diagnoser_new();
    logline_clock_init(&the_clock);
    the_clock.now_ms = INT64_C(1793505600000);
}

static void end(void) {
    diagnoser_free(&diagnoser);
}

TestSuite(troubles, .init = begin, .fini = end);

/* NULL: no trouble. */
static struct trouble *line(const char *text) {
    struct mailev ev;

    logline_parse(span_of(text), &the_clock, &ev);
    ev.diagnosis = diagnose_event(diagnoser, &ev);
    return troubles_is_one(&ev) ? troubles_note(&all, &ev) : NULL;
}

#define AT(second) "2026-10-31T04:00:" second "+00:00 h postfix/"
#define FAILED                                                                                     \
    "4f8Kyn1Pz9z2Q: to=<b@y>, relay=none, delay=1, delays=1/0/0/0, dsn=4.4.1, status=deferred "

Test(troubles, what_is_none) {
    cr_expect_null(line(AT("01") "qmgr[1]: 4f8Kyn1Pz9z2Q: removed"));
    cr_expect_null(line(AT("01") "smtpd[1]: connect from x[10.0.0.1]"));
    cr_expect_null(line(AT("01") "smtp[1]: 4f8Kyn1Pz9z2Q: to=<b@y>, relay=x[10.0.0.1]:25, delay=1, "
                                 "delays=1/0/0/0, dsn=2.0.0, status=sent (250 ok)"));
    cr_expect_null(line("2026-10-31T04:00:01+00:00 h sshd[1]: error: something else"));
    cr_expect_eq(all.count, 0);
}

Test(troubles, deliveries_that_failed_without_a_diagnosis) {
    static const char *const words[] = {"deferred", "bounced", "expired"};

    for (size_t i = 0; i < 3; i++) {
        char text[300];

        snprintf(text, sizeof text,
                 AT("01") "smtp[1]: 4f8Kyn1Pz9z2Q: to=<b@y>, relay=none, delay=1, "
                          "delays=1/0/0/0, dsn=4.9.9, status=%s (the moon is full)",
                 words[i]);
        cr_expect_not_null(line(text), "%s", text);
    }
    cr_expect_eq(all.count, 3);
}

Test(troubles, the_same_is_folded) {
    const struct trouble *t = NULL;

    for (int i = 10; i < 60; i++) {
        char text[300];

        snprintf(text, sizeof text,
                 "2026-10-31T04:00:%d+00:00 h postfix/smtp[%d]: " FAILED
                 "(connect to x[10.0.0.%d]:25: Connection refused)",
                 i, i, i);
        t = line(text);
    }
    cr_assert_not_null(t);
    cr_expect_eq(all.count, 1);
    cr_expect_eq(t->diagnosis, DIAGNOSIS_N02_CONNECT_REFUSED);
    cr_expect_eq(t->count, 50);
    cr_expect_eq(t->last_ms - t->first_ms, 49000);
    cr_expect_not_null(strstr(t->text, "10.0.0.59"), "%s", t->text);
    cr_expect_eq(strncmp(t->text, "smtp: 4f8K", 10), 0, "%s", t->text);
}

Test(troubles, without_a_diagnosis_by_daemon_severity_and_words) {
    cr_assert_not_null(line(AT("01") "smtp[1]: warning: the sky has 5 holes"));
    cr_assert_not_null(line(AT("02") "smtp[1]: warning: the sky has 7 holes"));
    cr_assert_not_null(line(AT("03") "smtp[1]: error: the sky has 7 holes"));
    cr_assert_not_null(line(AT("04") "qmgr[1]: warning: the sky has 7 holes"));
    cr_assert_not_null(line(AT("05") "smtp[1]: " FAILED "(the moon is full)"));
    cr_expect_eq(all.count, 4);
    cr_expect_eq(all.item[0].count, 2);
}

Test(troubles, kinds_have_a_limit) {
    for (int i = 0; i < TROUBLES_MOST + 50; i++) {
        char text[200];

        snprintf(text, sizeof text, AT("01") "smtp[1]: warning: odd %c%c thing", 'a' + i / 26,
                 'a' + i % 26);
        line(text);
    }
    cr_expect_eq(all.count, TROUBLES_MOST);
    cr_expect_eq(all.left_out, 50);
}

Test(troubles, sorted_by_their_last_time) {
    line(AT("30") "smtp[1]: warning: the sky has holes");
    line(AT("10") "qmgr[1]: warning: the sky has holes");
    line(AT("40") "qmgr[1]: warning: the sky has holes");
    troubles_sort(&all);
    cr_expect_eq(all.item[0].count, 1);
    cr_expect_eq(all.item[1].count, 2);
}

Test(troubles, text_is_printable) {
    const struct trouble *t = line(AT("30") "smtp[1]: warning: \033[2Jholes");

    cr_expect_str_eq(t->text, "smtp: warning: ?[2Jholes");
}
