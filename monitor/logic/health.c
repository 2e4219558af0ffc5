/* See health.h. */
#include "health.h"

#include <string.h>
#include <strings.h>

#include "healthlook.h"

enum { HINT_MS = 5000, RELOAD_MS = 10 * 1000 };
#define OLD_US (INT64_C(3600) * 1000000)

/* ---- the ways ---- */

static bool is_named(const struct health_way *way, struct span relayhost) {
    return strlen(way->relayhost) == relayhost.n &&
           strncasecmp(way->relayhost, relayhost.p, relayhost.n) == 0;
}

static unsigned find_way(const struct health *h, struct span relayhost) {
    if (relayhost.n == 0)
        return 0;
    if (is_named(&h->way[h->last_way], relayhost))
        return h->last_way;
    for (unsigned i = 1; i < HEALTH_WAYS; i++) {
        if (is_named(&h->way[i], relayhost))
            return i;
    }
    return 0;
}

static bool is_broken_at_all(const struct health *h, const struct health_way *way, int64_t now_ms) {
    for (int area = 0; area < AREA_COUNT; area++) {
        if (health_way_is_broken(h, way, (enum health_area)area, now_ms))
            return true;
    }
    return false;
}

/* A new one takes a free place, or that of the one without trouble that was used least lately; else
 * it is counted with those that have no name. */
static unsigned make_way(struct health *h, struct span relayhost, int64_t now_ms) {
    unsigned found = 0;

    for (unsigned i = 1; i < HEALTH_WAYS; i++) {
        if ((found == 0 || h->way[i].used_ms < h->way[found].used_ms) &&
            !is_broken_at_all(h, &h->way[i], now_ms))
            found = i;
    }
    if (found != 0) {
        h->way[found] = (struct health_way){0};
        text_copy_printable(h->way[found].relayhost, sizeof h->way[found].relayhost, relayhost);
    }
    return found;
}

static struct health_way *take_way(struct health *h, const struct mailev *ev, int64_t now_ms) {
    unsigned i = find_way(h, ev->relayhost);

    if (i == 0 && ev->relayhost.n > 0)
        i = make_way(h, ev->relayhost, now_ms);
    h->last_way = i;
    h->way[i].used_ms = now_ms;
    if (ev->relay_port != 0)
        h->way[i].port = ev->relay_port;
    return &h->way[i];
}

void health_configure(struct health *h, const char *relayhost) {
    if (strcasecmp(h->configured, relayhost) == 0)
        return;
    for (unsigned i = 0; i < HEALTH_WAYS; i++) {
        for (int area = 0; area < AREA_COUNT; area++)
            h->way[i].cause[area].of_trial = false;
    }
    text_copy(h->configured, sizeof h->configured, relayhost);
}

const struct health_way *health_way(const struct health *h, struct span relayhost) {
    unsigned i = find_way(h, relayhost);

    return i != 0 ? &h->way[i] : NULL;
}

/* ---- failures ---- */

/* smtp(8) that stops at its TLS settings is a process that dies as soon as it starts. */
static bool is_told_as_tls(const struct health *h, enum diagnosis d, int64_t now_ms) {
    if (health_area(d) != AREA_LOCAL || !health_is_consequence(d))
        return false;
    for (unsigned i = 0; i < HEALTH_WAYS; i++) {
        const struct health_cause *tls = &h->way[i].cause[AREA_TLS];

        if ((tls->diagnosis == DIAGNOSIS_T03_TLS_ENGINE_UNAVAILABLE ||
             tls->diagnosis == DIAGNOSIS_T10_TLS_CONFIG) &&
            now_ms - tls->last_ms < HEALTH_LINGER_MS)
            return true;
    }
    return false;
}

/* A probe, or a message that did not get as far as being judged. What is about one message alone:
 * what becomes of it once the smarthost listens, "later" in answer to it while the connection stays
 * (RFC 5321, 4.2.1; 421 closes it, to all) or to the login made for it, and a session that breaks
 * off in its midst. */
