/* See fleetsight.h. */
#include "fleetsight.h"

#include <string.h>

enum { NAMES_SHOWN = 3, CAUSES = 64 /* different ids; there are half as many */ };

int64_t fleetsight_open(const char *text, const char *id) {
    size_t n = strlen(id);

    for (const char *word = text; word != NULL; word = strchr(word, ' ')) {
        uint64_t since_ms;
        size_t digits;

        while (*word == ' ')
            word++;
        if (strncmp(word, id, n) != 0 || word[n] != ' ')
            continue;
        digits = strcspn(word + n + 1, " ");
        if (text_u64((struct span){word + n + 1, digits}, 1, UINT64_C(1) << 50, &since_ms))
            return (int64_t)since_ms;
    }
    return 0;
}

bool fleetsight_is_fleets(const char *id) {
    return strcmp(id, "fleet-trouble") == 0 || strcmp(id, "hosts-gone") == 0;
}

bool fleetsight_counts(const char *id) {
    static const char *const own[] = {"store-down", "duplicate-host", ""};

    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (strcmp(id, own[i]) == 0)
            return false;
    }
    return !fleetsight_is_fleets(id);
}

static bool is_alive(const struct fleet *fleet, const struct fleet_host *host) {
    return host->sum.state != HOSTSUM_STOPPED && host->silent_ms < fleet->gone_after_ms;
}

static const struct hostsum_alert *alert_of(const struct fleet_host *host, const char *id) {
    for (int i = 0; i < host->sum.count; i++) {
        if (strcmp(host->sum.alert[i].id, id) == 0)
            return &host->sum.alert[i];
    }
    return NULL;
}

/* "a, b, c and 28 more": the nth of them, from 0. */
static void add_name(char out[160], unsigned nth, const char *name) {
    size_t n = strlen(out);

    if (nth < NAMES_SHOWN)
        text_format(out + n, 160 - n, "%s%.40s", nth > 0 ? ", " : "", name);
}

static void add_more(char out[160], unsigned count) {
    size_t n = strlen(out);

    if (count > NAMES_SHOWN)
        text_format(out + n, 160 - n, " and %u more", count - NAMES_SHOWN);
}

/* ---- one cause ---- */

static unsigned count_cause(const struct fleet *fleet, const char *id) {
    unsigned count = 0;

    for (size_t i = 0; i < fleet->count; i++)
        count += is_alive(fleet, fleet->host[i]) && alert_of(fleet->host[i], id) != NULL;
    return count;
}

/* Is the id among the first n; else it is put there. */
static bool was_tried(const char *tried[CAUSES], size_t *n, const char *id) {
    for (size_t i = 0; i < *n; i++) {
        if (strcmp(tried[i], id) == 0)
            return true;
    }
    if (*n == CAUSES)
        return true;
    tried[(*n)++] = id;
    return false;
}

/* The one that most have; of several the first that is met. */
static void find_cause(const struct fleet *fleet, struct fleetsight *sight) {
    const char *tried[CAUSES];
    size_t tried_count = 0;

    sight->affected = 0;
    for (size_t i = 0; i < fleet->count; i++) {
        const struct hostsum *sum = &fleet->host[i]->sum;

        for (int a = 0; a < sum->count && is_alive(fleet, fleet->host[i]); a++) {
            unsigned count;

            if (!fleetsight_counts(sum->alert[a].id) ||
                was_tried(tried, &tried_count, sum->alert[a].id))
                continue;
            count = count_cause(fleet, sum->alert[a].id);
            if (count <= sight->affected)
                continue;
            sight->affected = count;
            text_copy(sight->cause, sizeof sight->cause, sum->alert[a].id);
        }
    }
    if (sight->affected == 0)
        sight->cause[0] = '\0';
}

