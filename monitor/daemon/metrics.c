/* See metrics.h. */
#include "metrics.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "log.h"
#include "exposition.h"
#include "metricspostfix.h"

static void gauge(struct exposition *e, const char *name, const char *help, double value) {
    exposition_single(e, EXPOSITION_GAUGE, name, help, value);
}

static void counter(struct exposition *e, const char *name, const char *help, uint64_t value) {
    exposition_single(e, EXPOSITION_COUNTER, name, help, (double)value);
}

/* A time, where it is known. */
static void moment(struct exposition *e, const char *name, const char *help, int64_t ms) {
    if (ms != 0)
        gauge(e, name, help, (double)ms / 1000);
}

/* A gauge that is 1 for the word that holds and 0 for the others. */
static void words(struct exposition *e, const char *name, const char *help, const char *label,
                  const char *const *all, size_t count, const char *now) {
    exposition_family(e, EXPOSITION_GAUGE, name, help);
    for (size_t i = 0; i < count; i++)
        exposition_sample(e, label, all[i], strcmp(all[i], now) == 0);
}

static void put_program(struct exposition *e, const struct view *v) {
    static const char *const states[] = {"ok", "warning", "critical", "unknown"};

    exposition_family(e, EXPOSITION_GAUGE, "relaywatch_build_info", "Version of relaywatch.");
    exposition_sample(e, "version", RELAYWATCH_VERSION, 1);
    exposition_family(e, EXPOSITION_GAUGE, "relaywatch_host_info",
                      "The name of this host as relaywatch has it.");
    exposition_sample(e, "host", v->conf->host, 1);
    moment(e, "relaywatch_start_time_seconds", "When relaywatchd was started.", v->started_ms);
    words(e, "relaywatch_state", "The state as `relaywatch status` says it.", "state", states, 4,
          overall_name(v->state));
    moment(e, "relaywatch_state_since_timestamp_seconds", "Since when that state holds.",
           v->since_ms);
    counter(e, "relaywatch_http_requests", "HTTP requests that were answered.", v->http.requests);
    counter(e, "relaywatch_http_refused", "HTTP requests that were refused.", v->http.refused);
    counter(e, "relaywatch_http_evicted", "HTTP connections that gave way to others.",
            v->http.evicted);
    counter(e, "relaywatch_http_timed_out", "HTTP connections that took too long.",
            v->http.timed_out);
}

static void put_counters(struct exposition *e, const struct view *v) {
    char name[80];

    for (int c = 0; c < COUNTER_COUNT; c++) {
        text_format(name, sizeof name, "relaywatch_%s", counter_name((enum counter)c));
        counter(e, name, counter_help((enum counter)c), v->counters->value[c]);
    }
    for (int c = 0; c < MLTPAGE_COUNTER_COUNT; c++) {
        text_format(name, sizeof name, "relaywatch_milter_%s",
                    mltpage_counter_name((enum mltpage_counter)c));
        counter(e, name, "Counted by relaywatch-milter.", v->milter[c]);
    }
    counter(e, "relaywatch_poison_lines",
            "Lines of the log skipped because they made relaywatchd crash.", v->poison_lines);
    gauge(e, "relaywatch_milter_up", "Whether the milter gives signs of life.", v->milter_alive);
    exposition_family(e, EXPOSITION_COUNTER, "relaywatch_unknown_lines",
                      "Lines of trouble that the catalogue of diagnoses does not know.");
    for (int c = 0; c < SHAPE_CLASSES; c++)
        exposition_sample(e, "severity", shape_class_name((enum shape_class)c),
                          (double)v->unknown[c]);
}

static void put_canary(struct exposition *e, const struct view *v) {
    if (v->canary == NULL)
        return;
    gauge(e, "relaywatch_canary_overdue",
          "Whether no canary message was delivered for canary_overdue.", v->canary_overdue);
    moment(e, "relaywatch_canary_delivered_timestamp_seconds",
           "When a canary message was delivered last.", v->canary->delivered_ms);
    if (v->canary->delivered_ms != 0)
        gauge(e, "relaywatch_canary_delay_seconds", "How long that message took.",
              (double)v->canary->delay_ms / 1000);
}

