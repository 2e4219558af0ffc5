/* See rules.h. The rules themselves are in ruleshost.c and rulesmail.c, which of them stands for
 * which in precedence.c; here is what becomes of a finding: waiting, firing, ended, forgotten. */
#include "rules.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "xmem.h"

#include "precedence.h"
#include "rulesfleet.h"
#include "ruleshost.h"
#include "rulesmail.h"
#include "healthlook.h"

enum { KEEP_ENDED_MS = 15 * 60 * 1000 };

static const struct {
    const char *id;
    rule_fn *look;
} table[RULE_COUNT] = {
    [RULE_POSTFIX_DOWN] = {"postfix-down", ruleshost_postfix_down},
    [RULE_DISK_LOW] = {"disk-low", ruleshost_disk_low},
    [RULE_CLOCK_WRONG] = {"clock-wrong", ruleshost_clock_wrong},
    [RULE_LOG_SILENT] = {"log-silent", ruleshost_log_silent},
    [RULE_CA_FILE_GONE] = {"ca-file-gone", ruleshost_ca_file_gone},
    [RULE_POSTFIX_TROUBLE] = {"postfix-trouble", ruleshost_postfix_trouble},
    [RULE_TLS_BROKEN] = {"tls-broken", rulesmail_tls_broken},
    [RULE_LOGIN_REFUSED] = {"login-refused", rulesmail_login_refused},
    [RULE_RELAY_UNREACHABLE] = {"relay-unreachable", rulesmail_relay_unreachable},
    [RULE_LIMIT_REACHED] = {"limit-reached", rulesmail_limit_reached},
    [RULE_RELAY_REFUSES] = {"relay-refuses", rulesmail_relay_refuses},
    [RULE_NOTHING_ACCEPTED] = {"nothing-accepted", rulesmail_nothing_accepted},
    [RULE_MAIL_RETURNED] = {"mail-returned", rulesmail_mail_returned},
    [RULE_DELIVERIES_FAIL] = {"deliveries-fail", rulesmail_deliveries_fail},
    [RULE_QUEUE_GROWING] = {"queue-growing", rulesmail_queue_growing},
    [RULE_CANARY_OVERDUE] = {"canary-overdue", rulesmail_canary_overdue},
    [RULE_CREDENTIAL_REJECTED] = {"credential-rejected", rulesmail_credential_rejected},
    [RULE_MAIL_UNACCOUNTED] = {"mail-unaccounted", rulesmail_mail_unaccounted},
    [RULE_QUEUE_DAMAGED] = {"queue-damaged", ruleshost_queue_damaged},
    [RULE_LIMIT_NEAR] = {"limit-near", rulesmail_limit_near},
    [RULE_CERTIFICATE_EXPIRING] = {"certificate-expiring", rulesmail_certificate_expiring},
    [RULE_LOGIN_UNVERIFIED] = {"login-unverified", rulesmail_login_unverified},
    [RULE_LOGIN_UNCONFIRMED] = {"login-unconfirmed", rulesmail_login_unconfirmed},
    [RULE_MILTER_GONE] = {"milter-gone", ruleshost_milter_gone},
    [RULE_STATE_UNWRITABLE] = {"state-unwritable", ruleshost_state_unwritable},
    [RULE_DUPLICATE_HOST] = {"duplicate-host", ruleshost_duplicate_host},
    [RULE_STORE_DOWN] = {"store-down", ruleshost_store_down},
    [RULE_KEEPER_GONE] = {"keeper-gone", ruleshost_keeper_gone},
    [RULE_NOBODY_TOLD] = {"nobody-told", ruleshost_nobody_told},
    [RULE_RECEIVER_FAILING] = {"receiver-failing", ruleshost_receiver_failing},
    [RULE_SECRET_READABLE] = {"secret-readable", ruleshost_secret_readable},
    [RULE_FLEET_TROUBLE] = {"fleet-trouble", rulesfleet_trouble},
    [RULE_HOSTS_GONE] = {"hosts-gone", rulesfleet_hosts_gone},
};

struct rules *rules_new(const struct rules_limits *limits) {
    struct rules *rules = xcalloc(1, sizeof *rules);

    rules->limits = *limits;
    return rules;
}

void rules_free(struct rules **rules) {
    free(*rules);
    *rules = NULL;
}

void rules_set_limits(struct rules *rules, const struct rules_limits *limits) {
    rules->limits = *limits;
}

/* ---- what people are told ---- */

