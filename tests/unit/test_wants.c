/* wants.c: what is taken from the command line, and what would be right. */
#include <criterion/criterion.h>
#include <string.h>

#include "wants.h"

Test(wants, addresses) {
    static const struct {
        const char *text;
        int good;
    } rows[] = {{"relay@example.com", 1},
                {"a.b+c_d@x.example.org", 1},
                {"a@b", 0},
                {"a", 0},
                {"@example.com", 0},
                {"a b@example.com", 0},
                {"a@", 0},
                {"a:b@example.com", 0},
                {"\"a\"@example.com", 0},
                {"a@-x.example", 0},
                {"a@x..y", 0},
                {"a@localhost.localdomain", 0},
                {"a@127.0.0.1", 0},
                {"a@example.com\n", 0},
                {"", 0}};
    struct fault why;
    char out[256];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(wants_address(rows[i].text, out, sizeof out, &why) == 0, rows[i].good, "%s",
                     rows[i].text);
}

Test(wants, hosts_and_ports) {
    struct fault why;
    char out[256];
    uint32_t port = 0;

    cr_expect_eq(wants_host("smtp-relay.gmail.com", out, sizeof out, &why), 0);
    cr_expect_eq(wants_host("localhost", out, sizeof out, &why), 0);
    cr_expect_eq(wants_host("[smtp.example]:587", out, sizeof out, &why), -1);
    cr_expect_eq(wants_host("smtp.example:587", out, sizeof out, &why), -1);
    cr_expect_eq(wants_host("-x", out, sizeof out, &why), -1);
    cr_expect_eq(wants_port("587", &port, &why), 0);
    cr_expect_eq(port, 587);
    cr_expect_eq(wants_port("465", &port, &why), 0);
    cr_expect_eq(port, 465);
    cr_expect_eq(wants_port("25", &port, &why), -1);
    cr_expect_not_null(strstr(why.text, "block"), "%s", why.text);
    cr_expect_eq(wants_port("0587", &port, &why), -1);
    cr_expect_eq(wants_port("", &port, &why), -1);
}

Test(wants, passwords) {
    static const struct {
        const char *in, *out; /* NULL: refused */
        bool stripped;
    } rows[] = {{"secret", "secret", false},
                {"secret\n", "secret", false},
                {"abcd efgh ijkl mnop\n", "abcdefghijklmnop", true},
                {"abcd efgh ijkl mn0p", "abcd efgh ijkl mn0p", false},
                {"abcd efgh ijkl mnopq", "abcd efgh ijkl mnopq", false},
                {"two words", "two words", false},
                {"a:b#c", "a:b#c", false},
                {"", NULL, false},
                {"\n", NULL, false},
                {"a\nb", NULL, false},
                {"a\r\n", NULL, false},
                {" a", NULL, false},
                {"a ", NULL, false},
                {"a\tb", NULL, false},
                {"p\303\244ss", NULL, false}};
    struct fault why;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct wants w;
        bool stripped;

        wants_init(&w);
        cr_expect_eq(wants_secret(rows[i].in, strlen(rows[i].in), &w, &stripped, &why),
                     rows[i].out != NULL ? 0 : -1, "row %zu", i);
        if (rows[i].out != NULL) {
            cr_expect_str_eq(w.secret, rows[i].out);
            cr_expect_eq(stripped, rows[i].stripped, "row %zu", i);
        }
        wants_wipe(&w);
        cr_expect_eq(w.secret[0], '\0');
    }
}

Test(wants, a_zero_byte_in_a_password_is_refused) {
    struct wants w;
    struct fault why;
    bool stripped;

    wants_init(&w);
    cr_expect_eq(wants_secret("a\0b", 3, &w, &stripped, &why), -1);
}

Test(wants, listens) {
    static const struct {
        const char *text, *address;
        uint32_t port; /* 0: refused */
    } rows[] = {{"127.0.0.1:2525", "127.0.0.1", 2525},
                {":2525", "", 2525},
                {"192.0.2.7", "192.0.2.7", 25},
                {"[::1]:2525", "::1", 2525},
                {"fd00::1", "fd00::1", 25},
                {"host:25", "", 0},
                {":0", "", 0},
                {":65536", "", 0},
                {"", "", 0}};
    struct fault why;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct wants w;

        wants_init(&w);
        cr_expect_eq(wants_listen(rows[i].text, &w, &why), rows[i].port != 0 ? 0 : -1, "%s",
                     rows[i].text);
        if (rows[i].port != 0) {
            cr_expect_eq(w.listen_port, rows[i].port, "%s", rows[i].text);
            cr_expect_str_eq(w.listen_address, rows[i].address);
        }
    }
}

Test(wants, networks) {
    static const struct {
        const char *text, *first; /* NULL: refused */
        int count;
    } rows[] = {{"172.18.0.0/16", "172.18.0.0/16", 1},
                {"10.0.0.0/8,192.0.2.1/32", "10.0.0.0/8", 2},
                {"fd00:1::/64", "[fd00:1::]/64", 1},
                {"0.0.0.0/0", NULL, 0},
                {"::/0", NULL, 0},
                {"10.0.0.0/7", NULL, 0},
                {"172.18.0.1/16", NULL, 0},
                {"172.18.0.0", NULL, 0},
                {"example.com/8", NULL, 0},
                {"172.18.0.0/33", NULL, 0},
                {"10.0.0.0/8,", NULL, 0}};
    struct fault why;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct wants w;

        wants_init(&w);
        cr_expect_eq(wants_network(rows[i].text, &w, &why), rows[i].first != NULL ? 0 : -1, "%s",
                     rows[i].text);
        if (rows[i].first != NULL) {
            cr_expect_eq(w.network_count, rows[i].count);
            cr_expect_str_eq(w.networks[0], rows[i].first);
        }
    }
}

Test(wants, names) {
    struct wants w;
    struct fault why;

    wants_init(&w);
    cr_expect_eq(wants_helo("relay1.example.com", &w, &why), 0);
    cr_expect_eq(wants_helo("localhost", &w, &why), -1);
    cr_expect_eq(wants_helo("localhost.example", &w, &why), -1);
    cr_expect_eq(wants_helo("relay1", &w, &why), -1);
    cr_expect_not(wants_is_fqdn("192.0.2.1"));
}