/* No names of senders: there may be any number of them. */
static void put_senders(struct exposition *e, const struct view *v) {
    gauge(e, "relaywatch_sender_recipients_limit",
          "Recipients within 24 hours that the smarthost takes of one envelope sender; 0: any.",
          (double)v->conf->recipients_limit);
    if (v->senders == NULL)
        return;
    gauge(e, "relaywatch_sender_recipients_most",
          "Recipients within 24 hours of the envelope sender that has the most.",
          (double)v->senders->recipients);
    gauge(e, "relaywatch_senders_near_limit",
          "Envelope senders that have reached recipients_percent of the limit.", v->senders->near);
}

static void put_queue(struct exposition *e, const struct view *v) {
    const struct keeper_queue *q = v->queue;

    gauge(e, "relaywatch_queue_counted", "Whether the queue was counted within the last minute.",
          q != NULL && !v->queue_stale);
    if (q == NULL || v->queue_stale)
        return;
    exposition_family(e, EXPOSITION_GAUGE, "relaywatch_queue_messages",
                      "Messages in Postfix's queue.");
    exposition_sample(e, "queue", "active", (double)q->active);
    exposition_sample(e, "queue", "deferred", (double)q->deferred);
    exposition_sample(e, "queue", "incoming", (double)q->incoming);
    exposition_sample(e, "queue", "hold", (double)q->hold);
    exposition_sample(e, "queue", "maildrop", (double)q->maildrop);
    exposition_sample(e, "queue", "corrupt", (double)q->corrupt);
    gauge(e, "relaywatch_queue_oldest_seconds", "Age of the oldest message in the queue.",
          (double)view_oldest_s(v));
    gauge(e, "relaywatch_queue_growth_per_minute",
          "Messages by which the queue grows a minute, smoothed.", v->queue_growth);
    gauge(e, "relaywatch_queue_free_bytes", "Free bytes where the queue stands.",
          (double)q->bytes_free);
    if (q->inodes_free != UINT64_MAX)
        gauge(e, "relaywatch_queue_free_inodes", "Free inodes where the queue stands.",
              (double)q->inodes_free);
    gauge(e, "relaywatch_postfix_up", "Whether Postfix is running.", q->postfix_running != 0);
}

static void put_relay(struct exposition *e, const struct view *v) {
    static const char *const logins[] = {"none",    "unknown", "verified",
                                         "refused", "pending", "rejected"};

    gauge(e, "relaywatch_relay_reachable", "Whether the smarthost can be reached.",
          view_reachable(v));
    gauge(e, "relaywatch_relay_login_refused", "Whether the smarthost refuses our login.",
          strcmp(view_auth_word(v), "refused") == 0);
    gauge(e, "relaywatch_relay_tls_failing", "Whether TLS with the smarthost fails.",
          strcmp(view_tls_word(v), "failing") == 0);
    moment(e, "relaywatch_relay_last_delivery_timestamp_seconds",
           "When the smarthost last took a message.", v->health->last_success_ms);
    moment(e, "relaywatch_relay_certificate_expires_timestamp_seconds",
           "When the smarthost's certificate expires.", v->login->certificate_expires_ms);
    words(e, "relaywatch_login_state", "The login for the smarthost.", "state", logins,
          sizeof logins / sizeof logins[0], login_state_name(v->login->state));
    moment(e, "relaywatch_login_verified_timestamp_seconds",
           "When the login was last proved to work.", v->login->verified_ms);
    moment(e, "relaywatch_login_changed_timestamp_seconds", "When the login was last changed.",
           v->login->changed_ms);
    gauge(e, "relaywatch_mail_held", "Whether mail is kept in the queue as no login works.",
          v->rotation->state == ROTATION_HELD);
}

enum receiver_figure { RECEIVER_UP, RECEIVER_WAITING, RECEIVER_LAST_OK, RECEIVER_FIGURES };

static double receiver_figure(const struct receiver_state *r, enum receiver_figure figure) {
    switch (figure) {
    case RECEIVER_UP:
        return !receiverstate_is_bad(r);
    case RECEIVER_WAITING:
        return r->waiting;
    case RECEIVER_LAST_OK:
    case RECEIVER_FIGURES:
        break;
    }
    return (double)r->last_ok_ms / 1000;
}

