/* mechs.c: lists of login mechanisms, and smtp_sasl_mechanism_filter as smtp(8) reads it. */
#include <criterion/criterion.h>
#include <string.h>

#include "mechs.h"

Test(mechs, filter) {
    static const struct {
        const char *offered, *filter, *want;
    } rows[] = {
        {"PLAIN LOGIN", "", "PLAIN LOGIN"},
        {"PLAIN LOGIN", " , \t", "PLAIN LOGIN"},
        {"PLAIN LOGIN XOAUTH2", "plain, login", "PLAIN LOGIN"},
        {"PLAIN LOGIN XOAUTH2", "xoauth2", "XOAUTH2"},
        {"PLAIN LOGIN GSSAPI", "!gssapi, !login, static:rest", "PLAIN"},
        {"PLAIN LOGIN GSSAPI", "!gssapi", ""},
        {"PLAIN LOGIN", "!!plain", "PLAIN"},
        {"PLAIN LOGIN", "!plain plain login", "LOGIN"},
        {"PLAIN LOGIN", "/etc/postfix/mechs", "PLAIN LOGIN"},
        {"PLAIN LOGIN", "!login, hash:/etc/postfix/mechs", "PLAIN"},
        {"PLAIN LOGIN", "plainer", ""},
        {"PLAIN LOGIN", "!", ""},
        {"", "plain", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[MECHS_SIZE];

        mechs_filter(rows[i].offered, rows[i].filter, out, sizeof out);
        cr_expect_str_eq(out, rows[i].want, "%s of %s: %s", rows[i].filter, rows[i].offered, out);
    }
}

Test(mechs, add) {
    char list[16] = "";

    mechs_add(list, sizeof list, SPAN("PLAIN"));
    mechs_add(list, sizeof list, SPAN("plain"));
    mechs_add(list, sizeof list, SPAN("bad\x1b"));
    mechs_add(list, sizeof list, SPAN(""));
    mechs_add(list, sizeof list, SPAN("ABCDEFGHIJKLMNOPQRSTU"));
    cr_expect_str_eq(list, "PLAIN");
    mechs_add(list, sizeof list, SPAN("CRAM-MD5-X"));
    cr_expect_str_eq(list, "PLAIN", "what does not fit is left out whole: %s", list);
    mechs_add(list, sizeof list, SPAN("CRAM-MD5"));
    cr_expect_str_eq(list, "PLAIN CRAM-MD5");
    cr_expect(mechs_has(list, "cram-md5"));
    cr_expect_not(mechs_has(list, "CRAM"));
}
