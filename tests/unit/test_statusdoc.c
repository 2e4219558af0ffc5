#include <criterion/criterion.h>
#include <stdlib.h>

#include "sample_view.h"
#include "json.h"
#include "statusdoc.h"

static void check_relayhosts(const struct json_t *all) {
    const struct json_t *failing = json_at(all, 1), *first = json_at(all, 0);

    if (strcmp(json_get_text(first, "host"), "b.example") == 0) {
        failing = first;
        first = json_at(all, 1);
    }
    cr_expect_str_eq(json_get_text(failing, "state"), "failing");
    cr_expect_eq(json_get_int(json_get(failing, "deferred"), "ours", -1), 1);
    cr_expect_eq(json_get_int(json_get(failing, "deferred"), "network", -1), 0);
    cr_expect_eq(json_get_int(json_get(failing, "bounced"), "recipient", -1), 0);
    cr_expect_eq(json_get_int(failing, "sent", -1), 0);
    cr_expect_str_eq(json_get_text(json_get(failing, "trouble"), "fault"), "ours");
    cr_expect_str_eq(json_get_text(json_get(failing, "trouble"), "diagnosis"),
                     "G01 BAD_CREDENTIALS");
    cr_expect_eq(json_get_int(first, "sent", -1), 1);
    cr_expect_str_eq(json_get_text(first, "state"), "", "not known: none of its lines is of now");
}

Test(statusdoc, has_the_names_of_the_contract) {
    static const struct {
        const char *object;
        const char *names[17];
    } rows[] = {
        {NULL,
         {"host", "state", "since", "relay", "credentials", "counters", "rates", "queue", "ledger",
          "alerts", "sources", "store", "destinations", "unknown", "first_seen", "receivers"}},
        {"relay", {"host", "port", "reachable", "tls", "auth", "certificate_expires"}},
        {"credentials", {"user", "state", "changed_at", "verified_at"}},
        {"queue",
         {"active", "deferred", "incoming", "hold", "oldest_seconds", "growth_per_minute",
          "stale"}},
        {"ledger",
         {"accepted", "sent", "bounced", "expired", "queued", "unknown", "deleted", "unlogged",
          "spilled", "unknown_at", "stray"}},
        {"delays",
         {"window_seconds", "count", "before_queue_manager", "queue_manager", "connection_setup",
          "transmission", "total"}},
        {"store", {"state"}},
        {"canary",
         {"state", "recipient", "delivered_at", "delay_seconds", "waiting_since", "detail"}},
        {"senders", {"limit", "window_seconds", "counted_by", "most", "recipients", "near"}},
    };
    static const char *const alert_names[] = {"id",  "diagnosis", "severity", "summary", "impact",
                                              "who", "fix",       "since",    "count"};
    struct sample s;
    struct fault why;
    struct json_t *doc;
    char *text;

    sample_fill(&s);
    text = statusdoc_print(&s.view);
    doc = json_read(text, strlen(text), &why);
    cr_assert_not_null(doc, "%s", why.text);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct json_t *o = rows[i].object != NULL ? json_get(doc, rows[i].object) : doc;

        for (int n = 0; n < 17 && rows[i].names[n] != NULL; n++)
            cr_expect_not_null(json_get(o, rows[i].names[n]), "%s.%s",
                               rows[i].object != NULL ? rows[i].object : "", rows[i].names[n]);
    }
    cr_expect_str_eq(json_get_text(doc, "state"), "critical");
    cr_expect_eq(json_get_int(json_get(doc, "counters"), "sent", 0), 100 + COUNTER_SENT);
    cr_expect_eq(json_get_int(json_get(doc, "queue"), "oldest_seconds", 0), 100);
    cr_expect_str_eq(json_get_text(json_get(doc, "relay"), "auth"), "refused");
    cr_expect_str_eq(json_get_text(json_get(doc, "relay"), "certificate_expires"),
                     "2027-01-15T08:00:00Z");
    cr_expect_eq(json_get_int(json_get(doc, "milter"), "accepted", 0), 77);
    cr_expect_str_eq(json_get_text(json_get(doc, "senders"), "counted_by"), "milter");
    cr_expect_str_eq(json_get_text(json_get(doc, "canary"), "state"), "waiting");
    cr_expect_eq(json_get_int(json_get(doc, "senders"), "recipients", 0), 8200);
    cr_assert_eq(json_count(json_get(doc, "destinations")), 1u);
    cr_expect_str_eq(json_get_text(json_at(json_get(doc, "destinations"), 0), "domain"),
                     "<script>alert(1)</script>\"'&");
    cr_expect_eq(json_get_int(json_at(json_get(doc, "destinations"), 0), "bounced", 0), 1);
    cr_assert_eq(json_count(json_get(doc, "relayhosts")), 2u);
    check_relayhosts(json_get(doc, "relayhosts"));
    cr_assert_eq(json_count(json_get(doc, "alerts")), 1u, "one that fires");
    cr_expect_eq(json_count(json_get(doc, "ended_alerts")), 1u);
    for (size_t n = 0; n < sizeof alert_names / sizeof alert_names[0]; n++)
        cr_expect_not_null(json_get(json_at(json_get(doc, "alerts"), 0), alert_names[n]),
                           "alert %s", alert_names[n]);
    cr_expect_eq(json_get_int(json_at(json_get(doc, "sources"), 0), "position", 0), 4711);
    cr_expect_eq(json_get_int(json_get(doc, "unknown"), "warning", 0), 9);
    cr_expect_eq(json_get_int(json_at(json_get(doc, "first_seen"), 0), "count", 0), 5);
    cr_expect_str_eq(json_get_text(json_get(doc, "notify"), "state"), "ok");
    cr_expect_str_eq(json_get_text(json_get(doc, "notify"), "refused"), "r.conf, line 3: <no>");
    cr_assert_eq(json_count(json_get(doc, "receivers")), 2u);
    cr_expect_str_eq(json_get_text(json_at(json_get(doc, "receivers"), 0), "state"), "refused");
    cr_expect_eq(json_get_int(json_at(json_get(doc, "receivers"), 0), "waiting", 0), 2);
    cr_expect_eq(json_get_real(json_at(json_get(doc, "receivers"), 1), "last_ok", 0), 1091.0);
    cr_assert_eq(json_count(json_get(doc, "sources")), 2u, "every source");
    cr_expect_str_eq(json_get_text(json_at(json_get(doc, "sources"), 1), "name"), "journal:/x");
    cr_expect_str_eq(json_get_text(json_at(json_get(doc, "sources"), 1), "state"), "unreadable");
    cr_expect_eq(json_get_real(json_at(json_get(doc, "sources"), 1), "lag_seconds", 0), 2.5);
    json_release(&doc);
    free(text);
}