static void put_receivers(struct exposition *e, const struct view *v) {
    static const struct {
        const char *name, *help;
    } families[RECEIVER_FIGURES] = {
        [RECEIVER_UP] = {"relaywatch_receiver_up",
                         "Whether this receiver of alerts took what it was told last (1 also "
                         "before the first)."},
        [RECEIVER_WAITING] = {"relaywatch_receiver_waiting",
                              "Notices that this receiver has still to get."},
        [RECEIVER_LAST_OK] = {"relaywatch_receiver_last_success_timestamp_seconds",
                              "When this receiver last took something; 0: never."},
    };
    const struct receiver_report *r = v->receivers;

    gauge(e, "relaywatch_notify_up", "Whether relaywatch-notify answers.", v->notify_connected);
    for (int f = 0; r != NULL && r->count > 0 && f < RECEIVER_FIGURES; f++) {
        exposition_family(e, EXPOSITION_GAUGE, families[f].name, families[f].help);
        for (int i = 0; i < r->count; i++) {
            const struct exposition_label labels[] = {{"receiver", r->receiver[i].name},
                                                      {"kind", r->receiver[i].kind}};

            exposition_labelled(e, labels, 2,
                                receiver_figure(&r->receiver[i], (enum receiver_figure)f));
        }
    }
}

/* One counter for what was put off, one for what was returned: of each relay host by whose fault.
 */
static void put_faults(struct exposition *e, const struct busiest_place *const *place, size_t count,
                       const char *name, const char *help, bool bounced) {
    exposition_family(e, EXPOSITION_COUNTER, name, help);
    for (size_t i = 0; i < count; i++) {
        for (enum party party = PARTY_OURS; party < PARTY_COUNT; party++) {
            const struct exposition_label labels[] = {{"relayhost", place[i]->name},
                                                      {"fault", party_name(party)}};

            exposition_labelled(e, labels, 2,
                                (double)place[i]->figure[relayhosts_figure(party, bounced)]);
        }
    }
}

static void put_relayhosts(struct exposition *e, const struct view *v) {
    const struct busiest_place *place[BUSIEST_PLACES];
    size_t count =
        v->relayhosts != NULL ? busiest_list(&v->relayhosts->all, &relayhosts_kind, place) : 0;

    if (count == 0)
        return;
    exposition_family(e, EXPOSITION_COUNTER, "relaywatch_relayhost_sent",
                      "Deliveries that this relay host took.");
    for (size_t i = 0; i < count; i++)
        exposition_sample(e, "relayhost", place[i]->name,
                          (double)place[i]->figure[relayhosts_figure(PARTY_NONE, false)]);
    put_faults(e, place, count, "relaywatch_relayhost_deferred",
               "Deliveries by this relay host that were put off, by whose fault.", false);
    put_faults(e, place, count, "relaywatch_relayhost_bounced",
               "Deliveries by this relay host that were returned, by whose fault.", true);
    exposition_family(e, EXPOSITION_GAUGE, "relaywatch_relayhost_failing",
                      "Whether deliveries by this relay host fail now, by whose fault.");
    for (size_t i = 0; i < count; i++) {
        bool well;
        const struct health_cause *trouble = view_relayhost_trouble(v, place[i]->name, &well);

        for (enum party party = PARTY_OURS; (well || trouble != NULL) && party < PARTY_COUNT;
             party++) {
            const struct exposition_label labels[] = {{"relayhost", place[i]->name},
                                                      {"fault", party_name(party)}};

            exposition_labelled(e, labels, 2,
                                trouble != NULL &&
                                    diagnosis_entry(trouble->diagnosis)->party == party);
        }
    }
}

/* Of each severity also where there is none, so that rules need not ask for absence. */
static void put_alerts(struct exposition *e, const struct view *v) {
    unsigned count[SEVERITY_CRITICAL + 1] = {0};
    unsigned silenced = 0;

    exposition_family(e, EXPOSITION_GAUGE, "relaywatch_alert_firing", "Alerts that fire now.");
    for (int i = 0; i < v->alerts->count; i++) {
        const struct alert *a = &v->alerts->alert[i];
        const struct exposition_label labels[] = {{"alert", a->id},
                                                  {"diagnosis", diagnosis_entry(a->diagnosis)->id},
                                                  {"severity", severity_name(a->severity)}};

        if (a->ended_ms != 0)
            continue;
        exposition_labelled(e, labels, 3, 1);
        count[a->severity]++;
        silenced += a->silenced_until_ms > v->now_ms;
    }
    exposition_family(e, EXPOSITION_GAUGE, "relaywatch_alert_since_timestamp_seconds",
                      "Since when an alert fires.");
    for (int i = 0; i < v->alerts->count; i++) {
        if (v->alerts->alert[i].ended_ms == 0)
            exposition_sample(e, "alert", v->alerts->alert[i].id,
                              (double)v->alerts->alert[i].since_ms / 1000);
    }
    exposition_family(e, EXPOSITION_GAUGE, "relaywatch_alerts", "How many alerts fire.");
    for (int s = SEVERITY_TICKET; s <= SEVERITY_CRITICAL; s++)
        exposition_sample(e, "severity", severity_name((enum severity)s), count[s]);
    gauge(e, "relaywatch_alerts_silenced", "How many of the alerts that fire are silenced.",
          silenced);
}

