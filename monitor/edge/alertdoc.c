/* See alertdoc.h. */
#include "alertdoc.h"

#include "fleetsight.h"
#include "text.h"

#include "json.h"

static double seconds(int64_t ms) {
    return (double)ms / 1000.0;
}

static void put_diagnosis(struct json_t *doc, const struct alert *alert,
                          const struct diagnosis_entry *entry) {
    struct json_t *fix = json_make_array();

    json_put_text(doc, "who", entry->who);
    json_put_text(doc, "fault", alert->party != PARTY_NONE ? party_name(alert->party) : NULL);
    json_put_text(doc, "relayhost", alert->relayhost[0] != '\0' ? alert->relayhost : NULL);
    json_put_text(doc, "why", entry->why);
    for (size_t i = 0; i < DIAGNOSIS_FIXES && alert->fix[i][0] != '\0'; i++)
        json_add_text(fix, alert->fix[i]);
    json_put(doc, "fix", fix);
}

static void put_silence(struct json_t *doc, const struct alert *alert) {
    struct json_t *silence;

    if (alert->silenced_until_ms == 0)
        return;
    silence = json_make_object();
    json_put_real(silence, "until", seconds(alert->silenced_until_ms));
    json_put_text(silence, "who", alert->silenced_who);
    json_put_text(silence, "why", alert->silenced_why);
    json_put(doc, "silenced", silence);
}

/* The catalogue's title speaks of one host: what is about others says so in its summary. */
static const char *title_of(const struct alert *alert, const struct diagnosis_entry *entry) {
    return entry->title[0] != '\0' && !fleetsight_is_fleets(alert->id) ? entry->title
                                                                       : alert->summary;
}

struct json_t *alertdoc_make(const struct alert *alert) {
    const struct diagnosis_entry *entry = diagnosis_entry(alert->diagnosis);
    struct json_t *doc = json_make_object();
    char diagnosis[96] = "";

    if (alert->diagnosis != DIAGNOSIS_NONE)
        text_format(diagnosis, sizeof diagnosis, "%s %s", entry->id, entry->name);
    json_put_text(doc, "id", alert->id);
    json_put_text(doc, "diagnosis", diagnosis);
    json_put_text(doc, "severity", severity_name(alert->severity));
    json_put_text(doc, "title", title_of(alert, entry));
    json_put_text(doc, "summary", alert->summary);
    json_put_text(doc, "impact", alert->impact[0] != '\0' ? alert->impact : entry->impact);
    put_diagnosis(doc, alert, entry);
    json_put_text(doc, "evidence", alert->evidence);
    json_put_real(doc, "since", seconds(alert->since_ms));
    if (alert->ended_ms == 0)
        json_put_null(doc, "ended");
    else
        json_put_real(doc, "ended", seconds(alert->ended_ms));
    json_put_int(doc, "count", (int64_t)alert->count);
    put_silence(doc, alert);
    if (alert->shared)
        json_put_text(doc, "host", ALERTDOC_FLEET);
    if (alert->elsewhere)
        json_put_bool(doc, "elsewhere", true);
    return doc;
}

struct json_t *alertdoc_make_array(const struct alert_set *set) {
    struct json_t *array = json_make_array();

    for (int i = 0; i < set->count; i++)
        json_add(array, alertdoc_make(&set->alert[i]));
    return array;
}

static struct json_t *mail_object(const struct mailproof *mail) {
    struct json_t *o = json_make_object();

    json_put_bool(o, "overdue", mail->overdue);
    if (mail->delivered_ms != 0) {
        json_put_real(o, "delivered", seconds(mail->delivered_ms));
        json_put_int(o, "delay_ms", mail->delay_ms);
    }
    return o;
}

char *alertdoc_print_packet(const struct alert_set *set, const char *host, const char *url,
                            int64_t proof_age_ms, const struct mailproof *mail) {
    struct json_t *packet = json_make_object();
    char *text;

    json_put_int(packet, "version", 1);
    json_put_text(packet, "host", host);
    json_put_text(packet, "url", url);
    json_put_int(packet, "proof_age_ms", proof_age_ms);
    if (mail->wanted)
        json_put(packet, "canary", mail_object(mail));
    json_put(packet, "alerts", alertdoc_make_array(set));
    text = json_print(packet, false);
    json_release(&packet);
    return text;
}
