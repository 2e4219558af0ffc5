/* See facts.h. */
#include "facts.h"

#include <assert.h>
#include <string.h>

static size_t round_up(size_t n) {
    return (n + FACTS_ALIGN - 1) / FACTS_ALIGN * FACTS_ALIGN;
}

/* Where a fact of this size goes: it does not go round the end. */
static uint64_t take_bytes(struct facts *facts, size_t size) {
    size_t at = (size_t)(*facts->end % facts->size);
    uint64_t place;

    if (at + size > facts->size)
        *facts->end += facts->size - at;
    place = *facts->end;
    *facts->end += size;
    return place;
}

static size_t length_of(struct span text, uint16_t most) {
    return text.n < most ? text.n : most;
}

struct fact *facts_add(struct facts *facts, const struct span text[FACTS_TEXTS],
                       const uint16_t most[FACTS_TEXTS], uint64_t *place_out) {
    size_t size = sizeof(struct fact);
    struct fact *to;
    unsigned char *p;

    for (int i = 0; i < FACTS_TEXTS; i++)
        size += length_of(text[i], most[i]);
    size = round_up(size);
    assert(size <= FACTS_SIZE_MOST);
    *place_out = take_bytes(facts, size);
    to = (struct fact *)(void *)(facts->bytes + *place_out % facts->size);
    to->size = (uint16_t)size;
    p = (unsigned char *)(to + 1);
    for (int i = 0; i < FACTS_TEXTS; i++) {
        size_t n = length_of(text[i], most[i]);

        to->length[i] = (uint16_t)n;
        if (n > 0)
            memcpy(p, text[i].p, n);
        p += n;
    }
    return to;
}

struct fact *facts_at(const struct facts *facts, uint64_t place) {
    size_t at = (size_t)(place % facts->size);
    struct fact *fact;
    size_t need = sizeof *fact;

    if (place == 0 || place % FACTS_ALIGN != 0 || place >= *facts->end ||
        *facts->end - place > facts->size || at + sizeof *fact > facts->size)
        return NULL;
    fact = (struct fact *)(void *)(facts->bytes + at);
    for (int i = 0; i < FACTS_TEXTS; i++)
        need += fact->length[i];
    if (need > fact->size || at + fact->size > facts->size || fact->prev >= place)
        return NULL;
    return fact;
}

struct span facts_text(const struct fact *fact, unsigned i) {
    const char *p = (const char *)(fact + 1);

    for (unsigned k = 0; k < i; k++)
        p += fact->length[k];
    return (struct span){p, fact->length[i]};
}