static void put_ledger(struct exposition *e, const struct view *v) {
    const struct ledger_totals *l = v->ledger;

    exposition_family(e, EXPOSITION_COUNTER, "relaywatch_ledger_messages",
                      "Messages by what became of them.");
    exposition_sample(e, "outcome", "sent", (double)l->sent);
    exposition_sample(e, "outcome", "bounced", (double)l->bounced);
    exposition_sample(e, "outcome", "expired", (double)l->expired);
    exposition_sample(e, "outcome", "unknown", (double)l->unknown);
    counter(e, "relaywatch_ledger_accepted", "Messages that came in.", l->accepted);
    gauge(e, "relaywatch_ledger_queued", "Messages that came in and did not end yet.",
          (double)(v->ledger_sum.queued - v->ledger_sum.arriving));
    gauge(e, "relaywatch_ledger_arriving",
          "Messages that are coming in and not counted as accepted yet.",
          (double)v->ledger_sum.arriving);
    counter(e, "relaywatch_ledger_deleted", "Of unknown: deleted by hand.", l->deleted);
    counter(e, "relaywatch_ledger_unlogged", "Of unknown: seen by the milter, never in the log.",
            l->unlogged);
    counter(e, "relaywatch_ledger_spilled", "Of unknown: not followed to their end.", l->spilled);
    counter(e, "relaywatch_ledger_stray", "Messages that ended and came in before the first start.",
            l->stray);
}

/* As postfix_smtp_delivery_delay_seconds, in finer buckets. */
static void put_delays(struct exposition *e, const struct view *v) {
    double bound[DELAYS_BUCKETS - 1];
    uint64_t any = 0;

    for (size_t i = 0; i < DELAYS_BUCKETS; i++)
        any |= v->delays->bucket[0][i];
    if (any == 0)
        return;
    for (size_t i = 0; i < DELAYS_BUCKETS - 1; i++)
        bound[i] = (double)delays_bound_us[i] / 1e6;
    exposition_family(e, EXPOSITION_HISTOGRAM, "relaywatch_delivery_delay_seconds",
                      "How long attempts of delivery by smtp took, by the stage.");
    for (unsigned part = 0; part < STAGE_COUNT; part++) {
        const struct exposition_label stage = {"stage", delays_part_name(part)};
        const struct exposition_histogram h = {.bound = bound,
                                               .bounds = DELAYS_BUCKETS - 1,
                                               .bucket = v->delays->bucket[part],
                                               .sum = (double)v->delays->sum_us[part] / 1e6};

        exposition_histogram(e, &stage, 1, &h);
    }
}

/* What the rings know: it is there at once after a restart, and right where nobody scraped. */
static void put_last_hour(struct exposition *e, const struct view *v) {
    static const enum counter shown[] = {COUNTER_ACCEPTED,      COUNTER_SENT,      COUNTER_DEFERRED,
                                         COUNTER_BOUNCED,       COUNTER_EXPIRED,   COUNTER_REJECTED,
                                         COUNTER_AUTH_FAILURES, COUNTER_TLS_ERRORS};
    static const char *const percentiles[TIMELINE_PERCENTILES] = {"50", "90", "99"};
    int64_t hour_ms = (int64_t)timeline_reach_s(TIMELINE_MINUTES) * 1000;
    struct timeline line;
    struct timeline_sum sum;

    if (v->rings == NULL)
        return;
    timeline_make(&line, TIMELINE_MINUTES, v->rings, v->trend, v->now_ms - hour_ms, v->now_ms);
    timeline_add_up(&line, v->now_ms, &sum);
    exposition_family(e, EXPOSITION_GAUGE, "relaywatch_last_hour",
                      "Counters of the last 60 minutes, by the time in the log.");
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        exposition_sample(e, "counter", counter_name(shown[i]),
                          (double)sum.counters.value[shown[i]]);
    if (sum.delays == 0)
        return;
    exposition_family(e, EXPOSITION_GAUGE, "relaywatch_last_hour_delay_seconds",
                      "How long first attempts of the last 60 minutes took.");
    for (size_t i = 0; i < TIMELINE_PERCENTILES; i++)
        exposition_sample(e, "percentile", percentiles[i], (double)sum.delay_ms[i] / 1000);
}

