#include <criterion/criterion.h>
#include <string.h>

#include "counter.h"

Test(counter, names_are_the_contract) {
    static const char *const names[] = {"lines",
                                        "unparsed",
                                        "connects",
                                        "accepted",
                                        "queued",
                                        "sent",
                                        "deferred",
                                        "bounced",
                                        "expired",
                                        "removed",
                                        "rejected",
                                        "auth_failures",
                                        "inbound_auth_failures",
                                        "tls_sessions",
                                        "tls_errors",
                                        "timeouts",
                                        "refused",
                                        "dns_errors",
                                        "limit_hits",
                                        "warnings",
                                        "fatals"};

    cr_assert_eq(sizeof names / sizeof names[0], (size_t)COUNTER_COUNT);
    for (int c = 0; c < COUNTER_COUNT; c++) {
        cr_expect_str_eq(counter_name((enum counter)c), names[c]);
        cr_expect_eq(counter_find(span_of(names[c])), (enum counter)c);
        cr_expect_gt(strlen(counter_help((enum counter)c)), 10u);
    }
    cr_expect_eq(counter_find(SPAN("nothing")), COUNTER_COUNT);
}

Test(counter, a_line_adds_one_to_each_in_the_set) {
    struct counters totals = {{0}};

    counters_add(&totals, COUNTER_BIT(COUNTER_LINES) | COUNTER_BIT(COUNTER_DEFERRED) |
                              COUNTER_BIT(COUNTER_FATALS));
    counters_add(&totals, COUNTER_BIT(COUNTER_LINES));
    counters_add(&totals, 0);
    for (int c = 0; c < COUNTER_COUNT; c++)
        cr_expect_eq(totals.value[c],
                     c == COUNTER_LINES                             ? 2u
                     : c == COUNTER_DEFERRED || c == COUNTER_FATALS ? 1u
                                                                    : 0u,
                     "%s", counter_name((enum counter)c));
}
