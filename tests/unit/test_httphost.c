#include <criterion/criterion.h>

#include "httphost.h"

Test(httphost, table) {
    static const struct {
        const char *host;
        bool want;
    } rows[] = {
        {"", true}, /* no browser */
        {"127.0.0.1", true},
        {"127.0.0.1:9154", true},
        {"10.1.2.3:9154", true}, /* an address cannot be bent to another */
        {"[::1]", true},
        {"[::1]:9154", true},
        {"[fd00::1]:9154", true},
        {"localhost", true},
        {"LocalHost:9154", true},
        {"localhost.", true},
        {"relay.localhost:9154", true},
        {"relay1", true},
        {"Relay1.Example.COM:9154", true},
        {"relay1.example.com.:80", true},
        {"mon.example.com", true},
        {"evil.example", false},
        {"evil.example:9154", false},
        {"localhost.evil.example", false},
        {"127.0.0.1.evil.example", false},
        {"relay1.evil.example", false},
        {"evillocalhost", false},
        {"[::1", false},
        {"[::1]x", false},
        {"[relay1]", false},
        {"::1", false}, /* in a Host field it stands in brackets */
        {"relay1:80:80", false},
        {"relay1:x", false},
        {"user@127.0.0.1", false},
        {":9154", false},
        {".", false},
        {" ", false},
        {",", false},
        {"relay1,", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(
            httphost_is_ours(span_of(rows[i].host), "relay1 relay1.example.com, mon.example.com"),
            rows[i].want, "%s", rows[i].host);
    cr_expect(!httphost_is_ours(SPAN("relay1"), ""), "no names, no name");
    cr_expect(!httphost_is_ours(SPAN("127.0.0.1\0.evil"), ""));
}
