/* sendername.h: log and milter agree on what a sender is called. */
#include <criterion/criterion.h>
#include <string.h>

#include "sendername.h"

Test(sendername, rows) {
    static const struct {
        const char *sender, *want;
    } rows[] = {
        {"App@Example.COM", "app@example.com"},
        {"<App@Example.COM>", "app@example.com"}, /* as Postfix gives it to a milter */
        {"<>", ""},
        {"", ""},
        {"<", "<"},
        {"\"a b\"@x\033[2J", "\"a b\"@x?[2j"},
        {"<gr\xc3\xbc\xc3\x9f@x>", "gr\xc3\xbc\xc3\x9f@x"},
    };
    char out[SENDERNAME_SIZE];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sendername_take(out, span_of(rows[i].sender));
        cr_expect_str_eq(out, rows[i].want, "row %zu", i);
    }
}

Test(sendername, a_long_one_is_cut) {
    char out[SENDERNAME_SIZE];
    char name[300];

    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    sendername_take(out, span_of(name));
    cr_expect_eq(strlen(out), (size_t)SENDERNAME_SIZE - 1);
}
