/* maincf.c: what is changed and, above all, what is not. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "maincf.h"

/* A hand-written file: comments, a comment in a continued value, a double, no newline at the end.
 */
static const char WRITTEN[] = "# mine\n"
                              "myhostname = a.example\n"
                              "\n"
                              "mynetworks = 127.0.0.0/8\n"
                              "  # the office\n"
                              "\t10.1.0.0/16,\n"
                              "# not the other one\n"
                              "   10.2.0.0/16\n"
                              "relayhost=[old]:25\n"
                              "relayhost =  [newer]:25  \n"
                              "empty =\n"
                              "smtpd_milters = inet:localhost:8891";

Test(maincf, reads_as_postfix_does) {
    static const struct {
        const char *name, *value;
    } rows[] = {{"myhostname", "a.example"},
                {"mynetworks", "127.0.0.0/8 10.1.0.0/16, 10.2.0.0/16"},
                {"relayhost", "[newer]:25"},
                {"empty", ""},
                {"smtpd_milters", "inet:localhost:8891"},
                {"relay", NULL},
                {"mine", NULL}};
    char value[200];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool has = maincf_get(WRITTEN, rows[i].name, value, sizeof value);

        cr_expect_eq(has, rows[i].value != NULL, "%s", rows[i].name);
        if (has)
            cr_expect_str_eq(value, rows[i].value, "%s", rows[i].name);
        cr_expect_eq(maincf_has(WRITTEN, rows[i].name), rows[i].value != NULL, "%s", rows[i].name);
    }
}

Test(maincf, a_value_that_does_not_fit_is_none) {
    char value[8];

    cr_expect_not(maincf_get("a = 12345678\n", "a", value, sizeof value));
    cr_expect(maincf_get("a = 123456\n", "a", value, sizeof value));
    cr_expect_str_eq(value, "123456");
}

static void expect_set(const char *text, const char *name, const char *value, const char *want) {
    char *got = value != NULL ? maincf_set(text, name, value) : maincf_unset(text, name);

    cr_expect_str_eq(got, want);
    free(got);
}

Test(maincf, changes_one_value_in_its_place) {
    expect_set("# c\na = 1\nb = 2\n", "a", "9", "# c\na = 9\nb = 2\n");
    expect_set("a = 1\n  2\n# c\n  3\nb = 2\n", "a", "9", "a = 9\n# c\nb = 2\n");
    expect_set("a = 1\nb = 2\na = 3\n", "a", "9", "b = 2\na = 9\n");
    expect_set("b = 2", "a", "9", "b = 2\na = 9\n");
    expect_set("a = 1", "a", "9", "a = 9\n");
    expect_set("", "a", "", "a =\n");
    expect_set("aa = 1\na.a = 2\n", "a", "9", "aa = 1\na.a = 2\na = 9\n");
}

Test(maincf, takes_a_parameter_out) {
    expect_set("a = 1\n  2\n# c\n  3\nb = 2\n", "a", NULL, "# c\nb = 2\n");
    expect_set("b = 2", "a", NULL, "b = 2");
    expect_set("#a = 1\n", "a", NULL, "#a = 1\n");
}

Test(maincf, what_others_wrote_stays_byte_for_byte) {
    char *set = maincf_set(WRITTEN, "smtp_x", "1");

    cr_expect_eq(strncmp(set, WRITTEN, strlen(WRITTEN)), 0);
    free(set);
}

Test(maincf, takes_back_only_what_is_still_ours) {
    static const struct {
        const char *name, *before, *ours, *now, *want;
    } rows[] = {
        {"ours goes, theirs stays", "a = 1\n", "a = 2\nb = 3\n", "a = 2\nb = 3\nc = 4\n",
         "a = 1\nc = 4\n"},
        {"they changed ours", "a = 1\n", "a = 2\n", "a = 5\n", "a = 5\n"},
        {"they took ours out", "a = 1\n", "a = 2\nb = 3\n", "a = 2\n", "a = 1\n"},
        {"what we took out comes back", "a = 1\nold = yes\n", "a = 1\n", "a = 1\nx = 1\n",
         "a = 1\nx = 1\nold = yes\n"},
        {"what we did not touch", "a = 1\nb = 1\n", "a = 1\nb = 2\n", "a = 7\nb = 2\n",
         "a = 7\nb = 1\n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *got = maincf_undo(rows[i].before, rows[i].ours, rows[i].now);

        cr_expect_str_eq(got, rows[i].want, "%s: %s", rows[i].name, got);
        free(got);
    }
}
