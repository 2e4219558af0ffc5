/* The table of what was counted, in memory and in the totals. */
#include "counted.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 20000 };

static const struct hash_key key = {{1, 2}};
static char text[SIZE]; /* a file */
static char other[SIZE];

static void fill(void) {
    for (int i = 0; i < SIZE; i++) {
        text[i] = (char)('a' + i * 7 % 23 + i / 1000 % 3);
        other[i] = (char)('b' + i * 5 % 19);
    }
}

static struct place place_at(const char *file, uint64_t offset) {
    size_t tail = offset < POSITION_TAIL ? (size_t)offset : POSITION_TAIL;
    struct place at = {.offset = offset};

    place_hash(&at, &key, file, file + offset - tail);
    return at;
}

static struct span head_of(const char *file, size_t size) {
    return (struct span){file, size < POSITION_PREFIX ? size : POSITION_PREFIX};
}

static void note(struct counted *c, const char *file, size_t size, uint64_t offset) {
    struct place at = place_at(file, offset);
    struct counted_plan plan;
    int slot;

    counted_plan(c, &key, head_of(file, size), &plan);
    slot = counted_open(c, &plan);
    cr_assert_neq(slot, -1);
    counted_note(c, slot, &key, head_of(file, size), &at);
}

static struct counted_plan plan_of(const struct counted *c, const char *file, size_t size) {
    struct counted_plan plan;

    counted_plan(c, &key, head_of(file, size), &plan);
    return plan;
}

/* Through the totals, as from one life to the next. */
static void live_on(struct counted *c) {
    static struct totals totals;

    counted_put(c, &totals);
    counted_restore(c, &totals);
    totals_clear(&totals);
    memset(totals.value, 0, sizeof totals.value);
    /* What is restored is put whole only where it changes: so mark everything. */
    c->changed = true;
    c->old_changed = (UINT64_C(1) << COUNTED_OLD) - 1;
}

Test(counted, a_file_is_known_however_long_it_is, .init = fill) {
    static const uint64_t sizes[] = {1, 50, 128, 129, 1000, 4095, 4096, 4097, 9000};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct counted c = {0};
        struct counted_plan plan;

        note(&c, text, sizes[i], sizes[i]);
        live_on(&c);
        plan = plan_of(&c, text, sizes[i]);
        cr_expect_eq(plan.from, sizes[i], "the same of %d bytes", (int)sizes[i]);
        cr_expect_eq(plan.tail, place_at(text, sizes[i]).tail.h[0]);
        plan = plan_of(&c, text, SIZE);
        cr_expect_eq(plan.from, sizes[i], "grown from %d bytes", (int)sizes[i]);
        cr_expect_not(plan.is_shorter);
        plan = plan_of(&c, other, SIZE);
        cr_expect_eq(plan.old, -1);
        cr_expect_eq(plan.from, 0u);
        cr_expect_eq(plan.until, UINT64_MAX);
        if (sizes[i] > 400)
            cr_expect(plan_of(&c, text, 300).is_shorter || sizes[i] == 300, "%d", (int)sizes[i]);
        cr_expect_not(plan_of(&c, other, 300).is_shorter);
    }
}

Test(counted, progress_moves_the_same_slot, .init = fill) {
    struct counted c = {0};

    for (uint64_t at = 10; at < SIZE; at += 397) {
        note(&c, text, SIZE, at);
        live_on(&c);
        cr_assert_eq(plan_of(&c, text, SIZE).from, at);
    }
    for (int i = 1; i < COUNTED_OLD; i++)
        cr_expect_eq(c.old[i].kind, (uint64_t)COUNTED_FREE);
}

Test(counted, no_more_than_there_is_room_for) {
    struct counted c = {0};
    struct counted_plan plan;

    for (int i = 0; i < COUNTED_OLD; i++) {
        memset(text, 'a' + i, SIZE);
        note(&c, text, SIZE, SIZE);
    }
    memset(text, '!', SIZE);
    plan = plan_of(&c, text, SIZE);
    cr_expect_eq(counted_open(&c, &plan), -1);
    cr_expect_not(counted_note_entry(&c, 1, 1));
    memset(text, 'a', SIZE);
    cr_expect_eq(plan_of(&c, text, SIZE).from, (uint64_t)SIZE, "the first is not forgotten");
}