/* The log has told of mail that was put off since the queue was counted. */
static bool is_newer_than_queue(const struct signals *s, enum health_area area, int64_t now_ms) {
    const struct health_cause *cause;

    if (area == AREA_COUNT || area == AREA_MILTER)
        return false;
    cause = &health_worst(s->health, area, now_ms)->cause[area];
    return cause->count > cause->bounced && cause->last_ms > s->queue_counted_ms;
}

/* Delayed or lost, how many, until when: the first question at night. `explained`: what waits in
 * the queue waits for this, or for what fires beside it. What is no matter of the queue (a limit
 * that is near, a new login that was not taken) says what it is itself. `returned`: the finding's.
 */
static void fill_impact(struct alert *alert, const struct signals *s, bool explained,
                        uint64_t returned, int64_t now_ms) {
    enum health_area area = health_area(alert->diagnosis);
    uint64_t of_cause = area != AREA_COUNT ? health_bounced(s->health, area) : 0;
    uint64_t bounced = returned > of_cause ? returned : of_cause;
    char left[32];
    size_t n = 0;

    alert->impact[0] = '\0';
    if (bounced > 0) {
        text_format(alert->impact, sizeof alert->impact,
                    "LOST: mail to %llu recipient%s was returned to the sender. ",
                    (unsigned long long)bounced, bounced == 1 ? "" : "s");
        n = strlen(alert->impact);
    }
    if (s->queue_known && s->queue_messages > 0 && explained) {
        int64_t left_ms = s->queue_lifetime_ms - s->oldest_ms;

        text_age(left, sizeof left, (left_ms > 0 ? left_ms : 0) / 1000);
        text_format(
            alert->impact + n, sizeof alert->impact - n,
            "DELAYED: %llu message%s in the queue, safe; the first would be returned in %s.",
            (unsigned long long)s->queue_messages, s->queue_messages == 1 ? " waits" : "s wait",
            left);
    } else if (is_newer_than_queue(s, area, now_ms)) {
        text_copy(alert->impact + n, sizeof alert->impact - n,
                  "DELAYED: mail that meets this waits in the queue, safe.");
    } else if (n == 0 && area != AREA_COUNT && area != AREA_MILTER) {
        text_copy(alert->impact, sizeof alert->impact,
                  "No message was returned, and none waits for this now.");
    } else if (n == 0) {
        text_copy(alert->impact, sizeof alert->impact, diagnosis_entry(alert->diagnosis)->impact);
    } else {
        alert->impact[n - 1] = '\0'; /* nothing follows */
    }
}

/* About other hosts: our own queue says nothing of it. */
static bool is_of_others(enum rule i) {
    return i == RULE_FLEET_TROUBLE || i == RULE_HOSTS_GONE;
}

/* Commands are for the smarthost that it is about. */
static void fill_fix(struct alert *alert, const struct fixtext_place *here, uint32_t relay_port) {
    const struct diagnosis_entry *entry = diagnosis_entry(alert->diagnosis);
    struct fixtext_place place;
    int n = 0;

    if (here != NULL)
        place = fixtext_at(here, alert->relayhost, relay_port);
    for (int i = 0; i < DIAGNOSIS_FIXES && entry->fix[i] != NULL; i++) {
        if (fixtext_is_for(entry->fix[i], here != NULL ? &place : NULL))
            fixtext_fit(alert->fix[n++], sizeof alert->fix[0], entry->fix[i],
                        here != NULL ? &place : NULL);
    }
    while (n < DIAGNOSIS_FIXES)
        alert->fix[n++][0] = '\0';
}

/* ---- begin and end ---- */

static enum severity severity_of(const struct finding *f) {
    return f->severity != SEVERITY_INFO ? f->severity : diagnosis_entry(f->diagnosis)->severity;
}

static void note_beginning(struct rule_state *r, enum diagnosis d, int64_t now_ms) {
    if (r->begun_for != d)
        memset(r->begun_ms, 0, sizeof r->begun_ms);
    r->begun_for = d;
    r->begun_ms[2] = r->begun_ms[1];
    r->begun_ms[1] = r->begun_ms[0];
    r->begun_ms[0] = now_ms;
}

/* It is over, but it comes and goes: for the receivers it goes on for a while. */
static bool is_held(const struct rules *rules, const struct rule_state *r, int64_t now_ms) {
    bool flaps = r->begun_ms[2] != 0 && r->begun_ms[0] - r->begun_ms[2] < KEEP_ENDED_MS;

    return flaps && r->alert.ended_ms != 0 &&
           now_ms - r->alert.ended_ms < rules->limits.keep_firing_ms;
}

