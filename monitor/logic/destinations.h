/* Where the mail goes: the recipients' domains with the most deliveries, each with how many were
 * sent, put off or bounced. Fixed memory, whatever the log holds: there are DESTINATIONS places,
 * and a domain that finds none takes over that with the least (the "space saving" of Metwally,
 * Agrawal and El Abbadi, 2005). So every domain with more than one in DESTINATIONS of all
 * deliveries is there. Of each, the counts since it is there are exact; `missed` is the most that
 * it can have had before.
 *
 * All of it stands in the totals, so that it is the same for the same lines, also across restarts
 * and replays: which place gives way depends on nothing but the lines. Pure; nothing is allocated.
 */
#ifndef LOGIC_DESTINATIONS_H
#define LOGIC_DESTINATIONS_H

#include <stddef.h>
#include <stdint.h>

#include "mailev.h"
#include "totals.h"

enum {
    DESTINATIONS = 32,
    DESTINATION_ENDS = 3,
    DESTINATION_FIGURES = DESTINATION_ENDS + 1,
    DESTINATION_HINTS = 64
};

struct destination {
    char name[TOTALS_TEXT_SIZE];          /* lower case, printable; "": the place is free */
    uint64_t figure[DESTINATION_FIGURES]; /* by destination_word */
    uint16_t field[DESTINATION_FIGURES];  /* in the totals, + 1; 0: none yet */
};

/* All zero: empty. */
struct destinations {
    uint64_t hash[DESTINATIONS];   /* of the name */
    uint64_t weight[DESTINATIONS]; /* the sum of its figures; 0: free */
    struct destination place[DESTINATIONS];
    uint8_t hint[DESTINATION_HINTS]; /* by hash: where the name was found last */
    uint32_t changed;                /* since destinations_put; a bit a place */
};

/* "sent", "deferred", "bounced", "missed". Static. */
const char *destination_word(size_t figure);

/* Notes a delivery; other events and addresses without a domain are nothing. */
void destinations_note(struct destinations *d, const struct mailev *ev);

/* The places in use, those with the most deliveries first. Returns how many. */
size_t destinations_list(const struct destinations *d, const struct destination *out[DESTINATIONS]);

/* Goes on from totals: k.PLACE.name, k.PLACE.sent and so on. */
void destinations_restore(struct destinations *d, const struct totals *from);

/* Puts what has changed since the last time into the totals: always the same ones, those of
 * destinations_restore or a copy, from which no field was taken away. */
void destinations_put(struct destinations *d, struct totals *totals);

#endif
