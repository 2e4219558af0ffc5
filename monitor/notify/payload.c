/* See payload.h. */
#include "payload.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text.h"
#include "xmem.h"

#include "json.h"

enum { ALERTMANAGER_LASTS_MS = 4 * 60 * 1000 }; /* endsAt of a firing alert, renewed each minute */

static const char *status_name(enum told_status status) {
    return status == TOLD_RESOLVED ? "resolved" : "firing";
}

struct json_t *payload_doc(const struct incident *incident) {
    struct fault why;
    struct json_t *doc = json_read(incident->doc, strlen(incident->doc), &why);

    return doc != NULL ? doc : json_make_object(); /* it was printed by us: it is there */
}

static double seconds(int64_t ms) {
    return (double)ms / 1000.0;
}

/* Printable, without spaces. */
static void make_plain(char *text) {
    for (char *p = text; *p != '\0'; p++) {
        if (*p <= ' ' || (unsigned char)*p >= 0x7f)
            *p = '_';
    }
}

void payload_key(const struct notice *notice, char *out, size_t size) {
    size_t n;

    text_format(out, size, "%s/%s/%lld/%s", notice->host, notice->id, (long long)notice->since_ms,
                status_name(notice->status));
    n = strlen(out);
    if (notice->status == TOLD_FIRING)
        text_format(out + n, size - n, "/%s", rank_name(notice->rank));
    n = strlen(out);
    if (notice->nth > 1)
        text_format(out + n, size - n, "/%u", notice->nth);
    make_plain(out);
}

void payload_incident_key(const struct notice *notice, char *out, size_t size) {
    text_format(out, size, "relaywatch/%s/%s/%lld", notice->host, notice->id,
                (long long)notice->since_ms);
    make_plain(out);
}

/* What goes between a title and what follows it: some titles are whole sentences already. */
static const char *stop_of(const char *title) {
    size_t n = strlen(title);

    if (n == 0)
        return "";
    return strchr(".?!", title[n - 1]) != NULL ? " " : ". ";
}

void payload_headline(const struct incident *i, const struct notice *notice,
                      const struct json_t *doc, char *out, size_t size) {
    const char *title = json_get_text(doc, "title");
    const char *impact = json_get_text(doc, "impact");
    char text[PAYLOAD_HEADLINE];
    char age[32];

    text_age(age, sizeof age, (i->ended_ms - i->since_ms) / 1000);
    if (notice->status == TOLD_RESOLVED)
        text_format(text, sizeof text, "%s: over after %s: %s", i->host, age, title);
    else
        text_format(text, sizeof text, "%s: %s%s%s", i->host, title,
                    impact[0] != '\0' ? stop_of(title) : "", impact);
    text_copy_printable(out, size, span_of(text)); /* also cuts between two characters */
}

static struct json_t *make_webhook(const struct incident *i, const struct notice *notice,
                                   const struct json_t *doc) {
    static const char *const texts[] = {"title", "summary",   "impact", "who",
                                        "fault", "relayhost", "why"};
    struct json_t *out = json_make_object();
    struct json_t *fix = json_make_array();
    char key[PAYLOAD_KEY_SIZE];

    json_put_int(out, "version", 1);
    payload_key(notice, key, sizeof key);
    json_put_text(out, "status", status_name(notice->status));
    json_put_text(out, "host", i->host);
    json_put_text(out, "id", i->id);
    json_put_text(out, "diagnosis", i->diagnosis);
    json_put_text(out, "severity", rank_name(i->rank));
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
        json_put_text(out, texts[k], json_get_text(doc, texts[k]));
    for (size_t k = 0; k < json_count(json_get(doc, "fix")); k++)
        json_add_text(fix, json_text(json_at(json_get(doc, "fix"), k)));
    json_put(out, "fix", fix);
    json_put_text(out, "evidence", json_get_text(doc, "evidence"));
    json_put_real(out, "since", seconds(i->since_ms));
    if (notice->status == TOLD_RESOLVED) {
        json_put_real(out, "ended", seconds(i->ended_ms));
        json_put_real(out, "duration_seconds", seconds(i->ended_ms - i->since_ms));
    } else {
        json_put_null(out, "ended");
    }
    json_put_int(out, "count", json_get_int(doc, "count", 0));
    json_put_text(out, "url", i->url);
    json_put_text(out, "key", key);
    return out;
}

char *payload_webhook(const struct incident *i, const struct notice *notice) {
    struct json_t *doc = payload_doc(i);
    struct json_t *out = make_webhook(i, notice, doc);
    char *text = json_print(out, false);

    json_release(&out);
    json_release(&doc);
    return text;
}

void payload_alert_name(const char *id, char *out, size_t size) {
    size_t n = 0;
    bool upper = true;

    for (; *id != '\0' && n + 1 < size; id++) {
        if (*id == '-') {
            upper = true;
            continue;
        }
        out[n++] = upper && *id >= 'a' && *id <= 'z' ? (char)(*id - 'a' + 'A') : *id;
        upper = false;
    }
    out[n] = '\0';
}

void payload_time(int64_t ms, char *out, size_t size) {
    time_t whole = (time_t)(ms / 1000);
    struct tm tm;
    size_t n;

    gmtime_r(&whole, &tm);
    n = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &tm);
    text_format(out + n, size - n, ".%03dZ", (int)(ms % 1000));
}