static double seconds(const struct sample *s, const char *part, const char *which) {
    struct fault why;
    char *text = statusdoc_print(&s->view);
    struct json_t *doc = json_read(text, strlen(text), &why);
    double got = json_get_real(json_get(json_get(doc, "delays"), part), which, -1);

    if (part[0] == '\0')
        got = (double)json_get_int(json_get(doc, "delays"), "count", -1);
    json_release(&doc);
    free(text);
    return got;
}

Test(statusdoc, percentiles_in_seconds_or_none) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .daemon = SPAN("smtp"),
                        .delay_us = 3000000,
                        .delays_us = {0, 0, 64, 2000000}};
    struct sample *s = calloc(1, sizeof *s);

    sample_fill(s);
    cr_expect_eq(seconds(s, "", ""), 0);
    cr_expect_eq(seconds(s, "total", "p50"), -1, "null");
    sample_history(s); /* as after a restart: seven of 2 s, whose parts are forgotten */
    cr_expect_eq(seconds(s, "", ""), 7);
    cr_expect(seconds(s, "total", "p99") > 1.87 && seconds(s, "total", "p99") < 2.13);
    cr_expect_eq(seconds(s, "transmission", "p99"), -1, "null");
    ev.time_ms = s->view.now_ms;
    delays_note(&s->delays, &ev, false, s->view.now_ms);
    cr_expect(seconds(s, "transmission", "p99") > 1.94 && seconds(s, "transmission", "p99") < 2.07);
    free(s);
}
