/* totals.c: fields are kept by name, a full table stays as it is, copies are whole though they move
 * little, lineages are random and make a key. */
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

Test(totals, numbers_of_fields) {
    struct totals t = {0};
    int sent;

    cr_expect_eq(totals_find(&t, "c.sent"), -1);
    sent = totals_field(&t, "c.sent");
    cr_assert(sent >= 0);
    cr_expect_eq(t.value[sent], 0);
    totals_set(&t, "c.queued", 1);
    cr_expect_eq(totals_field(&t, "c.sent"), sent);
    cr_expect_eq(totals_find(&t, "c.sent"), sent);
    cr_expect_eq(
        totals_field(&t, "c.01234567890123456789012345678901234567890123456789012345678901"), -1,
        "too long");
    cr_expect_eq(t.count, 2);
    totals_clear(&t);
    cr_expect_eq(t.count, 0);
    cr_expect_eq(totals_find(&t, "c.sent"), -1);
}

Test(totals, texts) {
    static const struct {
        const char *name, *field;
        struct span text;
        bool fits;
    } rows[] = {
        {"a domain", "k.0.name", SPAN("example.com"), true},
        {"UTF-8", "k.0.name", SPAN("m\xc3\xbcnchen.example"), true},
        {"none", "k.0.name", SPAN(""), true},
        {"broken UTF-8", "k.0.name", SPAN("b\xc3"), false},
        {"NUL", "k.0.name", SPAN("a\0b"), false},
        {"control character", "k.0.name", SPAN("a\nb"), false},
        {"not a name of a text", "k.0.sent", SPAN("x"), false},
        {"nothing before the end", ".name", SPAN("x"), false},
        {"long name", "k.0123456789012345678901234567890123456789012345678901234567.name",
         SPAN("x"), false},
    };
    char longest[TOTALS_TEXT_SIZE];
    struct totals t = {0};
    char name[TOTALS_NAME_SIZE];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        totals_clear(&t);
        cr_expect_eq(totals_set_text(&t, rows[i].field, rows[i].text), rows[i].fits, "%s",
                     rows[i].name);
        cr_expect_eq(t.texts, rows[i].fits, "%s", rows[i].name);
        cr_expect(span_is(rows[i].text, totals_text(&t, rows[i].field)) == rows[i].fits ||
                  rows[i].text.n == 0);
    }
    memset(longest, 'x', sizeof longest);
    totals_clear(&t);
    cr_expect_not(totals_set_text(&t, "k.0.name", (struct span){longest, sizeof longest}));
    for (int i = 0; i < TOTALS_TEXTS + 1; i++) {
        text_format(name, sizeof name, "k.%d.name", i);
        cr_expect_eq(
            totals_set_text(&t, name, (struct span){longest, sizeof longest - 1 - (size_t)i}),
            i < TOTALS_TEXTS);
    }
    cr_expect_eq(strlen(totals_text(&t, "k.31.name")), sizeof longest - 1 - 31);
    cr_expect(totals_set_text(&t, "k.7.name", SPAN("y")), "those that are there still change");
    cr_expect_str_eq(totals_text(&t, "k.7.name"), "y");
}

static void expect_same(const struct totals *a, const struct totals *b, const char *row) {
    cr_assert_eq(a->count, b->count, "%s", row);
    cr_expect_str_eq(a->position, b->position, "%s", row);
    cr_expect_eq(a->layout, b->layout, "%s", row);
    for (size_t i = 0; i < b->count; i++) {
        cr_expect_eq(totals_find(a, b->name[i]), (int)i, "%s: %s", row, b->name[i]);
        cr_expect_eq(a->value[i], b->value[i], "%s: %s", row, b->name[i]);
    }
    cr_assert_eq(a->texts, b->texts, "%s", row);
    for (size_t i = 0; i < b->texts; i++)
        cr_expect_str_eq(totals_text(a, b->text[i].name), b->text[i].value, "%s", row);
}

Test(totals, copies) {
    struct totals from = {.position = "p1", .seq = 7};
    struct totals to = {.position = "p0", .lineage = "x"};

    totals_set(&to, "c.other", 9);
    totals_set(&from, "c.sent", 1);
    totals_set(&from, "c.queued", 2);
    totals_copy(&to, &from);
    expect_same(&to, &from, "other fields");
    cr_expect_str_eq(to.lineage, "");
    totals_set(&from, "c.queued", 3);
    totals_copy(&to, &from);
    expect_same(&to, &from, "same fields");
    totals_set(&from, "c.other", 4);
    totals_set_text(&from, "k.0.name", SPAN("example.com"));
    totals_copy(&to, &from);
    expect_same(&to, &from, "one more");
    totals_clear(&from);
    totals_set(&from, "c.queued", 5);
    totals_set(&from, "c.sent", 6);
    totals_set(&from, "c.other", 7);
    totals_copy(&to, &from);
    expect_same(&to, &from, "another order");
    text_copy(from.position, sizeof from.position, "p2");
    from.seq = 8;
    totals_set(&from, "c.sent", 8);
    totals_set_text(&from, "k.0.name", SPAN("example.net"));
    totals_copy_fields(&to, &from);
    cr_expect_str_eq(totals_text(&to, "k.0.name"), "example.net");
    cr_expect_eq(totals_get(&to, "c.sent"), 8);
    cr_expect_str_eq(to.position, "p1");
    cr_expect_eq(to.seq, 7);
    totals_clear(&from);
    totals_copy(&to, &from);
    expect_same(&to, &from, "none");
    cr_expect_eq(totals_find(&to, "c.sent"), -1);
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
    cr_expect_eq(totals_find(&t, name), -1);
    cr_expect_eq(totals_field(&t, name), -1);
    for (int i = 0; i < TOTALS_FIELDS; i++) {
        text_format(name, sizeof name, "c.%d", i);
        cr_assert_eq(totals_find(&t, name), i, "%s", name);
    }
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
