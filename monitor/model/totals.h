/* struct totals: everything that a stream of counts has to say at one position: absolute values,
 * never increments. Publishing the same totals twice, or a later one instead of an earlier, does no
 * harm: that is what makes counting exact. (reliability: one stream, one writer, one write.) Plain
 * data; all zero is a valid one without fields. Large (130 KB): whoever copies often uses
 * totals_copy, which moves no more than the values where names are the same. */
#ifndef MODEL_TOTALS_H
#define MODEL_TOTALS_H

#include <stddef.h>
#include <stdint.h>

#include "hash.h"

enum {
    TOTALS_FIELDS = 3072,  /* the log has 2,402 at most, then 174 KB in Redis */
    TOTALS_NAME_SIZE = 32, /* "m.59.inbound_auth_failures" and its NUL */
    TOTALS_TABLE = 4096,
    TOTALS_VERSION = 1
};

struct totals {
    char lineage[33];   /* 32 hex digits, random, made when the stream began; "" : none yet */
    uint64_t epoch;     /* which writer: a new one takes the stream with a higher epoch */
    uint64_t seq;       /* number of the last commit that these values are of */
    char position[320]; /* what the values include: see logic/position.h; for the milter its page
                           and sequence */
    int64_t time_ms;    /* wall clock when they were taken */
    size_t count;
    uint64_t layout; /* of all names in their order: where it is the same, so are the fields */
    uint64_t value[TOTALS_FIELDS];
    char name[TOTALS_FIELDS][TOTALS_NAME_SIZE]; /* "c.sent" */
    uint16_t table[TOTALS_TABLE];               /* by hash of the name: field + 1; 0: free */
};

/* The number of a field, which it keeps as long as the totals live; -1: there is none. */
int totals_find(const struct totals *t, const char *name);

/* The same, adding it with value 0 where it is new; -1: the table is full or the name too long. */
int totals_field(struct totals *t, const char *name);

/* The value of a field, or 0. */
uint64_t totals_get(const struct totals *t, const char *name);

/* Sets a field, adding it where it is new. A full table drops it (never happens: see the fields of
 * each stream). Who sets often keeps the number of the field and sets value[] itself. */
void totals_set(struct totals *t, const char *name, uint64_t value);

/* Forgets all fields. */
void totals_clear(struct totals *t);

/* As `*to = *from` and, without lineage, epoch, seq, position and time, its fields. */
void totals_copy(struct totals *to, const struct totals *from);
void totals_copy_fields(struct totals *to, const struct totals *from);

/* A new random lineage (getrandom). */
void totals_new_lineage(struct totals *t);

/* The lineage as a key for hash_bytes: the same on every host that holds these totals. */
struct hash_key totals_hash_key(const struct totals *t);

#endif