static void begin(struct rules *rules, enum rule i, enum diagnosis d, int64_t now_ms) {
    struct rule_state *r = &rules->rule[i];
    bool held = is_held(rules, r, now_ms);

    note_beginning(r, d, r->pending_ms);
    if (!held) {
        r->heard_since_ms = r->pending_ms;
        r->told = false;
    }
    memset(&r->alert, 0, sizeof r->alert);
    r->alert.since_ms = r->pending_ms;
    text_copy(r->alert.id, sizeof r->alert.id, table[i].id);
}

/* It is over at the smarthost that it was about, and goes on at another one: that is news. */
static bool is_of_another(const struct alert *alert, const struct finding *f,
                          const struct signals *s, int64_t now_ms) {
    enum health_area area = health_area(alert->diagnosis);
    const struct health_way *way;

    if (area == AREA_COUNT || alert->relayhost[0] == '\0' || f->relayhost[0] == '\0' ||
        strcasecmp(alert->relayhost, f->relayhost) == 0)
        return false;
    way = health_way(s->health, span_of(alert->relayhost));
    return way == NULL || !health_way_is_broken(s->health, way, area, now_ms);
}

static bool begin_or_go_on(struct rules *rules, enum rule i, const struct finding *f,
                           const struct fixtext_place *place, int64_t now_ms) {
    struct rule_state *r = &rules->rule[i];
    struct alert *alert = &r->alert;
    enum severity severity = severity_of(f);
    bool firing = rule_fires(r);
    bool news;

    r->restored = false;
    if (r->pending_ms == 0) {
        r->pending_ms = now_ms;
        rules->changed = true;
    }
    if (!firing && now_ms - r->pending_ms < f->wait_ms)
        return false;
    news = !firing || severity > alert->severity || f->diagnosis != alert->diagnosis;
    if (!firing)
        begin(rules, i, f->diagnosis, now_ms);
    alert->diagnosis = f->diagnosis;
    alert->severity = severity;
    alert->party = f->party != PARTY_NONE ? f->party : diagnosis_entry(f->diagnosis)->party;
    alert->count = f->count;
    text_copy(alert->relayhost, sizeof alert->relayhost, f->relayhost);
    text_copy(alert->summary, sizeof alert->summary, f->summary);
    text_copy(alert->evidence, sizeof alert->evidence, f->evidence);
    fill_fix(alert, place, f->relay_port);
    return news;
}

/* It was restored, and nobody has looked with all that there is to know yet. */
static bool is_kept(const struct rules *rules, const struct rule_state *r, int64_t now_ms) {
    return r->restored && now_ms < rules->grace_until_ms;
}

static bool end(struct rules *rules, enum rule i, bool at_once, int64_t now_ms) {
    struct rule_state *r = &rules->rule[i];
    struct alert *alert = &r->alert;

    if (rule_fires(r)) {
        if (!at_once && is_kept(rules, r, now_ms))
            return false;
        r->pending_ms = 0;
        r->restored = false;
        alert->ended_ms = now_ms > alert->since_ms ? now_ms : alert->since_ms + 1;
        return true;
    }
    if (r->pending_ms != 0 && r->restored && now_ms < rules->grace_until_ms)
        return false;
    rules->changed |= r->pending_ms != 0;
    r->pending_ms = 0;
    if (alert->ended_ms != 0 && now_ms - alert->ended_ms > KEEP_ENDED_MS) {
        memset(alert, 0, sizeof *alert);
        rules->changed = true;
    }
    return false;
}

static bool follow(struct rules *rules, enum rule i, enum verdict verdict,
                   enum precedence_order order, const struct finding *f,
                   const struct signals *signals, int64_t now_ms) {
    bool firing = rule_fires(&rules->rule[i]);

    if (verdict == VERDICT_YES && order == PRECEDENCE_END)
        return end(rules, i, true, now_ms);
    if (firing && verdict == VERDICT_YES &&
        is_of_another(&rules->rule[i].alert, f, signals, now_ms))
        return end(rules, i, true, now_ms);
    if (verdict == VERDICT_YES && (firing || order == PRECEDENCE_OWN))
        return begin_or_go_on(rules, i, f, signals->place, now_ms);
    if (verdict == VERDICT_UNKNOWN && (firing || rules->rule[i].pending_ms != 0))
        return false;
    return end(rules, i, false, now_ms);
}

