/* sentinels.c: the list of redis_sentinel. */
#include <criterion/criterion.h>
#include <string.h>

#include "sentinels.h"

static struct sentinels s;
static struct fault why;

Test(sentinels, lists) {
    cr_assert_eq(sentinels_parse("", &s, &why), 0);
    cr_expect_eq(s.count, 0);
    cr_assert_eq(
        sentinels_parse(" 192.0.2.1:26379, s2.example.com:26379,[2001:db8::1]:5 ", &s, &why), 0);
    cr_assert_eq(s.count, 3);
    cr_expect_str_eq(s.address[0], "192.0.2.1:26379");
    cr_expect_str_eq(s.address[1], "s2.example.com:26379");
    cr_expect_str_eq(s.address[2], "[2001:db8::1]:5");
}

Test(sentinels, what_is_none) {
    static const char *const bad[] = {"192.0.2.1", "192.0.2.1:", ":26379",     "a:0",
                                      "a:65536",   "a:b",        "unix:/run/s"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_eq(sentinels_parse(bad[i], &s, &why), -1, "%s", bad[i]);
        cr_expect_not_null(strstr(why.text, bad[i]), "%s: %s", bad[i], why.text);
    }
}

Test(sentinels, bounds) {
    char text[400] = "";

    for (int i = 0; i < SENTINELS_MOST; i++)
        strcat(text, "a:1 ");
    cr_expect_eq(sentinels_parse(text, &s, &why), 0);
    strcat(text, "a:1");
    cr_expect_eq(sentinels_parse(text, &s, &why), -1);
    memset(text, 'x', 200);
    memcpy(text + 200, ":1", 3);
    cr_expect_eq(sentinels_parse(text, &s, &why), -1);
}
