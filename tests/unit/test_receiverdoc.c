/* receiverdoc.c: a report printed and read back; and reports of a sender that is not to be trusted.
 */
#include "receiverdoc.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

Test(receiverdoc, there_and_back) {
    struct receiver_report in = {.count = 2, .refused = "r.conf, line 3: \"no\""}, out;
    struct fault why;
    char *text;

    in.receiver[0] = (struct receiver_state){.name = "on-call",
                                             .kind = "pagerduty",
                                             .place = "https://events.pagerduty.com",
                                             .condition = RECEIVER_REFUSED,
                                             .tells = true,
                                             .last_ok_ms = 1732340000123,
                                             .since_ms = 1732340001456,
                                             .waiting = 3,
                                             .last_error = "it answered 404 (\"no\")"};
    in.receiver[1] = (struct receiver_state){.name = "chat", .kind = "slack", .tells = true};
    text = receiverdoc_print(&in);
    memset(&out, 0x55, sizeof out);
    cr_assert_eq(receiverdoc_read(text, strlen(text), &out, &why), 0, "%s", why.text);
    cr_assert_eq(out.count, 2);
    cr_expect_str_eq(out.refused, in.refused);
    cr_expect_eq(memcmp(&out.receiver[0], &in.receiver[0], sizeof in.receiver[0]), 0);
    cr_expect_eq(memcmp(&out.receiver[1], &in.receiver[1], sizeof in.receiver[1]), 0);
    free(text);
}

Test(receiverdoc, the_largest_fits) {
    static struct receiver_report report;
    char *text;

    report.count = RECEIVERSTATES_MOST;
    memset(report.refused, '"', sizeof report.refused - 1);
    for (int i = 0; i < report.count; i++) {
        struct receiver_state *state = &report.receiver[i];

        memset(state->name, 'n', sizeof state->name - 1);
        memset(state->kind, 'k', sizeof state->kind - 1);
        memset(state->place, '"', sizeof state->place - 1);
        memset(state->last_error, '"', sizeof state->last_error - 1);
        state->last_ok_ms = state->since_ms = 7258118399999;
        state->condition = RECEIVER_FAILING;
    }
    text = receiverdoc_print(&report);
    cr_expect_lt(strlen(text), (size_t)RECEIVERDOC_PACKET_MOST);
    free(text);
}

Test(receiverdoc, nonsense) {
    static const struct {
        const char *in;
        int result, count;
    } rows[] = {
        {"", -1, 0},
        {"ok", -1, 0},
        {"{}", -1, 0},
        {"{\"version\":2,\"receivers\":[]}", -1, 0},
        {"{\"version\":1}", 0, 0},
        {"{\"version\":1,\"receivers\":{}}", 0, 0},
        {"{\"version\":1,\"receivers\":[1,{},{\"name\":\"a\"},{\"name\":\"\",\"state\":\"ok\"},"
         "{\"name\":\"a\",\"state\":\"odd\"}]}",
         0, 0},
        {"{\"version\":1,\"receivers\":[{\"name\":\"a\\u001b[0m\",\"state\":\"ok\",\"waiting\":-5,"
         "\"last_ok\":1e300}]}",
         0, 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct receiver_report out = {.count = 0};
        struct fault why;

        cr_expect_eq(receiverdoc_read(rows[i].in, strlen(rows[i].in), &out, &why), rows[i].result,
                     "%s", rows[i].in);
        cr_expect_eq(out.count, rows[i].count, "%s", rows[i].in);
        if (out.count == 1) {
            cr_expect_str_eq(out.receiver[0].name, "a?[0m");
            cr_expect_eq(out.receiver[0].waiting, 0u);
            cr_expect_eq(out.receiver[0].last_ok_ms, 0);
        }
    }
}