void rules_collect(struct rules *rules) {
    rules->set.count = 0;
    for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_INFO; severity--) {
        for (int i = 0; i < RULE_COUNT; i++) {
            const struct rule_state *r = &rules->rule[i];

            if (rule_fires(r) && (int)r->alert.severity == severity)
                rules->set.alert[rules->set.count++] = r->alert;
        }
    }
    for (int i = 0; i < RULE_COUNT; i++) {
        if (rules->rule[i].alert.ended_ms != 0)
            rules->set.alert[rules->set.count++] = rules->rule[i].alert;
    }
}

bool rules_eval(struct rules *rules, const struct signals *signals, int64_t now_ms) {
    struct precedence_held held[RULE_COUNT] = {{.holds = false}};
    bool explained = false;
    bool news = false;

    _Static_assert((int)RULE_COUNT <= (int)ALERTS_MOST, "room for every rule's alert");
    for (enum rule i = 0; i < RULE_COUNT; i++) {
        struct rule_state *r = &rules->rule[i];
        struct look look = {signals, &rules->limits, now_ms, rule_fires(r), r->explained_ms};
        struct finding f = {.diagnosis = DIAGNOSIS_NONE};
        enum verdict verdict = table[i].look(&look, &f);
        enum precedence_order order = precedence_of(i, f.relayhost, held);

        if (verdict == VERDICT_YES && order != PRECEDENCE_OWN)
            r->explained_ms = now_ms;
        news |= follow(rules, i, verdict, order, &f, signals, now_ms);
        held[i].fires = rule_fires(r);
        held[i].holds = verdict == VERDICT_YES || rule_fires(r);
        held[i].diagnosis = verdict == VERDICT_YES ? f.diagnosis : r->alert.diagnosis;
        text_copy(held[i].relayhost, sizeof held[i].relayhost,
                  verdict == VERDICT_YES ? f.relayhost : r->alert.relayhost);
        if (!rule_fires(r))
            continue;
        explained |= precedence_explains_queue(i);
        if (f.impact[0] != '\0')
            text_copy(r->alert.impact, sizeof r->alert.impact, f.impact);
        else if (!is_of_others(i))
            fill_impact(&r->alert, signals, explained && i <= RULE_QUEUE_GROWING, f.returned,
                        now_ms);
    }
    rules->changed |= news;
    rules_collect(rules);
    return news;
}

static void shift(int64_t *time_ms, int64_t by_ms) {
    if (*time_ms != 0)
        *time_ms = *time_ms + by_ms > 0 ? *time_ms + by_ms : 1;
}

/* What people were told of keeps the beginning that they were told. */
void rules_shift(struct rules *rules, int64_t by_ms) {
    for (int i = 0; i < RULE_COUNT; i++) {
        struct rule_state *r = &rules->rule[i];

        shift(&r->pending_ms, by_ms);
        shift(&r->explained_ms, by_ms);
        for (int n = 0; n < 3; n++)
            shift(&r->begun_ms[n], by_ms);
        shift(&r->alert.ended_ms, by_ms);
        if (r->alert.ended_ms != 0 && r->alert.ended_ms <= r->alert.since_ms)
            r->alert.ended_ms = r->alert.since_ms + 1;
    }
    shift(&rules->grace_until_ms, by_ms);
    rules->changed = true;
}

bool rules_is_told(const struct rules *rules, int i) {
    return rules->rule[i].told;
}

void rules_set_told(struct rules *rules, int i) {
    rules->changed |= !rules->rule[i].told;
    rules->rule[i].told = true;
}

enum rules_hearing rules_heard(const struct rules *rules, int i, int64_t now_ms,
                               struct alert *out) {
    const struct rule_state *r = &rules->rule[i];

    if (r->alert.since_ms == 0)
        return RULES_NOTHING;
    *out = r->alert;
    out->since_ms = r->heard_since_ms;
    if (rule_fires(r))
        return RULES_FIRING;
    if (is_held(rules, r, now_ms)) {
        out->ended_ms = 0;
        return RULES_HELD;
    }
    return RULES_ENDED;
}

/* Who cannot be told need not hear so afterwards. */
bool rules_is_for_receivers(int i) {
    return i != RULE_NOBODY_TOLD;
}

const char *rules_id(int i) {
    return i < RULE_COUNT ? table[i].id : NULL;
}

const struct alert_set *rules_alerts(const struct rules *rules) {
    return &rules->set;
}
