/* See health.h. */
#include "health.h"

#include <string.h>

enum {
    QUIET_MS = 2000,
    LINGER_MS = 600 * 1000,
    HINT_MS = 5000,
    CALM_MS = 60 * 1000,
    RELOAD_MS = 10 * 1000
};
#define OLD_US (INT64_C(3600) * 1000000)

/* By the catalogue's families: G Google, S SASL, T TLS, N network, Q queue, M master and host, L
 * milter. */
static enum health_area area_of_google(int number) {
    switch (number) {
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 29:
    case 30:
        return AREA_LOGIN;
    case 7:
    case 23:
        return AREA_TLS;
    case 18:
        return AREA_NETWORK;
    case 8:
    case 9:
    case 10:
    case 11:
    case 12:
    case 13:
    case 14:
    case 15:
    case 20:
    case 22:
    case 24:
        return AREA_POLICY;
    default:
        return AREA_COUNT; /* about one recipient or message */
    }
}

static enum health_area area_of_sasl(int number) {
    return number == 4 || number == 5 || number == 6 || number == 7 || number == 9 ||
                   number == 10 || number == 11
               ? AREA_LOCAL
               : AREA_LOGIN;
}

enum health_area health_area(enum diagnosis d) {
    const char *id;
    int number;

    if (d == DIAGNOSIS_NONE) /* nearly all lines */
        return AREA_COUNT;
    id = diagnosis_entry(d)->id;
    if (strlen(id) != 3)
        return AREA_COUNT;
    number = (id[1] - '0') * 10 + (id[2] - '0');
    switch (id[0]) {
    case 'G':
        return area_of_google(number);
    case 'S':
        return area_of_sasl(number);
    case 'T':
        return AREA_TLS;
    case 'N':
        return AREA_NETWORK;
    case 'Q':
        return number <= 4 ? AREA_LOCAL : AREA_COUNT;
    case 'L':
        return number <= 4 ? AREA_MILTER : AREA_COUNT;
    case 'W':
        return d == DIAGNOSIS_W03_NOTHING_ACCEPTED ? AREA_REFUSED : AREA_COUNT;
    case 'M':
        return diagnosis_entry(d)->severity >= SEVERITY_WARNING ? AREA_LOCAL : AREA_COUNT;
    default:
        return AREA_COUNT;
    }
}

bool health_is_of_message(enum diagnosis d) {
    return d == DIAGNOSIS_G20_UNAUTHENTICATED_SENDER || d == DIAGNOSIS_G24_REPUTATION_POLICY;
}

bool health_is_limit(enum diagnosis d) {
    return d == DIAGNOSIS_G13_UNUSUAL_RATE || d == DIAGNOSIS_G14_DAILY_USER_LIMIT ||
           d == DIAGNOSIS_G15_CUSTOMER_LIMIT;
}

bool health_is_relays_fault(enum diagnosis d) {
    if (health_is_of_message(d))
        return false;
    switch (health_area(d)) {
    case AREA_LOGIN:
    case AREA_TLS:
    case AREA_NETWORK:
    case AREA_POLICY:
    case AREA_LOCAL:
        return true;
    case AREA_REFUSED: /* nobody knows whose */
    case AREA_MILTER:
    case AREA_COUNT:
        break;
    }
    return false;
}

/* What follows from another fault, so that it is told only where none is known. */
static bool is_consequence(enum diagnosis d) {
    return d == DIAGNOSIS_M03_BAD_STARTUP_THROTTLE || d == DIAGNOSIS_M12_TRANSPORT_UNAVAILABLE ||
           d == DIAGNOSIS_G05_TOO_MANY_LOGINS;
}

/* A cause leads before what follows from it, then a more severe diagnosis; among equals the one
 * seen last. */
static bool leads(enum diagnosis now, enum diagnosis before) {
    if (before == DIAGNOSIS_NONE || is_consequence(now) != is_consequence(before))
        return before == DIAGNOSIS_NONE || is_consequence(before);
    return diagnosis_entry(now)->severity >= diagnosis_entry(before)->severity;
}

/* smtp(8) that stops at its TLS settings is a process that dies as soon as it starts. */
static bool is_told_as_tls(const struct health *h, enum diagnosis d, int64_t now_ms) {
    const struct health_cause *tls = &h->cause[AREA_TLS];

    return health_area(d) == AREA_LOCAL && is_consequence(d) &&
           (tls->diagnosis == DIAGNOSIS_T03_TLS_ENGINE_UNAVAILABLE ||
            tls->diagnosis == DIAGNOSIS_T10_TLS_CONFIG) &&
           now_ms - tls->last_ms < LINGER_MS;
}

