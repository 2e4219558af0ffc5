/* See fleetkeep.h. */
#include "fleetkeep.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fleetdoc.h"
#include "hostdoc.h"
#include "json.h"
#include "judge.h"
#include "state.h"

enum {
    READ_LEAST_MS = 1000,
    READ_PER_HOST_MS = 20,
    HURRY_MS = 300,
    HURRY_PER_HOST_MS = 5,
    FAREWELL_MS = 500,
    NOBODY_MS = 30 * 1000,
    ALONE_WAIT_MS = 1500, /* an alert that no other host has waits so long */
    SAY_AGAIN_MS = 3000
};

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

        if (alert->ended_ms != 0 || fleetsight_is_fleets(alert->id))
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

/* The more hosts, the less often each reads them all, so that Redis has the same work with any
 * number; who speaks for all, and who waits for that, looks more often. */
static int64_t look_again_ms(const struct daemon *d) {
    const struct fleetkeep *k = &d->fleetkeep;
    bool hurry = k->holds || fleetlink_leads(k->link, clock_mono_ms());
    int64_t hosts = (int64_t)fleetlink_fleet(k->link)->count;
    int64_t least_ms = hurry ? HURRY_MS : READ_LEAST_MS;
    int64_t every_ms = hosts * (hurry ? HURRY_PER_HOST_MS : READ_PER_HOST_MS);

    return every_ms > least_ms ? every_ms : least_ms;
}

static void on_read(void *arg) {
    struct daemon *d = arg;
    struct fleetkeep *k = &d->fleetkeep;

    if (k->holds || fleetlink_leads(k->link, clock_mono_ms()))
        judge(d);
}

/* Who can tell nobody speaks for all only where nobody else does. */
static void ask_lease(struct daemon *d, int64_t mono_ms) {
    struct fleetkeep *k = &d->fleetkeep;
    const char *leader = fleetlink_leader(k->link, mono_ms);
    bool led = leader[0] != '\0' && strcmp(leader, d->conf.host) != 0;

    if (led)
        k->alone_ms = 0;
    else if (k->alone_ms == 0)
        k->alone_ms = mono_ms;
    if (mono_ms - k->lease_asked_ms < FLEETLINK_ASK_MS || store_gives_way(d->store) ||
        k->ending_ms != 0)
        return;
    if (!notifyc_connected(d->notify) && !fleetlink_leads(k->link, mono_ms) &&
        (led || mono_ms - k->alone_ms < NOBODY_MS))
        return;
    k->lease_asked_ms = mono_ms;
    fleetlink_ask_lease(k->link);
}

static void on_look(void *arg) {
    struct daemon *d = arg;

    fleetlink_read(d->fleetkeep.link);
    ask_lease(d, clock_mono_ms());
    loop_timer_set(d->fleetkeep.look, look_again_ms(d));
}

void fleetkeep_tick(struct daemon *d, int64_t mono_ms) {
    struct fleetkeep *k = &d->fleetkeep;

    if (k->link != NULL && mono_ms - k->published_ms >= FLEET_BEAT_MS)
        fleetkeep_publish(d);
}

void fleetkeep_fill(struct daemon *d, struct view *v) {
    struct fleetkeep *k = &d->fleetkeep;

    v->fleet_trouble = v->fleet_speaker = "";
    if (k->link == NULL)
        return;
    v->fleet = fleetlink_fleet(k->link);
    v->fleet_read_ms = fleetlink_read_ms(k->link);
    v->fleet_trouble = fleetlink_trouble(k->link);
    v->fleet_speaker = fleetlink_leader(k->link, v->mono_ms);
}

char *fleetkeep_document(const struct view *v) {
    struct fleetdoc_about about = {.reader = v->conf->host,
                                   .now_ms = v->now_ms,
                                   .read_age_ms =
                                       v->fleet_read_ms != 0 ? v->mono_ms - v->fleet_read_ms : -1,
                                   .trouble = v->fleet_trouble,
                                   .speaker = v->fleet_speaker};
    struct json_t *doc = fleetdoc_make(v->fleet, &about);
    char *text = json_print(doc, true);

    json_release(&doc);
    return text;
}

/* ---- one alert for all ---- */

static const char *const shared_ids[] = {"fleet-trouble", "hosts-gone"};
enum { SHARED_IDS = sizeof shared_ids / sizeof shared_ids[0] };

/* Does what was left name an incident that is none of ours? */
static bool is_left_open(const struct fleetkeep *k, const char *left, int number) {
    int64_t since_ms = left != NULL ? fleetsight_open(left, shared_ids[number]) : 0;

    return since_ms != 0 && since_ms != k->open[number].since_ms;
}

