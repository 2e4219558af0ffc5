/* See ruleshost.h. */
#include "ruleshost.h"
#include "healthlook.h"

#include <stdlib.h>
#include <string.h>

enum { SECOND_MS = 1000, MINUTE_MS = 60 * 1000 };

static enum verdict yes_if(bool holds) {
    return holds ? VERDICT_YES : VERDICT_NO;
}

enum verdict ruleshost_area(const struct look *look, enum health_area area, struct finding *f) {
    const struct health *health = look->signals->health;
    const struct health_way *way = health_worst(health, area, look->now_ms);
    const struct health_cause *cause = &way->cause[area];

    if (!health_way_is_broken(health, way, area, look->now_ms) ||
        (!look->firing && cause->last_ms <= look->explained_ms))
        return VERDICT_NO;
    f->diagnosis = cause->diagnosis;
    f->count = cause->count;
    text_copy(f->relayhost, sizeof f->relayhost, way->relayhost);
    f->relay_port = way->port;
    text_copy(f->evidence, sizeof f->evidence, cause->evidence);
    text_copy(f->summary, sizeof f->summary, diagnosis_entry(cause->diagnosis)->title);
    return VERDICT_YES;
}

enum verdict ruleshost_postfix_down(const struct look *look, struct finding *f) {
    if (!look->signals->queue_known)
        return VERDICT_UNKNOWN;
    f->diagnosis = DIAGNOSIS_M01_NOT_RUNNING;
    f->wait_ms = 3 * SECOND_MS;
    text_copy(f->summary, sizeof f->summary, "Postfix is not running: no mail is taken or sent");
    return yes_if(!look->signals->postfix_running);
}

/* Postfix goes by the time of the file alone: one that was written anew, with the same in it, makes
 * it warn as long as the index is older. relaywatch-keeper has compared the two. */
static bool is_false_alarm(const struct signals *s, const struct finding *f) {
    return f->diagnosis == DIAGNOSIS_S07_MAP_STALE && s->credential == RULES_CREDENTIAL_FINE &&
           s->keeper_silent_ms == 0 && s->place != NULL && s->place->sasl_passwd[0] != '\0' &&
           strstr(f->evidence, s->place->sasl_passwd) != NULL;
}

enum verdict ruleshost_postfix_trouble(const struct look *look, struct finding *f) {
    return yes_if(ruleshost_area(look, AREA_LOCAL, f) == VERDICT_YES &&
                  !is_false_alarm(look->signals, f));
}

/* Below `limit`; one that fires already needs a tenth more to be over. */
static bool is_below(const struct look *look, uint64_t value, uint64_t limit) {
    return value < (look->firing ? limit + limit / 10 : limit);
}

enum verdict ruleshost_disk_low(const struct look *look, struct finding *f) {
    const struct signals *s = look->signals;
    const struct rules_limits *limits = look->limits;
    uint64_t mib = s->disk_free_bytes >> 20;

    if (!s->disk_known)
        return VERDICT_UNKNOWN;
    if (is_below(look, mib, limits->disk_warning_mib)) {
        f->diagnosis = DIAGNOSIS_Q01_DISK_LOW_SMTPD;
        f->severity = mib < limits->disk_critical_mib ? SEVERITY_CRITICAL : SEVERITY_WARNING;
        text_format(f->summary, sizeof f->summary,
                    "Only %llu MiB are free where the mail queue stands", (unsigned long long)mib);
        if (mib < limits->disk_critical_mib)
            text_copy(f->impact, sizeof f->impact,
                      "REFUSED: the application may get 452 for new mail, and must keep it and try "
                      "again; what is in the queue is safe.");
    }
    if (is_below(look, s->inodes_free, limits->inodes_warning) &&
        f->severity != SEVERITY_CRITICAL) {
        f->diagnosis = DIAGNOSIS_Q03_INODES;
        f->severity =
            s->inodes_free < limits->inodes_critical ? SEVERITY_CRITICAL : SEVERITY_WARNING;
        text_format(f->summary, sizeof f->summary,
                    "Only %llu inodes are free where the mail queue stands: a message takes one to "
                    "three",
                    (unsigned long long)s->inodes_free);
    }
    return yes_if(f->diagnosis != DIAGNOSIS_NONE);
}

