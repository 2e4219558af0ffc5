/* See rules.h. Each rule is one function that says whether its condition holds and, if so, fills in
 * the alert; the table `table` names them in the order in which people are told. */
#include "rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xmem.h"

enum { KEEP_ENDED_MS = 15 * 60 * 1000 };
#define DAY_MS (24 * 3600 * (int64_t)1000)

struct look {
    const struct signals *signals;
    const struct rules_limits *limits;
    int64_t now_ms;
    bool explained; /* a rule before this one explains why mail waits */
};

/* What a rule finds. */
struct finding {
    enum diagnosis diagnosis;
    enum severity severity; /* SEVERITY_INFO: that of the diagnosis */
    int64_t wait_ms;        /* how long it must hold */
    uint64_t count;
    char summary[256];
    char evidence[512];
};

struct rule {
    const char *id;
    bool (*holds)(const struct look *look, struct finding *f);
    bool explains; /* while it fires, a growing queue is its consequence */
};

static bool area_holds(const struct look *look, enum health_area area, struct finding *f) {
    const struct health *health = look->signals->health;
    const struct health_cause *cause = &health->cause[area];

    if (!health_is_broken(health, area, look->now_ms))
        return false;
    f->diagnosis = cause->diagnosis;
    f->count = cause->count;
    text_copy(f->evidence, sizeof f->evidence, cause->evidence);
    text_copy(f->summary, sizeof f->summary, diagnosis_entry(cause->diagnosis)->title);
    return true;
}

static bool postfix_down(const struct look *look, struct finding *f) {
    if (!look->signals->queue_known || look->signals->postfix_running)
        return false;
    f->diagnosis = DIAGNOSIS_M01_NOT_RUNNING;
    f->wait_ms = 3000;
    text_copy(f->summary, sizeof f->summary, "Postfix is not running: no mail is taken or sent");
    return true;
}

static bool both_logins_dead(const struct look *look, struct finding *f) {
    if (look->signals->credential != RULES_CREDENTIAL_BOTH_DEAD)
        return false;
    f->diagnosis = DIAGNOSIS_C05_BOTH_REJECTED;
    text_copy(f->summary, sizeof f->summary,
              "The smarthost refuses the new login and the old one: mail is held in the queue");
    text_copy(f->evidence, sizeof f->evidence, look->signals->credential_detail);
    return true;
}

static bool login_refused(const struct look *look, struct finding *f) {
    return look->signals->credential != RULES_CREDENTIAL_BOTH_DEAD &&
           area_holds(look, AREA_LOGIN, f);
}

static bool tls_broken(const struct look *look, struct finding *f) {
    return area_holds(look, AREA_TLS, f);
}

static bool relay_unreachable(const struct look *look, struct finding *f) {
    f->wait_ms = look->limits->unreachable_after_ms;
    return area_holds(look, AREA_NETWORK, f);
}

static bool relay_refuses(const struct look *look, struct finding *f) {
    return area_holds(look, AREA_POLICY, f);
}

static bool nothing_accepted(const struct look *look, struct finding *f) {
    enum { A_FEW = 3, MANY = 10 };

    if (!area_holds(look, AREA_REFUSED, f) || f->count < A_FEW)
        return false;
    f->wait_ms = 30 * 1000;
    f->severity = f->count < MANY ? SEVERITY_WARNING : SEVERITY_CRITICAL;
    return true;
}

static bool postfix_trouble(const struct look *look, struct finding *f) {
    return area_holds(look, AREA_LOCAL, f);
}

static bool credential_rejected(const struct look *look, struct finding *f) {
    switch (look->signals->credential) {
    case RULES_CREDENTIAL_FINE:
    case RULES_CREDENTIAL_BOTH_DEAD:
        return false;
    case RULES_CREDENTIAL_REJECTED:
        f->diagnosis = DIAGNOSIS_C01_NEW_CREDENTIAL_REJECTED;
        text_copy(f->summary, sizeof f->summary,
                  "The new login was refused by the smarthost and not put in place");
        break;
    case RULES_CREDENTIAL_BAD_SOURCE:
        f->diagnosis = DIAGNOSIS_C07_SOURCE_BAD;
        text_copy(f->summary, sizeof f->summary,
                  "The password file cannot be used as it stands and was not put in place");
        break;
    case RULES_CREDENTIAL_UNPROVEN:
        f->diagnosis = DIAGNOSIS_C02_PROBE_INCONCLUSIVE;
        f->wait_ms = 60 * 1000;
        text_copy(f->summary, sizeof f->summary,
                  "The new login could not be tried yet and was not put in place");
        break;
    case RULES_CREDENTIAL_FAILED:
        f->diagnosis = DIAGNOSIS_M09_POSTMAP_FAILED;
        f->severity = SEVERITY_WARNING;
        text_copy(f->summary, sizeof f->summary, "The new login could not be put in place");
        break;
    case RULES_CREDENTIAL_PUT_BACK:
        f->diagnosis = DIAGNOSIS_C01_NEW_CREDENTIAL_REJECTED;
        text_copy(f->summary, sizeof f->summary,
                  "The new login worked when tried but failed for mail; the old one is live again");
        break;
    case RULES_CREDENTIAL_STUCK:
        f->diagnosis = DIAGNOSIS_C06_ROLLBACK_FAILED;
        text_copy(f->summary, sizeof f->summary,
                  "The new login fails for mail, and the old one could not be put back");
        break;
    }
    text_copy(f->evidence, sizeof f->evidence, look->signals->credential_detail);
    return true;
}

