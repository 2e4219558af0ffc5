/* See statusdoc.h. Times are RFC 3339 text in UTC, null where there is none; durations are seconds.
 */
#include "statusdoc.h"

#include <stdlib.h>

#include "alertdoc.h"
#include "json.h"
#include "receiverdoc.h"

static struct json_t *relay_object(const struct view *v) {
    struct json_t *o = json_make_object();

    json_put_text(o, "host", v->facts != NULL ? v->facts->relay_host : NULL);
    if (v->facts != NULL)
        json_put_int(o, "port", v->facts->relay_port);
    else
        json_put_null(o, "port");
    json_put_bool(o, "reachable", view_reachable(v));
    json_put_text(o, "tls", view_tls_word(v));
    json_put_text(o, "auth", view_auth_word(v));
    json_put_time(o, "certificate_expires", v->login->certificate_expires_ms);
    json_put_time(o, "last_delivery", v->health->last_success_ms);
    return o;
}

static struct json_t *history_array(const struct rotation *r) {
    struct json_t *a = json_make_array();
    const struct rotation_event *e;

    for (unsigned i = 0; (e = rotation_event(r, i)) != NULL; i++) {
        struct json_t *o = json_make_object();

        json_put_time(o, "at", e->at_ms);
        json_put_text(o, "event", rotation_what_name((enum rotation_what)e->what));
        json_put_text(o, "origin", rotation_origin_name(e->origin));
        json_put_text(o, "user", e->user[0] != '\0' ? e->user : NULL);
        json_put_text(o, "detail", e->detail[0] != '\0' ? e->detail : NULL);
        json_add(a, o);
    }
    return a;
}

static struct json_t *credentials_object(const struct view *v) {
    struct json_t *o = json_make_object();

    json_put_text(o, "user", v->login->user[0] != '\0' ? v->login->user : NULL);
    json_put_text(o, "state", login_state_name(v->login->state));
    json_put_time(o, "changed_at", v->login->changed_ms);
    json_put_time(o, "verified_at", v->login->verified_ms);
    json_put_text(o, "detail", v->login->detail[0] != '\0' ? v->login->detail : NULL);
    json_put_text(o, "rotation", rotation_state_name(v->rotation->state));
    json_put_time(o, "confirmed_at", v->rotation->confirmed_ms);
    json_put_time(o, "old_revocable_at", rotation_revocable_ms(v->rotation));
    json_put_bool(o, "mail_held", v->rotation->state == ROTATION_HELD);
    json_put_text(o, "source", v->conf->sasl_passwd[0] != '\0' ? v->conf->sasl_passwd : NULL);
    json_put(o, "history", history_array(v->rotation));
    return o;
}

static struct json_t *counters_object(const struct view *v) {
    struct json_t *o = json_make_object();

    for (int c = 0; c < COUNTER_COUNT; c++)
        json_put_int(o, counter_name((enum counter)c), (int64_t)v->counters->value[c]);
    return o;
}

static struct json_t *rates_object(const struct view *v) {
    static const enum counter shown[] = {COUNTER_ACCEPTED, COUNTER_SENT, COUNTER_DEFERRED,
                                         COUNTER_BOUNCED, COUNTER_AUTH_FAILURES};
    struct json_t *o = json_make_object();

    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        char key[64];

        text_format(key, sizeof key, "%s_per_minute", counter_name(shown[i]));
        json_put_real(o, key,
                      rates_per_minute(v->rates, shown[i], v->counters, v->mono_ms, 60 * 1000));
        text_format(key, sizeof key, "%s_per_minute_10m", counter_name(shown[i]));
        json_put_real(o, key,
                      rates_per_minute(v->rates, shown[i], v->counters, v->mono_ms, 600 * 1000));
    }
    return o;
}

static struct json_t *queue_object(const struct view *v) {
    struct json_t *o = json_make_object();
    static const struct keeper_queue none;
    const struct keeper_queue *q = v->queue != NULL ? v->queue : &none;

    json_put_int(o, "active", (int64_t)q->active);
    json_put_int(o, "deferred", (int64_t)q->deferred);
    json_put_int(o, "incoming", (int64_t)q->incoming);
    json_put_int(o, "hold", (int64_t)q->hold);
    json_put_int(o, "maildrop", (int64_t)q->maildrop);
    json_put_int(o, "corrupt", (int64_t)q->corrupt);
    json_put_int(o, "oldest_seconds", view_oldest_s(v));
    json_put_real(o, "growth_per_minute", v->queue_growth);
    json_put_bool(o, "stale", v->queue_stale);
    return o;
}

