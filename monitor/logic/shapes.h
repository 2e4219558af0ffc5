/* Lines of trouble that the catalogue of diagnoses does not know: counted by class, and told as
 * "seen for the first time" for a day, as nobody can know beforehand all that will break.
 *
 * Lines are of one shape when class, daemon and words are the same; what differs from line to line
 * (numbers, addresses, names, quoted text) is no word, and of what a stranger said nothing is. The
 * table is bounded: where it is full the shape that was longest not seen gives way, and would be
 * new again. The totals keep which shapes are known and since when, not their text: so after a
 * restart a shape of yesterday is not new, and one of this day shows again at its next line.
 *
 * Pure; nothing is allocated. A line costs nothing unless it is of an unknown shape. */
#ifndef LOGIC_SHAPES_H
#define LOGIC_SHAPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hash.h"
#include "mailev.h"
#include "totals.h"

enum {
    SHAPES_BUCKETS = 32,
    SHAPES_WAYS = 8, /* places of a bucket */
    SHAPES_ROOM = SHAPES_BUCKETS * SHAPES_WAYS,
    SHAPES_TEXT = 200,
    SHAPES_FRESH_MS = 24 * 60 * 60 * 1000
};

enum shape_class { SHAPE_WARNING, SHAPE_ERROR, SHAPE_FATAL, SHAPE_PANIC, SHAPE_CLASSES };

struct shape {
    uint64_t id;      /* hash of the shape, without its lowest 20 bits; 0: free */
    int64_t first_ms; /* to the hour after a restart */
    int64_t last_ms;
    uint64_t count; /* in this life */
    enum shape_class class;
    char daemon[24];
    char text[SHAPES_TEXT]; /* of its first line in this life, printable; "": none yet */
    int field;              /* its number in the totals + 1; 0: none yet */
};

struct shapes {
    struct hash_key key;
    uint64_t of_class[SHAPE_CLASSES];
    struct shape shape[SHAPES_ROOM];
    uint64_t changed[SHAPES_ROOM / 64]; /* since shapes_put; a bit a place */
};

/* Goes on from totals: w.PLACE, u.CLASS. Who writes the log must not choose which shapes meet: the
 * key is of the lineage. */
void shapes_restore(struct shapes *shapes, const struct totals *from);

/* Puts what has changed since the last time into the totals: always the same ones. */
void shapes_put(struct shapes *shapes, struct totals *totals);

/* A line, diagnosed, of this time. Most are none of ours. */
void shapes_note(struct shapes *shapes, const struct mailev *ev, int64_t time_ms);

/* Those first seen within the last day, newest first: how many stand in `out`, at most `room`. They
 * are lent until the next line. */
size_t shapes_fresh(const struct shapes *shapes, int64_t now_ms, const struct shape **out,
                    size_t room);

/* "warning", "error", "fatal", "panic". Static. */
const char *shape_class_name(enum shape_class class);

/* What is the same in all lines of the shape of `text`: its words, '*' for all else. Returns the
 * length; at most `size` - 1. */
size_t shapes_outline(struct span text, char *out, size_t size);

#endif