static bool queue_growing(const struct look *look, struct finding *f) {
    const struct signals *s = look->signals;
    char age[32];
    bool many;

    if (!s->queue_known || look->explained)
        return false;
    many = s->queue_messages >= look->limits->queue_warning && s->queue_growth > 0;
    if (!many && s->oldest_ms < look->limits->oldest_warning_ms)
        return false;
    f->diagnosis = many ? DIAGNOSIS_Q06_DEFERRED_GROWTH : DIAGNOSIS_Q08_OLDEST_AGE;
    f->severity = (s->queue_messages >= look->limits->queue_critical && s->queue_growth > 0) ||
                          s->oldest_ms >= look->limits->oldest_critical_ms
                      ? SEVERITY_CRITICAL
                      : SEVERITY_WARNING;
    f->count = s->queue_messages;
    f->wait_ms = many ? 60 * 1000 : 0;
    text_age(age, sizeof age, s->oldest_ms / 1000);
    text_format(f->summary, sizeof f->summary,
                "%llu messages wait, %+.0f a minute, the oldest for %s",
                (unsigned long long)s->queue_messages, s->queue_growth, age);
    return true;
}

static bool disk_low(const struct look *look, struct finding *f) {
    const uint64_t need = 200 * 1024 * 1024; /* about 1.5 x message_size_limit, four times */

    if (!look->signals->disk_known || look->signals->disk_free_bytes >= need)
        return false;
    f->diagnosis = DIAGNOSIS_Q01_DISK_LOW_SMTPD;
    text_format(f->summary, sizeof f->summary, "Only %llu MiB are free where the mail queue stands",
                (unsigned long long)(look->signals->disk_free_bytes >> 20));
    return true;
}

static bool lines_suppressed(const struct signals *s, struct finding *f) {
    if (s->log_suppressed == 0)
        return false;
    f->severity = SEVERITY_WARNING;
    f->count = s->log_suppressed;
    text_format(f->summary, sizeof f->summary,
                "journald threw away %llu lines of the mail log at its rate limit: the figures are "
                "too low",
                (unsigned long long)s->log_suppressed);
    return true;
}

static bool log_silent(const struct look *look, struct finding *f) {
    const struct signals *s = look->signals;
    char age[32];

    f->diagnosis = DIAGNOSIS_M16_LOG_MISSING;
    if (s->log != RULES_LOG_OK) {
        f->wait_ms = look->limits->log_silent_after_ms;
        text_format(f->summary, sizeof f->summary,
                    "The mail log %s %s: relaywatch sees nothing of it", s->log_path,
                    s->log == RULES_LOG_MISSING ? "is missing" : "cannot be read");
        return true;
    }
    if (s->log_silent_ms < look->limits->log_silent_after_ms)
        return lines_suppressed(s, f);
    text_age(age, sizeof age, s->log_silent_ms / 1000);
    text_format(f->summary, sizeof f->summary,
                "The queue moves but the mail log %s has had no line for %s", s->log_path, age);
    return true;
}

static bool milter_gone(const struct look *look, struct finding *f) {
    if (area_holds(look, AREA_MILTER, f)) {
        f->severity = SEVERITY_WARNING;
        return true;
    }
    if (!look->signals->milter_expected ||
        look->signals->milter_silent_ms < look->limits->milter_gone_after_ms)
        return false;
    f->diagnosis = DIAGNOSIS_L01_MILTER_DOWN;
    f->severity = SEVERITY_WARNING;
    text_copy(f->summary, sizeof f->summary,
              "relaywatch-milter is dead or hangs; mail passes without it, uncounted by it");
    return true;
}