enum source_figure {
    SOURCE_UP,
    SOURCE_LAG_BYTES,
    SOURCE_LAG,
    SOURCE_PLACE,
    SOURCE_GAPS,
    SOURCE_ROTATIONS,
    SOURCE_LONG,
    SOURCE_FIGURES
};

static double source_figure(const struct view_source *s, enum source_figure figure) {
    switch (figure) {
    case SOURCE_UP:
        return s->figures.state == TAIL_OK;
    case SOURCE_LAG_BYTES:
        return (double)s->figures.lag_bytes;
    case SOURCE_LAG:
        return s->lag_s;
    case SOURCE_PLACE:
        return (double)s->figures.offset;
    case SOURCE_GAPS:
        return (double)s->figures.gaps;
    case SOURCE_ROTATIONS:
        return (double)s->figures.rotations;
    case SOURCE_LONG:
    case SOURCE_FIGURES:
        break;
    }
    return (double)s->figures.long_lines;
}

static void put_sources(struct exposition *e, const struct view *v) {
    static const struct {
        enum exposition_type type;
        const char *name, *help;
    } families[SOURCE_FIGURES] = {
        [SOURCE_UP] = {EXPOSITION_GAUGE, "relaywatch_source_up",
                       "Whether this source of the mail log can be read."},
        [SOURCE_LAG_BYTES] =
            {EXPOSITION_GAUGE, "relaywatch_source_lag_bytes",
             "Bytes of the log that wait to be read; of a journal 1 when something "
             "does."},
        [SOURCE_LAG] = {EXPOSITION_GAUGE, "relaywatch_source_lag_seconds",
                        "How long something waits to be read."},
        [SOURCE_PLACE] =
            {EXPOSITION_GAUGE, "relaywatch_source_position",
             "Where it is read: the byte of the file, the microsecond of the journal."},
        [SOURCE_GAPS] = {EXPOSITION_COUNTER, "relaywatch_source_gaps",
                         "Times that something of the log was lost, since the start."},
        [SOURCE_ROTATIONS] = {EXPOSITION_COUNTER, "relaywatch_source_rotations",
                              "Files that were begun, since the start."},
        [SOURCE_LONG] = {EXPOSITION_COUNTER, "relaywatch_source_long_lines",
                         "Lines that were too long and left out, since the start."},
    };

    for (int f = 0; f < SOURCE_FIGURES && v->sources > 0; f++) {
        exposition_family(e, families[f].type, families[f].name, families[f].help);
        for (size_t i = 0; i < v->sources; i++)
            exposition_sample(e, "source", v->source[i].spec->name,
                              source_figure(&v->source[i], (enum source_figure)f));
    }
}

static void put_store(struct exposition *e, const struct view *v) {
    static const char *const states[] = {"off", "connecting", "ok", "down", "refused"};

    gauge(e, "relaywatch_store_up", "Whether Redis takes our figures (1 also without Redis).",
          v->store == STORE_OK || v->store == STORE_OFF);
    words(e, "relaywatch_store_state", "The connection to Redis.", "state", states,
          sizeof states / sizeof states[0], store_state_word(v->store));
    gauge(e, "relaywatch_store_advice", "Whether a setting of Redis is not as it should be.",
          v->store_advice[0] != '\0');
}

char *metrics_print(const struct view *v, bool openmetrics) {
    char *text = NULL;
    size_t size = 0;
    struct exposition e = {.out = open_memstream(&text, &size), .openmetrics = openmetrics};

    if (e.out == NULL)
        die(EX_OSERR, "metrics: out of memory");
    put_program(&e, v);
    put_counters(&e, v);
    put_senders(&e, v);
    put_canary(&e, v);
    put_queue(&e, v);
    put_relay(&e, v);
    put_relayhosts(&e, v);
    put_alerts(&e, v);
    put_receivers(&e, v);
    put_ledger(&e, v);
    put_delays(&e, v);
    put_last_hour(&e, v);
    put_sources(&e, v);
    put_store(&e, v);
    metricspostfix_put(&e, v);
    exposition_end(&e);
    if (fclose(e.out) != 0)
        die(EX_OSERR, "metrics: out of memory");
    return text;
}
