/* See destinations.h. */
#include "destinations.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { MISSED = DESTINATION_ENDS };

/* In the order of destination_word. */
static const enum counter ends[DESTINATION_ENDS] = {COUNTER_SENT, COUNTER_DEFERRED,
                                                    COUNTER_BOUNCED};

const char *destination_word(size_t figure) {
    return figure < DESTINATION_ENDS ? counter_name(ends[figure]) : "missed";
}

/* ---- counting ---- */

static unsigned char lower(unsigned char c) {
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 'a' - 'A') : c;
}

/* The same for both cases of a letter. Not keyed: whoever chose names that collide would make the
 * search among 32 places, no more, go to its end. */
static uint64_t hash_domain(struct span domain) {
    uint64_t h = domain.n;

    for (size_t i = 0; i < domain.n; i += 8) {
        size_t n = domain.n - i < 8 ? domain.n - i : 8;
        uint64_t word = 0;

        memcpy(&word, domain.p + i, n);
        h = (h ^ (word | UINT64_C(0x2020202020202020))) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return h;
}

static bool is_name(const struct destination *place, struct span domain) {
    const unsigned char *name = (const unsigned char *)place->name;
    size_t i = 0;

    while (i < domain.n && lower((unsigned char)domain.p[i]) == name[i])
        i++;
    return i == domain.n && name[i] == '\0';
}

/* The place of this domain, or DESTINATIONS. */
static size_t find(struct destinations *d, struct span domain, uint64_t hash) {
    uint8_t *hint = &d->hint[hash % DESTINATION_HINTS];

    if (d->hash[*hint] == hash && is_name(&d->place[*hint], domain))
        return *hint;
    for (size_t i = 0; i < DESTINATIONS; i++) {
        if (d->hash[i] == hash && is_name(&d->place[i], domain)) {
            *hint = (uint8_t)i;
            return i;
        }
    }
    return DESTINATIONS;
}

/* A domain that has no place, as it stands in the line: perhaps as it is kept, in lower case and
 * printable; else it takes over the place with the least. A name that is too long is cut: such a
 * domain does not exist. */
static NOINLINE size_t take_place(struct destinations *d, struct span domain) {
    char name[TOTALS_TEXT_SIZE];
    size_t least = 0;
    uint64_t hash;
    size_t i;

    text_copy_printable(name, sizeof name, domain);
    for (i = 0; name[i] != '\0'; i++)
        name[i] = (char)lower((unsigned char)name[i]);
    hash = hash_domain(span_of(name));
    i = span_is(domain, name) ? DESTINATIONS : find(d, span_of(name), hash);
    if (i < DESTINATIONS)
        return i;
    for (i = 1; i < DESTINATIONS; i++) {
        if (d->weight[i] < d->weight[least])
            least = i;
    }
    text_copy(d->place[least].name, TOTALS_TEXT_SIZE, name);
    memset(d->place[least].figure, 0, sizeof d->place[least].figure);
    d->place[least].figure[MISSED] = d->weight[least];
    d->hash[least] = hash;
    return least;
}

static void add(struct destinations *d, struct span to, size_t figure) {
    const char *at = to.n > 0 ? memrchr(to.p, '@', to.n) : NULL;
    struct span domain;
    size_t i;

    if (at == NULL || at + 1 == to.p + to.n)
        return;
    domain = (struct span){at + 1, (size_t)(to.p + to.n - at - 1)};
    i = find(d, domain, hash_domain(domain));
    if (i == DESTINATIONS)
        i = take_place(d, domain);
    d->place[i].figure[figure]++;
    d->weight[i]++;
    d->changed |= UINT32_C(1) << i;
}

void destinations_note(struct destinations *d, const struct mailev *ev) {
    if (ev->kind != MAILEV_DELIVERY)
        return;
    for (size_t end = 0; end < DESTINATION_ENDS; end++) {
        if ((ev->counters & COUNTER_BIT(ends[end])) != 0)
            add(d, ev->to, end);
    }
}

static uint64_t weight_of(const struct destination *place) {
    uint64_t sum = 0;

    for (size_t i = 0; i < DESTINATION_FIGURES; i++)
        sum += place->figure[i];
    return sum;
}

static int by_weight(const void *a, const void *b) {
    const struct destination *x = *(const struct destination *const *)a;
    const struct destination *y = *(const struct destination *const *)b;
    uint64_t of_x = weight_of(x), of_y = weight_of(y);

    return of_x != of_y ? (of_x < of_y) - (of_x > of_y) : strcmp(x->name, y->name);
}

size_t destinations_list(const struct destinations *d,
                         const struct destination *out[DESTINATIONS]) {
    size_t count = 0;

    for (size_t i = 0; i < DESTINATIONS; i++) {
        if (d->weight[i] != 0)
            out[count++] = &d->place[i];
    }
    qsort(out, count, sizeof out[0], by_weight);
    return count;
}

/* ---- as totals ---- */

static void field_name(char out[TOTALS_NAME_SIZE], size_t place, const char *word) {
    text_format(out, TOTALS_NAME_SIZE, "k.%zu.%s", place, word);
}

void destinations_restore(struct destinations *d, const struct totals *from) {
    char name[TOTALS_NAME_SIZE];

    memset(d, 0, sizeof *d);
    for (size_t i = 0; i < DESTINATIONS; i++) {
        struct destination *place = &d->place[i];

        field_name(name, i, "name");
        text_copy(place->name, sizeof place->name, totals_text(from, name));
        for (size_t f = 0; f < DESTINATION_FIGURES; f++) {
            int field;

            field_name(name, i, destination_word(f));
            field = totals_find(from, name);
            place->field[f] = (uint16_t)(field + 1);
            if (field >= 0 && place->name[0] != '\0')
                place->figure[f] = from->value[field];
        }
        d->hash[i] = hash_domain(span_of(place->name));
        d->weight[i] = weight_of(place);
    }
}

static void place_put(struct destination *place, size_t number, struct totals *totals) {
    char name[TOTALS_NAME_SIZE];

    field_name(name, number, "name");
    totals_set_text(totals, name, span_of(place->name));
    for (size_t f = 0; f < DESTINATION_FIGURES; f++) {
        if (place->field[f] == 0 && place->figure[f] != 0) {
            field_name(name, number, destination_word(f));
            place->field[f] = (uint16_t)(totals_field(totals, name) + 1);
        }
        if (place->field[f] != 0)
            totals->value[place->field[f] - 1] = place->figure[f];
    }
}

void destinations_put(struct destinations *d, struct totals *totals) {
    for (; d->changed != 0; d->changed &= d->changed - 1) {
        size_t i = (size_t)__builtin_ctz(d->changed);

        place_put(&d->place[i], i, totals);
    }
}
