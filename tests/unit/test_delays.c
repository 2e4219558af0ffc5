/* delays.c: which bucket, how far off a percentile may be, what of the past counts, and the totals.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "delays.h"

#define NOW INT64_C(1800000000000)

static struct mailev delivery(const char *daemon, int64_t time_ms, int64_t us) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .daemon = span_of(daemon),
                        .time_ms = time_ms,
                        .delay_us = 4 * us,
                        .delays_us = {us, us, us, us}};

    return ev;
}

static void note(struct delays *d, int64_t time_ms, int64_t us) {
    struct mailev ev = delivery("smtp", time_ms, us);

    delays_note(d, &ev, false, NOW);
}

Test(delays, buckets) {
    static const struct {
        int64_t us;
        size_t bucket;
    } rows[] = {{0, 0},
                {1000, 0},
                {1001, 1},
                {10000, 1},
                {1000000, 5},
                {1000001, 6},
                {INT64_C(3600000000), 11},
                {INT64_C(172800000000), 13},
                {INT64_C(172800000001), 14},
                {INT64_C(1) << 50, 14}};
    struct delays *d = calloc(1, sizeof *d);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t before = d->bucket[STAGE_SETUP][rows[i].bucket];

        note(d, NOW, rows[i].us);
        cr_expect_eq(d->bucket[STAGE_SETUP][rows[i].bucket], before + 1, "%lld us",
                     (long long)rows[i].us);
    }
    cr_expect_eq(delays_count(d, NOW), sizeof rows / sizeof rows[0]);
    free(d);
}

Test(delays, what_counts) {
    static const struct {
        const char *name, *daemon;
        enum mailev_kind kind;
        int64_t us, time_ms;
        bool retried, buckets, percentiles;
    } rows[] = {
        {"smtp", "smtp", MAILEV_DELIVERY, 5, NOW, false, true, true},
        {"a second attempt", "smtp", MAILEV_DELIVERY, 5, NOW, true, true, false},
        {"lmtp", "lmtp", MAILEV_DELIVERY, 5, NOW, false, false, false},
        {"no delays", "smtp", MAILEV_DELIVERY, -1, NOW, false, false, false},
        {"another line", "smtp", MAILEV_ATTEMPT, 5, NOW, false, false, false},
        {"an hour old", "smtp", MAILEV_DELIVERY, 5, NOW - 3600000, false, true, false},
        {"almost an hour old", "smtp", MAILEV_DELIVERY, 5, NOW - 3299999, false, true, true},
        {"of the future", "smtp", MAILEV_DELIVERY, 5, NOW + 600001, false, true, false},
        {"without a time", "smtp", MAILEV_DELIVERY, 5, 0, false, true, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct delays *d = calloc(1, sizeof *d);
        struct mailev ev = delivery(rows[i].daemon, rows[i].time_ms, rows[i].us);

        ev.kind = rows[i].kind;
        delays_note(d, &ev, rows[i].retried, NOW);
        cr_expect_eq(d->bucket[0][0], rows[i].buckets ? 1u : 0u, "%s", rows[i].name);
        cr_expect_eq(delays_count(d, NOW), rows[i].percentiles ? 1u : 0u, "%s", rows[i].name);
        free(d);
    }
}

Test(delays, a_slot_forgets_the_hour_before) {
    struct delays *d = calloc(1, sizeof *d);

    note(d, NOW - 3600000, 5);
    note(d, NOW, 5);
    note(d, NOW - 3600000, 5);
    cr_expect_eq(delays_count(d, NOW), 1u);
    cr_expect_eq(delays_count(d, NOW + 3300000), 1u);
    cr_expect_eq(delays_count(d, NOW + 3600000), 0u);
    d->slot[(NOW + 3600000) / DELAYS_SLOT_MS % DELAYS_SLOTS].number =
        (NOW + 36000000) / DELAYS_SLOT_MS;
    note(d, NOW, 5);
    cr_expect_eq(delays_count(d, NOW), 1u, "a slot of a clock that was wrong gives way");
    free(d);
}

static int compare(const void *a, const void *b) {
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

Test(delays, percentiles_are_at_most_three_percent_off) {
    static const double percent[] = {1, 50, 90, 99, 100};
    static int64_t values[20000];
    struct delays *d = calloc(1, sizeof *d);
    uint64_t seed = 5;
    int64_t got[5];

    cr_expect_not(delays_percentiles(d, DELAYS_TOTAL, NOW, 5, percent, got));
    for (size_t i = 0; i < 20000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1;
        values[i] = (int64_t)pow(10, 1 + 9 * (double)(seed >> 33) / (double)(1u << 31));
        note(d, NOW, values[i]);
    }
    qsort(values, 20000, sizeof values[0], compare);
    for (unsigned part = 0; part < DELAYS_PARTS; part++) {
        int64_t scale = part == DELAYS_TOTAL ? 4 : 1;

        cr_assert(delays_percentiles(d, part, NOW, 5, percent, got));
        for (size_t i = 0; i < 5; i++) {
            double want = (double)(scale * values[(size_t)(percent[i] / 100 * 20000) - 1]);

            cr_expect_lt(fabs((double)got[i] - want), want * 0.032, "%s p%g: %lld for %g",
                         delays_part_name(part), percent[i], (long long)got[i], want);
        }
    }
    free(d);
}

Test(delays, small_ones_are_exact) {
    static const double percent[] = {50, 100};
    struct delays *d = calloc(1, sizeof *d);
    int64_t got[2];

    note(d, NOW, 0);
    note(d, NOW, 10);
    cr_assert(delays_percentiles(d, STAGE_QMGR, NOW, 2, percent, got));
    cr_expect_eq(got[0], 0);
    cr_expect_eq(got[1], 10);
    free(d);
}

Test(delays, totals_carry_the_buckets) {
    struct delays *d = calloc(1, sizeof *d);
    struct delays *again = calloc(1, sizeof *again);
    struct totals *t = calloc(1, sizeof *t);

    delays_restore(d, t);
    delays_put(d, t);
    cr_expect_eq(t->count, 0u, "no field before there is a value");
    note(d, NOW, 2000);
    delays_put(d, t);
    cr_expect_eq(t->count, 8u);
    cr_expect_eq(totals_get(t, "d.a.1"), 1u);
    cr_expect_eq(totals_get(t, "d.d.sum"), 2000u);
    delays_restore(again, t);
    note(again, NOW, 2000);
    note(again, NOW, INT64_C(1) << 40);
    delays_put(again, t);
    cr_expect_eq(totals_get(t, "d.c.1"), 2u);
    cr_expect_eq(totals_get(t, "d.c.14"), 1u);
    cr_expect_eq(t->count, 12u);
    free(d);
    free(again);
    free(t);
}
