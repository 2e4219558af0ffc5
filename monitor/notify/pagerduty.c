/* See pagerduty.h. */
#include "pagerduty.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "xmem.h"

#include "json.h"

#include "payload.h"

/* PagerDuty's words for our ranks. A ticket can wait until the morning, as what it calls info. */
static const char *const severities[RANK_COUNT] = {"info", "info", "warning", "critical"};

static struct json_t *make_details(const struct incident *i, const struct json_t *doc) {
    static const char *const same[] = {"summary",   "impact", "who",     "fault",
                                       "relayhost", "why",    "evidence"};
    struct json_t *out = json_make_object();
    struct json_t *fix = json_make_array();

    json_put_text(out, "diagnosis", i->diagnosis);
    for (size_t k = 0; k < sizeof same / sizeof same[0]; k++)
        json_put_text(out, same[k], json_get_text(doc, same[k]));
    for (size_t k = 0; k < json_count(json_get(doc, "fix")); k++)
        json_add_text(fix, json_text(json_at(json_get(doc, "fix"), k)));
    json_put(out, "fix", fix);
    json_put_int(out, "count", json_get_int(doc, "count", 0));
    return out;
}

static struct json_t *make_payload(const struct incident *i, const struct notice *notice) {
    struct json_t *out = json_make_object();
    struct json_t *doc = payload_doc(i);
    char headline[PAYLOAD_HEADLINE];
    char since[32];

    payload_headline(i, notice, doc, headline, sizeof headline);
    payload_time(i->since_ms, since, sizeof since);
    json_put_text(out, "summary", headline);
    json_put_text(out, "source", i->host);
    json_put_text(out, "severity", severities[notice->rank]);
    json_put_text(out, "timestamp", since);
    json_put_text(out, "component", "postfix");
    json_put_text(out, "group", "mail relay");
    json_put_text(out, "class", i->id);
    json_put(out, "custom_details", make_details(i, doc));
    json_release(&doc);
    return out;
}

static struct json_t *make_links(const struct incident *i) {
    struct json_t *array = json_make_array();
    struct json_t *link = json_make_object();
    char text[160];

    text_format(text, sizeof text, "relaywatch of %s", i->host);
    json_put_text(link, "href", i->url);
    json_put_text(link, "text", text);
    json_add(array, link);
    return array;
}

/* Put in front as text, so that no tree of JSON has a copy of the key. */
static char *put_key(char *text, const char *key) {
    size_t size = strlen(text) + strlen(key) + 32;
    char *whole = xcalloc(1, size);

    text_format(whole, size, "{\"routing_key\":\"%s\",%s", key, text + 1);
    free(text);
    return whole;
}

char *pagerduty_event(const struct incident *i, const struct notice *notice,
                      const char *routing_key) {
    struct json_t *out = json_make_object();
    char key[PAYLOAD_KEY_SIZE];
    char *text;

    payload_incident_key(notice, key, sizeof key);
    json_put_text(out, "event_action", notice->status == TOLD_RESOLVED ? "resolve" : "trigger");
    json_put_text(out, "dedup_key", key);
    if (notice->status != TOLD_RESOLVED) {
        json_put(out, "payload", make_payload(i, notice));
        json_put_text(out, "client", "relaywatch");
        if (i->url[0] != '\0') {
            json_put_text(out, "client_url", i->url);
            json_put(out, "links", make_links(i));
        }
    }
    text = json_print(out, false);
    json_release(&out);
    return put_key(text, routing_key);
}
