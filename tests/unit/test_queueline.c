#include <criterion/criterion.h>
#include <string.h>

#include "queueline.h"

static struct queueline *parse(const char *text, struct fault *why) {
    return queueline_parse(span_of(text), why);
}

Test(queueline, a_deferred_message_of_postfix_3_7) {
    struct fault why;
    struct queueline *q =
        parse("{\"queue_name\": \"deferred\", \"queue_id\": \"4f8Kyn1Pz9z2Q\", \"arrival_time\": "
              "1700000000, \"message_size\": 331, \"forced_expire\": false, \"sender\": "
              "\"a@x.example\", \"recipients\": [{\"address\": \"b@y.example\", \"delay_reason\": "
              "\"connect to 127.0.0.1[127.0.0.1]:1: Connection refused\"}, {\"address\": "
              "\"c@y.example\"}]}",
              &why);

    cr_assert_not_null(q, "%s", why.text);
    cr_expect_str_eq(queueline_id(q), "4f8Kyn1Pz9z2Q");
    cr_expect_str_eq(queueline_queue(q), "deferred");
    cr_expect_str_eq(queueline_sender(q), "a@x.example");
    cr_expect_eq(queueline_arrived_s(q), 1700000000);
    cr_expect_eq(queueline_size(q), 331);
    cr_assert_eq(queueline_recipients(q), 2);
    cr_expect_str_eq(queueline_address(q, 0), "b@y.example");
    cr_expect_not_null(strstr(queueline_reason(q, 0), "Connection refused"));
    cr_expect_str_eq(queueline_address(q, 1), "c@y.example");
    cr_expect_str_eq(queueline_reason(q, 1), "");
    queueline_free(&q);
    cr_expect_null(q);
}

Test(queueline, what_is_no_such_line) {
    static const char *const lines[] = {"",
                                        "[]",
                                        "{}",
                                        "{\"queue_id\": \"4f8Kyn1Pz9z2Q\"}",
                                        "{\"queue_id\": 5, \"queue_name\": \"deferred\"}",
                                        "{\"queue_id\": \"A\", \"queue_name\": \"d\"",
                                        "mail"};

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct fault why = {.text = ""};

        cr_expect_null(parse(lines[i], &why), "%s", lines[i]);
        cr_expect_neq(why.text[0], '\0', "%s", lines[i]);
    }
}

Test(queueline, facts_of_other_types_count_as_not_told) {
    struct fault why;
    struct queueline *q = parse("{\"queue_name\": \"deferred\", \"queue_id\": \"ABCDE\", "
                                "\"arrival_time\": \"x\", \"message_size\": -5, \"sender\": null, "
                                "\"recipients\": {}}",
                                &why);

    cr_assert_not_null(q, "%s", why.text);
    cr_expect_eq(queueline_arrived_s(q), 0);
    cr_expect_eq(queueline_size(q), 0);
    cr_expect_str_eq(queueline_sender(q), "");
    cr_expect_eq(queueline_recipients(q), 0);
    cr_expect_str_eq(queueline_address(q, 3), "");
    queueline_free(&q);
}