static struct json_t *ledger_object(const struct view *v) {
    struct json_t *o = json_make_object();

    json_put_int(o, "accepted", (int64_t)v->ledger_sum.accepted);
    json_put_int(o, "sent", (int64_t)v->ledger_sum.sent);
    json_put_int(o, "bounced", (int64_t)v->ledger_sum.bounced);
    json_put_int(o, "expired", (int64_t)v->ledger_sum.expired);
    json_put_int(o, "queued", (int64_t)v->ledger_sum.queued);
    json_put_int(o, "unknown", (int64_t)v->ledger_sum.unknown);
    /* of unknown, and beside the sum */
    json_put_int(o, "deleted", (int64_t)v->ledger->deleted);
    json_put_int(o, "unlogged", (int64_t)v->ledger->unlogged);
    json_put_int(o, "spilled", (int64_t)v->ledger->spilled);
    json_put_time(o, "unknown_at", (int64_t)v->ledger->unknown_ms);
    json_put_int(o, "stray", (int64_t)v->ledger->stray);
    return o;
}

/* Seconds; null where there are none. */
static struct json_t *percentiles_object(bool any, const int64_t us[3]) {
    static const char *const names[] = {"p50", "p90", "p99"};
    struct json_t *o = json_make_object();

    for (size_t i = 0; i < 3; i++) {
        if (any)
            json_put_real(o, names[i], (double)us[i] / 1e6);
        else
            json_put_null(o, names[i]);
    }
    return o;
}

/* The whole delay is known of what was before a restart, too; the parts are not. */
static struct json_t *delays_object(const struct view *v) {
    static const double percent[] = {50, 90, 99};
    struct json_t *o = json_make_object();
    int64_t us[3];
    uint64_t count = view_delays(v, us);

    json_put_int(o, "window_seconds", DELAYS_WINDOW_S);
    json_put_int(o, "count", (int64_t)count);
    for (size_t i = 0; count > 0 && i < 3; i++)
        us[i] *= 1000;
    json_put(o, delays_part_name(DELAYS_TOTAL), percentiles_object(count > 0, us));
    json_put_int(o, "parts_count", (int64_t)delays_count(v->delays, v->now_ms));
    for (unsigned part = 0; part < STAGE_COUNT; part++) {
        bool any = delays_percentiles(v->delays, part, v->now_ms, 3, percent, us);

        json_put(o, delays_part_name(part), percentiles_object(any, us));
    }
    return o;
}

static struct json_t *milter_object(const struct view *v) {
    struct json_t *o = json_make_object();

    json_put_text(o, "state", v->milter_alive ? "ok" : "gone");
    for (int c = 0; c < MLTPAGE_COUNTER_COUNT; c++)
        json_put_int(o, mltpage_counter_name((enum mltpage_counter)c), (int64_t)v->milter[c]);
    return o;
}

/* Recipients of one sender within 24 hours, against the smarthost's limit. */
static struct json_t *senders_object(const struct view *v) {
    struct json_t *o = json_make_object();

    json_put_int(o, "limit", (int64_t)v->conf->recipients_limit);
    json_put_int(o, "window_seconds", 24 * 3600);
    json_put_text(o, "counted_by", v->senders != NULL ? quota_by_name(v->senders->by) : NULL);
    json_put_text(o, "most", v->senders != NULL ? v->senders->sender : NULL);
    json_put_int(o, "recipients", v->senders != NULL ? (int64_t)v->senders->recipients : 0);
    json_put_int(o, "near", v->senders != NULL ? (int64_t)v->senders->near : 0);
    return o;
}

/* The messages of ours that show that the relay delivers. */
static struct json_t *canary_object(const struct view *v) {
    const struct mailcanary *c = v->canary;
    struct json_t *o = json_make_object();