static bool is_of_all(enum diagnosis d, struct span evidence, struct span queue_id) {
    if (queue_id.n == 0 || span_find(evidence, " refused to talk to me: ") != NULL)
        return true;
    if (d == DIAGNOSIS_G18_TEMP_SYSTEM)
        return span_find(evidence, " said: 45") == NULL;
    if (d == DIAGNOSIS_N05_LOST_CONNECTION || d == DIAGNOSIS_N06_CONVERSATION_TIMEOUT)
        return span_find(evidence, " while sending ") == NULL;
    return health_area(d) <= AREA_NETWORK && d != DIAGNOSIS_G04_TEMP_AUTH_FAILURE;
}

static void note_failure(struct health *h, struct health_way *way, enum diagnosis d,
                         struct span evidence, struct span queue_id, int64_t now_ms) {
    enum health_area area = health_area(d);
    struct health_cause *cause;

    if (area == AREA_COUNT || is_told_as_tls(h, d, now_ms))
        return;
    cause = &way->cause[area];
    if (!health_way_is_broken(h, way, area, now_ms)) {
        *cause = (struct health_cause){.since_ms = now_ms};
        if (area == AREA_REFUSED)
            way->refused.messages = 0;
    }
    if (area == AREA_REFUSED)
        refusals_note(&way->refused, queue_id);
    if (health_is_of_message(d))
        refusals_note(&way->unwanted, queue_id);
    if (is_of_all(d, evidence, queue_id))
        cause->of_all = true;
    else if (!health_is_of_message(d))
        refusals_note(&cause->put_off, queue_id);
    if (health_leads(d, cause->diagnosis)) {
        cause->diagnosis = d;
        text_copy_printable(cause->evidence, sizeof cause->evidence, evidence);
    }
    cause->last_ms = now_ms;
    cause->count++;
    if (area <= AREA_NETWORK)
        h->last_failure_ms = now_ms;
    if (area <= AREA_REFUSED)
        way->last_failure_ms = now_ms;
}

static void forget(struct health_way *way, enum health_area area, int64_t now_ms) {
    struct health_cause *cause = &way->cause[area];

    if (now_ms - cause->last_ms >= HEALTH_QUIET_MS)
        *cause = (struct health_cause){.diagnosis = DIAGNOSIS_NONE};
}

/* What stops a message further on its way proves the way up to there: who refuses our login is
 * reached. A handshake that fails may be the network's doing. */
static void note_way(struct health_way *way, enum diagnosis d, enum health_area area,
                     struct span text, int64_t now_ms) {
    bool past_tls = area != AREA_TLS && span_find(text, " refused to talk to me: ") == NULL;

    if (area == AREA_NETWORK || area == AREA_LOCAL || area == AREA_MILTER ||
        d == DIAGNOSIS_T09_TLS_HANDSHAKE)
        return;
    forget(way, AREA_NETWORK, now_ms);
    if (past_tls)
        forget(way, AREA_TLS, now_ms);
}

static void note_hint(struct health *h, const struct mailev *ev, int64_t now_ms) {
    enum health_area area = health_area(ev->diagnosis);

    if (area != AREA_TLS && area != AREA_NETWORK)
        return;
    h->hint.diagnosis = ev->diagnosis;
    h->hint.at_ms = now_ms;
    text_copy_printable(h->hint.evidence, sizeof h->hint.evidence, ev->message);
}

/* "Verified TLSv1.3"; without snprintf, as a busy log has many of these. */
static void keep_tls(struct health *h, struct span trust, struct span version) {
    size_t n = trust.n < sizeof h->last_tls / 2 ? trust.n : sizeof h->last_tls / 2 - 1;

    (void)text_copy_span(h->last_tls, sizeof h->last_tls / 2, trust);
    h->last_tls[n] = ' ';
    (void)text_copy_span(h->last_tls + n + 1, sizeof h->last_tls - n - 1, version);
}

