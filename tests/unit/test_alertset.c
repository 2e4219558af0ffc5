/* alertset.c: which packets are taken, and what is made of them. */
#include "alertset.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define PACKET(alerts)                                                                             \
    "{\"version\":1,\"host\":\"h\",\"url\":\"http://x/\",\"alerts\":[" alerts "]}"
#define GOOD "\"id\":\"a-1\",\"severity\":\"warning\",\"since\":1732340000.5"

Test(alertset, good) {
    static const char in[] =
        PACKET("{" GOOD ",\"ended\":1732340009,\"diagnosis\":\"G01 X\",\"new\":1}");
    struct fault why;
    struct alertset *set = alertset_read(in, strlen(in), &why);

    cr_assert(set != NULL, "%s", why.text);
    cr_expect_str_eq(set->host, "h");
    cr_expect_str_eq(set->url, "http://x/");
    cr_assert_eq(set->count, 1);
    cr_expect_str_eq(set->entry[0].id, "a-1");
    cr_expect_str_eq(set->entry[0].diagnosis, "G01 X");
    cr_expect_eq(set->entry[0].rank, RANK_WARNING);
    cr_expect_eq(set->entry[0].since_ms, 1732340000500);
    cr_expect_eq(set->entry[0].ended_ms, 1732340009000);
    cr_expect(strstr(set->entry[0].doc, "\"new\":1") != NULL);
    alertset_free(&set);
    cr_expect(set == NULL);
    alertset_free(&set);
}

Test(alertset, repaired) {
    static const char in[] =
        "{\"version\":1,\"host\":\"h\\n\\u0007\",\"url\":\"javascript:x\",\"alerts\":[{" GOOD
        ",\"ended\":1732330000}]}";
    struct fault why;
    struct alertset *set = alertset_read(in, strlen(in), &why);

    cr_assert(set != NULL, "%s", why.text);
    cr_expect_str_eq(set->host, "h??");
    cr_expect_str_eq(set->url, "");
    cr_expect_eq(set->entry[0].ended_ms, set->entry[0].since_ms + 1, "no end before its beginning");
    alertset_free(&set);
}

Test(alertset, bad) {
    static const struct {
        const char *name, *in;
    } rows[] = {
        {"empty", ""},
        {"no object", "[]"},
        {"version", "{\"version\":2,\"host\":\"h\",\"alerts\":[]}"},
        {"no host", "{\"version\":1,\"alerts\":[]}"},
        {"no alerts", "{\"version\":1,\"host\":\"h\"}"},
        {"no alert", PACKET("7")},
        {"no id", PACKET("{\"severity\":\"warning\",\"since\":1732340000}")},
        {"id with a slash",
         PACKET("{\"id\":\"a/b\",\"severity\":\"warning\",\"since\":1732340000}")},
        {"id with a line end",
         PACKET("{\"id\":\"a\\n\",\"severity\":\"warning\",\"since\":1732340000}")},
        {"severity", PACKET("{\"id\":\"a\",\"severity\":\"worst\",\"since\":1732340000}")},
        {"no beginning", PACKET("{\"id\":\"a\",\"severity\":\"warning\"}")},
        {"in ms", PACKET("{\"id\":\"a\",\"severity\":\"warning\",\"since\":1732340000000}")},
        {"beginning as text",
         PACKET("{\"id\":\"a\",\"severity\":\"warning\",\"since\":\"1732340000\"}")},
        {"odd end", PACKET("{" GOOD ",\"ended\":-5}")},
        {"a good one before a bad one", PACKET("{" GOOD "},{}")},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault why = {""};

        cr_expect(alertset_read(rows[i].in, strlen(rows[i].in), &why) == NULL, "%s", rows[i].name);
        cr_expect(why.text[0] != '\0', "%s", rows[i].name);
    }
}

