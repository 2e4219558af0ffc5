/* A ring of bytes that holds facts: a few texts each, with a time, chained to the one before it
 * that is about the same thing. The newest facts overwrite the oldest. A place in the ring is
 * counted on and on, so it tells whether what stood there was overwritten since. What the ring
 * holds may come from a file: facts_at hands out nothing that leads out of bounds, and a chain
 * always ends. The memory belongs to the caller. Pure. */
#ifndef LOGIC_FACTS_H
#define LOGIC_FACTS_H

#include <stddef.h>
#include <stdint.h>

#include "text.h"

enum { FACTS_TEXTS = 4, FACTS_ALIGN = 8, FACTS_SIZE_MOST = 1024 };

struct facts {
    unsigned char *bytes; /* aligned to FACTS_ALIGN, as is the size; FACTS_SIZE_MOST at least */
    size_t size;
    uint64_t
        *end; /* place behind the newest; FACTS_ALIGN in an empty ring, as place 0 means none */
};

struct fact {
    uint64_t prev; /* place of the one before it; 0: none */
    int64_t time_ms;
    uint16_t size; /* with its texts */
    uint8_t kind;
    uint8_t status;
    uint16_t count;
    uint16_t length[FACTS_TEXTS]; /* of the texts behind it */
    uint16_t spare;
};

/* Adds one with these texts; what they have beyond `most` is cut off. Not more than
 * FACTS_SIZE_MOST. The caller fills in prev, which must be the place of an earlier one, time_ms,
 * kind, status and count. The result is good until the next one is added. */
struct fact *facts_add(struct facts *facts, const struct span text[FACTS_TEXTS],
                       const uint16_t most[FACTS_TEXTS], uint64_t *place_out);

/* The fact at this place, or NULL where it was overwritten, or never was one. */
struct fact *facts_at(const struct facts *facts, uint64_t place);

struct span facts_text(const struct fact *fact, unsigned i);

#endif
