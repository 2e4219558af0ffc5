#include <criterion/criterion.h>
#include <string.h>

#include "postalrelay.h"

Test(postalrelay, uris) {
    static const struct {
        const char *uri, *host;
        uint32_t port;
        const char *ssl_mode;
        bool login;
    } rows[] = {
        {"smtp://a.example", "a.example", 25, "Auto", false},
        {"smtp://a.example:2525", "a.example", 2525, "Auto", false},
        {"smtp://a.example:2525/?ssl_mode=None", "a.example", 2525, "None", false},
        {"smtp://a.example?x=1&ssl_mode=TLS&y=2", "a.example", 25, "TLS", false},
        {"smtp://u:p@a.example:26", "a.example", 26, "Auto", true},
        {"smtp://[2001:db8::1]:26", "[2001:db8::1]", 26, "Auto", false},
        {"smtp://[2001:db8::1]", "[2001:db8::1]", 25, "Auto", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct postal_relay r = {.line = 0};

        cr_expect(postalrelay_parse(span_of(rows[i].uri), &r), "%s", rows[i].uri);
        cr_expect_str_eq(r.host, rows[i].host);
        cr_expect_eq(r.port, rows[i].port, "%s", rows[i].uri);
        cr_expect_str_eq(r.ssl_mode, rows[i].ssl_mode);
        cr_expect_eq(r.login, rows[i].login);
    }
}

Test(postalrelay, no_uris) {
    static const char *const rows[] = {"",           "a.example:25",   "smtp://",    "smtp://:25",
                                       "smtp://a:0", "smtp://a:65536", "smtp://a:x", "smtp://u@"};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct postal_relay r;

        cr_expect_not(postalrelay_parse(span_of(rows[i]), &r), "%s", rows[i]);
    }
}

Test(postalrelay, words_for_ssl) {
    cr_expect_null(postalrelay_ssl_problem("None"));
    cr_expect_null(postalrelay_ssl_problem("Auto"));
    cr_expect_null(postalrelay_ssl_problem("TLS"));
    cr_expect_not_null(strstr(postalrelay_ssl_problem("none"), "capitals count"));
    cr_expect_not_null(strstr(postalrelay_ssl_problem("STARTTLS"), "3.0 to 3.3"));
}
