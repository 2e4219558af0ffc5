/* Rates from counters: a ring of snapshots, one every five seconds, ten minutes deep. Pure. */
#ifndef LOGIC_RATES_H
#define LOGIC_RATES_H

#include <stdint.h>

#include "counter.h"

enum { RATES_STEP_MS = 5000, RATES_SLOTS = 121 };

struct rates {
    struct {
        int64_t at_ms;
        struct counters counters;
    } slot[RATES_SLOTS];
    unsigned newest;
    unsigned filled;
};

/* Takes a snapshot when the newest is older than the step. `now_ms`: monotonic. */
void rates_note(struct rates *r, const struct counters *counters, int64_t now_ms);

/* These were counted, but are no events of now: no rate shows them. */
void rates_skip(struct rates *r, const struct counters *counted);

/* Events a minute in the last window_ms; what was before the first snapshot counts as nothing. */
double rates_per_minute(const struct rates *r, enum counter c, const struct counters *now,
                        int64_t now_ms, int64_t window_ms);

#endif
