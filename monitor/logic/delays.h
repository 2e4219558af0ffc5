/* struct delays: how long deliveries by smtp(8) take, by the parts of delays=a/b/c/d (before the
 * queue manager, in it, setting up the connection, transmission). Twice: in few buckets for ever,
 * which are published exactly once like the counters (postfix_smtp_delivery_delay_seconds), and in
 * fine ones (HDR: logarithmic, each power of two in 32 equal parts, so a value is at most 3 % off)
 * of the last hour, for percentiles. The former has every attempt, as postfix_exporter has; the
 * latter has only those of messages that were not tried before, as for a deferred one the first
 * part is its age. Pure; nothing is allocated. Large (290 KB). */
#ifndef LOGIC_DELAYS_H
#define LOGIC_DELAYS_H

#include <stdbool.h>
#include <stdint.h>

#include "mailev.h"
#include "totals.h"

enum {
    DELAYS_BUCKETS = 15, /* the last one has no upper bound */
    DELAYS_PARTS = STAGE_COUNT + 1,
    DELAYS_TOTAL = STAGE_COUNT, /* the part that is delay= */
    DELAYS_SLOTS = 12,
    DELAYS_SLOT_MS = 5 * 60 * 1000,
    DELAYS_WINDOW_S = DELAYS_SLOTS * DELAYS_SLOT_MS / 1000,
    DELAYS_FINE = 64 + 35 * 32, /* to 2^41 us, 25 days */
};

struct delays_slot {
    int64_t number; /* five minutes since 1970; 0: empty */
    uint32_t count[DELAYS_PARTS][DELAYS_FINE];
};

/* All zero: empty. */
struct delays {
    uint64_t bucket[STAGE_COUNT][DELAYS_BUCKETS]; /* not cumulative */
    uint64_t sum_us[STAGE_COUNT];
    bool changed;                                    /* since delays_put */
    uint16_t field[STAGE_COUNT][DELAYS_BUCKETS + 1]; /* in the totals, + 1; 0: none yet */
    struct delays_slot slot[DELAYS_SLOTS];
};

/* The upper bounds of the buckets but the last, in microseconds, ascending. */
extern const int64_t delays_bound_us[DELAYS_BUCKETS - 1];

/* What one line says: nothing, unless it is of a delivery by smtp(8). `retried`: the message was
 * tried before. */
void delays_note(struct delays *d, const struct mailev *ev, bool retried, int64_t now_ms);

/* How many deliveries of the last hour there are for percentiles. */
uint64_t delays_count(const struct delays *d, int64_t now_ms);

/* The delay that `percent` of the deliveries of the last hour do not exceed, for each percent asked
 * for (ascending). False when there are none. `part`: an enum mailev_stage or DELAYS_TOTAL. */
bool delays_percentiles(const struct delays *d, unsigned part, int64_t now_ms, size_t count,
                        const double percent[], int64_t us_out[]);

/* Goes on from totals, and puts in what has changed since the last time, into the same ones: for
 * each part x of a, b, c, d: d.x.BUCKET, and d.x.sum in microseconds. What is 0 has no field until
 * it was something else. */
void delays_restore(struct delays *d, const struct totals *from);
void delays_put(struct delays *d, struct totals *totals);

/* "before_queue_manager", "queue_manager", "connection_setup", "transmission", "total". Static. */
const char *delays_part_name(unsigned part);

#endif
