/* faultline.c: who must act and whose fault, a relay host in one line; also of an older
 * relaywatchd, which does not say so. */
#include "faultline.h"

#include <criterion/criterion.h>
#include <string.h>

#include "json.h"

static struct json_t *parse(const char *text) {
    struct fault why;
    struct json_t *doc = json_read(text, strlen(text), &why);

    cr_assert_not_null(doc, "%s", text);
    return doc;
}

Test(faultline, of_an_alert) {
    static const struct {
        const char *doc, *want;
    } rows[] = {
        {"{\"who\":\"network team\",\"fault\":\"network\",\"relayhost\":\"s.example\"}",
         "network team; fault: network, at s.example"},
        {"{\"who\":\"network team\",\"fault\":\"network\",\"relayhost\":null}",
         "network team; fault: network"},
        {"{\"who\":\"network team\"}", "network team"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_t *doc = parse(rows[i].doc);
        char text[400];

        faultline_text(doc, text, sizeof text);
        cr_expect_str_eq(text, rows[i].want);
        json_release(&doc);
    }
}

Test(faultline, of_a_relay_host) {
    static const struct {
        const char *doc, *want;
    } rows[] = {
        {"{\"host\":\"s.example\",\"state\":\"ok\",\"sent\":12,\"trouble\":null}",
         "s.example delivers; 12 sent"},
        {"{\"host\":\"other\",\"state\":null,\"sent\":1,\"deferred\":{\"recipient\":2},"
         "\"bounced\":{\"recipient\":1,\"ours\":4}}",
         "other; 1 sent; failed: 4 ours, 3 recipient"},
        {"{\"host\":\"s.example\",\"state\":\"failing\",\"sent\":0,\"deferred\":{\"ours\":1},"
         "\"trouble\":{\"diagnosis\":\"G01 BAD_CREDENTIALS\",\"fault\":\"ours\",\"title\":\"It "
         "refuses us.\"}}",
         "s.example FAILS, fault: ours (G01 It refuses us.); 0 sent; failed: 1 ours"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_t *doc = parse(rows[i].doc);
        char text[700];

        faultline_relayhost(doc, text, sizeof text);
        cr_expect_str_eq(text, rows[i].want);
        json_release(&doc);
    }
}
