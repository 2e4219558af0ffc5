/* json.c: what is put comes out, and what comes from outside is never trusted to be of a type. */
#include "json.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(json, prints_in_order) {
    struct json_t *o = json_make_object();
    struct json_t *a = json_make_array();
    char *text;

    json_put_text(o, "z", "a\"b\n");
    json_put_int(o, "i", INT64_MIN);
    json_put_real(o, "r", 0.1);
    json_put_real(o, "time", 1732340000.123);
    json_put_bool(o, "b", true);
    json_put_null(o, "n");
    json_put_text(o, "none", NULL);
    json_add_text(a, "x");
    json_add(a, json_make_object());
    json_put(o, "a", a);
    text = json_print(o, false);
    cr_expect_str_eq(text, "{\"z\":\"a\\\"b\\n\",\"i\":-9223372036854775808,\"r\":0.1,"
                           "\"time\":1732340000.123,\"b\":true,\"n\":null,\"none\":null,"
                           "\"a\":[\"x\",{}]}");
    free(text);
    json_release(&o);
    cr_expect(o == NULL);
}

Test(json, text_that_is_not_utf8) {
    static const struct {
        const char *in, *want;
    } rows[] = {{"plain", "plain"},
                {"\xc3\xa4", "\xc3\xa4"},
                {"a\xff"
                 "b",
                 "a?b"},
                {"\xc3", "?"},
                {"\xed\xa0\x80", "???"},
                {"", ""}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_t *o = json_make_object();

        json_put_text(o, "k", rows[i].in);
        cr_expect_str_eq(json_get_text(o, "k"), rows[i].want, "row %zu", i);
        json_release(&o);
    }
}

Test(json, reading_what_is_of_another_type) {
    static const char in[] =
        "{\"t\":\"x\",\"i\":7,\"r\":1.5,\"b\":true,\"n\":null,\"a\":[1,\"y\"]}";
    struct fault why;
    struct json_t *o = json_read(in, strlen(in), &why);

    cr_assert(o != NULL, "%s", why.text);
    cr_expect_str_eq(json_get_text(o, "t"), "x");
    cr_expect_str_eq(json_get_text(o, "i"), "");
    cr_expect_str_eq(json_get_text(o, "missing"), "");
    cr_expect_eq(json_get_int(o, "i", -1), 7);
    cr_expect_eq(json_get_int(o, "t", -1), -1);
    cr_expect_eq(json_get_int(o, "r", -1), -1);
    cr_expect_eq(json_get_real(o, "i", -1), 7.0);
    cr_expect_eq(json_get_real(o, "r", -1), 1.5);
    cr_expect_eq(json_get_real(o, "n", -1), -1.0);
    cr_expect(json_get_bool(o, "b"));
    cr_expect(!json_get_bool(o, "i"));
    cr_expect_eq(json_count(json_get(o, "a")), 2u);
    cr_expect_eq(json_count(json_get(o, "t")), 0u);
    cr_expect_eq(json_count(NULL), 0u);
    cr_expect_str_eq(json_text(json_at(json_get(o, "a"), 1)), "y");
    cr_expect_str_eq(json_text(json_at(json_get(o, "a"), 0)), "");
    cr_expect(json_at(json_get(o, "a"), 2) == NULL);
    cr_expect(json_get(NULL, "x") == NULL);
    json_release(&o);
}

Test(json, bad_input) {
    static const char *const rows[] = {"",         "{",   "{\"a\":1,\"a\":2}", "[1,]",
                                       "nonsense", "{}x", "\"\xff\"",          "{\"a\":1e999}"};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault why = {""};
        struct json_t *o = json_read(rows[i], strlen(rows[i]), &why);

        cr_expect(o == NULL, "row %zu: %s", i, rows[i]);
        cr_expect(why.text[0] != '\0', "row %zu", i);
        json_release(&o);
    }
}

Test(json, deep_nesting_is_refused) {
    struct fault why;
    size_t n = 100000;
    char *text = malloc(n);

    memset(text, '[', n);
    cr_expect(json_read(text, n, &why) == NULL);
    free(text);
}

static void add_name(const char *key, struct json_t *value, void *arg) {
    (void)value;
    strncat(arg, key, 20);
}

Test(json, each_member) {
    struct json_t *o = json_make_object();
    char names[100] = "";

    json_put_int(o, "b", 1);
    json_put_int(o, "a", 2);
    json_each(o, add_name, names);
    cr_expect_str_eq(names, "ba");
    json_each(NULL, add_name, names);
    json_release(&o);
}
