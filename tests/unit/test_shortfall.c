/* shortfall.c: only what was missing all the time counts. */
#include <criterion/criterion.h>

#include "shortfall.h"

Test(shortfall, the_least_of_the_whole_time) {
    static const struct {
        const char *name;
        int64_t at_ms;
        uint64_t want, have, missing;
    } rows[] = {
        {"just now", 1000, 10, 5, 0},
        {"less for a moment", 1500, 10, 8, 0},
        {"long enough: the moment counts", 2000, 10, 4, 2},
        {"more again", 9000, 99, 0, 2},
        {"not for a moment: it begins anew", 9001, 5, 5, 0},
        {"more in the queue than is known", 9002, 5, 6, 0},
        {"anew", 9003, 7, 6, 0},
        {"not yet", 10002, 7, 6, 0},
        {"long enough", 10003, 7, 6, 1},
        {"the clock was set back", 500, 7, 6, 0},
        {"long enough after that", 1500, 7, 6, 1},
    };
    struct shortfall s = {0};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(shortfall_note(&s, rows[i].want, rows[i].have, 1000, rows[i].at_ms),
                     rows[i].missing, "%s", rows[i].name);
    shortfall_settle_one(&s);
    shortfall_settle_one(&s);
    cr_expect_eq(shortfall_note(&s, 7, 6, 1000, 1600), 0u);
}