const struct fleetsight *fleetkeep_sight(struct daemon *d, int64_t mono_ms) {
    struct fleetkeep *k = &d->fleetkeep;
    const struct fleetsight_limits limits = {(unsigned)d->conf.fleet_percent,
                                             (unsigned)d->conf.fleet_least};
    const char *left;
    int64_t read_ms;

    if (k->link == NULL)
        return NULL;
    read_ms = fleetlink_read_ms(k->link);
    fleetsight_look(fleetlink_fleet(k->link), d->conf.host, &limits, &k->sight);
    k->sight.leads = fleetlink_leads(k->link, mono_ms);
    left = fleetlink_left(k->link, mono_ms);
    k->sight.trouble_open = is_left_open(k, left, 0);
    k->sight.gone_open = is_left_open(k, left, 1);
    k->sight.known &= read_ms != 0 && mono_ms - read_ms < FLEETLINK_FRESH_MS;
    return &k->sight;
}

/* The word is "ID HOSTS SPEAKER". */
static bool is_spoken_for(const struct daemon *d, const char *id) {
    const struct fleetkeep *k = &d->fleetkeep;
    const char *word = k->link != NULL ? fleetlink_word(k->link, clock_mono_ms()) : "";
    size_t n = strlen(id);

    return d->conf.fleet_wait_s != 0 && strncmp(word, id, n) == 0 && word[n] == ' ';
}

/* Somebody speaks for the fleet, and we are one of enough hosts. */
static bool may_wait(const struct daemon *d, int64_t mono_ms) {
    const struct fleetkeep *k = &d->fleetkeep;

    return k->link != NULL && d->conf.fleet_wait_s != 0 && k->sight.known &&
           k->sight.alive >= FLEETSIGHT_HOSTS_LEAST &&
           fleetlink_leader(k->link, mono_ms)[0] != '\0';
}

static bool waits(struct daemon *d, int rule, const char *id, int64_t mono_ms) {
    struct fleetkeep *k = &d->fleetkeep;
    bool many = k->sight.many && strcmp(k->sight.cause, id) == 0;
    int64_t most_ms = ALONE_WAIT_MS;

    if (!may_wait(d, mono_ms))
        return false;
    if (k->held_ms[rule] == 0)
        k->held_ms[rule] = mono_ms;
    if (many || fleetsight_shared(fleetlink_fleet(k->link), d->conf.host, id))
        most_ms = (int64_t)d->conf.fleet_wait_s * 1000;
    return mono_ms - k->held_ms[rule] < most_ms;
}

void fleetkeep_show(const struct daemon *d, struct alert *alert, int64_t wall_ms) {
    if (alert->ended_ms != 0 || is_told(d, alert->id) || !fleetsight_counts(alert->id) ||
        !is_spoken_for(d, alert->id))
        return;
    alert->silenced_until_ms = wall_ms + FLEETLINK_WORD_MS;
    text_copy(alert->silenced_who, sizeof alert->silenced_who, "the fleet");
    text_copy(alert->silenced_why, sizeof alert->silenced_why,
              "one alert for all hosts was sent; goes on as long as that one fires");
}

bool fleetkeep_holds(struct daemon *d, int rule, struct alert *alert, int64_t wall_ms) {
    struct fleetkeep *k = &d->fleetkeep;
    int64_t mono_ms = clock_mono_ms();

    if (rules_is_told(d->rules, rule) || !fleetsight_counts(alert->id))
        return false;
    if (is_spoken_for(d, alert->id)) {
        k->held_ms[rule] = k->held_ms[rule] != 0 ? k->held_ms[rule] : mono_ms;
        fleetkeep_show(d, alert, wall_ms);
        return k->holds = true;
    }
    if (!waits(d, rule, alert->id, mono_ms))
        return false;
    return k->holds = true;
}

void fleetkeep_release(struct daemon *d, int rule) {
    d->fleetkeep.held_ms[rule] = 0;
}

/* The alert with this id that fires. */
static const struct alert *shown_alert(const struct daemon *d, const char *id) {
    for (int i = 0; i < d->shown.count; i++) {
        if (strcmp(d->shown.alert[i].id, id) == 0 && d->shown.alert[i].ended_ms == 0)
            return &d->shown.alert[i];
    }
    return NULL;
}

/* The others want to know which of our alerts somebody was called for. */
static void note_told(struct daemon *d) {
    unsigned told = 0;

    for (int i = 0; i < d->shown.count; i++)
        told += d->shown.alert[i].ended_ms == 0 && is_told(d, d->shown.alert[i].id);
    if (told == d->fleetkeep.told)
        return;
    d->fleetkeep.told = told;
    fleetkeep_publish(d);
}