enum verdict ruleshost_clock_wrong(const struct look *look, struct finding *f) {
    enum { AHEAD_WAIT_MS = 2 * MINUTE_MS };
    int64_t jumped_ms = llabs(look->signals->clock_jumped_ms);
    int64_t ahead_ms = llabs(look->signals->log_ahead_ms);
    char by[32];

    f->diagnosis = DIAGNOSIS_M17_CLOCK_SKEW;
    if (jumped_ms >= look->limits->clock_jump_ms) {
        text_age(by, sizeof by, jumped_ms / SECOND_MS);
        text_format(f->summary, sizeof f->summary, "This host's clock jumped %s by %s",
                    look->signals->clock_jumped_ms > 0 ? "forward" : "back", by);
        return VERDICT_YES;
    }
    f->wait_ms = AHEAD_WAIT_MS;
    text_age(by, sizeof by, ahead_ms / SECOND_MS);
    text_format(f->summary, sizeof f->summary,
                "The mail log's time stamps are %s %s of this host's clock", by,
                look->signals->log_ahead_ms > 0 ? "ahead" : "behind");
    return yes_if(ahead_ms >=
                  (look->firing ? look->limits->clock_jump_ms / 2 : look->limits->clock_jump_ms));
}

static enum verdict lines_suppressed(const struct signals *s, struct finding *f) {
    f->severity = SEVERITY_WARNING;
    f->count = s->log_suppressed;
    text_format(f->summary, sizeof f->summary,
                "journald threw away %llu lines of the mail log at its rate limit: the figures are "
                "too low",
                (unsigned long long)s->log_suppressed);
    return yes_if(s->log_suppressed > 0);
}

enum verdict ruleshost_log_silent(const struct look *look, struct finding *f) {
    const struct signals *s = look->signals;
    bool disk_full = s->disk_known && s->disk_free_bytes >> 20 < look->limits->disk_critical_mib;
    char age[32];

    f->diagnosis = DIAGNOSIS_M16_LOG_MISSING;
    if (s->log != RULES_LOG_OK) {
        f->wait_ms = look->limits->log_silent_after_ms;
        text_format(f->summary, sizeof f->summary,
                    "The mail log %s %s: relaywatch sees nothing of it", s->log_path,
                    s->log == RULES_LOG_MISSING ? "is missing" : "cannot be read");
        return VERDICT_YES;
    }
    if (s->log_silent_ms < look->limits->log_silent_after_ms || disk_full)
        return lines_suppressed(s, f);
    text_age(age, sizeof age, s->log_silent_ms / SECOND_MS);
    text_format(f->summary, sizeof f->summary,
                "Mail comes or goes, but the mail log %s has had no line for %s", s->log_path, age);
    return VERDICT_YES;
}

enum verdict ruleshost_ca_file_gone(const struct look *look, struct finding *f) {
    if (look->signals->ca_file_gone == NULL)
        return VERDICT_NO;
    f->diagnosis = DIAGNOSIS_T03_TLS_ENGINE_UNAVAILABLE;
    f->wait_ms = 2 * SECOND_MS; /* while a package is upgraded it may be missing for a moment */
    text_format(f->summary, sizeof f->summary,
                "The CA file %.150s is gone: no certificate can be verified",
                look->signals->ca_file_gone);
    return VERDICT_YES;
}

enum verdict ruleshost_milter_gone(const struct look *look, struct finding *f) {
    if (ruleshost_area(look, AREA_MILTER, f) == VERDICT_YES) {
        f->severity = SEVERITY_WARNING;
        f->wait_ms = look->limits->milter_gone_after_ms; /* one that is restarted is soon back */
        return VERDICT_YES;
    }
    f->diagnosis = DIAGNOSIS_L01_MILTER_DOWN;
    f->severity = SEVERITY_WARNING;
    text_copy(f->summary, sizeof f->summary,
              "relaywatch-milter is dead or hangs; mail passes without it, uncounted by it");
    return yes_if(look->signals->milter_expected &&
                  look->signals->milter_silent_ms >= look->limits->milter_gone_after_ms);
}

enum verdict ruleshost_queue_damaged(const struct look *look, struct finding *f) {
    uint64_t count = look->signals->queue_corrupt;

    if (!look->signals->queue_known)
        return VERDICT_UNKNOWN;
    f->diagnosis = DIAGNOSIS_Q05_CORRUPT;
    f->count = count;
    text_format(f->summary, sizeof f->summary,
                "%llu damaged message%s in the queue's corrupt folder, not delivered",
                (unsigned long long)count, count == 1 ? " is" : "s are");
    return yes_if(count > 0);
}

