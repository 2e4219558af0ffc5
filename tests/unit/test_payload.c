/* payload.c: what is posted, read back as JSON. */
#include "payload.h"

#include "sample_incident.h"

Test(payload, webhook_firing) {
    struct outbox *o = make_outbox(0);
    struct notice notice = make_notice(TOLD_FIRING, 1);
    struct json_t *got = read_back(payload_webhook(o->incident[0], &notice));

    cr_expect_str_eq(json_get_text(got, "status"), "firing");
    cr_expect_str_eq(json_get_text(got, "host"), "relay1");
    cr_expect_str_eq(json_get_text(got, "id"), "login-refused");
    cr_expect_str_eq(json_get_text(got, "diagnosis"), "G01 BAD_CREDENTIALS");
    cr_expect_str_eq(json_get_text(got, "severity"), "critical");
    cr_expect_str_eq(json_get_text(got, "title"), "T \"q\" <b>");
    cr_expect_str_eq(json_text(json_at(json_get(got, "fix"), 1)), "two");
    cr_expect_eq(json_get_real(got, "since", 0), 1732340000.123);
    cr_expect_eq(json_get_int(got, "count", 0), 12);
    cr_expect(json_get(got, "duration_seconds") == NULL);
    cr_expect_eq(json_get_real(got, "ended", -1), -1, "null while it fires");
    json_release(&got);
    outbox_free(&o);
}

Test(payload, webhook_resolved) {
    struct outbox *o = make_outbox(1732340060123);
    struct notice notice = make_notice(TOLD_RESOLVED, 1);
    struct json_t *got = read_back(payload_webhook(o->incident[0], &notice));

    cr_expect_str_eq(json_get_text(got, "status"), "resolved");
    cr_expect_eq(json_get_real(got, "duration_seconds", 0), 60.0);
    cr_expect_eq(json_get_real(got, "ended", 0), 1732340060.123);
    json_release(&got);
    outbox_free(&o);
}

