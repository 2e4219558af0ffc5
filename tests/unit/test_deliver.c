/* deliver.c: the waits. The rest of it is tried whole: tests/process/notify.sh. */
#include "deliver.h"

#include <criterion/criterion.h>

Test(deliver, backoff) {
    static const struct {
        unsigned failures;
        int64_t most_ms;
    } rows[] = {{1, 1000},   {2, 2000},    {3, 4000},      {8, 128000},
                {9, 256000}, {10, 300000}, {1000, 300000}, {4000000000u, 300000}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t least_ms = deliver_backoff_ms(rows[i].failures, 0);
        int64_t most_ms = deliver_backoff_ms(rows[i].failures, 999);

        cr_expect_eq(least_ms, rows[i].most_ms * 3 / 4, "after %u: %lld", rows[i].failures,
                     (long long)least_ms);
        cr_expect(most_ms > rows[i].most_ms * 99 / 100 && most_ms <= rows[i].most_ms,
                  "after %u: %lld", rows[i].failures, (long long)most_ms);
    }
}
