/* See fleetkeep.h. */
#include "fleetkeep.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fleetdoc.h"
#include "hostdoc.h"
#include "json.h"
#include "state.h"

enum { READ_LEAST_MS = 1000, READ_PER_HOST_MS = 20, FAREWELL_MS = 500 };

/* ---- what we say ---- */

static bool is_told(const struct daemon *d, const char *id) {
    int rule = 0;

    while (rules_id(rule) != NULL && strcmp(rules_id(rule), id) != 0)
        rule++;
    return rules_id(rule) != NULL && rules_is_told(d->rules, rule);
}

static void fill_alerts(const struct daemon *d, struct hostsum *sum) {
    for (int i = 0; i < d->shown.count; i++) {
        const struct alert *alert = &d->shown.alert[i];
        const struct diagnosis_entry *entry = diagnosis_entry(alert->diagnosis);
        struct hostsum_alert *a = &sum->alert[sum->count];

        if (alert->ended_ms != 0)
            continue;
        sum->all++;
        if (sum->count == HOSTSUM_ALERTS)
            continue;
        sum->count++;
        text_copy(a->id, sizeof a->id, alert->id);
        if (alert->diagnosis != DIAGNOSIS_NONE)
            text_format(a->diagnosis, sizeof a->diagnosis, "%s %s", entry->id, entry->name);
        a->severity = alert->severity;
        text_copy(a->summary, sizeof a->summary, alert->summary);
        a->since_ms = alert->since_ms;
        a->told = is_told(d, alert->id);
    }
}

static void fill_figures(const struct daemon *d, struct hostsum *sum, int64_t mono_ms) {
    const struct keeper_queue *q = &d->queue;
    int64_t now_s = clock_wall_ms() / 1000;

    for (int i = 0; i < HOSTSUM_FIGURES; i++) {
        enum counter c = hostsum_counter[i];

        sum->figure[i] = d->counters.value[c];
        sum->rate[i] = rates_per_minute(&d->rates, c, &d->counters, mono_ms, 60 * 1000);
    }
    sum->queue_known = d->queue_counted_ms != 0 && mono_ms - d->queue_counted_ms < QUEUE_STALE_MS;
    if (!sum->queue_known)
        return;
    sum->queue_messages = q->active + q->deferred + q->incoming + q->maildrop;
    if (q->oldest_s != 0 && now_s > q->oldest_s)
        sum->oldest_s = now_s - q->oldest_s;
}

static void fill_sum(const struct daemon *d, struct hostsum *sum, int64_t mono_ms) {
    static const enum hostsum_state states[] = {
        [OVERALL_OK] = HOSTSUM_OK,
        [OVERALL_WARNING] = HOSTSUM_WARNING,
        [OVERALL_CRITICAL] = HOSTSUM_CRITICAL,
        [OVERALL_UNKNOWN] = HOSTSUM_UNKNOWN,
    };

    memset(sum, 0, sizeof *sum);
    sum->state = states[d->state];
    sum->since_ms = d->since_ms;
    if (d->fleetkeep.ending_ms != 0) {
        sum->state = HOSTSUM_STOPPED;
        sum->since_ms = clock_wall_ms();
    }
    text_copy(sum->version, sizeof sum->version, RELAYWATCH_VERSION);
    if (d->facts_known)
        text_format(sum->relay, sizeof sum->relay, "%s:%u", d->facts.relay_host,
                    d->facts.relay_port);
    fill_alerts(d, sum);
    fill_figures(d, sum, mono_ms);
}

void fleetkeep_publish(struct daemon *d) {
    int64_t mono_ms = clock_mono_ms();
    struct hostsum sum;
    char *text;

    if (d->fleetkeep.link == NULL)
        return;
    d->fleetkeep.published_ms = mono_ms;
    fill_sum(d, &sum, mono_ms);
    text = hostdoc_print(&sum);
    store_set_alert(d->store, "summary", text);
    free(text);
}

bool fleetkeep_farewell(struct daemon *d) {
    struct fleetkeep *k = &d->fleetkeep;

    if (k->link == NULL)
        return true;
    if (k->ending_ms == 0) {
        k->ending_ms = clock_mono_ms();
        fleetkeep_publish(d);
    }
    return store_settled(d->store) || clock_mono_ms() - k->ending_ms >= FAREWELL_MS;
}

/* ---- what the others say ---- */

static void on_read(void *arg) {
    (void)arg; /* who asks looks at the table */
}

/* The more hosts, the less often each reads them all: Redis has the same work with any number. */
static int64_t read_every_ms(struct fleetkeep *k) {
    int64_t every_ms = (int64_t)fleetlink_fleet(k->link)->count * READ_PER_HOST_MS;

    return every_ms > READ_LEAST_MS ? every_ms : READ_LEAST_MS;
}

void fleetkeep_tick(struct daemon *d, int64_t mono_ms) {
    struct fleetkeep *k = &d->fleetkeep;

    if (k->link == NULL)
        return;
    if (mono_ms - k->published_ms >= FLEET_BEAT_MS)
        fleetkeep_publish(d);
    if (mono_ms - k->asked_ms < read_every_ms(k))
        return;
    k->asked_ms = mono_ms;
    fleetlink_read(k->link);
}

void fleetkeep_fill(struct daemon *d, struct view *v) {
    struct fleetkeep *k = &d->fleetkeep;

    v->fleet_trouble = "";
    if (k->link == NULL)
        return;
    v->fleet = fleetlink_fleet(k->link);
    v->fleet_read_ms = fleetlink_read_ms(k->link);
    v->fleet_trouble = fleetlink_trouble(k->link);
}

char *fleetkeep_document(const struct view *v) {
    struct fleetdoc_about about = {.reader = v->conf->host,
                                   .now_ms = v->now_ms,
                                   .read_age_ms =
                                       v->fleet_read_ms != 0 ? v->mono_ms - v->fleet_read_ms : -1,
                                   .trouble = v->fleet_trouble};
    struct json_t *doc = fleetdoc_make(v->fleet, &about);
    char *text = json_print(doc, true);

    json_release(&doc);
    return text;
}

/* ---- begin and end ---- */

void fleetkeep_open(struct daemon *d) {
    const struct fleetlink_calls calls = {.on_read = on_read, .arg = d};

    d->fleetkeep.link = fleetlink_new(d->loop, &d->conf, &calls);
}

void fleetkeep_close(struct daemon *d) {
    fleetlink_free(&d->fleetkeep.link);
}
