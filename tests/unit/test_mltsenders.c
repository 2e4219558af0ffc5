/* mltsenders.h: hours pass, heavy senders stay among a million others, a writer that was killed at
 * any point spoils nobody's figure. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "mltsenders.h"

#define HOUR INT64_C(3600000)
#define EPOCH (INT64_C(500000) * HOUR)
#define SECRET UINT64_C(0x1234567890abcdef)

static struct mltsenders *s;
static struct mltsenders_look look;

static void begin(void) {
    s = calloc(1, sizeof *s);
    cr_assert_not_null(s);
}

static void finish(void) {
    free(s);
}

TestSuite(mltsenders, .init = begin, .fini = finish);

static void add(const char *sender, uint32_t recipients, int64_t now_ms) {
    mltsenders_add(s, SECRET, sender, recipients, now_ms);
}

static uint64_t most(int64_t now_ms) {
    mltsenders_read(s, SECRET, 0, now_ms, &look);
    return look.recipients;
}

Test(mltsenders, a_day_passes) {
    for (int hour = 0; hour < 48; hour++) {
        add("app@example.com", 100, EPOCH + hour * HOUR);
        add("other@example.com", 1, EPOCH + hour * HOUR);
        mltsenders_read(s, SECRET, 2400, EPOCH + hour * HOUR, &look);
        cr_expect_eq(look.recipients, 100u * (hour < 24 ? (unsigned)hour + 1 : 24u), "hour %d",
                     hour);
        cr_expect_str_eq(look.sender, "app@example.com");
        cr_expect_eq(look.near, hour >= 23 ? 1u : 0u, "hour %d", hour);
        cr_expect_eq(look.all, look.recipients / 100 * 101);
    }
    cr_expect_eq(most(EPOCH + 60 * HOUR), 1100u, "the last eleven of them");
    cr_expect_eq(most(EPOCH + 72 * HOUR), 0u);
    cr_expect_str_eq(look.sender, "");
}

Test(mltsenders, nothing_to_count) {
    add("", 5, EPOCH);
    add("a@b", 0, EPOCH);
    add("a@b", 5, 0);
    add("a@b", 5, -1);
    cr_expect_eq(most(EPOCH), 0u);
    mltsenders_read(s, SECRET, 1, -1, &look);
    cr_expect_eq(look.all, 0u);
}

Test(mltsenders, never_more_than_fits) {
    for (int i = 0; i < 3; i++)
        add("a@b", 60000000, EPOCH);
    cr_expect_eq(most(EPOCH), (UINT64_C(1) << 26) - 1);
}

Test(mltsenders, a_clock_that_was_wrong) {
    add("a@b", 7, EPOCH + 1000 * HOUR); /* ahead, and then set right */
    add("a@b", 3, EPOCH);
    cr_expect_eq(most(EPOCH), 3u);
    add("a@b", 4, EPOCH + 1000 * HOUR);
    cr_expect_geq(most(EPOCH + 1000 * HOUR), 4u);
    cr_expect_leq(most(EPOCH + 1000 * HOUR), 11u);
}

Test(mltsenders, a_heavy_one_among_a_million) {
    char sender[64];

    for (int i = 0; i < 1000000; i++) {
        text_format(sender, sizeof sender, "bounce-%d@example.com", i);
        add(sender, 1, EPOCH + i * (23 * HOUR / 1000000));
        if (i % 100 == 0)
            add("app@example.com", 1, EPOCH + i * (23 * HOUR / 1000000));
    }
    mltsenders_read(s, SECRET, 8000, EPOCH + 23 * HOUR, &look);
    cr_expect_str_eq(look.sender, "app@example.com");
    cr_expect_eq(look.near, 1u);
    cr_expect_leq(look.recipients, 10000u, "never too much");
    cr_expect_geq(look.recipients, 9950u);
}

/* As many that send much as the table takes with some to spare: none is told of with more than it
 * sent. */
Test(mltsenders, never_too_much) {
    char sender[64];

    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 5000; i++) {
            text_format(sender, sizeof sender, "s%d@example.com", i);
            add(sender, 2, EPOCH + round * HOUR / 4);
        }
    }
    cr_expect_leq(most(EPOCH + 50 * HOUR / 4), 100u);
    cr_expect_gt(look.recipients, 0u);
}

/* The place of the only sender in the table. */
static struct mltsenders_place *only(_Atomic uint64_t **key_out) {
    for (size_t set = 0; set < MLTSENDERS_SETS; set++) {
        if (s->key[set][0] != 0) {
            *key_out = &s->key[set][0];
            return &s->place[set][0];
        }
    }
    cr_assert_fail("nobody is there");
    return NULL;
}

Test(mltsenders, killed_before_the_name) {
    _Atomic uint64_t *key;
    struct mltsenders_place *place;

    add("app@example.com", 5, EPOCH);
    place = only(&key);
    place->named = 0;
    place->name[0] = 0;
    cr_expect_eq(most(EPOCH), 5u);
    cr_expect_str_eq(look.sender, "(unknown)");
    add("app@example.com", 1, EPOCH);
    cr_expect_eq(most(EPOCH), 6u);
    cr_expect_str_eq(look.sender, "app@example.com");
}

Test(mltsenders, killed_within_the_name) {
    _Atomic uint64_t *key;
    struct mltsenders_place *place;

    add("app@example.com", 5, EPOCH);
    place = only(&key);
    place->name[1] ^= 1; /* the bytes of one who had the place before; named says nothing of it */
    mltsenders_adopt(s, SECRET);
    add("app@example.com", 1, EPOCH);
    cr_expect_eq(most(EPOCH), 6u);
    cr_expect_str_eq(look.sender, "app@example.com");
}

/* A writer that was held up since before another sender took its place over. */
Test(mltsenders, a_takeover_leaves_nothing_behind) {
    _Atomic uint64_t *key;
    struct mltsenders_place *place;

    add("app@example.com", 5, EPOCH);
    place = only(&key);
    *key = *key + 1; /* the next generation: the count is of the one before */
    cr_expect_eq(most(EPOCH), 0u);
    add("app@example.com", 2, EPOCH);
    cr_expect_eq(most(EPOCH), 2u);
    cr_expect_eq(place->named, *key);
}
