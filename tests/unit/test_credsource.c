/* credsource.c: each form of a new secret, what is refused, and that nothing else of the file
 * changes. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "credsource.h"

static const char FILE_TEXT[] = "# head\nrelay.example me:old\n\n[relay.example]:587\t me:two  \n"
                                "a@b.example you:three";

struct merged {
    bool good;
    char text[CRED_FILE_MAX + 1];
    size_t n;
    struct cred_problem problem;
};

static struct merged *merge(const char *text, const char *content, size_t content_n) {
    static struct cred_file file;
    static struct merged m;
    const struct cred *relay;

    memset(&m, 0, sizeof m);
    cr_assert(cred_parse(span_of(text), &file));
    relay = cred_lookup(&file, "relay.example", "[relay.example]:587");
    m.good = credsource_merge(span_of(text), &file, relay, (struct span){content, content_n},
                              m.text, &m.n, &m.problem);
    m.text[m.good ? m.n : 0] = '\0';
    return &m;
}

Test(credsource, forms) {
    static const struct {
        const char *name, *content, *want;
    } rows[] = {
        {"password", "new", "relay.example me:new"},
        {"with a newline", "new\n", "relay.example me:new"},
        {"comments and empty lines", "# of today\n\n new \n", "relay.example me:new"},
        {"user and password", "them:new", "relay.example them:new"},
        {"colons in the password", "them:n:e:w", "relay.example them:n:e:w"},
        {"app password", "abcd efgh ijkl mnop\n", "relay.example me:abcdefghijklmnop"},
        {"app password, user", "them:abcd efgh ijkl mnop", "relay.example them:abcdefghijklmnop"},
        {"app password, a relay in place of its user", "[them]:abcd efgh ijkl mnop", NULL},
        {"app password, two users", "we them:abcd efgh ijkl mnop", NULL},
        {"key and value", "relay.example them:new\n", "relay.example them:new"},
        {"key, another case", "RELAY.example them:new\n", "relay.example them:new"},
        {"key and password", "relay.example new\n", "relay.example me:new"},
        {"key and app password", "relay.example me:abcd efgh ijkl mnop",
         "relay.example me:abcdefghijklmnop"},
        {"hash inside", "n#ew", "relay.example me:n#ew"},
        {"blanks inside, keyed", "relay.example me:n ew", "relay.example me:n ew"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct merged *m = merge(FILE_TEXT, rows[i].content, strlen(rows[i].content));
        char want[512];

        if (rows[i].want == NULL) {
            cr_expect_not(m->good, "%s", rows[i].name);
            continue;
        }
        text_format(want, sizeof want,
                    "# head\n%s\n\n[relay.example]:587\t me:two  \na@b.example you:three",
                    rows[i].want);
        cr_expect(m->good, "%s: line %u: %s", rows[i].name, m->problem.line,
                  m->good ? "" : m->problem.what);
        cr_expect_str_eq(m->text, want, "%s", rows[i].name);
    }
}

Test(credsource, several_keys_at_once) {
    struct merged *m = merge(FILE_TEXT, "a@b.example z:9\n[relay.example]:587 y:8\n", 40);

    cr_assert(m->good);
    cr_expect_str_eq(m->text,
                     "# head\nrelay.example me:old\n\n[relay.example]:587 y:8\na@b.example z:9\n");
}

Test(credsource, refuses) {
    static const struct {
        const char *name, *content;
        uint32_t line;
        const char *what;
    } rows[] = {
        {"empty", "", 0, "empty"},
        {"blanks", " \n\n", 0, "empty"},
        {"comment", "# x\n", 0, "empty"},
        {"carriage return", "new\r\n", 1, "carriage"},
        {"control", "n\x01w", 1, "control"},
        {"not ASCII", "n\xc3\xbcw", 1, "ASCII"},
        {"unknown key", "other.example a:b", 1, "no key of sasl_passwd"},
        {"swapped", "me:new relay.example", 1, "no key of sasl_passwd"},
        {"blanks in a password", "new er", 1, "a password with blanks is given as KEY"},
        {"blanks in a password, user", "me:new er", 1, "a password with blanks is given as KEY"},
        {"comment after it", "relay.example me:new # x", 1, "comment"},
        {"comment after a login", "me:new  # x", 1, "comment"},
        {"comment after a password", "new # x", 1, "comment"},
        {"no user", ":new", 1, "no user"},
        {"no password", "me:", 1, "no password"},
        {"key alone is a password", "relay.example", 0, NULL},
        {"two passwords", "new\nnewer\n", 2, "same"},
        {"password and keyed", "new\nrelay.example me:newer\n", 2, "same"},
        {"same key twice", "a@b.example x:y\na@b.example x:z\n", 2, "same key"},
        {"blank in the user", "a@b.example x y:z\n", 1, "blank in the user"},
        {"tab in the password", "a@b.example x:y\tz\n", 1, "tab"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct merged *m = merge(FILE_TEXT, rows[i].content, strlen(rows[i].content));

        cr_expect_eq(m->good, rows[i].what == NULL, "%s", rows[i].name);
        if (rows[i].what == NULL || m->good)
            continue;
        cr_expect_eq(m->problem.line, rows[i].line, "%s: line %u", rows[i].name, m->problem.line);
        cr_expect_not_null(strstr(m->problem.what, rows[i].what), "%s: %s", rows[i].name,
                           m->problem.what);
    }
    cr_expect_not(merge(FILE_TEXT, "a\0b", 3)->good, "NUL");
}

Test(credsource, sizes) {
    char *content = malloc(CRED_SECRET_MAX + 2);
    char *text = malloc(CRED_FILE_MAX + 1);

    cr_assert(content != NULL && text != NULL);
    memset(content, 'x', CRED_SECRET_MAX + 1);
    cr_expect(merge(FILE_TEXT, content, CRED_SECRET_MAX)->good);
    cr_expect_not(merge(FILE_TEXT, content, CRED_SECRET_MAX + 1)->good);
    memset(text, '#', CRED_FILE_MAX);
    memcpy(text, "relay.example m:p\n", 18);
    text[CRED_FILE_MAX] = '\0';
    cr_expect(merge(text, "q", 1)->good);
    cr_expect_not(merge(text, "qq", 2)->good, "the file would be too large");
    free(content);
    free(text);
}

/* Whatever is accepted is a good file again, with the same keys, and nothing but the named values
 * has changed. */
Test(credsource, random) {
    static const char alphabet[] = "relay.example a@b:x# \n\t\r[]587c";
    static struct cred_file before, after;
    unsigned seed = 1;
    unsigned accepted = 0;

    cr_assert(cred_parse(span_of(FILE_TEXT), &before));
    for (int round = 0; round < 200000; round++) {
        char content[48];
        size_t n = (size_t)(rand_r(&seed) % 40);
        struct merged *m;

        for (size_t i = 0; i < n; i++)
            content[i] = alphabet[(size_t)rand_r(&seed) % (sizeof alphabet - 1)];
        if (round % 2 == 0 && n > 14)
            memcpy(content, "relay.example ", 14);
        m = merge(FILE_TEXT, content, n);
        if (!m->good)
            continue;
        accepted++;
        cr_assert(cred_parse((struct span){m->text, m->n}, &after), "%.*s", (int)n, content);
        cr_assert_eq(after.count, before.count);
        for (uint32_t i = 0; i < after.count; i++)
            cr_assert(span_equal(after.entries[i].key, before.entries[i].key));
        cr_assert(span_equal(after.entries[2].value, before.entries[2].value));
    }
    cr_expect_gt(accepted, 1000);
}
