/* sasltext.c */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "sasltext.h"

Test(sasltext, sets_one_relay_and_leaves_the_others) {
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", "h.example u:p\n"},
        {"h.example old:x\n", "h.example u:p\n"},
        {"[h.example]:587 old:x\n", "h.example u:p\n"},
        {"[H.example]:465\told:x\nh.example y:z\n", "h.example u:p\n"},
        {"# mine\nother.example a:b\n", "# mine\nother.example a:b\nh.example u:p\n"},
        {"other.example a:b", "other.example a:b\nh.example u:p\n"},
        {"[h.example.org]:587 a:b\n", "[h.example.org]:587 a:b\nh.example u:p\n"},
        {"h.example old:x", "h.example u:p\n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *got = sasltext_set(rows[i].text, "h.example", "u", "p");

        cr_expect_str_eq(got, rows[i].want, "%s", rows[i].text);
        free(got);
    }
}

Test(sasltext, shows_no_password) {
    char *got =
        sasltext_masked("# old secret1\nh u:secret2\n[h]:587 u:secret3:x\n\nsecret4\n  secret5\n");

    cr_expect_str_eq(got, "# ***\nh u:***\n[h]:587 u:***\n\n***\n***\n");
    free(got);
}
