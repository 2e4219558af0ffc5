/* factring.c: what was added is there until newer ones need the room; bytes from anywhere do no
 * harm.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "factring.h"

enum { SIZE = 4096 };

static const uint16_t most[FACTRING_TEXTS] = {5, 200, 200, 0};

struct ring {
    _Alignas(8) unsigned char bytes[SIZE];
    uint64_t end;
    struct factring facts;
};

static struct ring *ring_new(void) {
    struct ring *r = calloc(1, sizeof *r);

    r->end = FACTRING_ALIGN;
    r->facts = (struct factring){r->bytes, SIZE, &r->end};
    return r;
}

static uint64_t add(struct ring *r, uint64_t prev, const char *a, const char *b) {
    const struct span text[FACTRING_TEXTS] = {span_of(a), span_of(b)};
    uint64_t place;
    struct fact *fact = factring_add(&r->facts, text, most, &place);

    fact->prev = prev;
    fact->kind = 3;
    return place;
}

Test(factring, texts) {
    struct ring *r = ring_new();
    uint64_t first = add(r, 0, "123456789", "b");
    uint64_t second = add(r, first, "", "");
    const struct fact *fact = factring_at(&r->facts, first);

    cr_assert_not_null(fact);
    cr_expect(span_is(factring_text(fact, 0), "12345"), "cut");
    cr_expect(span_is(factring_text(fact, 1), "b"));
    cr_expect_eq(factring_text(fact, 3).n, 0u);
    cr_expect_eq(fact->kind, 3);
    cr_expect_eq(factring_at(&r->facts, second)->prev, first);
    cr_expect_null(factring_at(&r->facts, 0));
    cr_expect_null(factring_at(&r->facts, r->end));
    cr_expect_null(factring_at(&r->facts, first + 1));
    free(r);
}

Test(factring, the_newest_are_there) {
    struct ring *r = ring_new();
    uint64_t place[1000];
    char text[64];
    size_t there = 0;

    for (size_t i = 0; i < 1000; i++) {
        memset(text, 'a' + (int)(i % 26), sizeof text);
        text[i % 60] = '\0';
        place[i] = add(r, i > 0 ? place[i - 1] : 0, "", text);
    }
    for (size_t i = 1000; i-- > 0;) {
        const struct fact *fact = factring_at(&r->facts, place[i]);

        if (fact == NULL)
            continue;
        cr_assert_eq(there, 999 - i, "no gaps");
        there++;
        cr_assert_eq(fact->prev, i > 0 ? place[i - 1] : 0);
        cr_assert_eq(factring_text(fact, 1).n, i % 60);
        for (size_t k = 0; k < i % 60; k++)
            cr_assert_eq(factring_text(fact, 1).p[k], 'a' + (char)(i % 26));
    }
    cr_expect_geq(there, 45u, "%zu", there); /* of 64 bytes each, on average */
    free(r);
}

Test(factring, bytes_from_anywhere) {
    struct ring *r = ring_new();
    uint64_t seed = 11;

    for (int round = 0; round < 20000; round++) {
        uint64_t place;

        for (int i = 0; i < 8; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1;
            memcpy(r->bytes + seed % (SIZE - 8), &seed, 8);
        }
        r->end = FACTRING_ALIGN + (seed >> 20) % (3 * SIZE) / 8 * 8;
        place = r->end - (seed >> 40) % SIZE / 8 * 8;
        for (const struct fact *fact; (fact = factring_at(&r->facts, place)) != NULL;
             place = fact->prev) {
            for (unsigned i = 0; i < FACTRING_TEXTS; i++) {
                struct span text = factring_text(fact, i);

                cr_assert((const unsigned char *)text.p >= r->bytes &&
                          (const unsigned char *)text.p + text.n <= r->bytes + SIZE);
            }
            cr_assert_lt(fact->prev, place);
        }
    }
    free(r);
}
