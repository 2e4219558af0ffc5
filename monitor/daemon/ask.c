/* See ask.h. */
#include "ask.h"

#include <math.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "judge.h"
#include "healthlook.h"

enum {
    FACTS_MS = 600 * 1000,
    FACTS_RETRY_MS = 10 * 1000,
    QUEUE_SOON_MS = 1000,
    LOG_RETRY_MS = 5 * 1000,
    HANG_MS = 20 * 1000,
    PROOF_MS = 5 * 60 * 1000 /* a login each time: not more often */
};

static void note_queue(struct daemon *d, const struct keeper_queue *now, int64_t mono_ms) {
    uint64_t before = d->queue.active + d->queue.deferred + d->queue.incoming;
    uint64_t after = now->active + now->deferred + now->incoming;

    if (d->queue_counted_ms != 0) {
        double minutes = (double)(mono_ms - d->queue_counted_ms) / 60000.0;
        double growth = minutes > 0 ? ((double)after - (double)before) / minutes : 0;
        double weight = 1 - exp(-minutes); /* smoothed over about a minute */

        d->queue_growth += (growth - d->queue_growth) * weight;
        if (fabs(d->queue_growth) < 0.05)
            d->queue_growth = 0;
        if (after != before)
            d->queue_moved_ms = d->queue_counted_ms;
    }
    d->queue = *now;
    d->queue_counted_ms = mono_ms;
    if (d->log.begun) {
        int64_t wall_ms = clock_wall_ms();

        trend_queue(&d->trendkeep.trend, after + now->maildrop,
                    now->oldest_s != 0 ? wall_ms / 1000 - now->oldest_s : 0, wall_ms);
    }
}

void ask_on_reply(enum keeper_verb verb, const struct keeper_reply *reply, const char *why,
                  void *arg) {
    struct daemon *d = arg;
    int64_t mono_ms = clock_mono_ms();

    if (reply == NULL && d->keeper_silent_since_ms == 0) {
        d->keeper_silent_since_ms = mono_ms;
        log_warn("keeper", "%s", why);
    } else if (reply != NULL) {
        d->keeper_silent_since_ms = 0;
    }
    switch (verb) {
    case KEEPER_FACTS:
        d->facts_due_ms = mono_ms + (reply != NULL ? FACTS_MS : FACTS_RETRY_MS);
        if (reply != NULL && reply->outcome == KEEPER_DONE) {
            if (d->facts_known && (strcmp(d->facts.relay_host, reply->facts.relay_host) != 0 ||
                                   d->facts.relay_port != reply->facts.relay_port)) {
                login_forget(&d->login, mono_ms);
                d->health.last_tls_ms = 0;
            }
            d->facts = reply->facts;
            d->facts_known = true;
            relayhosts_configure(&d->relayhosts, d->facts.relay_host);
            health_configure(&d->health, d->facts.relay_host);
            d->place.relay_port = d->facts.relay_port;
            d->place.implicit_tls = d->facts.implicit_tls != 0;
            change_on_facts(d);
        }
        if (d->facts_known && !d->facts.sasl)
            d->login.state = LOGIN_NONE;
        break;
    case KEEPER_QUEUE:
        if (reply != NULL && reply->outcome == KEEPER_DONE)
            note_queue(d, &reply->queue, mono_ms);
        break;
    case KEEPER_LOG:
        if (reply != NULL)
            log_info("keeper", "the mail log: %s",
                     reply->outcome == KEEPER_DONE ? "is ours to read again" : reply->detail);
        break;
    case KEEPER_CANARY:
        canary_on_reply(&d->canary, reply);
        if (canary_is_proved(&d->canary))
            notifyc_prove(d->notify, mono_ms);
        break;
    case KEEPER_APPLY:
    case KEEPER_VERIFY:
        login_on_reply(&d->login, verb, reply, why, d->diagnoser, &d->health,
                       d->conf.verify_interval_s, clock_wall_ms(), mono_ms);
        if (reply != NULL && verb == KEEPER_APPLY && reply->outcome != KEEPER_UNCHANGED &&
            !reply->credential.from_memory)
            log_info("login", "%s: %s", login_state_name(d->login.state), reply->detail);
        change_on_reply(d, verb, reply);
        d->queue_due_ms = mono_ms;
        judge(d);
        break;
    case KEEPER_UNDO:
    case KEEPER_HOLD:
    case KEEPER_RELEASE:
    case KEEPER_NUDGE:
    case KEEPER_FLUSH:
    case KEEPER_FINISH:
        change_on_reply(d, verb, reply);
        judge(d);
        break;
    case KEEPER_SET: /* the command-line tool's */
        break;
    }
}

/* Mail is under way and does not arrive, but nobody has said why yet: Postfix waits up to five
 * minutes for a smarthost that hangs. A probe knows sooner. */
static bool mail_hangs(const struct daemon *d, int64_t mono_ms) {
    int64_t wall_ms = clock_wall_ms();

    return d->queue_counted_ms != 0 && d->queue.active > 0 &&
           wall_ms - d->queue.oldest_s * 1000 > HANG_MS &&
           wall_ms - d->health.last_success_ms > HANG_MS &&
           wall_ms - d->health.last_failure_ms > HANG_MS && mono_ms - d->verify_asked_ms > HANG_MS;
}