Test(payload, keys) {
    static const struct {
        enum told_status status;
        unsigned nth;
        const char *host;
        const char *want;
    } rows[] = {
        {TOLD_FIRING, 1, "relay1", "relay1/login-refused/1732340000123/firing/critical"},
        {TOLD_RESOLVED, 1, "relay1", "relay1/login-refused/1732340000123/resolved"},
        {TOLD_FIRING, 2, "relay1", "relay1/login-refused/1732340000123/firing/critical/2"},
        {TOLD_FIRING, 1, "a b\xc3\xa4", "a_b__/login-refused/1732340000123/firing/critical"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct notice notice = make_notice(rows[i].status, rows[i].nth);
        char key[PAYLOAD_KEY_SIZE];

        text_copy(notice.host, sizeof notice.host, rows[i].host);
        payload_key(&notice, key, sizeof key);
        cr_expect_str_eq(key, rows[i].want);
    }
}

Test(payload, names_and_times) {
    char out[64];

    payload_alert_name("login-refused", out, sizeof out);
    cr_expect_str_eq(out, "LoginRefused");
    payload_alert_name("tls--2x-", out, sizeof out);
    cr_expect_str_eq(out, "Tls2x");
    payload_time(1732340000123, out, sizeof out);
    cr_expect_str_eq(out, "2024-11-23T05:33:20.123Z");
}

Test(payload, alertmanager) {
    struct outbox *o = make_outbox(0);
    struct notice notices[3] = {make_notice(TOLD_FIRING, 1), make_notice(TOLD_RESOLVED, 1),
                                make_notice(TOLD_FIRING, 1)};
    const struct json_t *one;
    struct json_t *got;

    notices[1].farewell = true;
    notices[1].rank = RANK_WARNING;
    text_copy(notices[2].id, sizeof notices[2].id, "is-gone");
    got = read_back(payload_alertmanager(o, notices, 3, 1732340100000));
    cr_assert_eq(json_count(got), 2u, "the notice of a forgotten incident is left out");
    one = json_at(got, 0);
    cr_expect_str_eq(json_get_text(json_get(one, "labels"), "alertname"), "LoginRefused");
    cr_expect_str_eq(json_get_text(json_get(one, "labels"), "host"), "relay1");
    cr_expect_str_eq(json_get_text(json_get(one, "labels"), "severity"), "critical");
    cr_expect_str_eq(json_get_text(json_get(one, "labels"), "diagnosis"), "G01 BAD_CREDENTIALS");
    cr_expect_str_eq(json_get_text(json_get(one, "annotations"), "fix"), "one\ntwo");
    cr_expect_str_eq(json_get_text(json_get(one, "annotations"), "summary"), "T \"q\" <b>");
    cr_expect_str_eq(json_get_text(one, "startsAt"), "2024-11-23T05:33:20.123Z");
    cr_expect_str_eq(json_get_text(one, "endsAt"), "2024-11-23T05:39:00.000Z", "now + 4 min");
    cr_expect_str_eq(json_get_text(one, "generatorURL"), "http://127.0.0.1:9154/");
    one = json_at(got, 1);
    cr_expect_str_eq(json_get_text(json_get(one, "labels"), "severity"), "warning");
    cr_expect_str_eq(json_get_text(one, "endsAt"), "2024-11-23T05:35:00.000Z", "now");
    json_release(&got);
    outbox_free(&o);
}

Test(payload, never_ends_before_it_starts) {
    struct outbox *o = make_outbox(1732340000000);
    struct notice notice = make_notice(TOLD_RESOLVED, 1);
    struct json_t *got = read_back(payload_alertmanager(o, &notice, 1, 1732340100000));

    cr_expect_str_eq(json_get_text(json_at(got, 0), "endsAt"), "2024-11-23T05:33:20.124Z");
    json_release(&got);
    outbox_free(&o);
}

Test(payload, fields_of_a_template) {
    for (int over = 0; over < 2; over++) {
        struct outbox *o = make_outbox(over ? 1732340060123 : 0);
        struct notice notice = make_notice(over ? TOLD_RESOLVED : TOLD_FIRING, 1);
        struct json_t *got = payload_fields(o->incident[0], &notice);

        cr_expect_str_eq(json_get_text(got, "headline"),
                         over ? "relay1: over after 60 s: T \"q\" <b>" : "relay1: T \"q\" <b>. I");
        cr_expect_str_eq(json_get_text(got, "since_time"), "2024-11-23T05:33:20.123Z");
        cr_expect_str_eq(json_get_text(got, "ended_time"), over ? "2024-11-23T05:34:20.123Z" : "");
        cr_expect_eq(json_get_real(got, "duration_seconds", -1), over ? 60.0 : -1);
        cr_expect(json_get(got, "duration_seconds") != NULL, "there it is, if only null");
        json_release(&got);
        outbox_free(&o);
    }
}

Test(payload, headline_of_sentences) {
    static const struct {
        const char *doc, *want;
    } rows[] = {
        {"{\"title\":\"No login.\",\"impact\":\"None waits.\"}", "relay1: No login. None waits."},
        {"{\"title\":\"No login.\",\"impact\":\"\"}", "relay1: No login."},
        {"{\"title\":\"Is it up?\",\"impact\":\"None waits.\"}", "relay1: Is it up? None waits."},
        {"{\"impact\":\"None waits.\"}", "relay1: None waits."},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct outbox *o = make_outbox(0);
        struct notice notice = make_notice(TOLD_FIRING, 1);
        struct json_t *doc = read_back(xstrdup(rows[i].doc));
        char out[PAYLOAD_HEADLINE];

        payload_headline(o->incident[0], &notice, doc, out, sizeof out);
        cr_expect_str_eq(out, rows[i].want, "%s", out);
        json_release(&doc);
        outbox_free(&o);
    }
}

Test(payload, heartbeat) {
    struct mailproof mail = {.wanted = true};
    char *text = payload_heartbeat("relay\"1", 1732340000123, 12500, &mail);

    cr_expect_str_eq(text, "{\"version\":1,\"status\":\"alive\",\"host\":\"relay\\\"1\","
                           "\"time\":\"2024-11-23T05:33:20.123Z\",\"proof_age_seconds\":12.5}");
    free(text);
}