/* A reply of the smarthost that the catalogue does not know, or that puts off whoever comes for the
 * first time, and that is not about one address (RFC 3463: X.1 and X.2). */
static bool is_refusal(const struct mailev *ev) {
    return ev->kind == MAILEV_DELIVERY &&
           (ev->diagnosis == DIAGNOSIS_NONE || ev->diagnosis == DIAGNOSIS_W15_GREYLISTED) &&
           (ev->status == MAILEV_STATUS_DEFERRED || ev->status == MAILEV_STATUS_BOUNCED) &&
           span_is(ev->daemon, "smtp") && ev->relay_ip.n > 0 && ev->dsn.n >= 5 &&
           ev->dsn.p[2] != '1' && ev->dsn.p[2] != '2';
}

/* What waited for another one went by this one: they stand for each other (a list of relayhosts).
 */
static void forget_others(struct health *h, const struct health_way *way, struct span queue_id) {
    for (unsigned i = 1; i < HEALTH_WAYS; i++) {
        for (int area = 0; &h->way[i] != way && area <= AREA_REFUSED; area++) {
            struct health_cause *cause = &h->way[i].cause[area];

            if (area != AREA_POLICY && refusals_has(&cause->waiting, queue_id))
                *cause = (struct health_cause){.diagnosis = DIAGNOSIS_NONE};
        }
    }
}

static void note_success(struct health *h, struct health_way *way, struct span queue_id,
                         int64_t now_ms) {
    if (h->has_ids)
        forget_others(h, way, queue_id);
    way->last_success_ms = now_ms;
    way->unwanted.messages = 0;
    h->last_success_ms = now_ms;
}

static void note_gone(struct health *h, struct span queue_id) {
    for (unsigned i = 0; h->has_ids && i < HEALTH_WAYS; i++) {
        struct health_way *way = &h->way[i];

        refusals_remove(&way->cause[AREA_POLICY].put_off, queue_id);
        for (int area = 0; i > 0 && area <= AREA_REFUSED; area++)
            refusals_remove(&way->cause[area].waiting, queue_id);
    }
}

/* A delivery that failed, or a line that says what is wrong. */
static void note_trouble(struct health *h, struct health_way *way, enum diagnosis d,
                         const struct mailev *ev, int64_t now_ms) {
    struct span evidence = ev->text.n > 0 ? ev->text : ev->message;
    enum health_area area = health_area(d);

    if (area == AREA_TLS && h->hint.diagnosis != DIAGNOSIS_NONE &&
        now_ms - h->hint.at_ms < HINT_MS) {
        d = h->hint.diagnosis;
        area = health_area(d);
        evidence = span_of(h->hint.evidence);
    }
    if (area == AREA_LOCAL || area == AREA_MILTER)
        way = &h->way[0];
    note_failure(h, way, d, evidence, ev->queue_id, now_ms);
    h->has_ids = true;
    if (ev->status == MAILEV_STATUS_BOUNCED)
        way->cause[area].bounced++;
    else if (ev->status == MAILEV_STATUS_DEFERRED)
        refusals_note(&way->cause[area].waiting, ev->queue_id);
}