/* ---- one incident, whoever speaks ---- */

static int number_of_shared(const char *id) {
    for (int i = 0; i < SHARED_IDS; i++) {
        if (strcmp(shared_ids[i], id) == 0)
            return i;
    }
    return -1;
}

bool fleetkeep_share(struct daemon *d, int rule, struct alert *alert, int64_t mono_ms) {
    struct fleetkeep *k = &d->fleetkeep;
    int number = number_of_shared(alert->id);
    const char *left;
    bool told;

    if (number == -1 || k->link == NULL)
        return true;
    left = fleetlink_left(k->link, mono_ms);
    alert->shared = true;
    told = rules_is_told(d->rules, rule);
    if (left == NULL && !told && alert->ended_ms == 0)
        return false;
    if (left != NULL && (k->open[number].since_ms == 0 || (!told && alert->ended_ms == 0))) {
        k->open[number].since_ms = fleetsight_open(left, alert->id);
        if (k->open[number].since_ms == 0)
            k->open[number].since_ms = alert->since_ms;
    }
    if (k->open[number].since_ms != 0)
        alert->since_ms = k->open[number].since_ms;
    if ((alert->ended_ms != 0) != k->open[number].ended) {
        k->open[number].ended = alert->ended_ms != 0;
        k->open[number].elsewhere = alert->ended_ms != 0 && !k->sight.leads;
    }
    alert->elsewhere = k->open[number].elsewhere;
    return true;
}

/* For a successor: what receivers know of, and since when. What a predecessor left is taken back
 * when we told its end. */
static void leave(struct daemon *d, int64_t mono_ms) {
    struct fleetkeep *k = &d->fleetkeep;
    char text[200] = "";
    bool said[SHARED_IDS];
    bool news = false;

    for (int i = 0; i < SHARED_IDS; i++) {
        const struct alert *alert = shown_alert(d, shared_ids[i]);
        bool open = alert != NULL && is_told(d, shared_ids[i]) && k->open[i].since_ms != 0;
        size_t n = strlen(text);

        if (open)
            text_format(text + n, sizeof text - n, "%s%s %lld", n > 0 ? " " : "", shared_ids[i],
                        (long long)k->open[i].since_ms);
        news |= open != k->open[i].said;
        said[i] = open;
    }
    if (!k->sight.leads || !k->sight.known || !notifyc_connected(d->notify) ||
        (!news && (text[0] == '\0' || mono_ms - k->left_ms < SAY_AGAIN_MS)))
        return;
    for (int i = 0; i < SHARED_IDS; i++)
        k->open[i].said = said[i];
    k->left_ms = mono_ms;
    fleetlink_leave(k->link, text[0] != '\0' ? text : NULL);
}

/* Only what relaywatch-notify took over, and took lately: else each host speaks for itself. */
void fleetkeep_speak(struct daemon *d) {
    struct fleetkeep *k = &d->fleetkeep;
    int64_t mono_ms = clock_mono_ms();
    const struct alert *alert;
    char word[300];
    bool speaks;

    if (k->link == NULL)
        return;
    note_told(d);
    leave(d, mono_ms);
    alert = shown_alert(d, "fleet-trouble");
    speaks = alert != NULL && is_told(d, alert->id) && alert->silenced_until_ms == 0 &&
             k->sight.leads && k->sight.known && notifyc_connected(d->notify);
    if (!speaks) {
        if (k->said_ms != 0 && k->sight.leads)
            fleetlink_say(k->link, NULL);
        k->said_ms = 0;
        return;
    }
    if (k->said_ms != 0 && mono_ms - k->said_ms < SAY_AGAIN_MS)
        return;
    k->said_ms = mono_ms;
    text_format(word, sizeof word, "%s %u %s", k->sight.cause, k->sight.affected, d->conf.host);
    fleetlink_say(k->link, word);
}

/* ---- begin and end ---- */

void fleetkeep_open(struct daemon *d) {
    const struct fleetlink_calls calls = {.on_read = on_read, .arg = d};

    d->fleetkeep.link = fleetlink_new(d->loop, &d->conf, &calls);
    if (d->fleetkeep.link == NULL)
        return;
    d->fleetkeep.look = loop_timer_new(d->loop, on_look, d);
    loop_timer_set(d->fleetkeep.look, 0);
}

void fleetkeep_close(struct daemon *d) {
    loop_timer_free(&d->fleetkeep.look);
    fleetlink_free(&d->fleetkeep.link);
}
