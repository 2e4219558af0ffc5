/* The names that come most often, each with figures of its own. Fixed memory, whatever the log
 * holds: there is a number of places, and a name that finds none takes over that with the least
 * (the "space saving" of Metwally, Agrawal and El Abbadi, 2005). So every name with more than one
 * in `places` of all that is counted is there. Of each, the counts since it is there are exact; the
 * last figure, `missed`, is the most that it can have had before.
 *
 * All of it stands in the totals, so that it is the same for the same names, also across restarts
 * and replays: which place gives way depends on nothing but these. Pure; nothing is allocated.
 */
#ifndef LOGIC_BUSIEST_H
#define LOGIC_BUSIEST_H

#include <stddef.h>
#include <stdint.h>

#include "text.h"
#include "totals.h"

enum { BUSIEST_PLACES = 32, BUSIEST_FIGURES = 10, BUSIEST_HINTS = 64 };

/* What is counted. Static. */
struct busiest_kind {
    char letter;              /* its fields are LETTER.PLACE.name, LETTER.PLACE.WORD */
    uint8_t places;           /* up to BUSIEST_PLACES */
    uint8_t figures;          /* without `missed`; less than BUSIEST_FIGURES */
    const char *const *words; /* of the figures */
};

struct busiest_place {
    char name[TOTALS_TEXT_SIZE];      /* lower case, printable; "": the place is free */
    uint64_t figure[BUSIEST_FIGURES]; /* by busiest_word */
    uint16_t field[BUSIEST_FIGURES];  /* in the totals, + 1; 0: none yet */
};

/* All zero: empty. Always to be used with the same kind. */
struct busiest {
    uint64_t hash[BUSIEST_PLACES];   /* of the name */
    uint64_t weight[BUSIEST_PLACES]; /* the sum of its figures; 0: free */
    struct busiest_place place[BUSIEST_PLACES];
    uint8_t hint[BUSIEST_HINTS]; /* by hash: where the name was found last */
    uint32_t changed;            /* since busiest_put; a bit a place */
};

/* The word of a figure; "missed" behind those of the kind. Static. */
const char *busiest_word(const struct busiest_kind *kind, size_t figure);

/* The place of this name, in any case of letters; NULL: it has none. */
struct busiest_place *busiest_find(struct busiest *b, const struct busiest_kind *kind,
                                   struct span name);

/* Adds one to a figure of this name, which must not be empty. One too long is cut. */
void busiest_add(struct busiest *b, const struct busiest_kind *kind, struct span name,
                 size_t figure);

/* The places in use, those with the most first. Returns how many. */
size_t busiest_list(const struct busiest *b, const struct busiest_kind *kind,
                    const struct busiest_place *out[BUSIEST_PLACES]);

/* Goes on from totals. */
void busiest_restore(struct busiest *b, const struct busiest_kind *kind, const struct totals *from);

/* Puts what has changed since the last time into the totals: always the same ones, those of
 * busiest_restore or a copy, from which no field was taken away. */
void busiest_put(struct busiest *b, const struct busiest_kind *kind, struct totals *totals);

#endif