void health_note(struct health *h, const struct mailev *ev, int64_t now_ms) {
    struct health_way *way;
    enum diagnosis d;
    enum health_area area;

    if (ev->kind == MAILEV_TLS && (ev->counters & COUNTER_BIT(COUNTER_TLS_SESSIONS)) != 0) {
        h->last_tls_ms = now_ms;
        keep_tls(h, ev->tls_trust, ev->tls_version);
    }
    if (ev->kind == MAILEV_DELIVERY && ev->status == MAILEV_STATUS_SENT && ev->daemon.n == 4 &&
        memcmp(ev->daemon.p, "smtp", 4) == 0) {
        note_success(h, take_way(h, ev, now_ms), ev->queue_id, now_ms);
        h->last_answer_ms = now_ms;
        return;
    }
    if (ev->kind == MAILEV_LIFECYCLE) { /* whether Postfix runs, the keeper tells better */
        h->last_reload_ms = now_ms;
        return;
    }
    if (ev->kind == MAILEV_REMOVED) {
        note_gone(h, ev->queue_id);
        return;
    }
    d = is_refusal(ev) ? DIAGNOSIS_W03_NOTHING_ACCEPTED : ev->diagnosis;
    area = health_area(d);
    way = ev->relayhost.n > 0 ? take_way(h, ev, now_ms) : &h->way[0];
    if (ev->kind == MAILEV_DELIVERY && ev->relay_ip.n > 0) {
        if (area == AREA_COUNT || area == AREA_REFUSED)
            h->last_answer_ms = now_ms;
        note_way(way, d, area, ev->text, now_ms);
        note_way(&h->way[0], d, area, ev->text, now_ms);
    }
    /* One that waits for long is refused for its own sake, or was told before. */
    if (area == AREA_COUNT || (area == AREA_REFUSED && ev->delay_us > OLD_US) ||
        (d == DIAGNOSIS_M20_INTERNAL_IPC && now_ms - h->last_reload_ms < RELOAD_MS))
        return;
    if (ev->kind == MAILEV_TLS_FAILURE) /* none by itself: with level `may` the mail goes out */
        note_hint(h, ev, now_ms);
    else
        note_trouble(h, way, d, ev, now_ms);
}

/* Trials are of main.cf's relayhost. Where the log names only servers that its name stands for
 * (MX), nobody knows which of them it was. */
void health_note_probe(struct health *h, enum diagnosis d, struct span reply, int64_t now_ms) {
    unsigned main_way = find_way(h, span_of(h->configured));

    if (d != DIAGNOSIS_NONE) {
        note_failure(h, &h->way[main_way], d, reply, (struct span){0}, now_ms);
        if (health_area(d) < AREA_COUNT)
            h->way[main_way].cause[health_area(d)].of_trial = true;
        return;
    }
    h->last_success_ms = now_ms;
    for (unsigned i = main_way; i < (main_way == 0 ? (unsigned)HEALTH_WAYS : main_way + 1); i++)
        h->way[i].last_success_ms = now_ms;
}

void health_note_milter(struct health *h, int64_t time_ms) {
    if (time_ms > h->last_milter_ms)
        h->last_milter_ms = time_ms;
}

static void shift(int64_t *time_ms, int64_t by_ms) {
    if (*time_ms != 0)
        *time_ms = *time_ms + by_ms > 0 ? *time_ms + by_ms : 1;
}

void health_shift(struct health *h, int64_t by_ms) {
    for (unsigned i = 0; i < HEALTH_WAYS; i++) {
        struct health_way *way = &h->way[i];

        for (int area = 0; area < AREA_COUNT; area++) {
            shift(&way->cause[area].since_ms, by_ms);
            shift(&way->cause[area].last_ms, by_ms);
        }
        shift(&way->last_success_ms, by_ms);
        shift(&way->last_failure_ms, by_ms);
        shift(&way->used_ms, by_ms);
    }
    shift(&h->last_success_ms, by_ms);
    shift(&h->last_failure_ms, by_ms);
    shift(&h->last_answer_ms, by_ms);
    shift(&h->hint.at_ms, by_ms);
    shift(&h->last_reload_ms, by_ms);
    shift(&h->last_milter_ms, by_ms);
    shift(&h->last_tls_ms, by_ms);
}

void health_expire(struct health *h, int64_t now_ms) {
    h->has_ids = false;
    for (unsigned i = 0; i < HEALTH_WAYS; i++) {
        struct health_way *way = &h->way[i];

        for (int area = 0; area < AREA_COUNT; area++) {
            if (!health_way_is_broken(h, way, (enum health_area)area, now_ms))
                way->cause[area] = (struct health_cause){.diagnosis = DIAGNOSIS_NONE};
            else
                h->has_ids = true;
        }
    }
}
