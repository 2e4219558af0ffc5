/* See sinceview.h. */
#include "sinceview.h"

#include <string.h>
#include <time.h>

#include "clock.h"
#include "text.h"
#include "statusview.h"

enum { LABEL = 12, CAUSES_SHOWN = 8, ALERTS_SHOWN = 8 };

static void put_line(struct sheet *s, const char *name, const char *text) {
    char label[24];

    text_format(label, sizeof label, "  %s", name);
    sheet_put(s, 0, SHEET_FAINT, label, LABEL, text);
}

static long long count_of(const struct json_t *counters, const char *name) {
    return (long long)json_get_int(counters, name, 0);
}

static void put_head(struct sheet *s, const struct json_t *doc) {
    const char *state = json_get_text(doc, "state");
    char text[300];
    char since[64];
    char age[32];

    text_age(age, sizeof age, json_get_int(json_get(doc, "sum"), "seconds", 0));
    statusview_time(json_get_text(doc, "since"), since, sizeof since);
    text_format(text, sizeof text, "%.128s since %s (%s%s),", json_get_text(doc, "host"), since,
                age, json_get_int(doc, "step_seconds", 60) >= 3600 ? ", by whole hours" : "");
    sheet_put(s, 0, SHEET_PLAIN, "", 0, text);
    sheet_add(s, " now ", sheet_look_of(state), state);
}

static void put_counts(struct sheet *s, const struct json_t *counters) {
    char text[300];

    text_format(text, sizeof text, "%lld came in, %lld refused at the door",
                count_of(counters, "accepted"), count_of(counters, "rejected"));
    put_line(s, "messages", text);
    text_format(text, sizeof text, "%lld sent, %lld put off, %lld bounced, %lld expired",
                count_of(counters, "sent"), count_of(counters, "deferred"),
                count_of(counters, "bounced"), count_of(counters, "expired"));
    put_line(s, "outcome", text);
    text_format(text, sizeof text,
                "login refused %lld, TLS failed %lld, timed out %lld, refused %lld, name not found "
                "%lld, limit reached %lld",
                count_of(counters, "auth_failures"), count_of(counters, "tls_errors"),
                count_of(counters, "timeouts"), count_of(counters, "refused"),
                count_of(counters, "dns_errors"), count_of(counters, "limit_hits"));
    put_line(s, "smarthost", text);
}

/* The highest count is known to the minute or the hour only. */
static void put_queue(struct sheet *s, const struct json_t *queue, bool hours) {
    char text[200];
    char when[64];
    char age[32];

    text_age(age, sizeof age, json_get_int(queue, "oldest_seconds_most", 0));
    statusview_time(json_get_text(queue, "messages_most_at"), when, sizeof when);
    if (json_get(queue, "messages_most") == NULL)
        text_copy(text, sizeof text, "not counted");
    else if (json_get_int(queue, "messages_most", 0) == 0)
        text_copy(text, sizeof text, "empty whenever it was counted");
    else
        text_format(text, sizeof text, "at most %lld messages, in the %s from %s; oldest %s",
                    (long long)json_get_int(queue, "messages_most", 0), hours ? "hour" : "minute",
                    when, age);
    put_line(s, "queue", text);
}

static void put_causes(struct sheet *s, const struct json_t *causes) {
    char text[400];

    for (size_t i = 0; i < json_count(causes) && i < CAUSES_SHOWN; i++) {
        const struct json_t *cause = json_at(causes, i);
        const char *title = json_get_text(cause, "title");
        const char *who = json_get_text(cause, "who");

        text_format(text, sizeof text, "%lld put off, %lld returned: %.3s%s%s%s%s",
                    (long long)json_get_int(cause, "deferred", 0),
                    (long long)json_get_int(cause, "bounced", 0), json_get_text(cause, "diagnosis"),
                    title[0] != '\0' ? " " : "",
                    title[0] != '\0' ? title : "a cause that no diagnosis knows",
                    who[0] != '\0' ? " To act: " : "", who);
        put_line(s, i == 0 ? "causes" : "", text);
    }
    if (json_count(causes) > CAUSES_SHOWN) {
        text_format(text, sizeof text, "and %zu more: --json has them",
                    json_count(causes) - CAUSES_SHOWN);
        put_line(s, "", text);
    }
}

static void put_alerts(struct sheet *s, const struct json_t *alerts) {
    for (size_t i = 0; i < json_count(alerts) && i < ALERTS_SHOWN; i++) {
        const struct json_t *alert = json_at(alerts, i);
        time_t since = (time_t)json_get_real(alert, "since", 0);
        double ended = json_get_real(alert, "ended", 0);
        int64_t end_s = ended > 0 ? (int64_t)ended : clock_wall_ms() / 1000;
        char begin[32];
        char age[32];
        char text[500];
        struct tm tm;

        strftime(begin, sizeof begin, "%a %H:%M", localtime_r(&since, &tm));
        text_age(age, sizeof age, end_s - (int64_t)since);
        text_format(text, sizeof text, "%s %s, %s %s: %.3s %s", json_get_text(alert, "severity"),
                    begin, ended > 0 ? "over after" : "goes on for", age,
                    json_get_text(alert, "diagnosis"), json_get_text(alert, "summary"));
        put_line(s, i == 0 ? "alerts" : "", text);
    }
    if (json_count(alerts) > ALERTS_SHOWN) {
        char more[80];

        text_format(more, sizeof more, "and %zu more: relaywatch alerts history",
                    json_count(alerts) - ALERTS_SHOWN);
        put_line(s, "", more);
    }
    if (json_count(alerts) == 0)
        put_line(s, "alerts", "none");
}

void sinceview_fill(struct sheet *s, const struct json_t *doc) {
    const struct json_t *sum = json_get(doc, "sum");
    const struct json_t *delay = json_get(sum, "delay");
    int64_t seconds = json_get_int(sum, "seconds", 0);
    int64_t watched = json_get_int(sum, "watched_seconds", 0);
    char text[300];
    char age[32];

    put_head(s, doc);
    put_counts(s, json_get(sum, "counters"));
    statusview_delay(delay, delay, text, sizeof text);
    put_line(s, "delivery", text);
    put_queue(s, json_get(sum, "queue"), json_get_int(doc, "step_seconds", 60) >= 3600);
    put_causes(s, json_get(doc, "causes"));
    put_alerts(s, json_get(doc, "alerts"));
    if (watched + 90 >= seconds)
        return;
    text_age(age, sizeof age, seconds - watched);
    text_format(text, sizeof text,
                "relaywatchd did not run for %s of it: what the log told of that time is counted, "
                "the queue is not",
                age);
    put_line(s, "gap", text);
}
