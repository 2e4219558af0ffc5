/* idmap.c: what was put in is found, what was taken out is not, and nothing else is lost by it. */
#include <criterion/criterion.h>

#include "idmap.h"

enum { ELEMENTS = 5000 };

struct element {
    uint64_t id;
    uint32_t payload;
};

static uint64_t next(uint64_t *seed) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 11;
}

Test(idmap, ids_that_collide) {
    /* All want the first or the last slot of 1,024. */
    static struct element e[6] = {{.id = 1024}, {.id = 2048}, {.id = 1023},
                                  {.id = 2047}, {.id = 3072}, {.id = 4096 + 1}};
    struct idmap map;

    idmap_init(&map, e, sizeof e[0]);
    for (uint32_t i = 0; i < 6; i++)
        idmap_add(&map, i);
    for (uint32_t gone = 0; gone < 6; gone++) {
        idmap_remove(&map, gone);
        for (uint32_t i = 0; i < 6; i++)
            cr_expect_eq(idmap_find(&map, e[i].id), i == gone ? (uint32_t)IDMAP_NONE : i,
                         "%u without %u", i, gone);
        idmap_add(&map, gone);
    }
    cr_expect_eq(map.count, 6u);
    idmap_clear(&map);
}

Test(idmap, the_same_as_a_table_of_all) {
    static struct element e[ELEMENTS];
    static bool in[ELEMENTS];
    struct idmap map;
    uint64_t seed = 7;
    uint32_t count = 0;

    for (uint32_t i = 0; i < ELEMENTS; i++)
        e[i].id = next(&seed) % (4 * ELEMENTS) * 2 * ELEMENTS + i + 1; /* crowded, all different */
    idmap_init(&map, e, sizeof e[0]);
    for (int step = 0; step < 200000; step++) {
        /* First it fills, later it empties. */
        uint32_t i = (uint32_t)(next(&seed) % ELEMENTS);
        bool add = next(&seed) % 200000 > (uint64_t)step;

        if (add && !in[i]) {
            idmap_add(&map, i);
            count++;
        } else if (!add && in[i]) {
            idmap_remove(&map, i);
            count--;
        } else {
            continue;
        }
        in[i] = add;
        cr_assert_eq(map.count, count);
    }
    for (uint32_t i = 0; i < ELEMENTS; i++)
        cr_assert_eq(idmap_find(&map, e[i].id), in[i] ? i : (uint32_t)IDMAP_NONE);
    for (uint32_t i = 0; i < ELEMENTS; i++) {
        if (in[i])
            idmap_remove(&map, i);
    }
    cr_expect_eq(map.mask + 1, 1024u, "it has shrunk");
    idmap_clear(&map);
}