Test(counted, what_relaywatchd_followed_is_not_old, .init = fill) {
    struct counted c = {0};
    struct place at = place_at(text, 9000);

    counted_begin(&c, 1000000);
    counted_follow(&c, 7, 9000, &at);
    live_on(&c);
    cr_expect_eq(plan_of(&c, text, SIZE).until, 9000u);
    cr_expect_not(plan_of(&c, text, SIZE).by_time);
    cr_expect(plan_of(&c, other, SIZE).by_time);
    at = place_at(text, 12000);
    counted_follow(&c, 7, 0, &at);
    cr_expect_eq(plan_of(&c, text, SIZE).until, 9000u, "where it began stays");
    at = place_at(other, 100);
    counted_follow(&c, 8, 0, &at);
    cr_expect_eq(plan_of(&c, other, SIZE).until, 0u);
    at = place_at(other, 3000);
    counted_follow(&c, 8, 0, &at);
    live_on(&c);
    cr_expect_eq(plan_of(&c, other, SIZE).until, 0u);
    cr_expect_eq(plan_of(&c, other, 200).until, UINT64_MAX, "too short to be sure");
    cr_expect_eq(c.live[1].size, 3000u, "by more bytes as it grows");
}

Test(counted, the_oldest_followed_file_gives_way, .init = fill) {
    struct counted c = {0};

    for (uint64_t i = 1; i <= COUNTED_LIVE + 1; i++) {
        struct place at;

        text[0] = (char)i;
        at = place_at(text, 5000);
        counted_follow(&c, i, 0, &at);
        live_on(&c);
    }
    text[0] = 1;
    cr_expect_eq(plan_of(&c, text, SIZE).until, UINT64_MAX);
    for (int i = 2; i <= COUNTED_LIVE + 1; i++) {
        text[0] = (char)i;
        cr_expect_eq(plan_of(&c, text, SIZE).until, 0u);
    }
}

Test(counted, stamps_tell_where_nothing_else_does) {
    struct counted c = {0};

    counted_begin(&c, 1700000000400);
    counted_begin(&c, 1800000000000);
    live_on(&c);
    cr_expect_not(counted_is_live(&c, 1699999999999));
    cr_expect_not(counted_is_live(&c, 1700000000000));
    cr_expect_not(counted_is_live(&c, 1700000000999));
    cr_expect(counted_is_live(&c, 1700000001000));
}

Test(counted, entries_of_journals) {
    struct counted c = {0};

    counted_begin(&c, 1700000000400);
    cr_expect_eq(counted_entry(&c, 11, 5, UINT64_C(1600000000000000)), COUNTED_NEW);
    cr_expect(counted_note_entry(&c, 11, 5));
    cr_expect(counted_note_entry(&c, 12, 900));
    cr_expect(counted_note_entry(&c, 11, 6));
    live_on(&c);
    cr_expect_eq(counted_entry(&c, 11, 6, UINT64_C(1600000000000000)), COUNTED_BEFORE);
    cr_expect_eq(counted_entry(&c, 11, 7, UINT64_C(1600000000000000)), COUNTED_NEW);
    cr_expect_eq(counted_entry(&c, 12, 7, UINT64_C(1600000000000000)), COUNTED_BEFORE);
    cr_expect_eq(counted_entry(&c, 13, 7, UINT64_C(1700000001000000)), COUNTED_BY_DAEMON);
    cr_expect_eq(counted_entry(&c, 13, 7, UINT64_C(1700000000500000)), COUNTED_NEW);
    counted_begin_journal(&c, UINT64_C(1700000000450001));
    counted_begin_journal(&c, UINT64_C(1700000000500000));
    live_on(&c);
    cr_expect_eq(counted_entry(&c, 13, 7, UINT64_C(1700000000450000)), COUNTED_NEW);
    cr_expect_eq(counted_entry(&c, 13, 7, UINT64_C(1700000000450001)), COUNTED_BY_DAEMON);
    cr_expect(counted_has(&c, COUNTED_JOURNAL));
    cr_expect_not(counted_has(&c, COUNTED_FILE));
}