    json_put_text(o, "state", view_canary_word(v));
    json_put_text(o, "recipient", c != NULL ? v->conf->canary_recipient : NULL);
    json_put_time(o, "delivered_at", c != NULL ? c->delivered_ms : 0);
    if (c != NULL && c->delivered_ms != 0)
        json_put_real(o, "delay_seconds", (double)c->delay_ms / 1000);
    json_put_time(o, "waiting_since", c != NULL ? c->unproved_ms : 0);
    json_put_text(o, "detail", c != NULL && c->trouble[0] != '\0' ? c->trouble : NULL);
    return o;
}

static struct json_t *source_object(const struct view_source *source) {
    const struct tail_figures *figures = &source->figures;
    struct json_t *o = json_make_object();

    json_put_text(o, "name", source->spec->name);
    json_put_text(o, "kind", source->spec->is_journal ? "journal" : "file");
    json_put_int(o, "position", (int64_t)figures->offset);
    json_put_real(o, "lag_seconds", source->lag_s);
    if (!source->spec->is_journal)
        json_put_int(o, "lag_bytes", (int64_t)figures->lag_bytes);
    json_put_text(o, "state", sources_state_word(figures->state));
    json_put_text(o, "detail", figures->detail[0] != '\0' ? figures->detail : NULL);
    json_put_int(o, "gaps", (int64_t)figures->gaps);
    json_put_int(o, "rotations", (int64_t)figures->rotations);
    return o;
}

static struct json_t *sources_array(const struct view *v) {
    struct json_t *a = json_make_array();
    struct json_t *o;

    for (size_t i = 0; i < v->sources; i++)
        json_add(a, source_object(&v->source[i]));
    if (v->sources > 0)
        return a;
    o = json_make_object();
    json_put_text(o, "name", v->conf->mail_log);
    json_put_null(o, "position");
    json_put_null(o, "lag_seconds");
    json_put_text(o, "state", "starting");
    json_add(a, o);
    return a;
}

/* Those with the most deliveries first. */
static struct json_t *destinations_array(const struct view *v) {
    const struct busiest_place *place[BUSIEST_PLACES];
    size_t count =
        v->destinations != NULL ? busiest_list(v->destinations, &destinations_kind, place) : 0;
    struct json_t *a = json_make_array();

    for (size_t i = 0; i < count; i++) {
        struct json_t *o = json_make_object();

        json_put_text(o, "domain", place[i]->name);
        for (size_t f = 0; f <= destinations_kind.figures; f++)
            json_put_int(o, busiest_word(&destinations_kind, f), (int64_t)place[i]->figure[f]);
        json_add(a, o);
    }
    return a;
}

static struct json_t *faults_object(const struct busiest_place *place, bool bounced) {
    struct json_t *o = json_make_object();

    for (enum party party = PARTY_OURS; party < PARTY_COUNT; party++)
        json_put_int(o, party_name(party),
                     (int64_t)place->figure[relayhosts_figure(party, bounced)]);
    return o;
}

static struct json_t *trouble_object(const struct health_cause *cause) {
    const struct diagnosis_entry *entry = diagnosis_entry(cause->diagnosis);
    struct json_t *o = json_make_object();
    char diagnosis[96];

    text_format(diagnosis, sizeof diagnosis, "%s %s", entry->id, entry->name);
    json_put_text(o, "diagnosis", diagnosis);
    json_put_text(o, "title", entry->title);
    json_put_text(o, "fault", party_name(entry->party));
    json_put_text(o, "who", entry->who);
    json_put_time(o, "since", cause->since_ms);
    json_put_time(o, "last", cause->last_ms);
    json_put_int(o, "count", (int64_t)cause->count);
    return o;
}

/* Of each smarthost what was sent, what failed by whose fault, and what is wrong with it now. Those
 * with the most deliveries first; all other servers as one, without a state. */
static struct json_t *relayhosts_array(const struct view *v) {
    const struct busiest_place *place[BUSIEST_PLACES];
    size_t count =
        v->relayhosts != NULL ? busiest_list(&v->relayhosts->all, &relayhosts_kind, place) : 0;
    struct json_t *a = json_make_array();