static uint32_t hash_id(struct span queue_id) {
    uint32_t id = 2166136261u;

    for (size_t i = 0; i < queue_id.n; i++)
        id = (id ^ (unsigned char)queue_id.p[i]) * 16777619u;
    return id;
}

/* One message that is refused for each of its recipients, or again and again, is one refusal. */
static void note_refused(struct health_refusals *r, struct span queue_id) {
    uint32_t id = hash_id(queue_id);

    for (unsigned i = 0; queue_id.n > 0 && i < HEALTH_IDS && i < r->messages; i++) {
        if (r->id[i] == id)
            return;
    }
    r->id[r->messages++ % HEALTH_IDS] = id;
}

/* It left the queue: sent at last, returned or deleted. */
static void note_removed(struct health_refusals *r, struct span queue_id) {
    uint32_t id = r->messages > 0 ? hash_id(queue_id) : 0;

    for (unsigned i = 0; i < HEALTH_IDS && i < r->messages; i++) {
        if (r->id[i] == id)
            r->id[i] = 0;
    }
}

static bool is_waiting(const struct health_refusals *r) {
    for (unsigned i = 0; i < HEALTH_IDS && i < r->messages; i++) {
        if (r->id[i] != 0)
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

static void note_failure(struct health *h, enum diagnosis d, struct span evidence,
                         struct span queue_id, int64_t now_ms) {
    enum health_area area = health_area(d);
    struct health_cause *cause;

    if (area == AREA_COUNT || is_told_as_tls(h, d, now_ms))
        return;
    cause = &h->cause[area];
    if (!health_is_broken(h, area, now_ms)) {
        *cause = (struct health_cause){.since_ms = now_ms};
        if (area == AREA_REFUSED)
            h->refused.messages = 0;
    }
    if (area == AREA_REFUSED)
        note_refused(&h->refused, queue_id);
    if (health_is_of_message(d))
        note_refused(&h->unwanted, queue_id);
    if (is_of_all(d, evidence, queue_id))
        cause->of_all = true;
    else if (!health_is_of_message(d))
        note_refused(&cause->put_off, queue_id);
    if (leads(d, cause->diagnosis)) {
        cause->diagnosis = d;
        text_copy_printable(cause->evidence, sizeof cause->evidence, evidence);
    }
    cause->last_ms = now_ms;
    cause->count++;
    if (area <= AREA_NETWORK)
        h->last_failure_ms = now_ms;
}

static void forget(struct health *h, enum health_area area, int64_t now_ms) {
    struct health_cause *cause = &h->cause[area];

    if (now_ms - cause->last_ms >= QUIET_MS)
        *cause = (struct health_cause){.diagnosis = DIAGNOSIS_NONE};
}

/* What stops a message further on its way proves the way up to there: who refuses our login is
 * reached. A handshake that fails may be the network's doing. */
static void note_way(struct health *h, enum diagnosis d, enum health_area area, struct span text,
                     int64_t now_ms) {
    bool past_tls = area != AREA_TLS && span_find(text, " refused to talk to me: ") == NULL;

    if (area == AREA_NETWORK || area == AREA_LOCAL || area == AREA_MILTER ||
        d == DIAGNOSIS_T09_TLS_HANDSHAKE)
        return;
    forget(h, AREA_NETWORK, now_ms);
    if (past_tls)
        forget(h, AREA_TLS, now_ms);
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

void health_note(struct health *h, const struct mailev *ev, int64_t now_ms) {
    enum diagnosis d;
    enum health_area area;
    bool hinted;

    if (ev->kind == MAILEV_TLS && (ev->counters & COUNTER_BIT(COUNTER_TLS_SESSIONS)) != 0) {
        h->last_tls_ms = now_ms;
        keep_tls(h, ev->tls_trust, ev->tls_version);
    }
    if (ev->kind == MAILEV_DELIVERY && ev->status == MAILEV_STATUS_SENT && ev->daemon.n == 4 &&
        memcmp(ev->daemon.p, "smtp", 4) == 0) {
        h->last_success_ms = now_ms;
        h->last_answer_ms = now_ms;
        h->unwanted.messages = 0;
        return;
    }
    if (ev->kind == MAILEV_LIFECYCLE) { /* whether Postfix runs, the keeper tells better */
        h->last_reload_ms = now_ms;
        return;
    }
    if (ev->kind == MAILEV_REMOVED) {
        note_removed(&h->cause[AREA_POLICY].put_off, ev->queue_id);
        return;
    }
    d = is_refusal(ev) ? DIAGNOSIS_W03_NOTHING_ACCEPTED : ev->diagnosis;
    area = health_area(d);
    if (ev->kind == MAILEV_DELIVERY && ev->relay_ip.n > 0 &&
        (area == AREA_COUNT || area == AREA_REFUSED))
        h->last_answer_ms = now_ms;
    if (ev->kind == MAILEV_DELIVERY && ev->relay_ip.n > 0)
        note_way(h, d, area, ev->text, now_ms);
    /* One that waits for long is refused for its own sake, or was told before. */
    if (area == AREA_COUNT || (area == AREA_REFUSED && ev->delay_us > OLD_US) ||
        (d == DIAGNOSIS_M20_INTERNAL_IPC && now_ms - h->last_reload_ms < RELOAD_MS))
        return;
    hinted = area == AREA_TLS && now_ms - h->hint.at_ms < HINT_MS;
    if (ev->kind == MAILEV_TLS_FAILURE) {
        note_hint(
            h, ev,
            now_ms); /* no failure by itself: with level `may` the mail goes out all the same */
        return;
    }
    if (hinted)
        note_failure(h, h->hint.diagnosis, span_of(h->hint.evidence), ev->queue_id, now_ms);
    else
        note_failure(h, d, ev->text.n > 0 ? ev->text : ev->message, ev->queue_id, now_ms);
    if (ev->status == MAILEV_STATUS_BOUNCED)
        h->cause[area].bounced++;
}

void health_note_probe(struct health *h, enum diagnosis d, struct span reply, int64_t now_ms) {
    if (d == DIAGNOSIS_NONE)
        h->last_success_ms = now_ms;
    else
        note_failure(h, d, reply, (struct span){0}, now_ms);
}

void health_note_milter(struct health *h, int64_t time_ms) {
    if (time_ms > h->last_milter_ms)
        h->last_milter_ms = time_ms;
}

bool health_is_broken(const struct health *h, enum health_area area, int64_t now_ms) {
    const struct health_cause *cause = &h->cause[area];

    if (cause->diagnosis == DIAGNOSIS_NONE)
        return false;
    if (area <= AREA_NETWORK || area == AREA_REFUSED)
        return h->last_success_ms < cause->last_ms || now_ms - cause->last_ms < QUIET_MS;
    if (area == AREA_MILTER && h->last_milter_ms > cause->last_ms)
        return now_ms - cause->last_ms < QUIET_MS;
    if (area == AREA_POLICY && !health_is_limit(cause->diagnosis) && is_waiting(&cause->put_off))
        return now_ms - cause->last_ms < HEALTH_BACKOFF_MS;
    if (area == AREA_MILTER || h->last_success_ms > cause->last_ms)
        return now_ms - cause->last_ms < CALM_MS;
    return now_ms - cause->last_ms < LINGER_MS;
}

/* It met a message that was under way, not the session. */
static bool is_in_session(const struct health_cause *cause) {
    return strstr(cause->evidence, " said: ") != NULL ||
           strstr(cause->evidence, " while sending ") != NULL;
}

bool health_is_reached(const struct health *h, int64_t now_ms) {
    const struct health_cause *cause = &h->cause[AREA_NETWORK];

    return !health_is_broken(h, AREA_NETWORK, now_ms) || !cause->of_all || is_in_session(cause);
}

bool health_broke_off(const struct health *h, enum health_area area, int64_t now_ms) {
    const struct health_cause *cause = &h->cause[area];

    if (!cause->of_all || !health_is_broken(h, area, now_ms))
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

static void shift(int64_t *time_ms, int64_t by_ms) {
    if (*time_ms != 0)
        *time_ms = *time_ms + by_ms > 0 ? *time_ms + by_ms : 1;
}

void health_shift(struct health *h, int64_t by_ms) {
    for (int area = 0; area < AREA_COUNT; area++) {
        shift(&h->cause[area].since_ms, by_ms);
        shift(&h->cause[area].last_ms, by_ms);
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
    for (int area = 0; area < AREA_COUNT; area++) {
        if (!health_is_broken(h, (enum health_area)area, now_ms))
            h->cause[area] = (struct health_cause){.diagnosis = DIAGNOSIS_NONE};
    }
}
