/* struct totals: everything that a stream of counts has to say at one position: absolute values,
 * never increments. Publishing the same totals twice, or a later one instead of an earlier, does no
 * harm: that is what makes counting exact. (reliability: one stream, one writer, one write.) Plain
 * data; all zero is a valid one without fields. Large (300 KB), but only what is used is resident
 * as long as nobody assigns or clears one whole: totals_init and totals_copy touch no more. */
#ifndef MODEL_TOTALS_H
#define MODEL_TOTALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hash.h"
#include "text.h"

enum {
    TOTALS_FIELDS = 3840,  /* the log has 3,431 at most, and 267 of old logs */
    TOTALS_NAME_SIZE = 64, /* "x.T.Verified,TLSv1.3,CIPHER,256,256" and its NUL */
    TOTALS_TABLE = 8192,
    TOTALS_TEXTS = 48,      /* of the log: the names of its destinations and relay hosts */
    TOTALS_TEXT_SIZE = 256, /* a domain name and its NUL */
    TOTALS_POSITION = 8192,
    TOTALS_VERSION = 1
};

/* A field whose value is text: where its name ends in TOTALS_TEXT_END, so that who reads it from
 * the store knows. */
#define TOTALS_TEXT_END ".name"

struct totals_text {
    char name[TOTALS_NAME_SIZE]; /* "k.31.name" */
    char value[TOTALS_TEXT_SIZE];
};

struct totals {
    char lineage[33]; /* 32 hex digits, random, made when the stream began; "" : none yet */
    uint64_t epoch;   /* which writer: a new one takes the stream with a higher epoch */
    uint64_t seq;     /* number of the last commit that these values are of */
    int64_t time_ms;  /* wall clock when they were taken */
    char position[TOTALS_POSITION]; /* what the values include: see logic/positions.h; for the
                                       milter its page and sequence */
    size_t count;
    uint64_t layout; /* of all names in their order: where it is the same, so are the fields */
    uint64_t value[TOTALS_FIELDS];
    char name[TOTALS_FIELDS][TOTALS_NAME_SIZE]; /* "c.sent" */
    uint16_t table[TOTALS_TABLE];               /* by hash of the name: field + 1; 0: free */
    size_t texts;
    struct totals_text text[TOTALS_TEXTS];
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

/* Is this the name of a field with text? */
bool totals_is_text(struct span name);

/* The text of such a field; "": there is none. */
const char *totals_text(const struct totals *t, const char *name);

/* Sets it, adding it where it is new. false: there is no room, the name is not one of a text, or
 * the text is too long or not printable UTF-8: nothing changes then. */
bool totals_set_text(struct totals *t, const char *name, struct span text);

/* Makes it as if it were all zero. */
void totals_init(struct totals *t);

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
