#include "keptline.h"

#include <criterion/criterion.h>
#include <string.h>

static char room[400];

Test(keptline, words_numbers_and_the_rest) {
    struct keptline l = {SPAN("a -5 7 free text, \x1b[31m"), false};
    char text[40];

    cr_expect(span_is(keptline_word(&l), "a"));
    cr_expect_eq(keptline_i64(&l, -10, 10), -5);
    cr_expect_eq(keptline_u64(&l, 7), 7u);
    keptline_text(&l, text, sizeof text);
    cr_expect_str_eq(text, "free text, ?[31m");
    cr_expect_not(l.bad);
    keptline_word(&l);
    cr_expect(l.bad, "nothing is left");
}

Test(keptline, what_is_no_number) {
    static const char *const rows[] = {"", "x", "8", "-1", " 1", "1x", "99999999999999999999"};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct keptline l = {span_of(rows[i]), false};

        cr_expect_eq(keptline_u64(&l, 7), 0u);
        cr_expect(l.bad, "'%s'", rows[i]);
    }
}

Test(keptline, a_sealed_text) {
    struct keptout o = {room, 0, sizeof room, false};
    struct span text, line;

    keptout_line(&o, "one %d", 1);
    keptout_line(&o, "two");
    keptout_seal(&o);
    cr_assert_not(o.full);
    text = (struct span){room, o.n};
    cr_assert(keptline_unseal(&text));
    cr_assert(keptline_next(&text, &line));
    cr_expect(span_is(line, "one 1"));
    cr_assert(keptline_next(&text, &line));
    cr_expect(span_is(line, "two"));
    cr_expect_not(keptline_next(&text, &line));
    for (size_t i = 0; i < o.n; i++) {
        room[i] ^= 1;
        text = (struct span){room, o.n};
        cr_expect_not(keptline_unseal(&text), "byte %zu", i);
        room[i] ^= 1;
    }
    for (size_t n = 0; n < o.n; n++) {
        text = (struct span){room, n};
        cr_expect_not(keptline_unseal(&text), "%zu bytes", n);
    }
}

Test(keptline, a_full_room) {
    struct keptout o = {room, 0, 10, false};

    keptout_line(&o, "12345");
    cr_expect_not(o.full);
    keptout_line(&o, "12345");
    cr_expect(o.full);
    cr_expect_str_eq(room, "12345\n");
    keptout_line(&o, "1");
    cr_expect_eq(o.n, 6u);
}