enum verdict ruleshost_state_unwritable(const struct look *look, struct finding *f) {
    f->diagnosis = DIAGNOSIS_W10_STATE_UNWRITABLE;
    text_copy(f->summary, sizeof f->summary,
              "relaywatch cannot write to its own folder: what it counts is in memory only");
    return yes_if(look->signals->state_failed_ms >= 30 * SECOND_MS);
}

enum verdict ruleshost_duplicate_host(const struct look *look, struct finding *f) {
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
    return yes_if(s->rival[0] != '\0' || s->flips > A_FEW);
}

enum verdict ruleshost_store_down(const struct look *look, struct finding *f) {
    /* To a rival it gives way by itself: that is the alert. */
    if (!look->signals->store_down || look->signals->rival[0] != '\0')
        return VERDICT_NO;
    f->diagnosis = DIAGNOSIS_W01_STORE_UNAVAILABLE;
    f->wait_ms = 10 * SECOND_MS;
    text_format(f->summary, sizeof f->summary, "Redis does not take our figures: %.180s",
                look->signals->store_detail);
    return VERDICT_YES;
}

enum verdict ruleshost_keeper_gone(const struct look *look, struct finding *f) {
    f->diagnosis = DIAGNOSIS_W02_KEEPER_SILENT;
    text_copy(f->summary, sizeof f->summary,
              "relaywatch-keeper does not answer: the queue is not counted, a new login not put in "
              "place");
    return yes_if(look->signals->keeper_silent_ms >= MINUTE_MS);
}

enum verdict ruleshost_nobody_told(const struct look *look, struct finding *f) {
    const struct signals *s = look->signals;
    struct receiver_sum sum;

    f->diagnosis = DIAGNOSIS_W06_NOBODY_TOLD;
    if (s->notify_silent_ms >= MINUTE_MS) {
        text_copy(f->summary, sizeof f->summary,
                  "relaywatch-notify does not answer: nobody is told of alerts");
        return VERDICT_YES;
    }
    if (s->receivers == NULL)
        return s->notify_silent_ms > 0 ? VERDICT_UNKNOWN : VERDICT_NO;
    sum = receiverstate_sum(s->receivers, look->now_ms);
    if (sum.all_bad_ms < (look->firing ? 1 : MINUTE_MS))
        return VERDICT_NO;
    f->count = (uint64_t)sum.tellers;
    text_format(f->summary, sizeof f->summary, "%s takes alerts: nobody is told (%s: %.120s)",
                sum.tellers == 1 ? "The only receiver no longer" : "No receiver", sum.worst->name,
                sum.worst->last_error);
    return VERDICT_YES;
}

/* A refusal does not mend itself; what cannot be reached often does. */
enum verdict ruleshost_receiver_failing(const struct look *look, struct finding *f) {
    struct receiver_sum sum = {.worst = NULL};
    char age[32];

    f->diagnosis = DIAGNOSIS_W05_RECEIVER_FAILING;
    if (look->signals->receivers == NULL)
        return look->signals->notify_silent_ms > 0 ? VERDICT_UNKNOWN : VERDICT_NO;
    sum = receiverstate_sum(look->signals->receivers, look->now_ms);
    if (sum.worst == NULL)
        return VERDICT_NO;
    if (!look->firing &&
        sum.worst_ms < (sum.worst->condition == RECEIVER_REFUSED ? MINUTE_MS : 5 * MINUTE_MS))
        return VERDICT_NO;
    f->count = (uint64_t)sum.bad;
    text_age(age, sizeof age, sum.worst_ms / SECOND_MS);
    text_format(f->summary, sizeof f->summary, "Receiver %s has taken no alert for %s: %.120s",
                sum.worst->name, age, sum.worst->last_error);
    return VERDICT_YES;
}

enum verdict ruleshost_secret_readable(const struct look *look, struct finding *f) {
    if (look->signals->readable_secret == NULL)
        return VERDICT_NO;
    f->diagnosis = DIAGNOSIS_C09_SECRET_RESIDUE;
    f->wait_ms = MINUTE_MS;
    text_format(f->summary, sizeof f->summary,
                "Every user of this host can read %.180s, which holds a password",
                look->signals->readable_secret);
    return VERDICT_YES;
}
