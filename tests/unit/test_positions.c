/* Several positions in one text. */
#include "positions.h"

#include <criterion/criterion.h>
#include <string.h>

static const char odd_name[] = "/var/log/\xc3\xa4 50%@home";

Test(positions, there_and_back) {
    char text[400] = "";
    char name[POSITIONS_NAME];
    struct span position, rest;

    cr_expect(positions_add(text, sizeof text, "v1;f;1", "/var/log/mail.log"));
    cr_expect(positions_add(text, sizeof text, "", "/nothing"), "no position, no part");
    cr_expect(positions_add(text, sizeof text, "v1;j;2;0:;s=1;i=2", "journal:/x"));
    cr_expect(positions_add(text, sizeof text, "v1;f;3", odd_name));
    cr_expect_str_eq(text, "v1;f;1@/var/log/mail.log v1;j;2;0:;s=1;i=2@journal:/x "
                           "v1;f;3@/var/log/%C3%A4%2050%25@home");
    for (const char *p = text; *p != '\0'; p++)
        cr_expect(*p >= ' ' && *p <= '~');

    rest = span_of(text);
    cr_assert(positions_next(&rest, &position, name));
    cr_expect(span_is(position, "v1;f;1"));
    cr_expect_str_eq(name, "/var/log/mail.log");
    cr_assert(positions_next(&rest, &position, name));
    cr_assert(positions_next(&rest, &position, name));
    cr_expect_str_eq(name, odd_name);
    cr_expect_not(positions_next(&rest, &position, name));

    cr_expect(span_is(positions_find(span_of(text), odd_name), "v1;f;3"));
    cr_expect(span_is(positions_find(span_of(text), "journal:/x"), "v1;j;2;0:;s=1;i=2"));
    cr_expect_eq(positions_find(span_of(text), "journal").n, 0);
    cr_expect_eq(positions_find(span_of(text), "").n, 0);
}

Test(positions, a_position_of_old_has_no_name) {
    char name[POSITIONS_NAME];
    struct span position, rest = SPAN("v1;f;1;2");

    cr_assert(positions_next(&rest, &position, name));
    cr_expect(span_is(position, "v1;f;1;2"));
    cr_expect_str_eq(name, "");
    cr_expect(span_is(positions_find(SPAN("v1;f;1;2"), ""), "v1;f;1;2"));
    cr_expect_eq(positions_find(SPAN("v1;f;1;2"), "/a").n, 0);
}

Test(positions, what_does_not_fit_changes_nothing) {
    char text[24] = "";

    cr_expect(positions_add(text, sizeof text, "v1;f;1", "/a"));
    cr_expect_not(positions_add(text, sizeof text, "v1;f;1", "/a/long/name"));
    cr_expect_str_eq(text, "v1;f;1@/a");
    cr_expect(positions_add(text, sizeof text, "v1;f;1", "/long"));
    cr_expect_str_eq(text, "v1;f;1@/a v1;f;1@/long");
}

Test(positions, what_is_no_part_is_passed_over) {
    static const char *const texts[] = {"",      " ",      "@/a",    "v1@%",
                                        "v1@%4", "v1@%zz", "v1@%c3", "  @ "};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct span position, rest = span_of(texts[i]);
        char name[POSITIONS_NAME];

        cr_expect_not(positions_next(&rest, &position, name), "%s", texts[i]);
    }
    cr_expect(span_is(positions_find(SPAN("v1@%zz @ v2@/a"), "/a"), "v2"));
}
