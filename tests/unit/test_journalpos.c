/* Text there and back, what is refused, which entries are known, the parts of a cursor. */
#include "journalpos.h"

#include <criterion/criterion.h>
#include <string.h>

#define CURSOR                                                                                     \
    "s=1a60c2a2c3c742e09b813bb9525c944e;i=1f;b=0123456789abcdef0123456789abcdef;m=f4240;"          \
    "t=60a24181e4000;x=c065f4c5b57e6b89"

Test(journalpos, the_last_64_are_known) {
    struct journalpos position = {0};

    for (uint64_t i = 1; i <= 1000; i++) {
        cr_assert_not(journalpos_knows(&position, i));
        journalpos_note(&position, i);
        cr_assert(journalpos_knows(&position, i));
        if (i > 64)
            cr_assert_not(journalpos_knows(&position, i - 64));
        cr_assert(journalpos_knows(&position, i > 63 ? i - 63 : 1));
    }
}

Test(journalpos, text_there_and_back_at_every_fill) {
    struct journalpos position = {.realtime_us = INT64_MAX};

    cr_assert(journalpos_set_cursor(&position, CURSOR, INT64_MAX));
    for (uint64_t i = 0; i < 200; i++) {
        char text[JOURNALPOS_TEXT], again[JOURNALPOS_TEXT];
        struct journalpos read;

        journalpos_encode(&position, text);
        cr_assert(journalpos_decode(span_of(text), &read), "%s", text);
        cr_expect_str_eq(read.cursor, CURSOR);
        cr_expect_eq(read.realtime_us, position.realtime_us);
        journalpos_encode(&read, again);
        cr_assert_str_eq(again, text);
        for (uint64_t k = 0; k < i; k++)
            cr_assert_eq(journalpos_knows(&read, ~k), i - k <= 64);
        journalpos_note(&position, ~i);
        journalpos_note(&read, ~i);
        journalpos_encode(&position, text);
        journalpos_encode(&read, again);
        cr_assert_str_eq(again, text, "what was read goes on as what was written");
    }
}

Test(journalpos, the_longest_fits) {
    struct journalpos position = {0};
    char cursor[JOURNALPOS_CURSOR + 1];
    char text[JOURNALPOS_TEXT];
    struct journalpos read;

    memset(cursor, 'x', sizeof cursor);
    cursor[JOURNALPOS_CURSOR] = '\0';
    cr_expect_not(journalpos_set_cursor(&position, cursor, 1), "too long");
    cursor[JOURNALPOS_CURSOR - 1] = '\0';
    cr_assert(journalpos_set_cursor(&position, cursor, INT64_MAX));
    for (uint64_t i = 0; i < 64; i++)
        journalpos_note(&position, UINT64_MAX - i);
    journalpos_encode(&position, text);
    cr_assert(journalpos_decode(span_of(text), &read));
    cr_expect_str_eq(read.cursor, cursor);
}

Test(journalpos, what_is_no_cursor) {
    struct journalpos position = {.cursor = "old", .realtime_us = 7};

    cr_expect_not(journalpos_set_cursor(&position, "", 1));
    cr_expect_not(journalpos_set_cursor(&position, "a b", 1));
    cr_expect_not(journalpos_set_cursor(&position, "a@b", 1));
    cr_expect_not(journalpos_set_cursor(&position, "a\nb", 1));
    cr_expect_str_eq(position.cursor, "old");
    cr_expect_eq(position.realtime_us, 7u);
}

Test(journalpos, what_is_a_position) {
    static const struct {
        const char *text;
        bool want;
    } rows[] = {
        {"v1;j;5;0:;", true},
        {"v1;j;5;1:0123456789ab;" CURSOR, true},
        {"v1;j;5;2:0123456789ab0123456789ac;x", true},
        {"", false},
        {"v1;f;5;0:;", false},
        {"v2;j;5;0:;", false},
        {"v1;j;05;0:;", false},
        {"v1;j;-5;0:;", false},
        {"v1;j;5;0:", false},
        {"v1;j;5;1:;", false},
        {"v1;j;5;0:0123456789ab;", false},
        {"v1;j;5;1:0123456789aB;", false},
        {"v1;j;5;1:0123456789a;", false},
        {"v1;j;5;65:;", false},
        {"v1;j;5;0:;a b", false},
        {"v1;j;5;0:;a@b", false},
        {"v1;j;9223372036854775808;0:;", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct journalpos position = {.realtime_us = 99};

        cr_expect_eq(journalpos_decode(span_of(rows[i].text), &position), rows[i].want, "%s",
                     rows[i].text);
        if (!rows[i].want)
            cr_expect_eq(position.realtime_us, 99u, "%s: touched", rows[i].text);
    }
}

Test(journalpos, a_cursor_tells_its_sequence) {
    struct span id;
    uint64_t number;

    cr_assert(journalpos_sequence(CURSOR, &id, &number));
    cr_expect(span_is(id, "1a60c2a2c3c742e09b813bb9525c944e"));
    cr_expect_eq(number, 0x1fu);
    cr_expect_not(journalpos_sequence("", &id, &number));
    cr_expect_not(journalpos_sequence("i=1;s=1a60c2a2c3c742e09b813bb9525c944e;", &id, &number));
    cr_expect_not(journalpos_sequence("s=1a60c2a2c3c742e09b813bb9525c944e;i=;", &id, &number));
    cr_expect_not(journalpos_sequence("s=1a;i=1;", &id, &number));
    cr_expect_not(journalpos_sequence("s=1a60c2a2c3c742e09b813bb9525c944e;i=12345678901234567;",
                                      &id, &number));
}
