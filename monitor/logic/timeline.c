/* See timeline.h. */
#include "timeline.h"

#include <string.h>

static const double percent[TIMELINE_PERCENTILES] = {50, 90, 99};

static const struct {
    int64_t unit_ms;
    uint64_t slots;
} steps[] = {
    [TIMELINE_MINUTES] = {60 * 1000, RINGS_MINUTES},
    [TIMELINE_HOURS] = {3600 * 1000, RINGS_HOURS},
};

_Static_assert((int)RINGS_MINUTES == (int)TREND_MINUTES && (int)RINGS_HOURS == (int)TREND_HOURS &&
                   (int)RINGS_MINUTES <= (int)TIMELINE_MOST &&
                   (int)RINGS_HOURS <= (int)TIMELINE_MOST,
               "rings and trend reach back alike");

uint64_t timeline_reach_s(enum timeline_step step) {
    return steps[step].slots * (uint64_t)steps[step].unit_ms / 1000;
}

void timeline_make(struct timeline *line, enum timeline_step step, const struct rings *rings,
                   const struct trend *trend, int64_t since_ms, int64_t now_ms) {
    int64_t unit_ms = steps[step].unit_ms;
    uint64_t last = (uint64_t)(now_ms / unit_ms);
    uint64_t first = since_ms > 0 ? (uint64_t)(since_ms / unit_ms) : 0;

    if (first + steps[step].slots <= last)
        first = last + 1 - steps[step].slots;
    line->step_ms = unit_ms;
    line->count = 0;
    for (uint64_t t = first; t <= last; t++) {
        struct timeline_point *point = &line->point[line->count++];
        bool minutes = step == TIMELINE_MINUTES;

        point->begin_ms = (int64_t)t * unit_ms;
        point->counters = rings == NULL ? NULL
                          : minutes     ? rings_minute(rings, t)
                                        : rings_hour(rings, t);
        point->trend = trend == NULL ? NULL
                       : minutes     ? trend_minute(trend, t)
                                     : trend_hour(trend, t);
    }
}

bool timeline_known(const struct timeline_point *point) {
    return point->counters != NULL || point->trend != NULL;
}

uint64_t timeline_value(const struct timeline_point *point, enum counter c) {
    return point->counters != NULL ? point->counters->value[c] : 0;
}

uint64_t timeline_delay(const struct timeline_point *point, int64_t ms_out[TIMELINE_PERCENTILES]) {
    uint64_t delay[TREND_BUCKETS];

    if (point->trend == NULL)
        return 0;
    for (size_t i = 0; i < TREND_BUCKETS; i++)
        delay[i] = point->trend->delay[i];
    return trend_percentiles(delay, TIMELINE_PERCENTILES, percent, ms_out);
}

/* ---- all together ---- */

/* Puts one in where it belongs; the least frequent falls out at the end. */
static void add_cause(struct timeline_sum *sum, const struct timeline_cause *cause) {
    uint64_t weight = cause->put_off + cause->returned;
    size_t at = sum->causes;

    while (at > 0 && weight > sum->cause[at - 1].put_off + sum->cause[at - 1].returned)
        at--;
    if (at == TIMELINE_CAUSES)
        return;
    if (sum->causes < TIMELINE_CAUSES)
        sum->causes++;
    memmove(&sum->cause[at + 1], &sum->cause[at], (sum->causes - 1 - at) * sizeof sum->cause[0]);
    sum->cause[at] = *cause;
}

static void add_causes(struct timeline_sum *sum, const struct timeline *line) {
    for (int d = 0; d < DIAGNOSIS_COUNT; d++) {
        struct timeline_cause cause = {.diagnosis = (enum diagnosis)d};

        for (size_t i = 0; i < line->count; i++) {
            const struct trend_slot *slot = line->point[i].trend;

            cause.put_off += slot != NULL ? slot->put_off[d] : 0;
            cause.returned += slot != NULL ? slot->returned[d] : 0;
        }
        if (cause.put_off + cause.returned > 0)
            add_cause(sum, &cause);
    }
}

static void add_trend(struct timeline_sum *sum, const struct timeline_point *point,
                      uint64_t delay[TREND_BUCKETS]) {
    const struct trend_slot *slot = point->trend;

    sum->watched_s += slot->watched_s;
    for (size_t i = 0; i < TREND_BUCKETS; i++)
        delay[i] += slot->delay[i];
    if (slot->counted == 0)
        return;
    if (!sum->queue_counted || slot->queue_most > sum->queue_most) {
        sum->queue_most = slot->queue_most;
        sum->queue_most_ms = point->begin_ms;
    }
    if (slot->oldest_most_s > sum->oldest_most_s)
        sum->oldest_most_s = slot->oldest_most_s;
    sum->queue_counted = true;
}

void timeline_add_up(const struct timeline *line, int64_t now_ms, struct timeline_sum *out) {
    uint64_t delay[TREND_BUCKETS] = {0};

    memset(out, 0, sizeof *out);
    if (line->count > 0 && now_ms > line->point[0].begin_ms)
        out->span_s = (uint64_t)(now_ms - line->point[0].begin_ms) / 1000;
    for (size_t i = 0; i < line->count; i++) {
        for (int c = 0; c < COUNTER_COUNT; c++)
            out->counters.value[c] += timeline_value(&line->point[i], (enum counter)c);
        if (line->point[i].trend != NULL)
            add_trend(out, &line->point[i], delay);
    }
    out->delays = trend_percentiles(delay, TIMELINE_PERCENTILES, percent, out->delay_ms);
    add_causes(out, line);
}
