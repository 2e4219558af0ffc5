/* See rulesmail.h. */
#include "rulesmail.h"

#include <string.h>

#include "ruleshost.h"
#include "healthlook.h"

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60 * 1000,
    A_FEW = 3,
    /* A message that was put off is tried again between minimal_backoff_time and queue_run_delay
     * more: 300 s each (Postfix' qmgr_active.c, qmgr_scan.c). */
    ASKED_AGAIN_MS = 11 * MINUTE_MS,
};

static enum verdict yes_if(bool holds) {
    return holds ? VERDICT_YES : VERDICT_NO;
}

static bool is_of_few(const struct look *look, enum health_area area) {
    return health_is_of_few(health_worst(look->signals->health, area, look->now_ms), area);
}

static int64_t passing_wait_ms(const struct look *look, enum health_area area) {
    return is_of_few(look, area) ? (int64_t)ASKED_AGAIN_MS : look->limits->unreachable_after_ms;
}

/* What passes by itself as a rule (a smarthost that says "later") waits like one that is not
 * reached. */
static void wait_if_passing(const struct look *look, enum health_area area, struct finding *f) {
    if (diagnosis_entry(f->diagnosis)->severity < SEVERITY_CRITICAL)
        f->wait_ms = passing_wait_ms(look, area);
}

/* ---- the login ---- */

/* What is known of the login is of the one for main.cf's relayhost. */
static bool is_main_broken(const struct look *look, enum health_area area) {
    const struct health *health = look->signals->health;

    return health_way_is_broken(health, health_main(health, area, look->now_ms), area,
                                look->now_ms);
}

/* No way back is left, whatever the log says of the login. */
static enum verdict logins_dead(const struct look *look, struct finding *f) {
    f->diagnosis = DIAGNOSIS_C05_BOTH_REJECTED;
    text_copy(f->summary, sizeof f->summary,
              "The smarthost refuses the new login and the old one: mail is held in the queue");
    text_copy(f->evidence, sizeof f->evidence, look->signals->credential_detail);
    return VERDICT_YES;
}

/* What is known besides the smarthost's answer says more than it. */
static void refine_login(const struct signals *s, struct finding *f) {
    if (s->old_map_in_use) {
        f->diagnosis = DIAGNOSIS_C03_NEW_MAP_NOT_PICKED_UP;
        text_copy(f->summary, sizeof f->summary,
                  "Postfix goes on with the old login after the change, and it is refused");
    } else if (s->credential == RULES_CREDENTIAL_UNPROVEN ||
               s->credential == RULES_CREDENTIAL_FAILED) {
        f->diagnosis = DIAGNOSIS_C04_OLD_REVOKED_BEFORE_SWITCH;
        text_copy(f->summary, sizeof f->summary,
                  "The live login is refused, and the new one is not in place yet");
    }
}

enum verdict rulesmail_login_refused(const struct look *look, struct finding *f) {
    enum verdict verdict;

    if (look->signals->credential == RULES_CREDENTIAL_BOTH_DEAD)
        return logins_dead(look, f);
    verdict = ruleshost_area(look, AREA_LOGIN, f);
    if (verdict != VERDICT_YES)
        return verdict;
    wait_if_passing(look, AREA_LOGIN, f);
    if (is_main_broken(look, AREA_LOGIN))
        refine_login(look->signals, f);
    return VERDICT_YES;
}

/* What hinders mail hinders a trial, too: one cause, told for itself. */
static bool is_way_blocked(const struct look *look) {
    return is_main_broken(look, AREA_NETWORK) || is_main_broken(look, AREA_TLS);
}

enum verdict rulesmail_credential_rejected(const struct look *look, struct finding *f) {
    switch (look->signals->credential) {
    case RULES_CREDENTIAL_FINE:
    case RULES_CREDENTIAL_BOTH_DEAD:
        return VERDICT_NO;
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
        if (is_way_blocked(look))
            return VERDICT_NO;
        f->diagnosis = DIAGNOSIS_C02_PROBE_INCONCLUSIVE;
        f->wait_ms = MINUTE_MS;
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
    return VERDICT_YES;
}

enum verdict rulesmail_login_unverified(const struct look *look, struct finding *f) {
    char age[32];