static void put_time(struct json_t *object, const char *key, int64_t ms) {
    char text[32];

    payload_time(ms, text, sizeof text);
    json_put_text(object, key, text);
}

struct json_t *payload_fields(const struct incident *i, const struct notice *notice) {
    struct json_t *doc = payload_doc(i);
    struct json_t *out = make_webhook(i, notice, doc);
    char headline[PAYLOAD_HEADLINE];

    payload_headline(i, notice, doc, headline, sizeof headline);
    json_put_text(out, "headline", headline);
    put_time(out, "since_time", i->since_ms);
    if (notice->status == TOLD_RESOLVED) {
        put_time(out, "ended_time", i->ended_ms);
    } else {
        json_put_null(out, "ended_time");
        json_put_null(out, "duration_seconds");
    }
    json_release(&doc);
    return out;
}

/* The steps of fix, one a line. */
static char *join_fix(const struct json_t *fix) {
    size_t size = 1;
    char *text;
    size_t n = 0;

    for (size_t k = 0; k < json_count(fix); k++)
        size += strlen(json_text(json_at(fix, k))) + 1;
    text = xcalloc(1, size);
    for (size_t k = 0; k < json_count(fix); k++) {
        const char *step = json_text(json_at(fix, k));

        text_format(text + n, size - n, "%s%s", n > 0 ? "\n" : "", step);
        n = strlen(text);
    }
    return text;
}

static struct json_t *make_annotations(const struct json_t *doc) {
    static const char *const same[] = {"impact", "who", "fault", "relayhost", "why", "evidence"};
    struct json_t *out = json_make_object();
    char *fix = join_fix(json_get(doc, "fix"));
    size_t size = strlen(fix) + 1024;
    char *runbook = xcalloc(1, size);

    json_put_text(out, "summary", json_get_text(doc, "title"));
    json_put_text(out, "description", json_get_text(doc, "summary"));
    for (size_t k = 0; k < sizeof same / sizeof same[0]; k++)
        json_put_text(out, same[k], json_get_text(doc, same[k]));
    json_put_text(out, "fix", fix);
    text_format(runbook, size, "%.200s. To act: %.200s.\n%s", json_get_text(doc, "diagnosis"),
                json_get_text(doc, "who"), fix);
    json_put_text(out, "runbook", runbook);
    free(runbook);
    free(fix);
    return out;
}

static struct json_t *make_labels(const struct incident *i, const struct notice *notice) {
    struct json_t *labels = json_make_object();
    char name[sizeof i->id];

    payload_alert_name(i->id, name, sizeof name);
    json_put_text(labels, "alertname", name);
    json_put_text(labels, "host", i->host);
    json_put_text(labels, "severity", rank_name(notice->rank));
    json_put_text(labels, "diagnosis", notice->diagnosis);
    return labels;
}

static struct json_t *make_alert(const struct incident *i, const struct notice *notice,
                                 int64_t now_ms) {
    struct json_t *alert = json_make_object();
    struct json_t *doc = payload_doc(i);
    int64_t ends_ms = notice->farewell                ? now_ms
                      : notice->status == TOLD_FIRING ? now_ms + ALERTMANAGER_LASTS_MS
                                                      : i->ended_ms;

    json_put(alert, "labels", make_labels(i, notice));
    json_put(alert, "annotations", make_annotations(doc));
    put_time(alert, "startsAt", i->since_ms);
    /* An end before the beginning (the clock was set) would be refused. */
    put_time(alert, "endsAt", ends_ms > i->since_ms ? ends_ms : i->since_ms + 1);
    if (i->url[0] != '\0')
        json_put_text(alert, "generatorURL", i->url);
    json_release(&doc);
    return alert;
}

char *payload_alertmanager(const struct outbox *outbox, const struct notice *notices, int count,
                           int64_t now_ms) {
    struct json_t *array = json_make_array();
    char *text;

    for (int k = 0; k < count; k++) {
        const struct incident *i =
            outbox_find(outbox, notices[k].host, notices[k].id, notices[k].since_ms);

        if (i != NULL)
            json_add(array, make_alert(i, &notices[k], now_ms));
    }
    text = json_print(array, false);
    json_release(&array);
    return text;
}

char *payload_alertmanager_one(const struct incident *incident, const struct notice *notice,
                               int64_t now_ms) {
    struct json_t *array = json_make_array();
    char *text;

    json_add(array, make_alert(incident, notice, now_ms));
    text = json_print(array, false);
    json_release(&array);
    return text;
}

static struct json_t *delivered_object(const struct mailproof *mail) {
    struct json_t *o = json_make_object();
    char time[32];

    payload_time(mail->delivered_ms, time, sizeof time);
    json_put_text(o, "delivered", time);
    json_put_real(o, "delay_seconds", (double)mail->delay_ms / 1000);
    return o;
}

char *payload_heartbeat(const char *host, int64_t now_ms, int64_t proof_age_ms,
                        const struct mailproof *mail) {
    struct json_t *root = json_make_object();
    char time[32];
    char *text;

    payload_time(now_ms, time, sizeof time);
    json_put_int(root, "version", 1);
    json_put_text(root, "status", "alive");
    json_put_text(root, "host", host);
    json_put_text(root, "time", time);
    json_put_real(root, "proof_age_seconds", (double)proof_age_ms / 1000);
    if (mail->delivered_ms != 0)
        json_put(root, "canary", delivered_object(mail));
    text = json_print(root, false);
    json_release(&root);
    return text;
}
