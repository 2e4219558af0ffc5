/* See busiest.h. */
#include "busiest.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char *busiest_word(const struct busiest_kind *kind, size_t figure) {
    return figure < kind->figures ? kind->words[figure] : "missed";
}

/* ---- counting ---- */

static unsigned char lower(unsigned char c) {
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 'a' - 'A') : c;
}

/* The same for both cases of a letter. Not keyed: whoever chose names that collide would make the
 * search among 32 places, no more, go to its end. */
static uint64_t hash_name(struct span name) {
    uint64_t h = name.n;

    for (size_t i = 0; i < name.n; i += 8) {
        size_t n = name.n - i < 8 ? name.n - i : 8;
        uint64_t word = 0;

        memcpy(&word, name.p + i, n);
        h = (h ^ (word | UINT64_C(0x2020202020202020))) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return h;
}

static bool is_name(const struct busiest_place *place, struct span span) {
    const unsigned char *name = (const unsigned char *)place->name;
    size_t i = 0;

    while (i < span.n && lower((unsigned char)span.p[i]) == name[i])
        i++;
    return i == span.n && name[i] == '\0';
}

/* The place of this name, or BUSIEST_PLACES. */
static size_t find(struct busiest *b, const struct busiest_kind *kind, struct span name,
                   uint64_t hash) {
    uint8_t *hint = &b->hint[hash % BUSIEST_HINTS];

    if (b->hash[*hint] == hash && is_name(&b->place[*hint], name))
        return *hint;
    for (size_t i = 0; i < kind->places; i++) {
        if (b->hash[i] == hash && is_name(&b->place[i], name)) {
            *hint = (uint8_t)i;
            return i;
        }
    }
    return BUSIEST_PLACES;
}

struct busiest_place *busiest_find(struct busiest *b, const struct busiest_kind *kind,
                                   struct span name) {
    size_t i = name.n > 0 ? find(b, kind, name, hash_name(name)) : BUSIEST_PLACES;

    return i < BUSIEST_PLACES ? &b->place[i] : NULL;
}

/* A name that has no place, as it stands in the line: perhaps as it is kept, in lower case and
 * printable; else it takes over the place with the least. */
static NOINLINE size_t take_place(struct busiest *b, const struct busiest_kind *kind,
                                  struct span as_it_stands) {
    char name[TOTALS_TEXT_SIZE];
    size_t least = 0;
    uint64_t hash;
    size_t i;

    text_copy_printable(name, sizeof name, as_it_stands);
    for (i = 0; name[i] != '\0'; i++)
        name[i] = (char)lower((unsigned char)name[i]);
    hash = hash_name(span_of(name));
    i = span_is(as_it_stands, name) ? BUSIEST_PLACES : find(b, kind, span_of(name), hash);
    if (i < BUSIEST_PLACES)
        return i;
    for (i = 1; i < kind->places; i++) {
        if (b->weight[i] < b->weight[least])
            least = i;
    }
    text_copy(b->place[least].name, TOTALS_TEXT_SIZE, name);
    memset(b->place[least].figure, 0, sizeof b->place[least].figure);
    b->place[least].figure[kind->figures] = b->weight[least];
    b->hash[least] = hash;
    return least;
}

void busiest_add(struct busiest *b, const struct busiest_kind *kind, struct span name,
                 size_t figure) {
    size_t i = find(b, kind, name, hash_name(name));

    if (i == BUSIEST_PLACES)
        i = take_place(b, kind, name);
    b->place[i].figure[figure]++;
    b->weight[i]++;
    b->changed |= UINT32_C(1) << i;
}

/* ---- looking ---- */

static uint64_t weight_of(const struct busiest_place *place) {
    uint64_t sum = 0;

    for (size_t i = 0; i < BUSIEST_FIGURES; i++)
        sum += place->figure[i];
    return sum;
}

static int by_weight(const void *a, const void *b) {
    const struct busiest_place *x = *(const struct busiest_place *const *)a;
    const struct busiest_place *y = *(const struct busiest_place *const *)b;
    uint64_t of_x = weight_of(x), of_y = weight_of(y);

    return of_x != of_y ? (of_x < of_y) - (of_x > of_y) : strcmp(x->name, y->name);
}

size_t busiest_list(const struct busiest *b, const struct busiest_kind *kind,
                    const struct busiest_place *out[BUSIEST_PLACES]) {
    size_t count = 0;

    for (size_t i = 0; i < kind->places; i++) {
        if (b->weight[i] != 0)
            out[count++] = &b->place[i];
    }
    qsort(out, count, sizeof out[0], by_weight);
    return count;
}

/* ---- as totals ---- */

static void field_name(char out[TOTALS_NAME_SIZE], const struct busiest_kind *kind, size_t place,
                       const char *word) {
    text_format(out, TOTALS_NAME_SIZE, "%c.%zu.%s", kind->letter, place, word);
}

void busiest_restore(struct busiest *b, const struct busiest_kind *kind,
                     const struct totals *from) {
    char name[TOTALS_NAME_SIZE];

    memset(b, 0, sizeof *b);
    for (size_t i = 0; i < kind->places; i++) {
        struct busiest_place *place = &b->place[i];

        field_name(name, kind, i, "name");
        text_copy(place->name, sizeof place->name, totals_text(from, name));
        for (size_t f = 0; f <= kind->figures; f++) {
            int field;

            field_name(name, kind, i, busiest_word(kind, f));
            field = totals_find(from, name);
            place->field[f] = (uint16_t)(field + 1);
            if (field >= 0 && place->name[0] != '\0')
                place->figure[f] = from->value[field];
        }
        b->hash[i] = hash_name(span_of(place->name));
        b->weight[i] = weight_of(place);
    }
}

static void place_put(struct busiest_place *place, const struct busiest_kind *kind, size_t number,
                      struct totals *totals) {
    char name[TOTALS_NAME_SIZE];

    field_name(name, kind, number, "name");
    totals_set_text(totals, name, span_of(place->name));
    for (size_t f = 0; f <= kind->figures; f++) {
        if (place->field[f] == 0 && place->figure[f] != 0) {
            field_name(name, kind, number, busiest_word(kind, f));
            place->field[f] = (uint16_t)(totals_field(totals, name) + 1);
        }
        if (place->field[f] != 0)
            totals->value[place->field[f] - 1] = place->figure[f];
    }
}

void busiest_put(struct busiest *b, const struct busiest_kind *kind, struct totals *totals) {
    for (; b->changed != 0; b->changed &= b->changed - 1) {
        size_t i = (size_t)__builtin_ctz(b->changed);

        place_put(&b->place[i], kind, i, totals);
    }
}
