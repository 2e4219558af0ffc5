/* struct totals: everything that a stream of counts has to say at one position: absolute values,
 * never increments. Publishing the same totals twice, or a later one instead of an earlier, does no
 * harm: that is what makes counting exact. (reliability: one stream, one writer, one write.) Plain
 * data, copied freely. */
#ifndef MODEL_TOTALS_H
#define MODEL_TOTALS_H

#include <stddef.h>
#include <stdint.h>

#include "hash.h"

enum { TOTALS_FIELDS = 128, TOTALS_VERSION = 1 };

struct total {
    char name[40]; /* "c.sent" */
    uint64_t value;
};

struct totals {
    char lineage[33];   /* 32 hex digits, random, made when the stream began; "" : none yet */
    uint64_t epoch;     /* which writer: a new one takes the stream with a higher epoch */
    uint64_t seq;       /* number of the last commit that these values are of */
    char position[320]; /* what the values include: see logic/position.h; for the milter its page
                           and sequence */
    int64_t time_ms;    /* wall clock when they were taken */
    size_t count;
    struct total field[TOTALS_FIELDS];
};

/* The value of a field, or 0. */
uint64_t totals_get(const struct totals *t, const char *name);

/* Sets a field, adding it where it is new. A full table drops it (assert in tests: never happens).
 */
void totals_set(struct totals *t, const char *name, uint64_t value);

/* A new random lineage (getrandom). */
void totals_new_lineage(struct totals *t);

/* The lineage as a key for hash_bytes: the same on every host that holds these totals. */
struct hash_key totals_hash_key(const struct totals *t);

#endif
