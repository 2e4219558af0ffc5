/* The time line: rings (exact counters) and trend (delays, causes, queue) side by side, one point a
 * minute or an hour, oldest first, for page, API and `relaywatch status --since`. A point of which
 * nothing is known is a gap, not a zero. Pure; points lend from rings and trend. */
#ifndef LOGIC_TIMELINE_H
#define LOGIC_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rings.h"
#include "trend.h"

enum timeline_step { TIMELINE_MINUTES, TIMELINE_HOURS };
enum { TIMELINE_MOST = 60, TIMELINE_CAUSES = 16, TIMELINE_PERCENTILES = 3 };

struct timeline_point {
    int64_t begin_ms;
    const struct counters *counters; /* NULL: no line of the log is of this time */
    const struct trend_slot *trend; /* NULL: relaywatchd did not watch, and there was no delivery */
};

struct timeline {
    int64_t step_ms;
    size_t count;
    struct timeline_point point[TIMELINE_MOST];
};

/* Points from the one that holds since_ms to the one that holds now_ms, as far as the step reaches
 * back. `rings` and `trend` may be NULL: all is a gap. */
void timeline_make(struct timeline *line, enum timeline_step step, const struct rings *rings,
                   const struct trend *trend, int64_t since_ms, int64_t now_ms);

/* How far back a step reaches, in seconds: 59 whole minutes or 47 whole hours and the present one.
 */
uint64_t timeline_reach_s(enum timeline_step step);

/* Is anything known of it? Then a counter that did not move is 0. */
bool timeline_known(const struct timeline_point *point);
uint64_t timeline_value(const struct timeline_point *point, enum counter c);

/* 50th, 90th and 99th percentile in milliseconds; returns the number of deliveries, 0: none. */
uint64_t timeline_delay(const struct timeline_point *point, int64_t ms_out[TIMELINE_PERCENTILES]);

struct timeline_cause {
    enum diagnosis diagnosis;
    uint64_t put_off, returned;
};

/* All points together. */
struct timeline_sum {
    struct counters counters;
    uint64_t watched_s;  /* of the time, relaywatchd ran so long */
    uint64_t span_s;     /* from the first point's begin to now */
    bool queue_counted;  /* the following two are known */
    uint64_t queue_most; /* messages, and when */
    uint64_t oldest_most_s;
    int64_t queue_most_ms;
    uint64_t delays; /* deliveries; of them: */
    int64_t delay_ms[TIMELINE_PERCENTILES];
    size_t causes; /* the most frequent first */
    struct timeline_cause cause[TIMELINE_CAUSES];
};
void timeline_add_up(const struct timeline *line, int64_t now_ms, struct timeline_sum *out);

#endif
