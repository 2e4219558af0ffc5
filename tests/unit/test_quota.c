#include "quota.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOUR = 3600 * 1000 };
static const int64_t epoch = (int64_t)1700000000 * 1000 / HOUR * HOUR;
static struct quota *q;
static struct quota_top top;

static void begin(void) {
    q = calloc(1, sizeof *q);
}

static void finish(void) {
    free(q);
}

Test(quota, a_day_is_a_day, .init = begin, .fini = finish) {
    for (int hour = 0; hour < 48; hour++) {
        int64_t now = epoch + (int64_t)hour * HOUR;

        quota_note(q, SPAN("App@Example.com"), 100, now);
        quota_note(q, SPAN("other@example.com"), 1, now);
        quota_look(q, 2400, now, &top);
        cr_assert_str_eq(top.sender, "app@example.com");
        cr_expect_eq(top.recipients, hour < 24 ? (uint64_t)(hour + 1) * 100 : 2400u, "hour %d",
                     hour);
        cr_expect_eq(top.near, hour < 23 ? 0u : 1u);
        cr_expect_eq(top.all, top.recipients / 100 * 101);
    }
    quota_look(q, 1, epoch + 72 * (int64_t)HOUR, &top);
    cr_expect_null(top.sender, "a day without mail");
    cr_expect_eq(top.near, 0u);
}

Test(quota, nobody_and_nothing, .init = begin, .fini = finish) {
    quota_look(q, 1, epoch, &top);
    cr_expect_null(top.sender);
    quota_note(q, SPAN(""), 5, epoch);
    quota_note(q, SPAN("a@b"), 0, epoch);
    quota_note(q, SPAN("a@b"), 4000000000u, epoch);
    quota_note(q, SPAN("a@b"), 5, -1);
    quota_note(q, SPAN("a@b"), 5, epoch);
    quota_note(q, SPAN("c@d"), 50, epoch - 30 * (int64_t)HOUR); /* long ago */
    quota_look(q, 1, epoch, &top);
    cr_expect_str_eq(top.sender, "a@b");
    cr_expect_eq(top.recipients, 5u);
}

Test(quota, many_senders_do_not_hide_the_one_that_counts, .init = begin, .fini = finish) {
    for (int i = 0; i < 200000; i++) {
        char sender[40];

        snprintf(sender, sizeof sender, "u%d@example.com", i);
        quota_note(q, span_of(sender), 1, epoch + i * 400);
        if (i % 20 == 0)
            quota_note(q, SPAN("app@example.com"), 1, epoch + i * 400);
    }
    quota_look(q, 8000, epoch + 200000 * (int64_t)400, &top);
    cr_assert_str_eq(top.sender, "app@example.com");
    cr_expect_leq(top.recipients, 10000u, "never too much");
    cr_expect_geq(top.recipients, 9500u, "%llu", (unsigned long long)top.recipients);
    cr_expect_eq(top.near, 1u);
}

Test(quota, what_was_kept_comes_back, .init = begin, .fini = finish) {
    quota_restore(q, SPAN("a@b"), (uint32_t)(epoch / HOUR), 7);
    quota_restore(q, SPAN("a@b"), (uint32_t)(epoch / HOUR) - 5, 8);
    quota_restore(q, SPAN("a@b"), 5, 9);
    quota_look(q, 0, epoch, &top);
    cr_expect_eq(top.recipients, 15u);
    quota_look(q, 0, epoch + 20 * (int64_t)HOUR, &top);
    cr_expect_eq(top.recipients, 7u);
}

Test(quota, one_of_two_counts) {
    static const struct {
        const char *name;
        uint64_t log, log_all, milter, milter_all;
        bool whole;
        enum quota_by want;
    } rows[] = {
        {"no milter", 900, 1000, 0, 0, false, QUOTA_BY_LOG},
        {"a milter since an hour", 900, 1000, 90, 100, false, QUOTA_BY_LOG},
        {"a log since an hour", 90, 100, 900, 1000, false, QUOTA_BY_MILTER},
        {"both since an hour", 90, 100, 90, 100, false, QUOTA_BY_MILTER},
        {"both whole", 900, 1000, 890, 990, true, QUOTA_BY_MILTER},
        {"each message twice in the log", 900, 1000, 450, 500, true, QUOTA_BY_MILTER},
        {"Postfix does not ask the milter", 900, 1000, 0, 0, true, QUOTA_BY_LOG},
        {"it asks seldom", 900, 1000, 300, 400, true, QUOTA_BY_LOG},
        {"nothing was sent", 0, 0, 0, 0, true, QUOTA_BY_MILTER},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct quota_top log = {"a", rows[i].log, 0, rows[i].log_all, QUOTA_BY_LOG};
        const struct quota_top milter = {"a", rows[i].milter, 0, rows[i].milter_all,
                                         QUOTA_BY_MILTER};

        cr_expect_eq(quota_choose(&log, &milter, rows[i].whole)->by, rows[i].want, "%s",
                     rows[i].name);
    }
    cr_expect_str_eq(quota_by_name(QUOTA_BY_LOG), "log");
    cr_expect_str_eq(quota_by_name(QUOTA_BY_MILTER), "milter");
}
