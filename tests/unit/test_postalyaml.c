#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "postalyaml.h"

#define HOST "relay.example.com"
#define URI "smtp://relay.example.com:2525?ssl_mode=None"

struct row {
    const char *before, *after;
};

static void adds(const struct row *row) {
    struct fault why = {.text = ""};
    char *out = postalyaml_add(row->before, HOST, 2525, &why);
    char *again;

    cr_assert_not_null(out, "%s: %s", row->before, why.text);
    cr_expect_str_eq(out, row->after);
    again = postalyaml_add(out, HOST, 2525, &why);
    cr_assert_not_null(again);
    cr_expect_str_eq(again, out, "a second time nothing changes");
    free(again);
    free(out);
}

static const struct row version_2[] = {
    /* a list that is there: behind its last entry, as deep as the others */
    {"version: 2\npostal:\n  # who sends for us\n  smtp_relays:\n    - smtp://a.example:25 # "
     "first\n"
     "\n  web_hostname: p.example # keep\n",
     "version: 2\npostal:\n  # who sends for us\n  smtp_relays:\n    - smtp://a.example:25 # "
     "first\n"
     "    - " URI "\n\n  web_hostname: p.example # keep\n"},
    /* no deeper than its key */
    {"version: 2\npostal:\n  smtp_relays:\n  - smtp://a.example:25\n  web_hostname: p.example\n",
     "version: 2\npostal:\n  smtp_relays:\n  - smtp://a.example:25\n  - " URI
     "\n  web_hostname: p.example\n"},
    /* no list */
    {"version: 2\n\npostal: # ours\n    # the web\n    web_hostname: p.example\n\nrails:\n  "
     "secret_key: x\n",
     "version: 2\n\npostal: # ours\n    smtp_relays:\n      - " URI
     "\n    # the web\n    web_hostname: p.example\n\nrails:\n  secret_key: x\n"},
    {"version: 2\npostal:\n  smtp_relays:\nrails:\n  x: 1\n",
     "version: 2\npostal:\n  smtp_relays:\n    - " URI "\nrails:\n  x: 1\n"},
    {"version: 2\npostal:\n  smtp_relays: [] # none\n",
     "version: 2\npostal:\n  smtp_relays: [\"" URI "\"] # none\n"},
    {"version: 2\npostal:\n  smtp_relays: [ 'smtp://a.example:25' ]\n",
     "version: 2\npostal:\n  smtp_relays: [ 'smtp://a.example:25', \"" URI "\" ]\n"},
    /* no group, and no end of the last line */
    {"version: 2\nrails:\n  secret_key: x", "version: 2\nrails:\n  secret_key: x\npostal:\n"
                                            "  smtp_relays:\n    - " URI "\n"},
    {"version: 2\npostal:\n", "version: 2\npostal:\n  smtp_relays:\n    - " URI "\n"},
    /* not only ASCII, in comments and values before it */
    {"# für die Zustellung … \xf0\x9f\x93\xa7\nversion: 2\npostal:\n  web_hostname: \"pöstal\"\n  "
     "smtp_relays:\n    - smtp://a.example:25\n",
     "# für die Zustellung … \xf0\x9f\x93\xa7\nversion: 2\npostal:\n  web_hostname: \"pöstal\"\n  "
     "smtp_relays:\n    - smtp://a.example:25\n    - " URI "\n"},
    {"\xef\xbb\xbfversion: 2\npostal:\n  smtp_relays: [] # a mark of the byte order before it\n",
     "\xef\xbb\xbfversion: 2\npostal:\n  smtp_relays: [\"" URI
     "\"] # a mark of the byte order before it\n"},
    /* there, with a word that Postal does not know, or a login that it leaves out: in its place */
    {"version: 2\npostal:\n  smtp_relays:\n    - smtp://relay.example.com:2525?ssl_mode=none # x\n "
     "   "
     "- smtp://b.example\n",
     "version: 2\npostal:\n  smtp_relays:\n    - " URI " # x\n    - smtp://b.example\n"},
    {"version: 2\npostal:\n  smtp_relays: ['smtp://u:p@Relay.example.com:2525?ssl_mode=None']\n",
     "version: 2\npostal:\n  smtp_relays: [\"" URI "\"]\n"},
    /* lines that end with CR LF are kept */
    {"version: 2\r\npostal:\r\n  web_hostname: x\r\n",
     "version: 2\r\npostal:\r\n  smtp_relays:\n    - " URI "\n  web_hostname: x\r\n"},
};

static const struct row version_1[] = {
    {"general:\n  use_ip_pools: false\n\nsmtp_relays:\n  - hostname: a.example\n    port: "
     "25\n\nrails:\n "
     " x: 1\n",
     "general:\n  use_ip_pools: false\n\nsmtp_relays:\n  - hostname: a.example\n    port: 25\n  - "
     "hostname: relay.example.com\n    port: 2525\n    ssl_mode: None\n\nrails:\n  x: 1\n"},
    {"general:\n  x: 1\n",
     "general:\n  x: 1\nsmtp_relays:\n  - hostname: relay.example.com\n    port: "
     "2525\n    ssl_mode: None\n"},
    {"version: 1\nsmtp_relays: [{hostname: a.example}]\n",
     "version: 1\nsmtp_relays: [{hostname: a.example}, {hostname: \"relay.example.com\", port: "
     "2525, "
     "ssl_mode: \"None\"}]\n"},
    {"smtp_relays:\n  - hostname: relay.example.com\n    port: 2525\nx: 1\n",
     "smtp_relays:\n  - hostname: relay.example.com\n    port: 2525\n    ssl_mode: None\nx: 1\n"},
    {"smtp_relays:\n  - {hostname: relay.example.com, port: 2525}\n",
     "smtp_relays:\n  - {hostname: relay.example.com, port: 2525, ssl_mode: \"None\"}\n"},
    {"smtp_relays:\n  - ssl_mode: STARTTLS # old\n    hostname: relay.example.com\n    port: "
     "2525\n",
     "smtp_relays:\n  - ssl_mode: None # old\n    hostname: relay.example.com\n    port: 2525\n"},
};

