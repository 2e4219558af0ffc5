/* totals.c: fields are kept by name, a full table stays as it is, lineages are random and make a
 * key. */
#include <criterion/criterion.h>
#include <string.h>

#include "text.h"
#include "totals.h"

Test(totals, set_and_get) {
    struct totals t = {0};

    cr_expect_eq(totals_get(&t, "c.sent"), 0, "what is not there is 0");
    totals_set(&t, "c.sent", 1);
    totals_set(&t, "c.queued", UINT64_MAX);
    totals_set(&t, "c.sent", 2);
    cr_expect_eq(t.count, 2);
    cr_expect_eq(totals_get(&t, "c.sent"), 2);
    cr_expect_eq(totals_get(&t, "c.queued"), UINT64_MAX);
    cr_expect_eq(totals_get(&t, "c.sen"), 0);
}

Test(totals, full_table) {
    struct totals t = {0};
    char name[40];

    for (uint64_t i = 0; i < TOTALS_FIELDS + 5; i++) {
        text_format(name, sizeof name, "c.%llu", (unsigned long long)i);
        totals_set(&t, name, i);
    }
    cr_expect_eq(t.count, TOTALS_FIELDS);
    cr_expect_eq(totals_get(&t, name), 0, "dropped");
    totals_set(&t, "c.7", 70);
    cr_expect_eq(totals_get(&t, "c.7"), 70, "those that are there still change");
}

Test(totals, lineage) {
    struct totals a = {0};
    struct totals b = {0};
    struct hash_key key_a;
    struct hash_key key_b;

    totals_new_lineage(&a);
    totals_new_lineage(&b);
    cr_expect_eq(strlen(a.lineage), 32);
    cr_expect_eq(strspn(a.lineage, "0123456789abcdef"), 32);
    cr_expect_str_neq(a.lineage, b.lineage);
    key_a = totals_hash_key(&a);
    key_b = totals_hash_key(&b);
    cr_expect(memcmp(&key_a, &key_b, sizeof key_a) != 0);
    text_copy(a.lineage, sizeof a.lineage, "0123456789abcdef00000000000000ff");
    key_a = totals_hash_key(&a);
    cr_expect_eq(key_a.k[0], 0x0123456789abcdef);
    cr_expect_eq(key_a.k[1], 0xff);
}
