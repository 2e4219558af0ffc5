/* trend.c: where a line lands, percentiles, what a file may bring back. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "trend.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define NOW (INT64_C(29800000) * MINUTE) /* a full minute, 40 minutes behind a full hour */
#define NOW_MINUTE ((uint64_t)(NOW / MINUTE))

static struct trend *begin(void) {
    struct trend *t = calloc(1, sizeof *t);

    cr_expect(!trend_adopt(t), "all zero is none of ours");
    return t;
}

static struct mailev delivery(int64_t time_ms, int64_t delay_us) {
    return (struct mailev){.kind = MAILEV_DELIVERY,
                           .daemon = SPAN("smtp"),
                           .time_ms = time_ms,
                           .delay_us = delay_us,
                           .counters = COUNTER_BIT(COUNTER_SENT)};
}

static uint64_t deliveries(const struct trend_slot *slot) {
    uint64_t n = 0;

    for (size_t i = 0; slot != NULL && i < TREND_BUCKETS; i++)
        n += slot->delay[i];
    return n;
}

Test(trend, where_a_line_lands) {
    static const struct {
        const char *name;
        int64_t before_ms, event_ms;
        bool minute, hour;
    } rows[] = {
        {"now", 0, NOW, true, true},
        {"no time", 0, 0, false, false},
        {"1970", 0, HOUR - 1, false, false},
        {"ten minutes ahead", 0, NOW + 10 * MINUTE, true, true},
        {"further ahead", 0, NOW + 10 * MINUTE + 1, false, false},
        {"an hour late: a newer minute is there", NOW, NOW - 60 * MINUTE, false, true},
        {"two days late", NOW, NOW - 48 * HOUR, false, false},
        {"a newer one takes the slot", NOW - 60 * MINUTE, NOW, true, true},
        {"a slot of the future gives way", NOW + 480 * HOUR, NOW, true, true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trend *t = begin();
        struct mailev ev = delivery(rows[i].event_ms, 1000);
        uint64_t minute = (uint64_t)(rows[i].event_ms / MINUTE);

        if (rows[i].before_ms != 0)
            trend_watch(t, rows[i].before_ms);
        trend_note(t, &ev, true, NOW);
        cr_expect_eq(deliveries(trend_minute(t, minute)), rows[i].minute, "%s", rows[i].name);
        cr_expect_eq(deliveries(trend_hour(t, minute / 60)), rows[i].hour, "%s", rows[i].name);
        cr_expect_null(trend_minute(t, 0));
        free(t);
    }
}

Test(trend, what_counts) {
    struct trend *t = begin();
    struct mailev ev = delivery(NOW, 2500 * 1000);
    const struct trend_slot *slot;

    trend_note(t, &ev, false, NOW); /* tried before: its delay is its age */
    ev.daemon = SPAN("local");
    trend_note(t, &ev, true, NOW);
    cr_expect_null(trend_minute(t, NOW_MINUTE), "nothing to note");
    ev.counters = COUNTER_BIT(COUNTER_DEFERRED) | COUNTER_BIT(COUNTER_AUTH_FAILURES);
    ev.diagnosis = DIAGNOSIS_G01_BAD_CREDENTIALS;
    trend_note(t, &ev, false, NOW);
    ev.counters = COUNTER_BIT(COUNTER_BOUNCED);
    trend_note(t, &ev, false, NOW);
    ev.counters = COUNTER_BIT(COUNTER_AUTH_FAILURES); /* a line beside the delivery's */
    trend_note(t, &ev, false, NOW);
    slot = trend_minute(t, NOW_MINUTE);
    cr_assert_not_null(slot);
    cr_expect_eq(slot->put_off[DIAGNOSIS_G01_BAD_CREDENTIALS], 1);
    cr_expect_eq(slot->returned[DIAGNOSIS_G01_BAD_CREDENTIALS], 1);
    cr_expect_eq(deliveries(slot), 0);
    trend_queue(t, 7, 30, NOW);
    trend_queue(t, UINT64_MAX, 5, NOW);
    trend_queue(t, 3, -1, NOW + 59999);
    cr_expect_eq(slot->counted, 3);
    cr_expect_eq(slot->queue_most, UINT32_MAX);
    cr_expect_eq(slot->oldest_most_s, 30);
    for (int i = 0; i < 70; i++)
        trend_watch(t, NOW);
    cr_expect_eq(slot->watched_s, 60, "a clock that ticks twice");
    free(t);
}

Test(trend, percentiles) {
    static const double percent[] = {50, 90, 99};
    struct trend *t = begin();
    uint64_t delay[TREND_BUCKETS] = {0};
    int64_t ms[3] = {-1, -1, -1};

    cr_expect_eq(trend_percentiles(delay, 3, percent, ms), 0);
    cr_expect_eq(ms[0], -1);
    for (int64_t i = 1; i <= 1000; i++) {
        struct mailev ev = delivery(NOW, i * 10 * 1000);

        trend_note(t, &ev, true, NOW);
    }
    for (size_t i = 0; i < TREND_BUCKETS; i++)
        delay[i] = trend_minute(t, NOW_MINUTE)->delay[i];
    cr_expect_eq(trend_percentiles(delay, 3, percent, ms), 1000);
    cr_expect(ms[0] > 4650 && ms[0] < 5350, "%lld", (long long)ms[0]);
    cr_expect(ms[1] > 8400 && ms[1] < 9600, "%lld", (long long)ms[1]);
    cr_expect(ms[2] > 9200 && ms[2] < 10600, "%lld", (long long)ms[2]);
    free(t);
}

Test(trend, any_delay_has_a_bucket) {
    static const double percent[] = {50};

    for (int64_t ms = 0; ms < INT64_C(1) << 33; ms += ms / 7 + 1) {
        struct trend *t = begin();
        struct mailev ev = delivery(NOW, ms * 1000);
        uint64_t delay[TREND_BUCKETS];
        int64_t got;

        trend_note(t, &ev, true, NOW);
        for (size_t i = 0; i < TREND_BUCKETS; i++)
            delay[i] = trend_minute(t, NOW_MINUTE)->delay[i];
        cr_assert_eq(trend_percentiles(delay, 1, percent, &got), 1);
        cr_assert(llabs(got - ms) <= ms / 15 + 1, "%lld: %lld", (long long)ms, (long long)got);
        free(t);
    }
}

/* ---- the image ---- */

Test(trend, comes_back_part_by_part) {
    struct trend *t = begin();
    struct trend *file = calloc(1, sizeof *file);
    size_t offset, size, parts = 0;

    for (int64_t when = NOW - 50 * HOUR; when <= NOW; when += MINUTE / 2) {
        struct mailev ev = delivery(when, 1000);

        trend_note(t, &ev, true, NOW);
        trend_watch(t, when);
        if (when % HOUR != 0)
            continue;
        while (trend_take_changed(t, &offset, &size)) {
            cr_assert(offset + size <= TREND_IMAGE);
            memcpy((char *)file + offset, (char *)t + offset, size);
        }
    }
    while (trend_take_changed(t, &offset, &size)) {
        memcpy((char *)file + offset, (char *)t + offset, size);
        parts++;
    }
    cr_expect_eq(parts, 42, "%zu: 41 minutes and an hour", parts);
    cr_expect(trend_adopt(file));
    cr_expect_eq(memcmp(file, t, TREND_IMAGE), 0);
    cr_expect(!trend_take_changed(file, &offset, &size));
    free(file);
    free(t);
}

Test(trend, what_is_not_ours_is_emptied) {
    struct trend *t = begin();
    struct mailev ev = delivery(NOW, 1000);
    size_t slot = NOW_MINUTE % TREND_MINUTES;

    ev.counters = COUNTER_BIT(COUNTER_BOUNCED);
    trend_note(t, &ev, true, NOW);
    t->catalogue++; /* another version with other diagnoses */
    cr_expect(trend_adopt(t));
    cr_expect_eq(deliveries(&t->minute[slot]), 1);
    cr_expect_eq(t->minute[slot].returned[0], 0);
    t->minute[slot].t++; /* in the wrong slot */
    cr_expect(trend_adopt(t));
    cr_expect_eq(t->minute[slot].t, 0);
    t->magic[0] ^= 1;
    cr_expect(!trend_adopt(t));
    cr_expect_null(trend_hour(t, NOW_MINUTE / 60));
    free(t);
}
