#include <criterion/criterion.h>
#include <stdlib.h>

#include "logscan.h"

/* Against a plain loop, at each length and place, in a buffer of the exact size. */
Test(logscan, finds_the_first) {
    for (size_t n = 0; n < 70; n++) {
        for (size_t at = 0; at <= n; at++) {
            char *text = malloc(n > 0 ? n : 1);

            memset(text, at % 2 == 0 ? 'x' : 0xe1, n);
            if (at < n)
                text[at] = "abc"[at % 3];
            if (at + 3 < n)
                text[at + 3] = 'a'; /* a later one */
            cr_expect_eq(logscan_find3((struct span){text, n}, 'a', 'b', 'c'), at, "%zu of %zu", at,
                         n);
            if (at < n)
                text[at] = '`'; /* the byte before 'a': no match, also by carries */
            cr_expect_eq(logscan_find((struct span){text, n}, 'a'), at + 3 < n ? at + 3 : n,
                         "one, %zu of %zu", at, n);
            free(text);
        }
    }
}

Test(logscan, digits) {
    static const struct {
        const char *in;
        size_t n;
        bool is_number;
        uint64_t want;
    } rows[] = {
        {"12345678", 8, true, 12345678},
        {"12345678", 1, true, 1},
        {"00000042", 8, true, 42},
        {"99999999", 8, true, 99999999},
        {"1234x678", 4, true, 1234},
        {"1234x678", 5, false, 0},
        {"123:5678", 4, false, 0},
        {"/2345678", 1, false, 0},
        {"1\xb2"
         "345678",
         2, false, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t value = 0;

        cr_expect_eq(logscan_digits(logscan_word(rows[i].in), rows[i].n, &value), rows[i].is_number,
                     "%s", rows[i].in);
        cr_expect_eq(value, rows[i].want, "%s", rows[i].in);
    }
}
