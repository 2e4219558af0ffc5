#include <criterion/criterion.h>
#include <string.h>

#include "dnsquery.h"

/* Question x.example TXT; answers: CNAME, then a TXT of two strings, then an A. */
static const unsigned char reply[] = "\x12\x34\x81\x80\0\1\0\3\0\0\0\0"
                                     "\1x\7example\0\0\x10\0\1"
                                     "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\4\1y\xc0\x0e"
                                     "\1y\xc0\x0e\0\x10\0\1\0\0\0\x3c\0\x0c\7v=spf1 \3-al"
                                     "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1";

static struct dns_answer out;

Test(dnsquery, records_of_the_type_that_was_asked) {
    dnsquery_parse(reply, sizeof reply - 1, DNS_TXT, &out);
    cr_assert_eq(out.outcome, DNS_FOUND, "%s", out.detail);
    cr_assert_eq(out.count, 1);
    cr_expect_str_eq(out.item[0], "v=spf1 -al", "strings are joined");
    dnsquery_parse(reply, sizeof reply - 1, DNS_A, &out);
    cr_assert_eq(out.count, 1);
    cr_expect_str_eq(out.item[0], "192.0.2.1");
    dnsquery_parse(reply, sizeof reply - 1, DNS_AAAA, &out);
    cr_expect_eq(out.outcome, DNS_NO_DATA);
}

Test(dnsquery, a_reply_that_is_cut_off_is_no_answer) {
    for (size_t n = 0; n < sizeof reply - 1; n++) {
        dnsquery_parse(reply, n, DNS_A, &out);
        cr_expect_eq(out.outcome, DNS_FAILED, "%zu bytes", n);
        cr_expect_eq(out.count, 0, "%zu bytes", n);
    }
}

Test(dnsquery, an_address_of_another_length_is_none) {
    static const unsigned char five[] = "\x12\x34\x81\x80\0\1\0\1\0\0\0\0\1x\0\0\1\0\1"
                                        "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\5\xc0\0\2\1\7";

    dnsquery_parse(five, sizeof five - 1, DNS_A, &out);
    cr_expect_eq(out.outcome, DNS_NO_DATA);
    cr_expect_eq(out.count, 0);
}

Test(dnsquery, names_of_addresses) {
    char name[80];

    cr_expect(dnsquery_reverse_name("192.0.2.1", name, sizeof name));
    cr_expect_str_eq(name, "1.2.0.192.in-addr.arpa");
    cr_expect(dnsquery_reverse_name("2001:db8::1", name, sizeof name));
    cr_expect_str_eq(name,
                     "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
    cr_expect_not(dnsquery_reverse_name("relay.example", name, sizeof name));
}

Test(dnsquery, resolvers_that_are_none) {
    static const char *const rows[] = {"", "127.0.0.1", "localhost:53", "127.0.0.1:0", "1.2.3:53"};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault why = {.text = ""};

        cr_expect_null(dnsquery_new(rows[i], 1000, &why), "%s", rows[i]);
        cr_expect_neq(why.text[0], '\0');
    }
}

Test(dnsquery, nobody_there) {
    struct fault why;
    struct dnsquery *q = dnsquery_new("127.0.0.1:1", 5000, &why);

    cr_assert_not_null(q, "%s", why.text);
    dnsquery_ask(q, "x.example", DNS_A, &out);
    cr_expect_eq(out.outcome, DNS_FAILED);
    cr_expect_neq(out.detail[0], '\0');
    dnsquery_free(&q);
    q = dnsquery_new("127.0.0.1:1", 0, &why);
    dnsquery_ask(q, "x.example", DNS_A, &out);
    cr_expect_str_eq(out.detail, "no time is left");
    dnsquery_free(&q);
}
