/* See factring.h. */
#include "factring.h"

#include <assert.h>
#include <string.h>

static size_t round_up(size_t n) {
    return (n + FACTRING_ALIGN - 1) / FACTRING_ALIGN * FACTRING_ALIGN;
}

/* Where a fact of this size goes: it does not go round the end. */
static uint64_t take_bytes(struct factring *ring, size_t size) {
    size_t at = (size_t)(*ring->end % ring->size);
    uint64_t place;

    if (at + size > ring->size)
        *ring->end += ring->size - at;
    place = *ring->end;
    *ring->end += size;
    return place;
}

static size_t length_of(struct span text, uint16_t most) {
    return text.n < most ? text.n : most;
}

struct fact *factring_add(struct factring *ring, const struct span text[FACTRING_TEXTS],
                          const uint16_t most[FACTRING_TEXTS], uint64_t *place_out) {
    size_t size = sizeof(struct fact);
    struct fact *to;
    unsigned char *p;

    for (int i = 0; i < FACTRING_TEXTS; i++)
        size += length_of(text[i], most[i]);
    size = round_up(size);
    assert(size <= FACTRING_SIZE_MOST);
    *place_out = take_bytes(ring, size);
    to = (struct fact *)(void *)(ring->bytes + *place_out % ring->size);
    to->size = (uint16_t)size;
    p = (unsigned char *)(to + 1);
    for (int i = 0; i < FACTRING_TEXTS; i++) {
        size_t n = length_of(text[i], most[i]);

        to->length[i] = (uint16_t)n;
        if (n > 0)
            memcpy(p, text[i].p, n);
        p += n;
    }
    return to;
}

struct fact *factring_at(const struct factring *ring, uint64_t place) {
    size_t at = (size_t)(place % ring->size);
    struct fact *fact;
    size_t need = sizeof *fact;

    if (place == 0 || place % FACTRING_ALIGN != 0 || place >= *ring->end ||
        *ring->end - place > ring->size || at + sizeof *fact > ring->size)
        return NULL;
    fact = (struct fact *)(void *)(ring->bytes + at);
    for (int i = 0; i < FACTRING_TEXTS; i++)
        need += fact->length[i];
    if (need > fact->size || at + fact->size > ring->size || fact->prev >= place)
        return NULL;
    return fact;
}

struct span factring_text(const struct fact *fact, unsigned i) {
    const char *p = (const char *)(fact + 1);

    for (unsigned k = 0; k < i; k++)
        p += fact->length[k];
    return (struct span){p, fact->length[i]};
}
