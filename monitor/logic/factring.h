/* A ring of bytes that holds facts: a few texts each, with a time, chained to the one before it
 * that is about the same thing. The newest facts overwrite the oldest. A place in the ring is
 * counted on and on, so it tells whether what stood there was overwritten since. What the ring
 * holds may come from a file: factring_at hands out nothing that leads out of bounds, and a chain
 * always ends. The memory belongs to the caller. Pure. */
#ifndef LOGIC_FACTRING_H
#define LOGIC_FACTRING_H

#include <stddef.h>
#include <stdint.h>

#include "text.h"

enum { FACTRING_TEXTS = 4, FACTRING_ALIGN = 8, FACTRING_SIZE_MOST = 1024 };

struct factring {
    unsigned char *bytes; /* aligned to FACTRING_ALIGN, as is the size */
    size_t size;          /* FACTRING_SIZE_MOST at least */
    uint64_t *end; /* place behind the newest; FACTRING_ALIGN in an empty ring: 0 means none */
};

struct fact {
    uint64_t prev; /* place of the one before it; 0: none */
    int64_t time_ms;
    uint16_t size; /* with its texts */
    uint8_t kind;
    uint8_t status;
    uint16_t count;
    uint16_t length[FACTRING_TEXTS]; /* of the texts behind it */
    uint16_t spare;
};

/* Adds one with these texts; what they have beyond `most` is cut off. Not more than
 * FACTRING_SIZE_MOST. The caller fills in prev, which must be the place of an earlier one, time_ms,
 * kind, status and count. The result is good until the next one is added. */
struct fact *factring_add(struct factring *ring, const struct span text[FACTRING_TEXTS],
                          const uint16_t most[FACTRING_TEXTS], uint64_t *place_out);

/* The fact at this place, or NULL where it was overwritten, or never was one. */
struct fact *factring_at(const struct factring *ring, uint64_t place);

struct span factring_text(const struct fact *fact, unsigned i);

#endif
