/* testdoc.c: the question of `relaywatch alerts test`, and what is none. */
#include "testdoc.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "json.h"

Test(testdoc, question_there_and_back) {
    char *text = testdoc_print_question("on-call");
    char name[TESTDOC_NAME];

    cr_assert(testdoc_read_question(text, strlen(text), name));
    cr_expect_str_eq(name, "on-call");
    free(text);
}

Test(testdoc, what_is_no_question) {
    static const char *const rows[] = {"",
                                       "ok",
                                       "[]",
                                       "{\"version\":1,\"host\":\"a\",\"alerts\":[]}",
                                       "{\"version\":1,\"test\":\"\"}",
                                       "{\"version\":1,\"test\":1}",
                                       "{\"version\":2,\"test\":\"a\"}"};
    char name[TESTDOC_NAME], large[TESTDOC_QUESTION_MOST + 64];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_not(testdoc_read_question(rows[i], strlen(rows[i]), name), "%s", rows[i]);
    memset(large, ' ', sizeof large);
    memcpy(large, "{\"version\":1,\"test\":\"a\"}", 24);
    cr_expect(testdoc_read_question(large, TESTDOC_QUESTION_MOST, name));
    cr_expect_not(testdoc_read_question(large, TESTDOC_QUESTION_MOST + 1, name));
}

Test(testdoc, a_name_is_cut_and_made_printable) {
    static const char packet[] =
        "{\"version\":1,\"test\":\"a\\u001b[0m456789012345678901234567890123456789012345678901\"}";
    char name[TESTDOC_NAME];

    cr_assert(testdoc_read_question(packet, sizeof packet - 1, name));
    cr_expect_eq(strlen(name), sizeof name - 1);
    cr_expect_eq(strncmp(name, "a?[0m4", 6), 0, "%s", name);
}

Test(testdoc, answers) {
    struct testdoc_step step = {.name = "chat",
                                .kind = "slack",
                                .place = "https://x",
                                .refused = true,
                                .text = "it answered 404",
                                .took_ms = 12,
                                .last = true};
    char *text = testdoc_print_step(&step);
    struct fault why;
    struct json_t *doc = json_read(text, strlen(text), &why);
    const struct json_t *out = json_get(doc, "step");

    cr_expect_str_eq(json_get_text(out, "receiver"), "chat");
    cr_expect_str_eq(json_get_text(out, "notice"), "firing");
    cr_expect_str_eq(json_get_text(out, "result"), "refused");
    cr_expect_str_eq(json_get_text(out, "answer"), "it answered 404");
    cr_expect_eq(json_get_int(out, "took_ms", 0), 12);
    cr_expect(json_get_bool(out, "last"));
    json_release(&doc);
    free(text);
}