    f->diagnosis = DIAGNOSIS_W11_LOGIN_UNVERIFIED;
    text_copy(f->relayhost, sizeof f->relayhost, look->signals->health->configured);
    text_age(age, sizeof age, look->signals->unverified_ms / SECOND_MS);
    text_format(f->summary, sizeof f->summary,
                "Nothing has proved for %s that the login still works", age);
    return yes_if(look->signals->unverified_ms >= look->limits->unverified_after_ms);
}

/* Where no mail waits, none is at risk: the login passed its trial. */
enum verdict rulesmail_login_unconfirmed(const struct look *look, struct finding *f) {
    const struct signals *s = look->signals;
    char age[32];

    if (!s->queue_known)
        return VERDICT_UNKNOWN;
    f->diagnosis = DIAGNOSIS_C08_CONFIRM_TIMEOUT;
    f->wait_ms = MINUTE_MS;
    text_age(age, sizeof age, s->unconfirmed_ms / SECOND_MS);
    text_format(f->summary, sizeof f->summary,
                "The new login is live for %s, mail waits, and none was delivered with it", age);
    return yes_if(s->unconfirmed_ms >= look->limits->unconfirmed_after_ms && s->queue_messages > 0);
}

/* ---- the way to the smarthost, and what it answers ---- */

enum verdict rulesmail_tls_broken(const struct look *look, struct finding *f) {
    const struct health *health = look->signals->health;
    enum verdict verdict = ruleshost_area(look, AREA_TLS, f);

    if (verdict != VERDICT_YES)
        return verdict;
    wait_if_passing(look, AREA_TLS, f);
    if (health_broke_off(health, health_worst(health, AREA_TLS, look->now_ms), AREA_TLS,
                         look->now_ms))
        f->wait_ms = look->limits->unreachable_after_ms;
    return VERDICT_YES;
}

enum verdict rulesmail_relay_unreachable(const struct look *look, struct finding *f) {
    f->wait_ms = passing_wait_ms(look, AREA_NETWORK);
    return ruleshost_area(look, AREA_NETWORK, f);
}

/* A limit that puts one message off (450 for a peak) passes by itself; one that refuses it for the
 * day, or closes the connection, does not. */
enum verdict rulesmail_limit_reached(const struct look *look, struct finding *f) {
    if (ruleshost_area(look, AREA_POLICY, f) != VERDICT_YES || !health_is_limit(f->diagnosis))
        return VERDICT_NO;
    if (strstr(f->evidence, " said: 45") != NULL && is_of_few(look, AREA_POLICY))
        f->wait_ms = ASKED_AGAIN_MS;
    return VERDICT_YES;
}

/* Among mail that goes through: no single one of them is news, a third of all is. */
static enum verdict much_is_unwanted(const struct look *look, struct finding *f) {
    enum { MANY = 10 };
    const struct signals *s = look->signals;

    if (s->unwanted < (look->firing ? MANY / 2 : MANY) ||
        s->unwanted * (look->firing ? 6 : 3) < s->judged)
        return VERDICT_NO;
    *f = (struct finding){.diagnosis = s->unwanted_for};
    f->count = s->unwanted;
    f->returned = s->unwanted_returned;
    text_format(f->summary, sizeof f->summary,
                "%llu of %llu deliveries of the last 10 minutes were refused as unwanted",
                (unsigned long long)s->unwanted, (unsigned long long)s->judged);
    text_copy(f->evidence, sizeof f->evidence, s->unwanted_evidence);
    return VERDICT_YES;
}

enum verdict rulesmail_relay_refuses(const struct look *look, struct finding *f) {
    const struct health_way *way = health_worst(look->signals->health, AREA_POLICY, look->now_ms);

    if (ruleshost_area(look, AREA_POLICY, f) == VERDICT_YES && !health_is_limit(f->diagnosis) &&
        (!health_is_of_message(f->diagnosis) || way->cause[AREA_POLICY].of_all ||
         way->unwanted.messages >= A_FEW))
        return VERDICT_YES;
    return much_is_unwanted(look, f);
}

enum verdict rulesmail_nothing_accepted(const struct look *look, struct finding *f) {
    enum { MANY = 10 }; /* "later" to fewer may be greylisting */
    const struct health_way *way = health_worst(look->signals->health, AREA_REFUSED, look->now_ms);
    bool few = way->refused.messages < MANY;

