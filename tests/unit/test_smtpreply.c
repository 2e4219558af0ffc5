/* smtpreply.h: whole replies, halves, and what is no SMTP. */
#include <criterion/criterion.h>

#include "smtpreply.h"

Test(smtpreply, rows) {
    static const struct {
        const char *bytes;
        int want;
        size_t used;
        const char *text;
    } rows[] = {
        {"220 mx ESMTP\r\n", 220, 14, "mx ESMTP"},
        {"250-mx\r\n250-SIZE 1\r\n250 DSN\r\nmore", 250, 29, "DSN"},
        {"354\r\n", 354, 5, ""},
        {"250 ok\n", 250, 7, "ok"},
        {"", 0, 0, ""},
        {"25", 0, 0, ""},
        {"250-mx\r\n250", 0, 0, ""},
        {"250-mx\r\n", 0, 0, ""},
        {"250-mx\r\n451 no\r\n", -1, 0, ""},
        {"HTTP/1.1 400 Bad\r\n", -1, 0, ""},
        {"\r\n", -1, 0, ""},
        {"199 x\r\n", -1, 0, ""},
        {"2500 x\r\n", -1, 0, ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t used = 0;
        struct span text = {"", 0};

        cr_expect_eq(smtpreply_take(span_of(rows[i].bytes), &used, &text), rows[i].want, "row %zu",
                     i);
        cr_expect_eq(used, rows[i].used, "row %zu: %zu", i, used);
        cr_expect(span_is(text, rows[i].text), "row %zu", i);
    }
}