    for (size_t i = 0; i < count; i++) {
        const struct health_way *way = health_way(v->health, span_of(place[i]->name));
        struct json_t *o = json_make_object();
        const struct health_cause *trouble;
        bool well;

        trouble = view_relayhost_trouble(v, place[i]->name, &well);
        json_put_text(o, "host", place[i]->name);
        json_put_text(o, "state", trouble != NULL ? "failing" : well ? "ok" : NULL);
        json_put_int(o, "sent", (int64_t)place[i]->figure[relayhosts_figure(PARTY_NONE, false)]);
        json_put(o, "deferred", faults_object(place[i], false));
        json_put(o, "bounced", faults_object(place[i], true));
        json_put_int(o, "missed", (int64_t)place[i]->figure[relayhosts_kind.figures]);
        json_put_time(o, "last_delivery", way != NULL ? way->last_success_ms : 0);
        if (trouble != NULL)
            json_put(o, "trouble", trouble_object(trouble));
        else
            json_put_null(o, "trouble");
        json_add(a, o);
    }
    return a;
}

/* Those that fire come first; those that ended lately have their own list. */
static void put_alerts(struct json_t *doc, const struct view *v) {
    struct json_t *firing = json_make_array();
    struct json_t *ended = json_make_array();

    for (int i = 0; i < v->alerts->count; i++) {
        const struct alert *alert = &v->alerts->alert[i];

        json_add(alert->ended_ms == 0 ? firing : ended, alertdoc_make(alert));
    }
    json_put(doc, "alerts", firing);
    json_put(doc, "ended_alerts", ended);
}

/* Who is told of these, and how it stands with them; an empty list while that is not known. */
static void put_receivers(struct json_t *doc, const struct view *v) {
    struct json_t *notify = json_make_object();

    json_put_text(notify, "state", v->notify_connected ? "ok" : "gone");
    json_put_text(notify, "refused",
                  v->receivers != NULL && v->receivers->refused[0] != '\0' ? v->receivers->refused
                                                                           : NULL);
    json_put(doc, "notify", notify);
    json_put(doc, "receivers",
             v->receivers != NULL ? receiverdoc_make_array(v->receivers) : json_make_array());
}

static void put_unknown(struct json_t *doc, const struct view *v) {
    struct json_t *counts = json_make_object();
    struct json_t *fresh = json_make_array();

    for (int c = 0; c < SHAPE_CLASSES; c++)
        json_put_int(counts, shape_class_name((enum shape_class)c), (int64_t)v->unknown[c]);
    for (size_t i = 0; i < v->fresh_count; i++) {
        const struct shape *shape = v->fresh[i];
        struct json_t *o = json_make_object();

        json_put_text(o, "severity", shape_class_name(shape->class));
        json_put_text(o, "daemon", shape->daemon);
        json_put_text(o, "text", shape->text);
        json_put_int(o, "count", (int64_t)shape->count);
        json_put_time(o, "since", shape->first_ms);
        json_put_time(o, "last", shape->last_ms);
        json_add(fresh, o);
    }
    json_put(doc, "unknown", counts);
    json_put(doc, "first_seen", fresh);
}

char *statusdoc_print(const struct view *v) {
    struct json_t *doc = json_make_object();
    struct json_t *store = json_make_object();
    char *text;

    json_put_text(doc, "host", v->conf->host);
    json_put_text(doc, "state", overall_name(v->state));
    json_put_time(doc, "since", v->since_ms);
    json_put_time(doc, "now", v->now_ms);
    json_put(doc, "relay", relay_object(v));
    json_put(doc, "credentials", credentials_object(v));
    json_put(doc, "counters", counters_object(v));
    json_put(doc, "rates", rates_object(v));
    json_put(doc, "queue", queue_object(v));
    json_put(doc, "ledger", ledger_object(v));
    json_put(doc, "delays", delays_object(v));
    json_put(doc, "milter", milter_object(v));
    json_put(doc, "senders", senders_object(v));
    json_put(doc, "canary", canary_object(v));
    json_put(doc, "destinations", destinations_array(v));
    json_put(doc, "relayhosts", relayhosts_array(v));
    put_alerts(doc, v);
    put_receivers(doc, v);
    put_unknown(doc, v);
    json_put(doc, "sources", sources_array(v));
    json_put_int(doc, "poison_lines", (int64_t)v->poison_lines);
    json_put_text(store, "state", store_state_word(v->store));
    json_put_text(store, "detail", v->store_detail);
    json_put_text(store, "advice", v->store_advice);
    json_put(doc, "store", store);
    json_put_text(doc, "version", RELAYWATCH_VERSION);
    text = json_print(doc, true);
    json_release(&doc);
    return text;
}
