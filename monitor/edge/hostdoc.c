/* See hostdoc.h. Times are seconds since 1970. */
#include "hostdoc.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"

enum { VERSION = 1 };

static const char *const state_names[] = {"unknown", "ok", "warning", "critical", "stopped"};

enum { STATES = sizeof state_names / sizeof state_names[0] };

const char *hostdoc_state_name(enum hostsum_state state) {
    return state_names[state];
}

/* ---- out ---- */

static struct json_t *alert_object(const struct hostsum_alert *a) {
    struct json_t *o = json_make_object();

    json_put_text(o, "id", a->id);
    json_put_text(o, "diagnosis", a->diagnosis);
    json_put_text(o, "severity", severity_name(a->severity));
    json_put_text(o, "summary", a->summary);
    json_put_real(o, "since", (double)a->since_ms / 1000.0);
    json_put_bool(o, "told", a->told);
    return o;
}

static struct json_t *figures_object(const struct hostsum *sum, bool rates) {
    struct json_t *o = json_make_object();

    for (int i = 0; i < HOSTSUM_FIGURES; i++) {
        if (rates)
            json_put_real(o, counter_name(hostsum_counter[i]),
                          (double)(int64_t)(sum->rate[i] * 10 + 0.5) / 10);
        else
            json_put_int(o, counter_name(hostsum_counter[i]), (int64_t)sum->figure[i]);
    }
    return o;
}

char *hostdoc_print(const struct hostsum *sum) {
    struct json_t *doc = json_make_object();
    struct json_t *alerts = json_make_array();
    char *text;

    json_put_int(doc, "v", VERSION);
    json_put_text(doc, "state", state_names[sum->state]);
    json_put_real(doc, "since", (double)sum->since_ms / 1000.0);
    json_put_text(doc, "version", sum->version);
    json_put_text(doc, "relay", sum->relay);
    if (sum->queue_known) {
        json_put_int(doc, "queue", (int64_t)sum->queue_messages);
        json_put_int(doc, "oldest", sum->oldest_s);
    }
    json_put(doc, "rates", figures_object(sum, true));
    json_put(doc, "counters", figures_object(sum, false));
    json_put_int(doc, "firing", sum->all);
    for (int i = 0; i < sum->count; i++)
        json_add(alerts, alert_object(&sum->alert[i]));
    json_put(doc, "alerts", alerts);
    text = json_print(doc, false);
    json_release(&doc);
    return text;
}

/* ---- in ---- */

static int64_t not_negative(const struct json_t *o, const char *key, int64_t most) {
    int64_t number = json_get_int(o, key, 0);

    return number < 0 ? 0 : number > most ? most : number;
}

/* 0 where it is none of the years 2000 to 2200. */
static int64_t time_of(const struct json_t *o, const char *key) {
    double seconds = json_get_real(o, key, 0);

    return seconds >= 946684800.0 && seconds <= 7258118400.0 ? (int64_t)(seconds * 1000 + 0.5) : 0;
}

static void take_text(char *out, size_t size, const struct json_t *o, const char *key) {
    text_copy_printable(out, size, span_of(json_get_text(o, key)));
}

static enum severity severity_of(const struct json_t *alert) {
    const char *name = json_get_text(alert, "severity");

    for (int s = SEVERITY_INFO; s <= SEVERITY_CRITICAL; s++) {
        if (strcmp(name, severity_name((enum severity)s)) == 0)
            return (enum severity)s;
    }
    return SEVERITY_WARNING; /* of a newer version */
}

static void add_alert(struct hostsum *out, const struct json_t *alert) {
    struct hostsum_alert a = {.severity = severity_of(alert),
                              .since_ms = time_of(alert, "since"),
                              .told = json_get_bool(alert, "told")};
    int place = out->count;

    out->all += out->all < INT16_MAX;
    take_text(a.id, sizeof a.id, alert, "id");
    take_text(a.diagnosis, sizeof a.diagnosis, alert, "diagnosis");
    take_text(a.summary, sizeof a.summary, alert, "summary");
    while (place > 0 && out->alert[place - 1].severity < a.severity)
        place--;
    if (place == HOSTSUM_ALERTS)
        return;
    if (out->count < HOSTSUM_ALERTS)
        out->count++;
    memmove(&out->alert[place + 1], &out->alert[place],
            (size_t)(out->count - 1 - place) * sizeof out->alert[0]);
    out->alert[place] = a;
}

static void take_figures(struct hostsum *out, const struct json_t *doc) {
    const struct json_t *rates = json_get(doc, "rates");
    const struct json_t *counters = json_get(doc, "counters");

    for (int i = 0; i < HOSTSUM_FIGURES; i++) {
        const char *name = counter_name(hostsum_counter[i]);
        double rate = json_get_real(rates, name, 0);

        out->rate[i] = rate > 0 && rate < 1e9 ? rate : 0;
        /* room for the sum of all hosts */
        out->figure[i] = (uint64_t)not_negative(counters, name, INT64_C(1) << 50);
    }
}

static enum hostsum_state state_of(const char *name) {
    int state = 0;

    while (state < STATES && strcmp(name, state_names[state]) != 0)
        state++;
    return state < STATES ? (enum hostsum_state)state : HOSTSUM_UNKNOWN;
}

static void take_all(struct hostsum *out, const struct json_t *doc) {
    const struct json_t *alerts = json_get(doc, "alerts");
    size_t alerts_count = json_count(alerts);
    int64_t firing = not_negative(doc, "firing", INT16_MAX);

    out->state = state_of(json_get_text(doc, "state"));
    out->since_ms = time_of(doc, "since");
    take_text(out->version, sizeof out->version, doc, "version");
    take_text(out->relay, sizeof out->relay, doc, "relay");
    out->queue_known = json_get(doc, "queue") != NULL;
    out->queue_messages = (uint64_t)not_negative(doc, "queue", INT64_C(1) << 50);
    out->oldest_s = not_negative(doc, "oldest", INT32_MAX);
    take_figures(out, doc);
    for (size_t i = 0; i < alerts_count && i < HOSTSUM_ALERTS; i++)
        add_alert(out, json_at(alerts, i));
    if (firing > out->all)
        out->all = (int)firing;
}

static struct json_t *read_object(struct span text) {
    struct fault why;
    struct json_t *doc;

    if (text.n == 0 || text.n > 2 * HOSTDOC_BYTES || text.p[0] != '{')
        return NULL;
    doc = json_read(text.p, text.n, &why);
    return doc;
}

bool hostdoc_read(struct span text, struct hostsum *out) {
    struct json_t *doc = read_object(text);
    bool good = doc != NULL && json_get_int(doc, "v", 0) >= VERSION;

    memset(out, 0, sizeof *out);
    if (good)
        take_all(out, doc);
    if (doc != NULL)
        json_release(&doc);
    return good;
}

void hostdoc_add_alert(struct span text, struct hostsum *out) {
    struct json_t *doc = read_object(text);

    if (doc == NULL)
        return;
    if (json_get_text(doc, "id")[0] != '\0' && time_of(doc, "ended") == 0) {
        enum severity severity = severity_of(doc);

        add_alert(out, doc);
        if (severity == SEVERITY_CRITICAL)
            out->state = HOSTSUM_CRITICAL;
        else if (out->state != HOSTSUM_CRITICAL)
            out->state = HOSTSUM_WARNING;
    }
    json_release(&doc);
}