static bool certificate_expiring(const struct look *look, struct finding *f) {
    int64_t expires_ms = look->signals->certificate_expires_ms;
    int64_t left_ms = expires_ms - look->now_ms;
    char age[32];

    if (expires_ms == 0 || left_ms >= 14 * DAY_MS)
        return false;
    f->diagnosis = DIAGNOSIS_T05_CERT_EXPIRED_NOT_YET_VALID;
    f->severity = left_ms < 3 * DAY_MS ? SEVERITY_CRITICAL : SEVERITY_WARNING;
    text_age(age, sizeof age, (left_ms > 0 ? left_ms : -left_ms) / 1000);
    text_format(f->summary, sizeof f->summary,
                left_ms > 0 ? "The smarthost's certificate expires in %s"
                            : "The smarthost's certificate expired %s ago",
                age);
    return true;
}

static bool duplicate_host(const struct look *look, struct finding *f) {
    enum { A_FEW = 3 }; /* a host that was moved and moved back */
    const struct signals *s = look->signals;

    f->diagnosis = DIAGNOSIS_W04_DUPLICATE_HOST;
    f->count = s->flips;
    if (s->rival[0] != '\0')
        text_format(f->summary, sizeof f->summary,
                    "Another relaywatchd (%.100s) writes as host %.100s: the figures of this one "
                    "are not in Redis",
                    s->rival, s->host);
    else
        text_format(f->summary, sizeof f->summary,
                    "Hosts take the name %.100s from each other, %u times within 10 minutes",
                    s->host, s->flips);
    return s->rival[0] != '\0' || s->flips > A_FEW;
}

static bool ca_file_gone(const struct look *look, struct finding *f) {
    if (look->signals->ca_file_gone == NULL)
        return false;
    f->diagnosis = DIAGNOSIS_T04_CERT_UNTRUSTED;
    f->wait_ms = 2000; /* while a package is upgraded it may be missing for a moment */
    text_format(f->summary, sizeof f->summary,
                "The CA file %.150s is gone: no certificate can be verified",
                look->signals->ca_file_gone);
    return true;
}

static bool store_down(const struct look *look, struct finding *f) {
    if (!look->signals->store_down || look->signals->rival[0] != '\0')
        return false;
    f->diagnosis = DIAGNOSIS_W01_STORE_UNAVAILABLE;
    f->wait_ms = 10 * 1000;
    text_format(f->summary, sizeof f->summary, "Redis does not take our figures: %.180s",
                look->signals->store_detail);
    return true;
}

static bool keeper_gone(const struct look *look, struct finding *f) {
    if (look->signals->keeper_silent_ms < 60 * 1000)
        return false;
    f->diagnosis = DIAGNOSIS_W02_KEEPER_SILENT;
    text_copy(f->summary, sizeof f->summary,
              "relaywatch-keeper does not answer: the queue is not counted, a new login not put in "
              "place");
    return true;
}

static const struct rule table[] = {
    {"postfix-down", postfix_down, true},
    {"logins-dead", both_logins_dead, true},
    {"login-refused", login_refused, true},
    {"tls-broken", tls_broken, true},
    {"relay-unreachable", relay_unreachable, true},
    {"relay-refuses", relay_refuses, true},
    {"nothing-accepted", nothing_accepted, true},
    {"postfix-trouble", postfix_trouble, true},
    {"credential-rejected", credential_rejected, false},
    {"disk-low", disk_low, false},
    {"queue-growing", queue_growing, false},
    {"log-silent", log_silent, false},
    {"milter-gone", milter_gone, false},
    {"certificate-expiring", certificate_expiring, false},
    {"duplicate-host", duplicate_host, false},
    {"ca-file-gone", ca_file_gone, false},
    {"store-down", store_down, false},
    {"keeper-gone", keeper_gone, false},
};

#define RULES ((int)(sizeof table / sizeof table[0]))

