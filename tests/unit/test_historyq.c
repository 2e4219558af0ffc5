#include <criterion/criterion.h>

#include "historyq.h"

Test(historyq, table) {
    static const struct {
        const char *query;
        bool good;
        uint64_t since_s;
        enum timeline_step step;
    } rows[] = {
        {"", true, 3600, TIMELINE_MINUTES},
        {"since=5m", true, 300, TIMELINE_MINUTES},
        {"since=60", true, 60, TIMELINE_MINUTES},
        {"since=1h", true, 3600, TIMELINE_MINUTES},
        {"since=61m", true, 3660, TIMELINE_HOURS},
        {"since=2h&step=minute", true, 7200, TIMELINE_MINUTES},
        {"since=2d", true, 172800, TIMELINE_HOURS},
        {"step=hour", true, 3600, TIMELINE_HOURS},
        {"step=hour&since=2d&other=1", true, 172800, TIMELINE_HOURS},
        {"since=%32h", true, 7200, TIMELINE_HOURS},
        {"since=", false, 0, TIMELINE_MINUTES},
        {"since=59", false, 0, TIMELINE_MINUTES},
        {"since=172801", false, 0, TIMELINE_MINUTES},
        {"since=3d", false, 0, TIMELINE_MINUTES},
        {"since=-1h", false, 0, TIMELINE_MINUTES},
        {"since=99999999999999999999999d", false, 0, TIMELINE_MINUTES},
        {"since=1h&since=2h", false, 0, TIMELINE_MINUTES},
        {"since=yesterday", false, 0, TIMELINE_MINUTES},
        {"step=second", false, 0, TIMELINE_MINUTES},
        {"step=minute&step=minute", false, 0, TIMELINE_MINUTES},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct historyq q;
        const char *wrong = historyq_parse(span_of(rows[i].query), &q);

        cr_expect_eq(wrong == NULL, rows[i].good, "%s: %s", rows[i].query, wrong);
        if (wrong != NULL || !rows[i].good)
            continue;
        cr_expect_eq(q.since_s, rows[i].since_s, "%s", rows[i].query);
        cr_expect_eq(q.step, rows[i].step, "%s", rows[i].query);
    }
}
