#include <criterion/criterion.h>
#include <string.h>

#include "httpquery.h"

Test(httpquery, values) {
    static const struct {
        const char *query;
        enum httpquery_result result;
        const char *value;
    } rows[] = {
        {"", HTTPQUERY_ABSENT, ""},
        {"id=abc", HTTPQUERY_OK, "abc"},
        {"id=", HTTPQUERY_OK, ""},
        {"id", HTTPQUERY_ABSENT, ""},
        {"a=b&id=abc", HTTPQUERY_OK, "abc"},
        {"id=abc&a=b", HTTPQUERY_OK, "abc"},
        {"&&id=abc&", HTTPQUERY_OK, "abc"},
        {"idx=abc", HTTPQUERY_ABSENT, ""},
        {"xid=abc", HTTPQUERY_ABSENT, ""},
        {"a=id=abc", HTTPQUERY_ABSENT, ""},
        {"id=a=b", HTTPQUERY_OK, "a=b"},
        {"id=%3Ca%2Bb@c%3e", HTTPQUERY_OK, "<a+b@c>"},
        {"id=a+b", HTTPQUERY_OK, "a+b"},
        {"id=%C3%BC", HTTPQUERY_OK, "\xc3\xbc"},
        {"id=a&id=a", HTTPQUERY_BAD, ""},
        {"id=%", HTTPQUERY_BAD, ""},
        {"id=%4", HTTPQUERY_BAD, ""},
        {"id=%4g", HTTPQUERY_BAD, ""},
        {"id=%00", HTTPQUERY_BAD, ""},
        {"id=a%0Ab", HTTPQUERY_BAD, ""},
        {"id=%7f", HTTPQUERY_BAD, ""},
        {"id=123456789012345", HTTPQUERY_OK, "123456789012345"},
        {"id=1234567890123456", HTTPQUERY_BAD, ""},
        {"id=%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41", HTTPQUERY_OK, "AAAAAAAAAAAAAAA"},
    };
    char out[16];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(httpquery_get(span_of(rows[i].query), "id", out, sizeof out), rows[i].result,
                     "%s", rows[i].query);
        cr_expect_str_eq(out, rows[i].value, "%s: %s", rows[i].query, out);
    }
}

Test(httpquery, what_is_encoded_comes_back) {
    char all[256], encoded[800], query[810] = "id=", back[256];
    size_t n = 0;

    for (int c = ' '; c < 256; c++) {
        if (c != 0x7f)
            all[n++] = (char)c;
    }
    cr_assert(httpquery_encode((struct span){all, n}, encoded, sizeof encoded));
    cr_expect_eq(strspn(encoded, "%-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz"),
                 strlen(encoded));
    strcat(query, encoded);
    cr_assert_eq(httpquery_get(span_of(query), "id", back, sizeof back), HTTPQUERY_OK);
    cr_expect_eq(memcmp(back, all, n), 0);
    cr_expect_not(httpquery_encode(SPAN("<<<"), encoded, 9));
    cr_expect(httpquery_encode(SPAN("<<<"), encoded, 10));
    cr_expect_str_eq(encoded, "%3C%3C%3C");
}
