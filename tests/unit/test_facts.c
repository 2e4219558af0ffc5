/* facts.c: the forms of relayhost, and postconf's lines. */
#include <criterion/criterion.h>
#include <string.h>

#include "facts.h"

Test(facts, relayhost) {
    static const struct {
        const char *in, *host; /* NULL: refused */
        uint32_t port;
        bool mx;
    } rows[] = {
        {"[smtp-relay.gmail.com]:587", "smtp-relay.gmail.com", 587, false},
        {"[smtp.example.com]", "smtp.example.com", 25, false},
        {"smtp.example.com:2525", "smtp.example.com", 2525, true},
        {"smtp.example.com", "smtp.example.com", 25, true},
        {"[h]:submission", "h", 587, false},
        {"[h]:smtps", "h", 465, false},
        {"[h]:submissions", "h", 465, false},
        {"h:smtp", "h", 25, true},
        {"[192.0.2.1]:587", "192.0.2.1", 587, false},
        {"[2001:db8::1]:587", "2001:db8::1", 587, false},
        {"[2001:db8::1]", "2001:db8::1", 25, false},
        {"", NULL, 0, false},
        {"[]:587", NULL, 0, false},
        {"[h", NULL, 0, false},
        {"[h]587", NULL, 0, false},
        {"[h]:", NULL, 0, false},
        {"[h]:0", NULL, 0, false},
        {"[h]:65536", NULL, 0, false},
        {"[h]:imap", NULL, 0, false},
        {":587", NULL, 0, false},
        {"[a]:587, [b]:587", NULL, 0, false},
        {"a, b", NULL, 0, false},
        {"2001:db8::1", NULL, 0, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct facts facts = {0};
        bool good = facts_relayhost(span_of(rows[i].in), &facts);

        cr_expect_eq(good, rows[i].host != NULL, "%s", rows[i].in);
        if (good && rows[i].host != NULL) {
            cr_expect_str_eq(facts.host, rows[i].host, "%s: %s", rows[i].in, facts.host);
            cr_expect_eq(facts.port, rows[i].port, "%s: %u", rows[i].in, facts.port);
            cr_expect_eq(facts.mx, rows[i].mx, "%s", rows[i].in);
            cr_expect_str_eq(facts.nexthop, rows[i].in);
        }
    }
}

Test(facts, whole) {
    static const char lines[] =
        "relayhost = [r.example]:465\nsmtp_tls_wrappermode = yes\nsmtp_sasl_auth_enable = yes\n"
        "smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd\nsmtp_helo_name = me.example\n"
        "smtp_tls_CAfile =\nsmtp_tls_secure_cert_match = a.example:nexthop\nmail_version = 3.7.11\n"
        "queue_directory = /var/spool/postfix\nmaximal_queue_lifetime = 5d\n";
    struct facts facts;
    struct fault why;

    cr_assert_eq(facts_parse(SPAN(lines), &facts, &why), 0);
    cr_expect_str_eq(facts.host, "r.example");
    cr_expect(facts.implicit_tls);
    cr_expect(facts.sasl);
    cr_expect_str_eq(facts.map_type, "hash");
    cr_expect_str_eq(facts.map_path, "/etc/postfix/sasl_passwd");
    cr_expect_str_eq(facts.helo, "me.example");
    cr_expect_str_eq(facts.ca_file, "");
    cr_expect_str_eq(facts.tls_name, "a.example");
    cr_expect_str_eq(facts.delimiter, ":");
    cr_expect_str_eq(facts.queue_directory, "/var/spool/postfix");
    cr_expect_eq(facts.queue_lifetime_s, 5 * 86400);
}

Test(facts, parts) {
    static const struct {
        const char *line;
        const char *type; /* of the map; NULL: the whole is refused */
        const char *tls_name;
        uint64_t lifetime_s;
    } rows[] = {
        {"relayhost =", "", "", 0},
        {"relayhost = [h", NULL, NULL, 0},
        {"smtp_sasl_password_maps = texthash:/a", "texthash", "", 0},
        {"smtp_sasl_password_maps = hash:/a, hash:/b", "", "", 0},
        {"smtp_sasl_password_maps = /a", "", "", 0},
        {"smtp_sasl_password_maps =", "", "", 0},
        {"smtp_sasl_password_maps = inline:{a=b}", "", "", 0},
        {"smtp_tls_secure_cert_match = nexthop, dot-nexthop", "", "", 0},
        {"smtp_tls_secure_cert_match = .example.com", "", "", 0},
        {"smtp_tls_secure_cert_match = a.b", "", "a.b", 0},
        {"maximal_queue_lifetime = 1w", "", "", 604800},
        {"maximal_queue_lifetime = 2", "", "", 172800},
        {"maximal_queue_lifetime = 30m", "", "", 1800},
        {"maximal_queue_lifetime = soon", NULL, NULL, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct facts facts;
        struct fault why;
        char text[400];
        int got;

        text_format(text, sizeof text, "%s\nmail_version = 3.7\nqueue_directory = /q\n",
                    rows[i].line);
        got = facts_parse(span_of(text), &facts, &why);
        cr_expect_eq(got, rows[i].type == NULL ? -1 : 0, "%s", rows[i].line);
        if (got == 0 && rows[i].type != NULL) {
            cr_expect_str_eq(facts.map_type, rows[i].type, "%s", rows[i].line);
            cr_expect_str_eq(facts.tls_name, rows[i].tls_name, "%s", rows[i].line);
            cr_expect_eq(facts.queue_lifetime_s, rows[i].lifetime_s, "%s", rows[i].line);
        }
    }
}

Test(facts, not_postconf) {
    struct facts facts;
    struct fault why;

    cr_expect_eq(facts_parse(SPAN(""), &facts, &why), -1);
    cr_expect_eq(facts_parse(SPAN("queue_directory = relative\nmail_version = 3\n"), &facts, &why),
                 -1);
}