Test(alertset, limits) {
    size_t size = ALERTSET_PACKET_MOST + 1;
    char *text = calloc(1, size + 1);
    struct fault why;
    size_t n;

    memset(text, ' ', size);
    cr_expect(alertset_read(text, size, &why) == NULL, "packet");
    memset(text, 0, size);
    text_format(text, size, "{\"version\":1,\"host\":\"h\",\"alerts\":[{" GOOD ",\"evidence\":\"");
    n = strlen(text);
    memset(text + n, 'x', ALERTSET_DOC_MOST);
    text_format(text + n + ALERTSET_DOC_MOST, 10, "\"}]}");
    cr_expect(alertset_read(text, strlen(text), &why) == NULL, "one alert");
    cr_expect(strstr(why.text, "larger") != NULL, "%s", why.text);
    memset(text, 0, size);
    text_format(text, size, "{\"version\":1,\"host\":\"h\",\"alerts\":[{" GOOD "}");
    for (int i = 0; i < ALERTSET_MOST; i++) {
        n = strlen(text);
        text_format(text + n, size - n, ",{" GOOD "}");
    }
    n = strlen(text);
    text_format(text + n, size - n, "]}");
    cr_expect(alertset_read(text, strlen(text), &why) == NULL, "number of alerts");
    free(text);
}

Test(alertset, ranks) {
    for (int rank = 0; rank < RANK_COUNT; rank++)
        cr_expect_eq(rank_find(rank_name(rank)), rank);
    cr_expect_eq(rank_find(""), -1);
}

Test(alertset, messages_of_its_own) {
    static const struct {
        const char *in;
        struct mailproof want;
    } rows[] = {
        {"", {.wanted = false}},
        {"\"canary\":{\"overdue\":false},", {.wanted = true}},
        {"\"canary\":{\"overdue\":true,\"delivered\":1732340000.123,\"delay_ms\":1500},",
         {true, true, 1732340000123, 1500}},
        {"\"canary\":{\"delivered\":5,\"delay_ms\":1500},", {.wanted = true, .delay_ms = 1500}},
        {"\"canary\":{\"delivered\":1732340000,\"delay_ms\":-7},",
         {.wanted = true, .delay_ms = -7}},
        {"\"canary\":7,", {.wanted = true}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[300];
        struct fault why;
        struct alertset *set;

        text_format(text, sizeof text, "{\"version\":1,\"host\":\"h\",%s\"alerts\":[]}",
                    rows[i].in);
        set = alertset_read(text, strlen(text), &why);
        cr_assert(set != NULL, "%s", why.text);
        cr_expect_eq(set->mail.wanted, rows[i].want.wanted, "%s", rows[i].in);
        cr_expect_eq(set->mail.overdue, rows[i].want.overdue, "%s", rows[i].in);
        cr_expect_eq(set->mail.delivered_ms, rows[i].want.delivered_ms, "%s", rows[i].in);
        cr_expect_eq(set->mail.delay_ms, rows[i].want.delay_ms, "%s", rows[i].in);
        alertset_free(&set);
    }
}

Test(alertset, how_old_the_proof_is) {
    static const struct {
        const char *in;
        int64_t want;
    } rows[] = {{"", -1},
                {"\"proof_age_ms\":0,", 0},
                {"\"proof_age_ms\":30000,", 30000},
                {"\"proof_age_ms\":-5,", -1},
                {"\"proof_age_ms\":99999999999,", -1},
                {"\"proof_age_ms\":\"x\",", -1}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char packet[128];
        struct fault why;
        struct alertset *set;

        text_format(packet, sizeof packet, "{\"version\":1,\"host\":\"h\",%s\"alerts\":[]}",
                    rows[i].in);
        set = alertset_read(packet, strlen(packet), &why);
        cr_assert_not_null(set, "%s", why.text);
        cr_expect_eq(set->proof_age_ms, rows[i].want, "%s", rows[i].in);
        alertset_free(&set);
    }
}
