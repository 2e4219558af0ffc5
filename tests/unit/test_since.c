#include <criterion/criterion.h>
#include <stdlib.h>
#include <time.h>

#include "since.h"

static const int64_t now_ms = INT64_C(1793505600000); /* 2026-11-01T04:00:00 UTC, a Sunday */

static void berlin(void) {
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
}

TestSuite(since, .init = berlin);

Test(since, what_people_type) {
    static const struct {
        const char *text;
        int64_t seconds_ago; /* of 05:00:00 local time */
    } rows[] = {{"90", 90},
                {"90s", 90},
                {"2h", 7200},
                {"3d", 3 * 86400},
                {"0", 0},
                {"04:10", 50 * 60},
                {"04:10:30", 50 * 60 - 30},
                {"05:00", 0},
                {"05:01", 86400 - 60}, /* yesterday's */
                {"2026-11-01", 5 * 3600},
                {"2026-11-01 04:10", 50 * 60},
                {"2026-11-01T03:10:00Z", 50 * 60},
                {"2026-11-01T04:10:00.123+01:00", 50 * 60},
                {"Nov  1 04:10:00", 50 * 60},
                {"2026-10-24", 8 * 86400 + 6 * 3600}, /* summer time */
                {"1970-01-02", 1793505600 - 86400 + 3600}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t got = -1;

        cr_expect(since_parse(rows[i].text, now_ms, &got), "%s", rows[i].text);
        cr_expect_eq(got / 1000, now_ms / 1000 - rows[i].seconds_ago, "%s: %lld s off",
                     rows[i].text,
                     (long long)(now_ms - got) / 1000 - (long long)rows[i].seconds_ago);
    }
}

Test(since, what_is_none) {
    static const char *const rows[] = {"",
                                       "h",
                                       "2w",
                                       "-2h",
                                       "yesterday",
                                       "25:00",
                                       "4:10",
                                       "04:60",
                                       "2026-13-01",
                                       "2026-02-30",
                                       "2026-11-01 ",
                                       "2026-11-01T",
                                       "2026-11-02",
                                       "00:2",
                                       "2026-1-1 0",
                                       "04:10x",
                                       "2026-11-0104",
                                       "04:10 Z",
                                       "99999999999999999999d",
                                       "30000d"};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t got = -7;

        cr_expect_not(since_parse(rows[i], now_ms, &got), "%s gave %lld", rows[i], (long long)got);
        cr_expect_eq(got, -7);
    }
}
