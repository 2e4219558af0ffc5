/* See destinations.h. */
#include "destinations.h"

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

/* What stands behind the last '@', in lower case; "" where there is nothing. A name that is too
 * long is cut: such a domain does not exist. */
static void domain_of(struct span address, char out[TOTALS_TEXT_SIZE]) {
    size_t at = address.n;

    while (at > 0 && address.p[at - 1] != '@')
        at--;
    out[0] = '\0';
    if (at == 0)
        return;
    text_copy_printable(out, TOTALS_TEXT_SIZE, (struct span){address.p + at, address.n - at});
    for (char *p = out; *p != '\0'; p++) {
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    }
}

static uint64_t hash_name(const struct destinations *d, const char *name) {
    return hash_quick(&d->key, name, strlen(name));
}

/* The place of this name, which takes over that with the least when it has none. */
static size_t place_of(struct destinations *d, const char *name) {
    uint64_t hash = hash_name(d, name);
    size_t least = 0;

    for (size_t i = 0; i < DESTINATIONS; i++) {
        if (d->hash[i] == hash && strcmp(d->place[i].name, name) == 0)
            return i;
    }
    for (size_t i = 1; i < DESTINATIONS; i++) {
        if (d->weight[i] < d->weight[least])
            least = i;
    }
    text_copy(d->place[least].name, TOTALS_TEXT_SIZE, name);
    memset(d->place[least].figure, 0, sizeof d->place[least].figure);
    d->place[least].figure[MISSED] = d->weight[least];
    d->hash[least] = hash;
    return least;
}

void destinations_note(struct destinations *d, const struct mailev *ev) {
    char name[TOTALS_TEXT_SIZE];
    size_t i;

    if (ev->kind != MAILEV_DELIVERY)
        return;
    for (size_t end = 0; end < DESTINATION_ENDS; end++) {
        if ((ev->counters & COUNTER_BIT(ends[end])) == 0)
            continue;
        domain_of(ev->to, name);
        if (name[0] == '\0')
            return;
        i = place_of(d, name);
        d->place[i].figure[end]++;
        d->weight[i]++;
        d->changed |= UINT32_C(1) << i;
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

void destinations_restore(struct destinations *d, const struct hash_key *key,
                          const struct totals *from) {
    char name[TOTALS_NAME_SIZE];

    memset(d, 0, sizeof *d);
    d->key = *key;
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
        d->hash[i] = hash_name(d, place->name);
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