Test(postalyaml, a_relay_is_added_and_all_else_stays) {
    for (size_t i = 0; i < sizeof version_2 / sizeof version_2[0]; i++)
        adds(&version_2[i]);
    for (size_t i = 0; i < sizeof version_1 / sizeof version_1[0]; i++)
        adds(&version_1[i]);
}

Test(postalyaml, a_relay_is_removed_and_all_else_stays) {
    static const struct row rows[] = {
        {"version: 2\npostal:\n  smtp_relays:\n    - smtp://a.example # a\n    - " URI
         " # ours\n    # more\n    - smtp://b.example\n",
         "version: 2\npostal:\n  smtp_relays:\n    - smtp://a.example # a\n    # more\n    - "
         "smtp://b.example\n"},
        {"version: 2\npostal:\n  smtp_relays: # x\n    - " URI "\n  web_hostname: x\n",
         "version: 2\npostal:\n  smtp_relays: [] # x\n  web_hostname: x\n"},
        {"version: 2\npostal: {smtp_relays: [\"" URI "\", \"smtp://b.example\"]}\n",
         "version: 2\npostal: {smtp_relays: [\"smtp://b.example\"]}\n"},
        {"version: 2\npostal:\n  smtp_relays: [\"smtp://b.example\", \"" URI "\"]\n",
         "version: 2\npostal:\n  smtp_relays: [\"smtp://b.example\"]\n"},
        {"smtp_relays:\n  - hostname: relay.example.com\n    port: 2525\n  - hostname: b\n",
         "smtp_relays:\n  - hostname: b\n"},
        {"version: 2\npostal:\n  smtp_relays:\n    - smtp://b.example\n",
         "version: 2\npostal:\n  smtp_relays:\n    - smtp://b.example\n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault why = {.text = ""};
        char *out = postalyaml_remove(rows[i].before, HOST, 2525, &why);

        cr_assert_not_null(out, "%s: %s", rows[i].before, why.text);
        cr_expect_str_eq(out, rows[i].after);
        free(out);
    }
}

Test(postalyaml, what_was_added_goes_again) {
    for (size_t i = 0; i < 2; i++) {
        struct fault why;
        char *with = postalyaml_add(version_2[i].before, HOST, 2525, &why);
        char *without = postalyaml_remove(with, HOST, 2525, &why);

        cr_expect_str_eq(without, version_2[i].before);
        free(with);
        free(without);
    }
}

Test(postalyaml, forms_that_are_not_changed) {
    static const char *const rows[] = {
        "version: 2\npostal: {web_hostname: x}\n",
        "version: 2\npostal: 5\n",
        "version: 2\nx: &l [smtp://a.example]\npostal:\n  smtp_relays: *l\n",
        "version: 2\npostal:\n  web_hostname: a\npostal:\n  web_hostname: b\n",
        "version: 3\npostal:\n  web_hostname: a\n",
        "version: 2\npostal:\n  smtp_relays: smtp://a.example\n",
        "version: 2\npostal:\n  smtp_relays:\n    - hostname: a\n",
        "version: 2\nrails:\n  x: 1\n...\n",
        "smtp_relays:\n  - smtp://a.example\n",
        "- a\n- b\n",
        "{version: 2}\n",
        "a: [\n",
        "",
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault why = {.text = ""};
        char *out = postalyaml_add(rows[i], HOST, 2525, &why);

        cr_expect_null(out, "%s gave %s", rows[i], out);
        cr_expect_neq(why.text[0], '\0', "%s", rows[i]);
        free(out);
    }
}

Test(postalyaml, what_stands_there) {
    struct postal_config c;
    struct fault why;

    cr_assert_eq(
        postalyaml_read("version: 2\nsmtp_server:\n  default_port: 2500\npostal:\n  smtp_relays:\n "
                        "   - smtp://127.0.0.1:25?ssl_mode=none\n    - "
                        "smtp://u:p@b.example/?x=1&ssl_mode=TLS\n",
                        &c, &why),
        0, "%s", why.text);
    cr_expect_eq(c.version, 2);
    cr_expect_eq(c.smtp_port, 2500);
    cr_assert_eq(c.count, 2);
    cr_expect_str_eq(c.relay[0].host, "127.0.0.1");
    cr_expect_eq(c.relay[0].port, 25);
    cr_expect_str_eq(c.relay[0].ssl_mode, "none");
    cr_expect_eq(c.relay[0].line, 6);
    cr_expect_str_eq(c.relay[1].host, "b.example");
    cr_expect_str_eq(c.relay[1].ssl_mode, "TLS");
    cr_expect(c.relay[1].login);
    cr_assert_eq(postalyaml_read("general:\n  x: 1\nsmtp_server:\n  port: 26\n", &c, &why), 0);
    cr_expect_eq(c.version, 1);
    cr_expect_eq(c.smtp_port, 26);
    cr_expect_eq(c.count, 0);
    cr_expect_eq(postalyaml_read("a: 1\nb: [\n", &c, &why), -1);
    cr_expect_not_null(strstr(why.text, "line 3: not YAML"), "%s", why.text);
}
