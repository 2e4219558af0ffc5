/* pagerduty.c: the event, read back as JSON. */
#include "pagerduty.h"

#include "payload.h"
#include "sample_incident.h"

Test(pagerduty, trigger) {
    struct outbox *o = make_outbox(0);
    struct notice notice = make_notice(TOLD_FIRING, 1);
    struct json_t *got = read_back(pagerduty_event(o->incident[0], &notice, "R0UT1NGKEY"));
    const struct json_t *payload = json_get(got, "payload");
    const struct json_t *details = json_get(payload, "custom_details");

    cr_expect_str_eq(json_get_text(got, "routing_key"), "R0UT1NGKEY");
    cr_expect_str_eq(json_get_text(got, "event_action"), "trigger");
    cr_expect_str_eq(json_get_text(got, "dedup_key"),
                     "relaywatch/relay1/login-refused/1732340000123");
    cr_expect_str_eq(json_get_text(payload, "summary"), "relay1: T \"q\" <b>. I");
    cr_expect_str_eq(json_get_text(payload, "source"), "relay1");
    cr_expect_str_eq(json_get_text(payload, "severity"), "critical");
    cr_expect_str_eq(json_get_text(payload, "timestamp"), "2024-11-23T05:33:20.123Z");
    cr_expect_str_eq(json_get_text(payload, "class"), "login-refused");
    cr_expect_str_eq(json_get_text(details, "who"), "W");
    cr_expect_str_eq(json_text(json_at(json_get(details, "fix"), 1)), "two");
    cr_expect_str_eq(json_get_text(json_at(json_get(got, "links"), 0), "href"),
                     "http://127.0.0.1:9154/");
    json_release(&got);
    outbox_free(&o);
}

Test(pagerduty, resolve_has_the_same_key) {
    struct outbox *o = make_outbox(1732340060123);
    struct notice notice = make_notice(TOLD_RESOLVED, 3);
    struct json_t *got = read_back(pagerduty_event(o->incident[0], &notice, "K"));

    cr_expect_str_eq(json_get_text(got, "event_action"), "resolve");
    cr_expect_str_eq(json_get_text(got, "dedup_key"),
                     "relaywatch/relay1/login-refused/1732340000123");
    json_release(&got);
    outbox_free(&o);
}

Test(pagerduty, severities) {
    static const char *const want[RANK_COUNT] = {"info", "info", "warning", "critical"};

    for (int rank = 0; rank < RANK_COUNT; rank++) {
        struct outbox *o = make_outbox(0);
        struct notice notice = make_notice(TOLD_FIRING, 1);
        struct json_t *got;

        notice.rank = rank;
        got = read_back(pagerduty_event(o->incident[0], &notice, "K"));
        cr_expect_str_eq(json_get_text(json_get(got, "payload"), "severity"), want[rank]);
        json_release(&got);
        outbox_free(&o);
    }
}

/* PagerDuty takes 1024 characters of a summary and 255 of a key. */
Test(pagerduty, limits) {
    struct outbox *o = make_outbox(0);
    struct notice notice = make_notice(TOLD_FIRING, 1);
    struct json_t *got;
    char *text = xcalloc(1, 16000);

    memset(text, 'x', 8000);
    free(o->incident[0]->doc);
    o->incident[0]->doc = xcalloc(1, 16000);
    text_format(o->incident[0]->doc, 16000, "{\"title\":\"%.7000s\",\"impact\":\"%.7000s\"}", text,
                text);
    memset(notice.host, 'h', sizeof notice.host - 1);
    memset(notice.id, 'i', sizeof notice.id - 1);
    got = read_back(pagerduty_event(o->incident[0], &notice, "K"));
    cr_expect_leq(strlen(json_get_text(json_get(got, "payload"), "summary")), 1024u);
    cr_expect_leq(strlen(json_get_text(got, "dedup_key")), 255u);
    free(text);
    json_release(&got);
    outbox_free(&o);
}