struct rules {
    struct rules_limits limits;
    struct alert_set set;
    int64_t pending_ms[RULES]; /* since when the condition holds; 0: it does not */
    struct alert alert[RULES]; /* since_ms 0: never fired, or forgotten */
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

/* The log has told of mail that was put off since the queue was counted. */
static bool is_newer_than_queue(const struct signals *s, enum health_area area) {
    const struct health_cause *cause;

    if (area == AREA_COUNT || area == AREA_MILTER)
        return false;
    cause = &s->health->cause[area];
    return cause->count > cause->bounced && cause->last_ms > s->queue_counted_ms;
}

/* Delayed or lost, how many, until when: the first question at night. */
static void fill_impact(struct alert *alert, const struct look *look) {
    const struct signals *s = look->signals;
    enum health_area area = health_area(alert->diagnosis);
    uint64_t bounced = area != AREA_COUNT ? s->health->cause[area].bounced : 0;
    char left[32];
    size_t n = 0;

    alert->impact[0] = '\0';
    if (bounced > 0) {
        text_format(alert->impact, sizeof alert->impact,
                    "LOST: mail to %llu recipient%s was returned to the sender. ",
                    (unsigned long long)bounced, bounced == 1 ? "" : "s");
        n = strlen(alert->impact);
    }
    if (s->queue_known && s->queue_messages > 0 && look->explained) {
        int64_t left_ms = s->queue_lifetime_ms - s->oldest_ms;

        text_age(left, sizeof left, (left_ms > 0 ? left_ms : 0) / 1000);
        text_format(
            alert->impact + n, sizeof alert->impact - n,
            "DELAYED: %llu message%s in the queue, safe; the first would be returned in %s.",
            (unsigned long long)s->queue_messages, s->queue_messages == 1 ? " waits" : "s wait",
            left);
    } else if (is_newer_than_queue(s, area)) {
        text_copy(alert->impact + n, sizeof alert->impact - n,
                  "DELAYED: mail that meets this waits in the queue, safe.");
    } else if (n == 0 && area != AREA_COUNT && area != AREA_MILTER) {
        text_copy(alert->impact, sizeof alert->impact,
                  "No message was returned, and none waits for this now.");
    } else if (n == 0) {
        text_copy(alert->impact, sizeof alert->impact, diagnosis_entry(alert->diagnosis)->impact);
    }
}

static void fill_fix(struct alert *alert, const struct fixtext_place *place) {
    const struct diagnosis_entry *entry = diagnosis_entry(alert->diagnosis);

    for (int i = 0; i < DIAGNOSIS_FIXES; i++)
        fixtext_fit(alert->fix[i], sizeof alert->fix[i], entry->fix[i] != NULL ? entry->fix[i] : "",
                    place);
}

static bool is_firing(const struct alert *alert) {
    return alert->since_ms != 0 && alert->ended_ms == 0;
}

static bool update(struct rules *rules, int i, const struct finding *f, const struct look *look) {
    struct alert *alert = &rules->alert[i];
    enum severity severity =
        f->severity != SEVERITY_INFO ? f->severity : diagnosis_entry(f->diagnosis)->severity;
    bool firing = is_firing(alert);
    bool news;

    if (rules->pending_ms[i] == 0)
        rules->pending_ms[i] = look->now_ms;
    if (!firing && look->now_ms - rules->pending_ms[i] < f->wait_ms)
        return false;
    news = !firing || severity > alert->severity || f->diagnosis != alert->diagnosis;
    if (!firing) {
        memset(alert, 0, sizeof *alert);
        alert->since_ms = rules->pending_ms[i];
        text_copy(alert->id, sizeof alert->id, table[i].id);
    }
    alert->diagnosis = f->diagnosis;
    alert->severity = severity;
    alert->count = f->count;
    text_copy(alert->summary, sizeof alert->summary, f->summary);
    text_copy(alert->evidence, sizeof alert->evidence, f->evidence);
    fill_fix(alert, look->signals->place);
    return news;
}

static bool end(struct rules *rules, int i, int64_t now_ms) {
    struct alert *alert = &rules->alert[i];

    rules->pending_ms[i] = 0;
    if (is_firing(alert)) {
        alert->ended_ms = now_ms;
        return true;
    }
    if (alert->ended_ms != 0 && now_ms - alert->ended_ms > KEEP_ENDED_MS)
        memset(alert, 0, sizeof *alert);
    return false;
}

static void collect(struct rules *rules) {
    rules->set.count = 0;
    for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_INFO; severity--) {
        for (int i = 0; i < RULES; i++) {
            const struct alert *alert = &rules->alert[i];

            if (is_firing(alert) && (int)alert->severity == severity)
                rules->set.alert[rules->set.count++] = *alert;
        }
    }
    for (int i = 0; i < RULES; i++) {
        if (rules->alert[i].ended_ms != 0)
            rules->set.alert[rules->set.count++] = rules->alert[i];
    }
}

bool rules_eval(struct rules *rules, const struct signals *signals, int64_t now_ms) {
    struct look look = {.signals = signals, .limits = &rules->limits, .now_ms = now_ms};
    bool news = false;

    _Static_assert(RULES <= ALERTS_MOST, "room for every rule's alert");
    for (int i = 0; i < RULES; i++) {
        struct finding f = {.diagnosis = DIAGNOSIS_NONE};

        if (table[i].holds(&look, &f)) {
            news |= update(rules, i, &f, &look);
            look.explained |= table[i].explains && is_firing(&rules->alert[i]);
        } else {
            news |= end(rules, i, now_ms);
        }
        if (is_firing(&rules->alert[i]))
            fill_impact(&rules->alert[i], &look);
    }
    collect(rules);
    return news;
}

const char *rules_id(int i) {
    return i < RULES ? table[i].id : NULL;
}

const struct alert_set *rules_alerts(const struct rules *rules) {
    return &rules->set;
}
