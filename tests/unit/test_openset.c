/* openset.c: the order, what is told of changes, and that a set which was made from what was told
 * is the same one. */
#include <criterion/criterion.h>
#include <string.h>

#include "openset.h"

struct told {
    size_t count;
    struct open_change change[64];
};

static void on_change(const struct open_change *change, void *arg) {
    struct told *told = arg;

    cr_assert_lt(told->count, 64u);
    told->change[told->count++] = *change;
}

static struct told drain(struct openset *set) {
    struct told told = {0};

    openset_drain(set, on_change, &told);
    cr_expect_not(openset_has_changes(set));
    return told;
}

static uint64_t first_id(struct openset *set) {
    return openset_first(set) != NULL ? openset_first(set)->id : 0;
}

Test(openset, order_is_that_of_the_last_touch) {
    struct openset *set = openset_new();

    for (uint64_t id = 1; id <= 3; id++)
        openset_touch(set, openset_add(set, id), (uint32_t)id);
    openset_touch(set, openset_find(set, 1), 4);
    cr_expect_eq(first_id(set), 2u);
    openset_touch(set, openset_find(set, 1), 5); /* the last already */
    cr_expect_eq(openset_next(set, openset_find(set, 3))->id, 1u);
    openset_remove(set, openset_find(set, 2));
    cr_expect_eq(first_id(set), 3u);
    openset_remove(set, openset_find(set, 1));
    openset_remove(set, openset_find(set, 3));
    cr_expect_eq(openset_count(set), 0u);
    cr_expect_eq(first_id(set), 0u);
    openset_add(set, 7);
    cr_expect_eq(first_id(set), 7u);
    openset_free(&set);
    cr_expect_null(set);
}

Test(openset, what_is_told) {
    struct openset *set = openset_new();
    struct told told;

    cr_expect_not(openset_has_changes(set));
    openset_add(set, 1);
    openset_touch(set, openset_find(set, 1), 9);
    openset_add(set, 2);
    openset_remove(set, openset_find(set, 2));
    cr_expect(openset_has_changes(set));
    told = drain(set);
    cr_expect_eq(told.count, 1u, "twice changed is told once, come and gone not at all");
    cr_expect_eq(told.change[0].id, 1u);
    cr_expect_eq(told.change[0].touched_s, 9u);
    cr_expect_eq(drain(set).count, 0u);

    openset_remove(set, openset_find(set, 1));
    openset_add(set, 1)->flags = 5;
    told = drain(set);
    cr_expect_eq(told.count, 2u);
    cr_expect(told.change[0].gone && told.change[0].id == 1, "what is gone comes first");
    cr_expect(!told.change[1].gone && told.change[1].flags == 5);

    openset_remove(set, openset_find(set, 1));
    openset_add(set, 1);
    openset_remove(set, openset_find(set, 1));
    told = drain(set);
    cr_expect_eq(told.count, 1u, "gone, come and gone again: gone once");
    openset_free(&set);
}

static void apply(const struct open_change *change, void *arg) {
    openset_apply(arg, change);
}

static void expect_same(struct openset *a, struct openset *b) {
    const struct open_message *m = openset_first(a);

    cr_assert_eq(openset_count(a), openset_count(b));
    for (; m != NULL; m = openset_next(a, m)) {
        const struct open_message *n = openset_find(b, m->id);

        cr_assert_not_null(n);
        cr_assert(n->arrived_s == m->arrived_s && n->touched_s == m->touched_s &&
                  n->recipients == m->recipients && n->finals == m->finals && n->flags == m->flags);
    }
}

static uint32_t next(uint64_t *seed) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

static void change_one(struct openset *set, uint64_t *seed, uint32_t ids, uint32_t step) {
    uint64_t id = next(seed) % ids + 1;
    struct open_message *m = openset_find(set, id * UINT64_C(0x9e3779b97f4a7c15) | 1);

    if (m == NULL) {
        m = openset_add(set, id * UINT64_C(0x9e3779b97f4a7c15) | 1);
        m->arrived_s = step;
    } else if (next(seed) % 3 == 0) {
        openset_remove(set, m);
        return;
    }
    m->flags = (uint16_t)next(seed);
    m->finals = (uint16_t)next(seed);
    openset_touch(set, m, step);
}

Test(openset, a_copy_made_of_the_changes_is_the_same) {
    struct openset *set = openset_new();
    struct openset *copy = openset_new();
    struct openset *whole = openset_new();
    uint64_t seed = 3;

    for (uint32_t step = 0; step < 60000; step++) {
        /* First it fills beyond the places that it begins with, then it empties: it shrinks. */
        change_one(set, &seed, step < 30000 ? 4000 : 30, step);
        if (step == 30000) {
            while (openset_count(set) > 10)
                openset_remove(set, openset_first(set));
        }
        if (next(&seed) % 50 == 0) {
            openset_drain(set, apply, copy);
            if (next(&seed) % 20 == 0)
                expect_same(set, copy);
        }
    }
    openset_drain(set, apply, copy);
    expect_same(set, copy);
    expect_same(copy, set);
    openset_each(set, apply, whole);
    expect_same(set, whole);
    for (const struct open_message *m = openset_first(set), *n = openset_first(whole); m != NULL;
         m = openset_next(set, m), n = openset_next(whole, n))
        cr_assert_eq(m->id, n->id, "openset_each keeps the order");
    openset_free(&set);
    openset_free(&copy);
    openset_free(&whole);
}

Test(openset, what_was_taken_over_is_told_when_it_goes) {
    struct openset *set = openset_new();

    openset_apply(set, &(struct open_change){.id = 1, .arrived_s = 3});
    cr_expect_not(openset_has_changes(set));
    openset_remove(set, openset_find(set, 1));
    cr_expect_eq(drain(set).count, 1u);
    openset_apply(set, &(struct open_change){.id = 1});
    openset_apply(set, &(struct open_change){.id = 1, .gone = true});
    openset_apply(set, &(struct open_change){.id = 1, .gone = true});
    cr_expect_eq(openset_count(set), 0u);
    cr_expect_not(openset_has_changes(set));
    openset_free(&set);
}
