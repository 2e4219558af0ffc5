/* What the counters do not tell of the last hour by minutes and of the last two days by hours: how
 * long deliveries took, why mail was put off or returned, how full the queue was, and whether
 * relaywatchd was there to look. The counters themselves are in rings.h, and exact; this is not: a
 * crash may lose its last seconds. Slots by the time that the log's lines bear, as in the rings.
 *
 * One block of memory without pointers, which a file follows (imagefile.h); what comes from a file
 * is not trusted. Pure; nothing is allocated. Large (250 KB). */
#ifndef LOGIC_TREND_H
#define LOGIC_TREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailev.h"

enum {
    TREND_MINUTES = 60,
    TREND_HOURS = 48,
    TREND_BUCKETS = 256, /* logarithmic, 8 to a power of two: at most 6 % off; in milliseconds */
    TREND_CAUSES = 160,  /* by enum diagnosis */
};

_Static_assert((int)DIAGNOSIS_COUNT <= (int)TREND_CAUSES, "each diagnosis has a place");

struct trend_slot {
    uint64_t t;         /* minutes or hours since 1970; 0: empty */
    uint32_t watched_s; /* seconds of it that relaywatchd ran */
    uint32_t counted;   /* times that the queue was counted; the most of them: */
    uint32_t queue_most;
    uint32_t oldest_most_s;
    uint32_t delay[TREND_BUCKETS];   /* of first attempts by smtp(8), as in delays.h */
    uint32_t put_off[TREND_CAUSES];  /* deliveries, by diagnosis; DIAGNOSIS_NONE: cause not known */
    uint32_t returned[TREND_CAUSES]; /* bounced and expired */
};

/* All zero is not one: see trend_adopt. */
struct trend {
    char magic[16];
    uint64_t catalogue; /* which diagnosis stands at which place */
    struct trend_slot minute[TREND_MINUTES];
    struct trend_slot hour[TREND_HOURS];
    uint64_t minutes_changed, hours_changed; /* since trend_take_changed; a bit a slot */
};

/* The part of struct trend that a file follows, from its beginning. */
enum { TREND_IMAGE = offsetof(struct trend, minutes_changed) };

/* Goes on from what stands in the image (all zero, or of a file). What cannot be ours is emptied;
 * false: all of it was. */
bool trend_adopt(struct trend *trend);

/* A part of the image that changed, which counts as unchanged from now on; false: there is none. */
bool trend_take_changed(struct trend *trend, size_t *offset_out, size_t *size_out);

/* One line of the log. `first`: of a message that was not tried before. */
void trend_note(struct trend *trend, const struct mailev *ev, bool first, int64_t now_ms);

/* Once a second: we are there. */
void trend_watch(struct trend *trend, int64_t now_ms);

/* The queue was counted. */
void trend_queue(struct trend *trend, uint64_t messages, int64_t oldest_s, int64_t now_ms);

/* One minute or hour since 1970, or NULL when nothing is known of it. */
const struct trend_slot *trend_minute(const struct trend *trend, uint64_t minute);
const struct trend_slot *trend_hour(const struct trend *trend, uint64_t hour);

/* The delay that `percent` of the deliveries do not exceed, for each percent asked for (ascending),
 * in milliseconds; returns how many deliveries there are, 0: nothing was set. */
uint64_t trend_percentiles(const uint64_t delay[TREND_BUCKETS], size_t count,
                           const double percent[], int64_t ms_out[]);

#endif