static void describe_cause(const struct fleet *fleet, struct fleetsight *sight) {
    unsigned nth = 0;

    sight->affected_names[0] = '\0';
    sight->severity = SEVERITY_INFO;
    sight->queue_messages = 0;
    for (size_t i = 0; i < fleet->count; i++) {
        const struct fleet_host *host = fleet->host[i];
        const struct hostsum_alert *a = alert_of(host, sight->cause);

        if (a == NULL || !is_alive(fleet, host))
            continue;
        if (a->severity > sight->severity) {
            sight->severity = a->severity;
            text_copy(sight->diagnosis, sizeof sight->diagnosis, a->diagnosis);
            text_copy(sight->title, sizeof sight->title, a->summary);
        }
        sight->queue_messages += host->sum.queue_messages;
        add_name(sight->affected_names, nth++, host->name);
    }
    add_more(sight->affected_names, nth);
}

static bool are_many(const struct fleetsight *sight, const struct fleetsight_limits *limits) {
    unsigned percent = sight->many ? limits->percent / 2 : limits->percent;

    if (sight->affected < limits->least || sight->affected < 2)
        return false;
    return (sight->many || sight->alive >= FLEETSIGHT_HOSTS_LEAST) &&
           sight->affected * 100 >= percent * sight->alive;
}

/* While many have one cause, that one stays, whatever else is there. */
static void look_at_causes(const struct fleet *fleet, const struct fleetsight_limits *limits,
                           struct fleetsight *sight) {
    if (sight->many)
        sight->affected = count_cause(fleet, sight->cause);
    if (sight->many && !are_many(sight, limits))
        sight->many = false;
    if (!sight->many)
        find_cause(fleet, sight);
    sight->many = are_many(sight, limits);
    if (sight->cause[0] != '\0')
        describe_cause(fleet, sight);
}

/* ---- who vanished ---- */

static void look_at_silence(struct fleet *fleet, struct fleetsight *sight) {
    unsigned known_before = 0;
    unsigned fresh = 0;

    sight->gone = sight->stopped = 0;
    sight->gone_ms = 0;
    sight->gone_names[0] = sight->stopped_names[0] = '\0';
    for (size_t i = 0; i < fleet->count; i++) {
        struct fleet_host *host = fleet->host[i];
        bool gone =
            fleet_state(fleet, host) == FLEET_GONE && host->watched_ms >= FLEETSIGHT_WATCHED_MS;

        if (host->sum.state == HOSTSUM_STOPPED && host->silent_ms >= fleet->stopped_after_ms)
            add_name(sight->stopped_names, sight->stopped++, host->name);
        if (gone) {
            add_name(sight->gone_names, sight->gone++, host->name);
            if (host->silent_ms > sight->gone_ms)
                sight->gone_ms = host->silent_ms;
            known_before += host->missed;
            fresh += !host->missed;
        }
        host->missed = gone;
    }
    add_more(sight->gone_names, sight->gone);
    add_more(sight->stopped_names, sight->stopped);
    sight->joined = known_before > 0 && fresh > 0;
}

/* ---- the outside ---- */

void fleetsight_look(struct fleet *fleet, const char *self, const struct fleetsight_limits *limits,
                     struct fleetsight *sight) {
    const struct fleet_host *own = fleet_find(fleet, self);

    sight->known = fleet->read_ms != 0 && own != NULL && is_alive(fleet, own);
    if (!sight->known)
        return;
    sight->alive = 0;
    for (size_t i = 0; i < fleet->count; i++)
        sight->alive += is_alive(fleet, fleet->host[i]);
    look_at_causes(fleet, limits, sight);
    look_at_silence(fleet, sight);
}

bool fleetsight_shared(const struct fleet *fleet, const char *self, const char *id) {
    for (size_t i = 0; i < fleet->count; i++) {
        const struct fleet_host *host = fleet->host[i];
        const struct hostsum_alert *a = alert_of(host, id);

        if (a != NULL && a->told && is_alive(fleet, host) && strcmp(host->name, self) != 0)
            return true;
    }
    return false;
}
