/* hostdoc.c: what is printed is read again; what others write does no harm. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "hostdoc.h"

static struct hostsum read_back(const struct hostsum *sum) {
    char *text = hostdoc_print(sum);
    struct hostsum out;

    cr_expect_leq(strlen(text), HOSTDOC_BYTES);
    cr_expect(hostdoc_read(span_of(text), &out));
    free(text);
    return out;
}

static struct hostsum full(void) {
    struct hostsum sum = {.state = HOSTSUM_CRITICAL,
                          .since_ms = INT64_C(1764320000123),
                          .version = "0.1.0",
                          .relay = "smtp-relay.gmail.com:587",
                          .queue_known = true,
                          .queue_messages = 12,
                          .oldest_s = 340,
                          .rate = {1.5, 2, 3, 4, 5},
                          .figure = {1000, 900, 50, 10, 7},
                          .count = HOSTSUM_ALERTS,
                          .all = HOSTSUM_ALERTS + 3};

    for (int i = 0; i < HOSTSUM_ALERTS; i++) {
        struct hostsum_alert *a = &sum.alert[i];

        text_format(a->id, sizeof a->id, "alert-%d-%.30s", i, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
        text_copy(a->diagnosis, sizeof a->diagnosis, "G01 BAD_CREDENTIALS");
        memset(a->summary, '"', sizeof a->summary - 1); /* two bytes each in JSON */
        a->severity = i == 0 ? SEVERITY_CRITICAL : SEVERITY_WARNING;
        a->since_ms = INT64_C(1764320000000) + i;
        a->told = i == 1;
    }
    return sum;
}

Test(hostdoc, comes_back_as_it_was) {
    struct hostsum sum = full();
    struct hostsum out = read_back(&sum);

    cr_expect_eq(out.state, HOSTSUM_CRITICAL);
    cr_expect_eq(out.since_ms, sum.since_ms);
    cr_expect_str_eq(out.version, "0.1.0");
    cr_expect_str_eq(out.relay, sum.relay);
    cr_expect(out.queue_known);
    cr_expect_eq(out.queue_messages, 12);
    cr_expect_eq(out.oldest_s, 340);
    cr_expect_float_eq(out.rate[0], 1.5, 0.001);
    cr_expect_eq(out.figure[1], 900);
    cr_expect_eq(out.count, HOSTSUM_ALERTS);
    cr_expect_eq(out.all, HOSTSUM_ALERTS + 3);
    for (int i = 0; i < HOSTSUM_ALERTS; i++) {
        cr_expect_str_eq(out.alert[i].id, sum.alert[i].id);
        cr_expect_str_eq(out.alert[i].diagnosis, sum.alert[i].diagnosis);
        cr_expect_str_eq(out.alert[i].summary, sum.alert[i].summary);
        cr_expect_eq(out.alert[i].severity, sum.alert[i].severity);
        cr_expect_eq(out.alert[i].since_ms, sum.alert[i].since_ms);
        cr_expect_eq(out.alert[i].told, sum.alert[i].told);
    }
}

Test(hostdoc, a_queue_that_is_not_counted) {
    struct hostsum sum = {.state = HOSTSUM_OK};

    cr_expect_not(read_back(&sum).queue_known);
}

Test(hostdoc, what_is_no_summary) {
    static const char *const bad[] = {"",    "x", "[]", "{", "{}", "{\"v\":0}", "{\"v\":\"1\"}",
                                      "null"};
    struct hostsum out;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memset(&out, 0xff, sizeof out);
        cr_expect_not(hostdoc_read(span_of(bad[i]), &out), "'%s'", bad[i]);
        cr_expect_eq(out.count, 0, "'%s'", bad[i]);
    }
}

Test(hostdoc, hostile_values) {
    static const char text[] =
        "{\"v\":7,\"state\":\"splendid\",\"since\":-1,\"version\":\"\\u001b[2J\",\"relay\":5,"
        "\"queue\":-3,\"oldest\":1e300,\"rates\":{\"sent\":-5,\"deferred\":1e308},"
        "\"counters\":{\"sent\":-1,\"accepted\":9223372036854775807},\"firing\":-4,"
        "\"alerts\":[7,{\"id\":\"a\\nb\",\"severity\":\"dire\"},{\"severity\":\"critical\"}]}";
    struct hostsum out;

    cr_assert(hostdoc_read(span_of(text), &out));
    cr_expect_eq(out.state, HOSTSUM_UNKNOWN);
    cr_expect_eq(out.since_ms, 0);
    cr_expect_str_eq(out.version, "?[2J");
    cr_expect_eq(out.queue_messages, 0);
    cr_expect_eq(out.oldest_s, 0);
    cr_expect_float_eq(out.rate[1], 0, 0.001);
    cr_expect_float_eq(out.rate[2], 0, 0.001);
    cr_expect_eq(out.figure[0], UINT64_C(1) << 50);
    cr_expect_eq(out.figure[1], 0);
    cr_expect_eq(out.count, 3);
    cr_expect_eq(out.alert[0].severity, SEVERITY_CRITICAL, "the worst first");
    cr_expect_str_eq(out.alert[2].id, "a?b");
}

Test(hostdoc, alerts_of_a_host_without_a_summary) {
    struct hostsum out = {.state = HOSTSUM_OK};
    char text[200];

    hostdoc_add_alert(SPAN(""), &out);
    hostdoc_add_alert(SPAN("{\"id\":\"over\",\"severity\":\"critical\",\"since\":1764320000,"
                           "\"ended\":1764320001}"),
                      &out);
    cr_expect_eq(out.state, HOSTSUM_OK);
    hostdoc_add_alert(SPAN("{\"id\":\"queue-growing\",\"severity\":\"warning\",\"ended\":null}"),
                      &out);
    cr_expect_eq(out.state, HOSTSUM_WARNING);
    for (int i = 0; i < HOSTSUM_ALERTS + 2; i++) {
        text_format(text, sizeof text, "{\"id\":\"c%d\",\"severity\":\"critical\"}", i);
        hostdoc_add_alert(span_of(text), &out);
    }
    cr_expect_eq(out.state, HOSTSUM_CRITICAL);
    cr_expect_eq(out.count, HOSTSUM_ALERTS);
    cr_expect_eq(out.all, HOSTSUM_ALERTS + 3);
    cr_expect_str_eq(out.alert[0].id, "c0");
    cr_expect_str_eq(out.alert[HOSTSUM_ALERTS - 1].id, "c7", "the warning gave way");
}
