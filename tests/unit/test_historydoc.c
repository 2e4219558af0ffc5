#include <criterion/criterion.h>
#include <stdlib.h>

#include "historydoc.h"
#include "json.h"
#include "sample_view.h"
#include "text.h"

static struct json_t *ask(const struct sample *s, const char *query, int want) {
    struct fault why;
    int status;
    char *text = historydoc_print(&s->view, query, &status);
    struct json_t *doc = json_read(text, strlen(text), &why);

    cr_assert_not_null(doc, "%s", why.text);
    cr_expect_eq(status, want, "%s: %d", query, status);
    free(text);
    return doc;
}

Test(historydoc, names_and_figures) {
    static const char *const names[] = {"host", "state",  "now",    "since", "step_seconds",
                                        "sum",  "causes", "alerts", "points"};
    static const char *const of_point[] = {"time", "watched_seconds", "counters", "queue", "delay"};
    struct sample *s = calloc(1, sizeof *s);
    struct json_t *doc, *points, *sum, *cause;

    sample_fill(s);
    sample_history(s);
    doc = ask(s, "since=5m", 200);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        cr_expect_not_null(json_get(doc, names[i]), "%s", names[i]);
    points = json_get(doc, "points");
    cr_assert_eq(json_count(points), 6u);
    for (size_t i = 0; i < sizeof of_point / sizeof of_point[0]; i++)
        cr_expect_not_null(json_get(json_at(points, 5), of_point[i]), "%s", of_point[i]);
    cr_expect_eq(json_get_int(json_get(json_at(points, 2), "counters"), "sent", -1), -1, "a gap");
    cr_expect_eq(json_get_int(json_get(json_at(points, 5), "counters"), "sent", -1), 7);
    cr_expect_eq(json_get_int(json_get(json_at(points, 5), "queue"), "messages_most", -1), 9);
    cr_expect_eq(json_get_int(json_get(json_at(points, 5), "delay"), "count", -1), 7);
    sum = json_get(doc, "sum");
    cr_expect_eq(json_get_int(json_get(sum, "counters"), "deferred", -1), 2);
    cr_expect_eq(json_get_int(json_get(sum, "queue"), "messages_most", -1), 9);
    cr_expect(json_get_real(json_get(sum, "delay"), "p50", -1) > 1.8);
    cause = json_at(json_get(doc, "causes"), 0);
    cr_expect_str_eq(json_get_text(cause, "diagnosis"), "G01 BAD_CREDENTIALS");
    cr_expect_str_eq(json_get_text(cause, "who"), "operator of this host");
    cr_expect_eq(json_get_int(cause, "deferred", -1), 2);
    cr_expect_eq(json_count(json_get(doc, "alerts")), 2u);
    json_release(&doc);
    free(s);
}

/* Alerts are forgotten a quarter of an hour after their end, incidents are not. */
Test(historydoc, alerts_that_were_over_long_ago) {
    struct sample *s = calloc(1, sizeof *s);
    struct json_t *doc, *alerts;

    sample_fill(s);
    sample_history(s);
    s->incidents.incident[1].since_ms = s->view.now_ms - 3 * 3600 * 1000;
    s->incidents.incident[1].ended_ms = s->view.now_ms - 2 * 3600 * 1000;
    text_copy(s->incidents.incident[2].id, sizeof s->incidents.incident[2].id, "login-refused");
    s->incidents.incident[2].since_ms = s->alerts.alert[0].since_ms;
    s->incidents.incident[2].ended_ms = 0;
    doc = ask(s, "since=5h", 200);
    alerts = json_get(doc, "alerts");
    cr_assert_eq(json_count(alerts), 3u, "each once: %zu", json_count(alerts));
    cr_expect_str_eq(json_get_text(json_at(alerts, 2), "id"), s->incidents.incident[1].id);
    cr_expect_gt(json_get_real(json_at(alerts, 2), "ended", 0), 0);
    json_release(&doc);
    doc = ask(s, "since=1h", 200);
    cr_expect_eq(json_count(json_get(doc, "alerts")), 2u, "it was over before that");
    json_release(&doc);
    s->view.incidents = NULL;
    doc = ask(s, "since=5h", 200);
    cr_expect_eq(json_count(json_get(doc, "alerts")), 2u);
    json_release(&doc);
    free(s);
}

Test(historydoc, not_begun_and_not_understood) {
    struct sample *s = calloc(1, sizeof *s);
    struct json_t *doc;

    sample_fill(s);
    s->view.rings = NULL;
    s->view.trend = NULL;
    doc = ask(s, "since=2d", 200);
    cr_expect_eq(json_get_int(json_get(json_get(doc, "sum"), "counters"), "sent", -1), 0);
    cr_expect_eq(json_get_int(doc, "step_seconds", 0), 3600);
    json_release(&doc);
    doc = ask(s, "since=tomorrow", 400);
    cr_expect_str_eq(json_get_text(doc, "error"), "since: a time from 1m to 2d, as in since=2h");
    json_release(&doc);
    free(s);
}