    if (ruleshost_area(look, AREA_REFUSED, f) != VERDICT_YES || way->refused.messages < A_FEW)
        return VERDICT_NO;
    f->wait_ms = few && way->cause[AREA_REFUSED].bounced == 0 ? ASKED_AGAIN_MS : 30 * SECOND_MS;
    f->severity = few ? SEVERITY_WARNING : SEVERITY_CRITICAL;
    return VERDICT_YES;
}

/* ---- symptoms ---- */

/* What went back while another alert said why is no news. */
static enum verdict mail_expired(const struct look *look, struct finding *f) {
    const struct signals *s = look->signals;

    if (s->expired == 0 || (!look->firing && s->expired_ms <= look->explained_ms))
        return VERDICT_NO;
    f->diagnosis = DIAGNOSIS_Q09_EXPIRED;
    f->party = s->failed_by;
    f->count = s->expired;
    text_format(f->summary, sizeof f->summary,
                "%llu message%s waited too long, by the relay's own fault, and went back",
                (unsigned long long)s->expired, s->expired == 1 ? "" : "s");
    return VERDICT_YES;
}

enum verdict rulesmail_mail_returned(const struct look *look, struct finding *f) {
    const struct signals *s = look->signals;

    if (mail_expired(look, f) == VERDICT_YES)
        return VERDICT_YES;
    if (s->returned < (look->firing ? 1u : A_FEW))
        return VERDICT_NO;
    f->diagnosis = s->returned_for;
    f->severity = SEVERITY_CRITICAL;
    f->count = s->returned;
    f->returned = s->returned;
    text_format(f->summary, sizeof f->summary,
                "Mail to %llu recipients was returned by the relay's own fault, not theirs",
                (unsigned long long)s->returned);
    if (s->returned_evidence != NULL)
        text_copy(f->evidence, sizeof f->evidence, s->returned_evidence);
    return VERDICT_YES;
}

enum verdict rulesmail_deliveries_fail(const struct look *look, struct finding *f) {
    const struct burn_look *burn = look->signals->burn;
    char window[32];

    if (burn == NULL)
        return VERDICT_UNKNOWN;
    if (burn->speed == BURN_FINE)
        return VERDICT_NO;
    f->diagnosis = DIAGNOSIS_W12_DELIVERIES_FAIL;
    f->party = look->signals->failed_by;
    f->severity = burn->speed == BURN_FAST ? SEVERITY_CRITICAL : SEVERITY_WARNING;
    f->count = burn->bad;
    text_age(window, sizeof window, burn->window_s);
    text_format(f->summary, sizeof f->summary,
                "%llu of %llu deliveries (%.1f %%) of the last %s failed by the relay's own fault",
                (unsigned long long)burn->bad, (unsigned long long)burn->all,
                100.0 * (double)burn->bad / (double)burn->all, window);
    return VERDICT_YES;
}

/* Old mail that the smarthost has an answer to waits for its recipient, not for us: Postfix asks it
 * at least every maximal_backoff_time (4000 s). */
static bool is_answered(const struct look *look) {
    const struct health *health = look->signals->health;

    return health->last_answer_ms != 0 && look->now_ms - health->last_answer_ms < HEALTH_BACKOFF_MS;
}

enum verdict rulesmail_queue_growing(const struct look *look, struct finding *f) {
    const struct signals *s = look->signals;
    const struct rules_limits *limits = look->limits;
    uint64_t warning =
        look->firing ? limits->queue_warning - limits->queue_warning / 5 : limits->queue_warning;
    bool old = s->oldest_ms >= limits->oldest_warning_ms && !is_answered(look);
    bool many = s->queue_messages >= warning && s->queue_growth > 0;
    char age[32];

