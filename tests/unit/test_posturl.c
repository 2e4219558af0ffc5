/* posturl.c: what can be posted to, and what may be shown of it. */
#include "posturl.h"

#include <criterion/criterion.h>

Test(posturl, good_and_safe) {
    static const struct {
        const char *url;
        bool good, safe;
        const char *place;
    } rows[] = {
        {"https://h.example/x", true, true, "https://h.example"},
        {"http://h.example/x", true, false, "http://h.example"},
        {"http://localhost/x", true, true, "http://localhost"},
        {"http://localhost:80/x", true, true, "http://localhost:80"},
        {"http://localhost.example/", true, false, "http://localhost.example"},
        {"http://127.0.0.1:9093", true, true, "http://127.0.0.1:9093"},
        {"http://127.1", true, true, "http://127.1"},
        {"http://127.0.0.1.example/", true, false, "http://127.0.0.1.example"},
        {"http://127.0.0.1@h.example/", true, false, "http://h.example"},
        {"http://[::1]:80/", true, true, "http://[::1]:80"},
        {"http://[::1]", true, true, "http://[::1]"},
        {"http://[::2]:80/", true, false, "http://[::2]:80"},
        {"https://u:p@h/x", true, true, "https://h"},
        {"https://h:0/", false, true, "https://h:0"},
        {"https://h:/", false, true, "https://h:"},
        {"https://", false, true, "https://"},
        {"ftp://h/", false, false, "http://h"},
        {"h.example", false, false, "http://"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct span url = span_of(rows[i].url);
        char place[64];

        cr_expect_eq(posturl_is_good(url), rows[i].good, "%s", rows[i].url);
        cr_expect_eq(posturl_is_safe(url), rows[i].safe, "%s", rows[i].url);
        posturl_place(url, place, sizeof place);
        cr_expect_str_eq(place, rows[i].place, "%s", rows[i].url);
    }
}

Test(posturl, plain) {
    cr_expect(posturl_is_plain(SPAN("a:b@c/?#")));
    cr_expect(!posturl_is_plain(SPAN("")));
    cr_expect(!posturl_is_plain(SPAN("a b")));
    cr_expect(!posturl_is_plain(SPAN("a\tb")));
    cr_expect(!posturl_is_plain(SPAN("a\0b")));
    cr_expect(!posturl_is_plain(SPAN("\xc3\xa4")));
}
