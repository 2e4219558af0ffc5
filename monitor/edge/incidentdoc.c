/* See incidentdoc.h. */
#include "incidentdoc.h"

#include "text.h"

#include "json.h"

static double seconds(int64_t ms) {
    return (double)ms / 1000.0;
}

/* Counters never go down, but for a restore. */
static int64_t during(uint64_t before, uint64_t after) {
    return after > before ? (int64_t)(after - before) : 0;
}

static void put_whole(struct json_t *doc, const struct incident *i,
                      const struct diagnosis_entry *entry, const struct fixtext_place *place) {
    const struct fixtext_place there = fixtext_at(place, i->relayhost, 0);
    struct json_t *changes = json_make_array();
    struct json_t *fix = json_make_array();

    json_put_text(doc, "impact", i->impact);
    json_put_text(doc, "who", entry->who);
    json_put_text(doc, "fault", i->party != PARTY_NONE ? party_name(i->party) : NULL);
    json_put_text(doc, "relayhost", i->relayhost[0] != '\0' ? i->relayhost : NULL);
    json_put_text(doc, "why", entry->why);
    json_put_text(doc, "evidence", i->evidence);
    if (i->silenced_who[0] != '\0') {
        struct json_t *silence = json_make_object();

        json_put_text(silence, "who", i->silenced_who);
        json_put_text(silence, "why", i->silenced_why);
        json_put(doc, "silenced", silence);
    }
    for (int n = 0; n < i->changes; n++) {
        struct json_t *change = json_make_object();

        json_put_real(change, "at", seconds(i->change[n].at_ms));
        json_put_text(change, "text", i->change[n].text);
        json_add(changes, change);
    }
    json_put(doc, "changes", changes);
    for (int n = 0; n < DIAGNOSIS_FIXES && entry->fix[n] != NULL; n++) {
        char step[256];

        if (!fixtext_is_for(entry->fix[n], &there))
            continue;
        fixtext_fit(step, sizeof step, entry->fix[n], &there);
        json_add_text(fix, step);
    }
    json_put(doc, "fix", fix);
}

struct json_t *incidentdoc_make(const struct incident *i, const struct fixtext_place *whole) {
    const struct diagnosis_entry *entry = diagnosis_entry(i->diagnosis);
    struct json_t *doc = json_make_object();
    char diagnosis[96] = "";

    if (i->diagnosis != DIAGNOSIS_NONE)
        text_format(diagnosis, sizeof diagnosis, "%s %s", entry->id, entry->name);
    json_put_int(doc, "number", (int64_t)i->number);
    json_put_text(doc, "id", i->id);
    json_put_text(doc, "diagnosis", diagnosis);
    json_put_text(doc, "severity", severity_name(i->severity));
    json_put_text(doc, "title", entry->title[0] != '\0' ? entry->title : i->summary);
    json_put_text(doc, "summary", i->summary);
    json_put_real(doc, "since", seconds(i->since_ms));
    if (i->ended_ms == 0)
        json_put_null(doc, "ended");
    else
        json_put_real(doc, "ended", seconds(i->ended_ms));
    json_put_int(doc, "count", (int64_t)i->count);
    json_put_int(doc, "sent", during(i->before.sent, i->after.sent));
    json_put_int(doc, "deferred", during(i->before.deferred, i->after.deferred));
    json_put_int(doc, "bounced", during(i->before.bounced, i->after.bounced));
    json_put_int(doc, "expired", during(i->before.expired, i->after.expired));
    json_put_int(doc, "waiting_most", (int64_t)i->after.waiting);
    if (whole != NULL)
        put_whole(doc, i, entry, whole);
    return doc;
}