    if (!s->queue_known)
        return VERDICT_UNKNOWN;
    if (!many && !old)
        return VERDICT_NO;
    f->diagnosis = many ? DIAGNOSIS_Q06_DEFERRED_GROWTH : DIAGNOSIS_Q08_OLDEST_AGE;
    f->party = s->put_off_by;
    f->severity = (s->queue_messages >= limits->queue_critical && s->queue_growth > 0) ||
                          (old && s->oldest_ms >= limits->oldest_critical_ms)
                      ? SEVERITY_CRITICAL
                      : SEVERITY_WARNING;
    f->count = s->queue_messages;
    f->wait_ms = many ? MINUTE_MS : 0;
    text_age(age, sizeof age, s->oldest_ms / SECOND_MS);
    text_format(f->summary, sizeof f->summary,
                "%llu messages wait, %+.0f a minute, the oldest for %s",
                (unsigned long long)s->queue_messages, s->queue_growth, age);
    return VERDICT_YES;
}

/* From where another alert explained it, the messages get their time anew. */
enum verdict rulesmail_canary_overdue(const struct look *look, struct finding *f) {
    const struct signals *s = look->signals;
    int64_t since_ms = s->canary_unproved_ms;
    char age[32];

    if (s->canary_overdue_ms == 0 || since_ms == 0)
        return VERDICT_NO;
    if (!look->firing && look->explained_ms > since_ms)
        since_ms = look->explained_ms;
    if (look->now_ms - since_ms < s->canary_overdue_ms)
        return VERDICT_NO;
    f->diagnosis = DIAGNOSIS_W16_CANARY_OVERDUE;
    text_copy(f->relayhost, sizeof f->relayhost, s->health->configured);
    f->party = s->put_off_by;
    text_age(age, sizeof age, (look->now_ms - s->canary_unproved_ms) / SECOND_MS);
    text_format(f->summary, sizeof f->summary,
                "No canary message was delivered for %s, and nothing else says why", age);
    text_copy(f->evidence, sizeof f->evidence, s->canary_trouble);
    return VERDICT_YES;
}

enum verdict rulesmail_mail_unaccounted(const struct look *look, struct finding *f) {
    uint64_t count = look->signals->unaccounted;

    f->diagnosis = DIAGNOSIS_W13_MAIL_UNACCOUNTED;
    f->count = count;
    text_format(f->summary, sizeof f->summary,
                "%llu message%s left the queue within the last hour, and nothing says how",
                (unsigned long long)count, count == 1 ? "" : "s");
    return yes_if(count > 0);
}

/* ---- what is to come ---- */

enum verdict rulesmail_limit_near(const struct look *look, struct finding *f) {
    const struct quota_top *top = look->signals->quota;
    uint64_t limit = look->limits->recipients_limit;
    uint64_t near_at = limit * look->limits->recipients_percent / 100;

    if (limit == 0 || top == NULL || top->sender == NULL ||
        top->recipients < (look->firing ? near_at - near_at / 20 : near_at))
        return VERDICT_NO;
    f->diagnosis = DIAGNOSIS_W14_LIMIT_NEAR;
    f->count = top->recipients;
    text_format(f->summary, sizeof f->summary,
                "%.110s has sent to %llu recipients in 24 hours, %llu %% of the smarthost's %llu",
                top->sender, (unsigned long long)top->recipients,
                (unsigned long long)(top->recipients * 100 / limit), (unsigned long long)limit);
    return VERDICT_YES;
}

enum verdict rulesmail_certificate_expiring(const struct look *look, struct finding *f) {
    int64_t expires_ms = look->signals->certificate_expires_ms;
    int64_t left_ms = expires_ms - look->now_ms;
    char age[32];

    if (expires_ms == 0)
        return VERDICT_UNKNOWN;
    if (left_ms >= look->limits->certificate_warning_ms)
        return VERDICT_NO;
    f->diagnosis = DIAGNOSIS_T05_CERT_EXPIRED_NOT_YET_VALID;
    text_copy(f->relayhost, sizeof f->relayhost, look->signals->health->configured);
    f->severity =
        left_ms < look->limits->certificate_critical_ms ? SEVERITY_CRITICAL : SEVERITY_WARNING;
    text_age(age, sizeof age, (left_ms > 0 ? left_ms : -left_ms) / SECOND_MS);
    text_format(f->summary, sizeof f->summary,
                left_ms > 0 ? "The smarthost's certificate expires in %s"
                            : "The smarthost's certificate expired %s ago",
                age);
    return VERDICT_YES;
}
