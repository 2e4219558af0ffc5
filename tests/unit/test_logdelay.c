#include <criterion/criterion.h>

#include "logdelay.h"

Test(logdelay, both_ways_agree) {
    static const struct {
        const char *in;
        int64_t want;
        bool usual; /* the quick way reads it too */
    } rows[] = {
        {"0", 0, true},
        {"12", 12000000, true},
        {"0.35", 350000, true},
        {"1.3", 1300000, true},
        {"0.01", 10000, true},
        {"12.", 12000000, true},
        {"0.123456", 123456, true},
        {"0.1234567", 123456, false},
        {"86400", 86400000000, true},
        {"123456789", 123456789000000, true},
        {"1234567890", 1234567890000000, false},
        {"", -1, false},
        {".5", -1, false},
        {"-1", -1, false},
        {"1.2.3", -1, false},
        {"1e3", 1000000000, false},
        {"1.1e+05", 110000000000, false},
        {"1.25e+05", 125000000000, false},
        {"2e-3", 2000, false},
        {"1e+06", 1000000000000, false},
        {"1e7", -1, false},
        {"999999999999e6", -1, false},
        {"1e", -1, false},
        {"1e+", -1, false},
        {"1e+5x", -1, false},
        {"x", -1, false},
    };
    char line[64];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct span rest;
        int64_t us = -2;

        cr_expect_eq(logdelay_parse(span_of(rows[i].in)), rows[i].want, "%s", rows[i].in);
        text_format(line, sizeof line, "%s, dsn", rows[i].in);
        rest = logdelay_behind(span_of(line), ',', &us);
        cr_expect_eq(us, rows[i].usual ? rows[i].want : -2, "%s: quick", rows[i].in);
        cr_expect(span_equal(rest, span_of(rows[i].usual ? " dsn" : "")), "%s: rest", rows[i].in);
        cr_expect(logdelay_behind(span_of(rows[i].in), ',', &us).p == NULL || rows[i].in[0] == '\0',
                  "%s: without an end", rows[i].in);
    }
}

Test(logdelay, all_four) {
    int64_t us[STAGE_COUNT];

    logdelay_parse_all(span_of("0.05/x/12"), us);
    cr_expect_eq(us[STAGE_BEFORE_QMGR], 50000);
    cr_expect_eq(us[STAGE_QMGR], -1);
    cr_expect_eq(us[STAGE_SETUP], 12000000);
    cr_expect_eq(us[STAGE_TRANSMISSION], -1);
    cr_expect(span_is(logdelay_behind_all(span_of("0.05/0.01/0.2/9, dsn"), us), " dsn"));
    cr_expect_eq(us[STAGE_QMGR], 10000);
    cr_expect_eq(us[STAGE_TRANSMISSION], 9000000);
    cr_expect_eq(logdelay_behind_all(span_of("0.05/0.01/0.2, dsn"), us).n, 0);
}