/* The smarthost said "later" to the login of one or two messages, which Postfix tries again in
 * minutes. Whether it says so to all, one probe within the waiting time tells; where a trial was
 * told so, the next one tells whether that is over. */
static bool is_login_put_off(const struct daemon *d, int64_t mono_ms) {
    int64_t wall_ms = clock_wall_ms();
    const struct health_cause *cause =
        &health_main(&d->health, AREA_LOGIN, wall_ms)->cause[AREA_LOGIN];
    int64_t age_ms = wall_ms - cause->since_ms;

    if (cause->diagnosis != DIAGNOSIS_G04_TEMP_AUTH_FAILURE)
        return false;
    if (cause->of_trial && mono_ms >= d->login.verify_due_ms)
        return true;
    return !cause->of_all && age_ms * 2 >= (int64_t)d->conf.unreachable_after_s * 1000 &&
           mono_ms - d->verify_asked_ms > age_ms;
}

/* Before people are called for a session that broke off: does the smarthost talk to us now? */
static bool is_in_doubt(const struct daemon *d, enum health_area area) {
    int64_t wall_ms = clock_wall_ms();
    const struct health_way *way = health_main(&d->health, area, wall_ms);

    return health_broke_off(&d->health, way, area, wall_ms) &&
           wall_ms - way->cause[area].since_ms < (int64_t)d->conf.unreachable_after_s * 1000;
}

static bool wants_proof(const struct daemon *d, int64_t mono_ms) {
    return (is_in_doubt(d, AREA_TLS) || is_in_doubt(d, AREA_NETWORK)) &&
           (d->verify_asked_ms == 0 || mono_ms - d->verify_asked_ms >= PROOF_MS);
}

/* A file: the keeper has nothing to do with the journal. */
static bool is_file_unreadable(const struct daemon *d) {
    struct tail_figures figures;

    for (size_t i = 0; d->sources != NULL && i < sources_count(d->sources); i++) {
        sources_figures(d->sources, i, &figures);
        if (figures.state == TAIL_UNREADABLE && !sources_get(d->sources, i)->is_journal)
            return true;
    }
    return false;
}

/* A receiver that is a heartbeat. */
static bool wants_canary(const struct daemon *d) {
    const struct receiver_report *report = notifyc_report(d->notify);

    for (int i = 0; report != NULL && i < report->count; i++) {
        if (!report->receiver[i].tells)
            return true;
    }
    return false;
}

void ask_keeper(struct daemon *d, int64_t mono_ms) {
    int64_t wall_ms = clock_wall_ms();
    bool refused = health_way_is_broken(&d->health, health_main(&d->health, AREA_LOGIN, wall_ms),
                                        AREA_LOGIN, wall_ms);

    if (mono_ms >= d->log_due_ms && is_file_unreadable(d) && keeperc_ask(d->keeper, KEEPER_LOG))
        d->log_due_ms = mono_ms + LOG_RETRY_MS;
    if (mono_ms >= d->facts_due_ms)
        keeperc_ask(d->keeper, KEEPER_FACTS);
    if (mono_ms >= d->queue_due_ms && keeperc_ask(d->keeper, KEEPER_QUEUE)) {
        d->queue_asked_ms = mono_ms;
        d->queue_due_ms = mono_ms + (int64_t)d->conf.queue_interval_s * 1000;
    }
    if (wants_canary(d) && canary_is_due(&d->canary, mono_ms))
        keeperc_ask(d->keeper, KEEPER_CANARY);
    if (!d->facts_known)
        return;
    if (d->facts.sasl && d->login.apply_due_ms != 0 && mono_ms >= d->login.apply_due_ms &&
        keeperc_ask(d->keeper, KEEPER_APPLY))
        d->login.apply_due_ms = 0;
    /* A refused login is not tried again: Postfix's own attempts tell when it works (lock-out,
     * G05). */
    if ((refused ? is_login_put_off(d, mono_ms)
                 : mono_ms >= d->login.verify_due_ms || mail_hangs(d, mono_ms) ||
                       wants_proof(d, mono_ms)) &&
        keeperc_ask(d->keeper, KEEPER_VERIFY))
        d->verify_asked_ms = mono_ms;
}

void ask_queue_soon(struct daemon *d, int64_t mono_ms) {
    if (d->queue_due_ms - mono_ms > QUEUE_SOON_MS)
        d->queue_due_ms = d->queue_asked_ms + QUEUE_SOON_MS;
}

void ask_note_mail(struct daemon *d, int64_t mono_ms) {
    uint64_t accepted = d->milter.value[MLTPAGE_ACCEPTED];

    if (accepted != d->milter_accepted && d->milter_accepted_ms == 0)
        d->milter_accepted_ms = mono_ms;
    d->milter_accepted = accepted;
    if (d->milter_accepted_ms == 0 || mono_ms - d->milter_accepted_ms < 2 * TICK_MS)
        return;
    if (d->milter_accepted_ms > d->queue_moved_ms)
        d->queue_moved_ms = d->milter_accepted_ms;
    d->milter_accepted_ms = 0;
}
