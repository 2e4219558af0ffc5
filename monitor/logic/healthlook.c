/* See healthlook.h. */
#include "healthlook.h"

#include <string.h>

enum { CALM_MS = 60 * 1000 };

/* For those without a name each delivery counts, and for all where the log does not name main.cf's
 * relayhost. */
static int64_t success_of(const struct health *h, const struct health_way *way) {
    bool any = way == &h->way[0] ||
               (h->configured[0] != '\0' && health_way(h, span_of(h->configured)) == NULL);

    return any ? h->last_success_ms : way->last_success_ms;
}

/* While others deliver: does mail wait for this one? */
static bool is_awaited(const struct health_cause *cause, int64_t now_ms) {
    if (cause->of_trial)
        return true;
    if (cause->waiting.messages == 0)
        return now_ms - cause->last_ms < HEALTH_LINGER_MS;
    return refusals_wait(&cause->waiting) && now_ms - cause->last_ms < HEALTH_BACKOFF_MS;
}

bool health_way_is_broken(const struct health *h, const struct health_way *way,
                          enum health_area area, int64_t now_ms) {
    const struct health_cause *cause = &way->cause[area];
    int64_t success_ms = success_of(h, way);

    if (cause->diagnosis == DIAGNOSIS_NONE)
        return false;
    if (area <= AREA_NETWORK || area == AREA_REFUSED)
        return now_ms - cause->last_ms < HEALTH_QUIET_MS ||
               (success_ms < cause->last_ms &&
                (h->last_success_ms < cause->last_ms || is_awaited(cause, now_ms)));
    if (area == AREA_MILTER && h->last_milter_ms > cause->last_ms)
        return now_ms - cause->last_ms < HEALTH_QUIET_MS;
    if (area == AREA_POLICY && !health_is_limit(cause->diagnosis) && refusals_wait(&cause->put_off))
        return now_ms - cause->last_ms < HEALTH_BACKOFF_MS;
    if (area == AREA_MILTER || success_ms > cause->last_ms)
        return now_ms - cause->last_ms < CALM_MS;
    return now_ms - cause->last_ms < HEALTH_LINGER_MS;
}

/* Among equals what is known of more than one or two messages, then what has a name, then what
 * began first. */
static bool is_worse(const struct health_way *a, const struct health_way *b,
                     enum health_area area) {
    enum diagnosis of_a = a->cause[area].diagnosis, of_b = b->cause[area].diagnosis;

    if (health_is_consequence(of_a) != health_is_consequence(of_b) ||
        diagnosis_entry(of_a)->severity != diagnosis_entry(of_b)->severity)
        return !health_leads(of_b, of_a);
    if (health_is_of_few(a, area) != health_is_of_few(b, area))
        return health_is_of_few(b, area);
    if ((a->relayhost[0] == '\0') != (b->relayhost[0] == '\0'))
        return b->relayhost[0] == '\0';
    return a->cause[area].since_ms < b->cause[area].since_ms;
}

const struct health_way *health_worst(const struct health *h, enum health_area area,
                                      int64_t now_ms) {
    const struct health_way *worst = NULL;

    for (unsigned i = 0; i < HEALTH_WAYS; i++) {
        const struct health_way *way = &h->way[i];

        if (health_way_is_broken(h, way, area, now_ms) &&
            (worst == NULL || is_worse(way, worst, area)))
            worst = way;
    }
    return worst != NULL ? worst : &h->way[0];
}

bool health_is_broken(const struct health *h, enum health_area area, int64_t now_ms) {
    return health_way_is_broken(h, health_worst(h, area, now_ms), area, now_ms);
}

bool health_is_of_few(const struct health_way *way, enum health_area area) {
    enum { A_FEW = 3 };
    const struct health_cause *cause = &way->cause[area];

    return !cause->of_all && cause->put_off.messages < A_FEW &&
           (area != AREA_POLICY || way->unwanted.messages < A_FEW);
}

uint64_t health_bounced(const struct health *h, enum health_area area) {
    uint64_t sum = 0;

    for (unsigned i = 0; i < HEALTH_WAYS; i++)
        sum += h->way[i].cause[area].bounced;
    return sum;
}

const struct health_way *health_main(const struct health *h, enum health_area area,
                                     int64_t now_ms) {
    const struct health_way *way = health_way(h, span_of(h->configured));
    const struct health_way *worst = health_worst(h, area, now_ms);

    if (way == NULL || (worst == &h->way[0] && !health_way_is_broken(h, way, area, now_ms)))
        return worst;
    return way;
}

int64_t health_main_success(const struct health *h) {
    const struct health_way *way = health_way(h, span_of(h->configured));

    return way != NULL ? way->last_success_ms : h->last_success_ms;
}

bool health_others_deliver(const struct health *h, const struct health_way *way,
                           enum health_area area, int64_t now_ms) {
    for (unsigned i = 0; i < HEALTH_WAYS; i++) {
        const struct health_way *other = &h->way[i];
        bool well = other != way && other->last_success_ms > way->cause[area].since_ms;

        for (int a = 0; well && a <= AREA_NETWORK; a++)
            well = !health_way_is_broken(h, other, (enum health_area)a, now_ms);
        if (well)
            return true;
    }
    return false;
}

/* It met a message that was under way, not the session. */
static bool is_in_session(const struct health_cause *cause) {
    return strstr(cause->evidence, " said: ") != NULL ||
           strstr(cause->evidence, " while sending ") != NULL;
}

bool health_is_reached(const struct health *h, int64_t now_ms) {
    const struct health_way *way = health_main(h, AREA_NETWORK, now_ms);
    const struct health_cause *cause = &way->cause[AREA_NETWORK];

    return !health_way_is_broken(h, way, AREA_NETWORK, now_ms) || !cause->of_all ||
           is_in_session(cause);
}

bool health_broke_off(const struct health *h, const struct health_way *way, enum health_area area,
                      int64_t now_ms) {
    const struct health_cause *cause = &way->cause[area];

    if (!cause->of_all || !health_way_is_broken(h, way, area, now_ms))
        return false;
    switch (cause->diagnosis) {
    case DIAGNOSIS_G18_TEMP_SYSTEM:
    case DIAGNOSIS_N05_LOST_CONNECTION:
    case DIAGNOSIS_N06_CONVERSATION_TIMEOUT:
        return !is_in_session(cause);
    case DIAGNOSIS_T02_STARTTLS_REFUSED:
        return true;
    case DIAGNOSIS_T09_TLS_HANDSHAKE:
        return strstr(cause->evidence, ": lost connection") != NULL ||
               strstr(cause->evidence, ": Connection reset by peer") != NULL;
    default:
        return false;
    }
}
