/* owner.c: names of processes. */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "owner.h"
#include "text.h"

#define BOOT_A "01234567-89ab-cdef-0123-456789abcdef"
#define BOOT_B "11234567-89ab-cdef-0123-456789abcdef"

Test(owner, no_two_are_alike_and_fit) {
    char a[OWNER_SIZE];
    char b[OWNER_SIZE];
    char wide[400];

    owner_make(a, sizeof a);
    owner_make(b, sizeof b);
    owner_make(wide, sizeof wide);
    cr_expect_str_neq(a, b);
    cr_expect_lt(strlen(wide), sizeof a);
    cr_expect_null(strpbrk(a, " \n"));
    cr_expect_not_null(strchr(a, '@'));
    cr_expect(owner_same_machine(a, b));
    cr_expect_lt(36 + 1 + 7 + 1 + 19 + 1 + 8 + 1 + 64, (int)sizeof a, "the longest of each part");
}

Test(owner, same_machine) {
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {BOOT_A ".1.2.3@mx1", BOOT_A ".9.8.7@mx1", true},
        {BOOT_A ".1.2.3@mx1", BOOT_B ".1.2.3@mx1", false},
        {BOOT_A ".1.2.3@mx1", BOOT_A ".1.2.3@mx2", false},
        {BOOT_A ".1.2.3", BOOT_A ".9.8.7", true},
        {BOOT_A ".1.2.3@", BOOT_A ".1.2.3@mx1", false},
        {"", "", true},
        {"x", BOOT_A ".1.2.3@mx1", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(owner_same_machine(rows[i].a, rows[i].b), rows[i].same, "row %zu", i);
        cr_expect_eq(owner_same_machine(rows[i].b, rows[i].a), rows[i].same, "row %zu", i);
    }
}

Test(owner, describe) {
    static const char *const rows[][2] = {
        {BOOT_A ".812.2.3@mx2", "mx2, process 812"},
        {BOOT_A "..2.3@mx2", "mx2, process "},
        {"before", "before"},
        {BOOT_A ".812.2.3", BOOT_A ".812.2.3"},
        {"", ""},
    };
    char text[OWNER_SIZE];
    char small[8];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        owner_describe(rows[i][0], text, sizeof text);
        cr_expect_str_eq(text, rows[i][1]);
        owner_describe(rows[i][0], small, sizeof small);
    }
}
