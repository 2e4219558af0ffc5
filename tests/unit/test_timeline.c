/* timeline.c: which points there are, what is a gap, what they come to together. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "timeline.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define NOW (INT64_C(29800000) * MINUTE + 30000)

static struct rings rings;
static struct trend trend;
static struct timeline line;

Test(timeline, which_points) {
    static const struct {
        const char *name;
        enum timeline_step step;
        int64_t back_ms;
        size_t count;
    } rows[] = {
        {"this minute", TIMELINE_MINUTES, 10 * 1000, 1},
        {"this and the last", TIMELINE_MINUTES, MINUTE, 2},
        {"an hour", TIMELINE_MINUTES, HOUR, 60},
        {"ever", TIMELINE_MINUTES, NOW, 60},
        {"before 1970", TIMELINE_MINUTES, NOW + 1, 60},
        {"40 minutes into the hour: this one", TIMELINE_HOURS, 40 * MINUTE, 1},
        {"two hours and the rest of a third", TIMELINE_HOURS, 2 * HOUR, 3},
        {"two days", TIMELINE_HOURS, 48 * HOUR, 48},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        timeline_make(&line, rows[i].step, &rings, &trend, NOW - rows[i].back_ms, NOW);
        cr_expect_eq(line.count, rows[i].count, "%s: %zu", rows[i].name, line.count);
        cr_expect_eq(line.point[0].begin_ms % line.step_ms, 0, "%s", rows[i].name);
        cr_expect_eq(line.point[line.count - 1].begin_ms, NOW / line.step_ms * line.step_ms, "%s",
                     rows[i].name);
    }
}

Test(timeline, gaps_are_not_zeros) {
    trend_adopt(&trend);
    rings_add(&rings, COUNTER_BIT(COUNTER_SENT), NOW - 3 * MINUTE, NOW); /* read later */
    trend_watch(&trend, NOW - MINUTE);                                   /* nothing happened */
    timeline_make(&line, TIMELINE_MINUTES, &rings, &trend, NOW - 4 * MINUTE, NOW);
    cr_assert_eq(line.count, 5);
    cr_expect(!timeline_known(&line.point[0]));
    cr_expect(timeline_known(&line.point[1]));
    cr_expect_eq(timeline_value(&line.point[1], COUNTER_SENT), 1);
    cr_expect_eq(timeline_value(&line.point[1], COUNTER_BOUNCED), 0);
    cr_expect(!timeline_known(&line.point[2]));
    cr_expect(timeline_known(&line.point[3]));
    cr_expect_eq(timeline_value(&line.point[3], COUNTER_SENT), 0);
    timeline_make(&line, TIMELINE_MINUTES, NULL, NULL, NOW - 4 * MINUTE, NOW);
    for (size_t i = 0; i < line.count; i++)
        cr_expect(!timeline_known(&line.point[i]));
}

static void note(enum diagnosis d, counter_set set, int count, int64_t time_ms) {
    const struct mailev ev = {.kind = MAILEV_DELIVERY,
                              .daemon = SPAN("smtp"),
                              .diagnosis = d,
                              .counters = set,
                              .delay_us = 2000 * 1000,
                              .time_ms = time_ms};

    for (int i = 0; i < count; i++) {
        trend_note(&trend, &ev, true, NOW);
        rings_add(&rings, set, time_ms, NOW);
    }
}

Test(timeline, all_together) {
    struct timeline_sum sum;

    trend_adopt(&trend);
    timeline_make(&line, TIMELINE_HOURS, &rings, &trend, NOW - 5 * HOUR, NOW);
    timeline_add_up(&line, NOW, &sum);
    cr_expect(!sum.queue_counted);
    cr_expect_eq(sum.delays, 0);
    cr_expect_eq(sum.causes, 0);
    cr_expect_eq(sum.span_s, 5 * 3600 + 40 * 60 + 30);
    note(DIAGNOSIS_NONE, COUNTER_BIT(COUNTER_SENT), 40, NOW);
    note(DIAGNOSIS_G01_BAD_CREDENTIALS, COUNTER_BIT(COUNTER_DEFERRED), 3, NOW - HOUR);
    note(DIAGNOSIS_G01_BAD_CREDENTIALS, COUNTER_BIT(COUNTER_DEFERRED), 4, NOW - 4 * HOUR);
    note(DIAGNOSIS_NONE, COUNTER_BIT(COUNTER_BOUNCED), 5, NOW - 2 * HOUR);
    note(DIAGNOSIS_NONE, COUNTER_BIT(COUNTER_BOUNCED), 9, NOW - 6 * HOUR); /* before it */
    trend_queue(&trend, 0, 0, NOW - 4 * HOUR);
    trend_queue(&trend, 12, 100, NOW - 3 * HOUR);
    trend_queue(&trend, 11, 200, NOW);
    trend_watch(&trend, NOW);
    timeline_make(&line, TIMELINE_HOURS, &rings, &trend, NOW - 5 * HOUR, NOW);
    timeline_add_up(&line, NOW, &sum);
    cr_expect_eq(sum.counters.value[COUNTER_SENT], 40);
    cr_expect_eq(sum.counters.value[COUNTER_DEFERRED], 7);
    cr_expect_eq(sum.counters.value[COUNTER_BOUNCED], 5);
    cr_assert_eq(sum.causes, 2);
    cr_expect_eq(sum.cause[0].diagnosis, DIAGNOSIS_G01_BAD_CREDENTIALS);
    cr_expect_eq(sum.cause[0].put_off, 7);
    cr_expect_eq(sum.cause[1].returned, 5);
    cr_expect_eq(sum.delays, 52);
    cr_expect(sum.delay_ms[2] > 1870 && sum.delay_ms[2] < 2130);
    cr_expect_eq(sum.queue_most, 12);
    cr_expect_eq(sum.queue_most_ms, (NOW - 3 * HOUR) / HOUR * HOUR);
    cr_expect_eq(sum.oldest_most_s, 200);
    cr_expect_eq(sum.watched_s, 1);
}

/* More causes than places: the most frequent stay, in their order. */
Test(timeline, the_most_frequent_causes) {
    struct timeline_sum sum;

    trend_adopt(&trend);
    for (int d = 1; d <= 40; d++)
        note((enum diagnosis)d, COUNTER_BIT(COUNTER_DEFERRED), d * 7 % 41, NOW);
    timeline_make(&line, TIMELINE_MINUTES, &rings, &trend, NOW, NOW);
    timeline_add_up(&line, NOW, &sum);
    cr_assert_eq(sum.causes, TIMELINE_CAUSES);
    for (uint64_t i = 0; i < TIMELINE_CAUSES; i++)
        cr_expect_eq(sum.cause[i].put_off, 40 - i);
}
