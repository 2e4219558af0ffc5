/* See historydoc.h. Times are RFC 3339 text in UTC; durations are seconds; what is not known is
 * null. */
#include "historydoc.h"

#include <string.h>

#include "alertdoc.h"
#include "incidentdoc.h"
#include "historyq.h"
#include "json.h"
#include "timeline.h"

static struct json_t *counters_object(const struct counters *counters) {
    static const struct counters none;
    struct json_t *o = json_make_object();

    for (int c = 0; c < COUNTER_COUNT; c++)
        json_put_int(o, counter_name((enum counter)c),
                     (int64_t)(counters != NULL ? counters : &none)->value[c]);
    return o;
}

static struct json_t *delay_object(uint64_t count, const int64_t ms[TIMELINE_PERCENTILES]) {
    static const char *const names[] = {"p50", "p90", "p99"};
    struct json_t *o = json_make_object();

    json_put_int(o, "count", (int64_t)count);
    for (size_t i = 0; i < TIMELINE_PERCENTILES; i++) {
        if (count > 0)
            json_put_real(o, names[i], (double)ms[i] / 1000.0);
        else
            json_put_null(o, names[i]);
    }
    return o;
}

static struct json_t *queue_object(bool counted, uint64_t most, uint64_t oldest_s) {
    struct json_t *o;

    if (!counted)
        return NULL;
    o = json_make_object();
    json_put_int(o, "messages_most", (int64_t)most);
    json_put_int(o, "oldest_seconds_most", (int64_t)oldest_s);
    return o;
}

static void put_or_null(struct json_t *doc, const char *key, struct json_t *value) {
    if (value != NULL)
        json_put(doc, key, value);
    else
        json_put_null(doc, key);
}

static struct json_t *point_object(const struct timeline_point *p) {
    int64_t ms[TIMELINE_PERCENTILES];
    struct json_t *o = json_make_object();
    bool known = timeline_known(p);

    json_put_time(o, "time", p->begin_ms);
    json_put_int(o, "watched_seconds", p->trend != NULL ? p->trend->watched_s : 0);
    put_or_null(o, "counters", known ? counters_object(p->counters) : NULL);
    put_or_null(o, "queue",
                p->trend != NULL ? queue_object(p->trend->counted > 0, p->trend->queue_most,
                                                p->trend->oldest_most_s)
                                 : NULL);
    put_or_null(o, "delay", p->trend != NULL ? delay_object(timeline_delay(p, ms), ms) : NULL);
    return o;
}

static struct json_t *sum_object(const struct timeline_sum *sum) {
    struct json_t *o = json_make_object();
    struct json_t *queue = queue_object(sum->queue_counted, sum->queue_most, sum->oldest_most_s);

    json_put_int(o, "seconds", (int64_t)sum->span_s);
    json_put_int(o, "watched_seconds", (int64_t)sum->watched_s);
    json_put(o, "counters", counters_object(&sum->counters));
    if (queue != NULL)
        json_put_time(queue, "messages_most_at", sum->queue_most_ms);
    put_or_null(o, "queue", queue);
    json_put(o, "delay", delay_object(sum->delays, sum->delay_ms));
    return o;
}

static struct json_t *causes_array(const struct timeline_sum *sum) {
    struct json_t *a = json_make_array();

    for (size_t i = 0; i < sum->causes; i++) {
        const struct timeline_cause *cause = &sum->cause[i];
        const struct diagnosis_entry *entry = diagnosis_entry(cause->diagnosis);
        struct json_t *o = json_make_object();
        char diagnosis[96];

        text_format(diagnosis, sizeof diagnosis, "%s %s", entry->id, entry->name);
        json_put_text(o, "diagnosis", cause->diagnosis != DIAGNOSIS_NONE ? diagnosis : NULL);
        json_put_text(o, "title", cause->diagnosis != DIAGNOSIS_NONE ? entry->title : NULL);
        json_put_text(o, "who", cause->diagnosis != DIAGNOSIS_NONE ? entry->who : NULL);
        json_put_text(o, "fault",
                      cause->diagnosis != DIAGNOSIS_NONE ? party_name(entry->party) : NULL);
        json_put_int(o, "deferred", (int64_t)cause->put_off);
        json_put_int(o, "bounced", (int64_t)cause->returned);
        json_add(a, o);
    }
    return a;
}

static bool is_among(const struct alert_set *set, const struct incident *i) {
    for (int n = 0; n < set->count; n++) {
        if (set->alert[n].since_ms == i->since_ms && strcmp(set->alert[n].id, i->id) == 0)
            return true;
    }
    return false;
}

/* Those that fired at some time since then: of now, and the incidents, which are remembered longer,
 * the latest first. */
static struct json_t *alerts_array(const struct alert_set *set, const struct incidents *past,
                                   int64_t since_ms) {
    struct json_t *a = json_make_array();
    const struct incident *i;

    for (int n = 0; n < set->count; n++) {
        if (set->alert[n].ended_ms == 0 || set->alert[n].ended_ms >= since_ms)
            json_add(a, alertdoc_make(&set->alert[n]));
    }
    for (int n = 0; past != NULL && (i = incidents_get(past, n)) != NULL; n++) {
        if (i->ended_ms >= since_ms && !is_among(set, i))
            json_add(a, incidentdoc_make(i, NULL));
    }
    return a;
}

static struct json_t *answer(const struct view *v, const struct historyq *asked) {
    struct json_t *doc = json_make_object();
    struct json_t *points = json_make_array();
    struct timeline line;
    struct timeline_sum sum;

    timeline_make(&line, asked->step, v->rings, v->trend,
                  v->now_ms - (int64_t)asked->since_s * 1000, v->now_ms);
    timeline_add_up(&line, v->now_ms, &sum);
    json_put_text(doc, "host", v->conf->host);
    json_put_text(doc, "state", overall_name(v->state));
    json_put_time(doc, "now", v->now_ms);
    json_put_time(doc, "since", line.point[0].begin_ms);
    json_put_int(doc, "step_seconds", line.step_ms / 1000);
    json_put(doc, "sum", sum_object(&sum));
    json_put(doc, "causes", causes_array(&sum));
    json_put(doc, "alerts", alerts_array(v->alerts, v->incidents, line.point[0].begin_ms));
    for (size_t i = 0; i < line.count; i++)
        json_add(points, point_object(&line.point[i]));
    json_put(doc, "points", points);
    return doc;
}

char *historydoc_print(const struct view *v, const char *query, int *status_out) {
    struct historyq asked;
    const char *wrong = historyq_parse(span_of(query), &asked);
    struct json_t *doc;
    char *text;

    *status_out = wrong == NULL ? 200 : 400;
    if (wrong == NULL) {
        doc = answer(v, &asked);
    } else {
        doc = json_make_object();
        json_put_text(doc, "error", wrong);
    }
    text = json_print(doc, true);
    json_release(&doc);
    return text;
}
