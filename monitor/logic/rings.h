/* The last hour by minutes and the last two days by hours: how often each counter moved, by the
 * time that the log's lines bear, not by when they were read. So a backlog lands where it belongs,
 * and lines that are read again after a crash land where they did before.
 *
 * A slot holds one minute (or hour), the newest of those that share it: a newer one clears it, a
 * line of an older one finds no place. So what the slots hold is the same for every order of the
 * lines, and the totals' rule "the values of a position" holds for them, too. Old lines need no
 * limit against the clock: they stand in slots that readers do not take for recent ones.
 *
 * Only lines of the future do, as they would push out all that is real: what is more than
 * RINGS_AHEAD_MS ahead of now is nowhere, and a slot that is that far ahead (the clock was wrong
 * and has been set right) gives way. Nothing else depends on the clock, and a host that reads its
 * own log has such lines only when its clock was set back.
 *
 * Pure; nothing is allocated. Adding costs the same for each line. */
#ifndef LOGIC_RINGS_H
#define LOGIC_RINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "counter.h"
#include "totals.h"

enum { RINGS_MINUTES = 60, RINGS_HOURS = 48, RINGS_AHEAD_MS = 10 * 60 * 1000 };

struct rings_slot {
    uint64_t t; /* minutes or hours since 1970; 0: empty */
    struct counters counters;
    uint16_t field[1 + COUNTER_COUNT]; /* t and the counters in the totals, + 1; 0: none yet */
};

/* All zero: empty. */
struct rings {
    struct rings_slot minute[RINGS_MINUTES]; /* number % RINGS_MINUTES */
    struct rings_slot hour[RINGS_HOURS];
    uint64_t minutes_changed, hours_changed; /* since rings_put; a bit a slot */
    uint64_t skewed; /* lines that are in no hour: without a time, too far ahead, or so old that
                        their slot holds a newer hour */
};

/* A line of the log with this time (0: none) moved these counters. */
void rings_add(struct rings *rings, counter_set set, int64_t event_ms, int64_t now_ms);

/* The counters of one minute or hour since 1970, or NULL when the ring does not hold it: nothing
 * was counted then, or it is too long ago. */
const struct counters *rings_minute(const struct rings *rings, uint64_t minute);
const struct counters *rings_hour(const struct rings *rings, uint64_t hour);

/* Goes on from totals: m.SLOT.t, m.SLOT.COUNTER, h.SLOT.t, h.SLOT.COUNTER, r.skewed. What cannot be
 * from us is as if it was not there. */
void rings_restore(struct rings *rings, const struct totals *from);

/* Puts what has changed since the last time into the totals: always the same ones, those of
 * rings_restore or a copy, from which no field was taken away. A value of 0 has no field until it
 * was something else. */
void rings_put(struct rings *rings, struct totals *totals);

#endif
