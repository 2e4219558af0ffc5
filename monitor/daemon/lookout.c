/* See lookout.h. */
#include "lookout.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "log.h"
#include "relayhosts.h"
#include "text.h"
#include "state.h"
#include "healthlook.h"

enum {
    RETURNED_MS = 10 * 60 * 1000,
    EXPIRED_MS = 60 * 60 * 1000,
    UNACCOUNTED_MS = 60 * 60 * 1000,
    STEP_MS = 2000, /* what an adjusted clock never gains within a second */
    JUMP_TOLD_MS = 10 * 60 * 1000,
    AHEAD_FRESH_MS = 60 * 1000,
    SECRETS_MS = 60 * 1000,
    SILENCE_OVER_MS = 2 * 60 * 1000,
};

void lookout_init(struct lookout *l) {
    *l = (struct lookout){.returned.span_ms = RETURNED_MS,
                          .expired.span_ms = EXPIRED_MS,
                          .unwanted.span_ms = RETURNED_MS,
                          .unwanted_returned.span_ms = RETURNED_MS,
                          .judged.span_ms = RETURNED_MS,
                          .unaccounted.span_ms = UNACCOUNTED_MS};
    for (int party = 0; party < PARTY_COUNT; party++)
        l->failed[party].span_ms = l->put_off[party].span_ms = RETURNED_MS;
}

/* ---- lines ---- */

/* "Later" once is no failed delivery: the next attempt is. Where it is all that the smarthost says,
 * another rule tells. */
static bool is_passing(const struct mailev *ev, struct ledger_noted noted) {
    return !noted.retried && ev->status == MAILEV_STATUS_DEFERRED &&
           (ev->diagnosis == DIAGNOSIS_G18_TEMP_SYSTEM ||
            ev->diagnosis == DIAGNOSIS_G04_TEMP_AUTH_FAILURE);
}

void lookout_note(struct lookout *l, const struct mailev *ev, struct ledger_noted noted,
                  int64_t time_ms) {
    bool ours;

    if (noted.first)
        quota_note(&l->quota, ev->from, ev->recipients, time_ms);
    if (ev->kind == MAILEV_EXPIRED && noted.ours) {
        lately_note(&l->expired, 1, time_ms);
        l->expired_ms = time_ms;
    }
    if (ev->kind != MAILEV_DELIVERY || ev->daemon.n != 4 || memcmp(ev->daemon.p, "smtp", 4) != 0 ||
        ev->status < MAILEV_STATUS_SENT || ev->status > MAILEV_STATUS_BOUNCED)
        return;
    lately_note(&l->judged, 1, time_ms);
    if (ev->status == MAILEV_STATUS_DEFERRED)
        lately_note(&l->put_off[relayhosts_party(ev)], 1, time_ms);
    if (ev->status != MAILEV_STATUS_SENT && health_is_of_message(ev->diagnosis)) {
        lately_note(&l->unwanted, 1, time_ms);
        if (ev->status == MAILEV_STATUS_BOUNCED)
            lately_note(&l->unwanted_returned, 1, time_ms);
        l->unwanted_for = ev->diagnosis;
        text_copy_printable(l->unwanted_evidence, sizeof l->unwanted_evidence, ev->text);
    }
    ours = ev->status != MAILEV_STATUS_SENT && health_is_relays_fault(ev->diagnosis) &&
           !is_passing(ev, noted);
    burn_note(&l->burn, ours, time_ms);
    if (ours)
        lately_note(&l->failed[relayhosts_party(ev)], 1, time_ms);
    if (!ours || ev->status != MAILEV_STATUS_BOUNCED)
        return;
    lately_note(&l->returned, 1, time_ms);
    l->returned_for = ev->diagnosis;
    text_copy_printable(l->returned_evidence, sizeof l->returned_evidence, ev->text);
}

void lookout_stamp(struct lookout *l, int64_t stamp_ms, int64_t now_ms) {
    if (!l->caught_up)
        return;
    l->ahead_ms = stamp_ms - now_ms;
    l->ahead_mono_ms = 0; /* dated at the end of the batch */
}

void lookout_batch(struct daemon *d) {
    struct lookout *l = &d->lookout;
    bool all_read = true;

    if (l->ahead_mono_ms == 0)
        l->ahead_mono_ms = clock_mono_ms();
    for (size_t i = 0; i < sources_count(d->sources); i++) {
        struct tail_figures figures;

        sources_figures(d->sources, i, &figures);
        all_read &= figures.lag_bytes == 0;
    }
    l->caught_up = all_read;
}

/* ---- once a second ---- */

static const struct alert *find_firing(const struct alert_set *set, const char *id) {
    for (int i = 0; i < set->count; i++) {
        if (set->alert[i].ended_ms == 0 && strcmp(set->alert[i].id, id) == 0)
            return &set->alert[i];
    }
    return NULL;
}

static void look_at_clock(struct daemon *d, int64_t mono_ms) {
    struct lookout *l = &d->lookout;
    int64_t offset_ms = clock_wall_ms() - mono_ms;
    int64_t step_ms = offset_ms - l->clock_offset_ms;
    bool first = l->clock_offset_ms == 0;

    l->clock_offset_ms = offset_ms;
    if (first || llabs(step_ms) < STEP_MS)
        return;
    log_warn("clock", "jumped by %+.1f s", (double)step_ms / 1000.0);
    health_shift(&d->health, step_ms);
    rules_shift(d->rules, step_ms);
    mailcanary_shift(&d->mailway.canary, step_ms);
    silences_shift(&d->silences, step_ms);
    if (mono_ms - l->jumped_mono_ms >= JUMP_TOLD_MS)
        l->jump_ms = 0;
    l->jump_ms += step_ms; /* set right again: no jump at all */
    l->jumped_mono_ms = mono_ms;
}

static void look_at_secret(struct lookout *l, const char *path) {
    struct stat st;

    if (l->readable[0] == '\0' && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
        (st.st_mode & S_IROTH) != 0)
        text_copy(l->readable, sizeof l->readable, path);
}

/* The file that the operator edits, and what postmap(1) made of it. */
static void look_at_secrets(struct daemon *d, int64_t mono_ms) {
    static const char *const suffixes[] = {"", ".db", ".lmdb", ".cdb", ".pag"};
    struct lookout *l = &d->lookout;

    if (mono_ms < l->secrets_due_ms || d->conf.sasl_passwd[0] == '\0')
        return;
    l->secrets_due_ms = mono_ms + SECRETS_MS;
    l->readable[0] = '\0';
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char path[300];

        text_format(path, sizeof path, "%s%s", d->conf.sasl_passwd, suffixes[i]);
        look_at_secret(l, path);
    }
}

/* What the log could not tell of while it was silent shows as unaccounted for when its time is up,
 * and people know why. */
static bool is_of_silence(const struct daemon *d, int64_t mono_ms) {
    int64_t told_ms = (int64_t)d->conf.unknown_after_s * 1000 + SILENCE_OVER_MS;

    return d->lookout.silent_mono_ms != 0 && mono_ms - d->lookout.silent_mono_ms < told_ms;
}

static void look_at_ledger(struct daemon *d, int64_t mono_ms) {
    const struct ledger_totals *t = ledger_totals(d->messages.ledger);
    uint64_t now = t->unknown - t->deleted;
    struct lookout *l = &d->lookout;

    if (find_firing(rules_alerts(d->rules), "log-silent") != NULL)
        l->silent_mono_ms = mono_ms;
    if (l->unaccounted_known && now > l->unaccounted_total && !is_of_silence(d, mono_ms))
        lately_note(&l->unaccounted, now - l->unaccounted_total, clock_wall_ms());
    l->unaccounted_total = now;
    l->unaccounted_known = true;
}

/* So many recipients of a sender are a warning. */
static uint64_t near_at(const struct conf *conf) {
    return conf->recipients_limit * conf->recipients_percent / 100;
}

void lookout_tick(struct daemon *d, int64_t mono_ms) {
    look_at_clock(d, mono_ms);
    look_at_secrets(d, mono_ms);
    if (d->log.begun)
        look_at_ledger(d, mono_ms);
    d->lookout.senders_whole = milterpage_senders(&d->milter, near_at(&d->conf), clock_wall_ms(),
                                                  mono_ms, &d->lookout.senders);
}

/* ---- for the rules ---- */

static void fill_login(const struct daemon *d, struct signals *s, int64_t wall_ms) {
    const struct rotation *r = &d->change.rotation;
    int64_t proved_ms = d->started_ms;

    if (d->login.verified_ms > proved_ms)
        proved_ms = d->login.verified_ms;
    if (health_main_success(&d->health) > proved_ms)
        proved_ms = health_main_success(&d->health);
    if (d->facts_known && d->facts.sasl && d->login.state != LOGIN_NONE)
        s->unverified_ms = wall_ms - proved_ms;
    if (r->state != ROTATION_CONFIRMING || r->applied_ms == 0)
        return;
    s->unconfirmed_ms = wall_ms - r->applied_ms;
    s->old_map_in_use = r->stale_ms != 0 && wall_ms - r->stale_ms < RETURNED_MS;
}

/* Whose fault most of these are. */
static enum party most_by(const struct lately by[PARTY_COUNT], int64_t wall_ms) {
    enum party most = PARTY_NONE;
    uint64_t count = 0;

    for (enum party party = PARTY_OURS; party < PARTY_COUNT; party++) {
        uint64_t sum = lately_sum(&by[party], wall_ms);

        if (sum > count) {
            count = sum;
            most = party;
        }
    }
    return most;
}

/* Both counts are looked at, one is told. */
static void look_at_senders(struct daemon *d, int64_t wall_ms) {
    struct lookout *l = &d->lookout;

    quota_look(&l->quota, near_at(&d->conf), wall_ms, &l->counted[QUOTA_BY_LOG]);
    l->counted[QUOTA_BY_MILTER] =
        (struct quota_top){.sender = l->senders.sender[0] != '\0' ? l->senders.sender : NULL,
                           .recipients = l->senders.recipients,
                           .near = l->senders.near,
                           .all = l->senders.all,
                           .by = QUOTA_BY_MILTER};
    l->top =
        quota_choose(&l->counted[QUOTA_BY_LOG], &l->counted[QUOTA_BY_MILTER], l->senders_whole);
}

void lookout_fill(struct daemon *d, struct signals *s, int64_t wall_ms, int64_t mono_ms) {
    struct lookout *l = &d->lookout;
    const struct burn_limits limits = {.allowed = (double)d->conf.failures_per_1000 / 1000.0,
                                       .at_least = d->conf.failures_least};
    bool failing = find_firing(rules_alerts(d->rules), "deliveries-fail") != NULL;

    burn_eval(&l->burn, &limits, failing, wall_ms, &l->burned);
    s->burn = &l->burned;
    look_at_senders(d, wall_ms);
    s->quota = l->top;
    mailway_fill(d, s);
    s->returned = lately_sum(&l->returned, wall_ms);
    s->returned_for = l->returned_for;
    s->returned_evidence = l->returned_evidence;
    s->expired = lately_sum(&l->expired, wall_ms);
    s->expired_ms = l->expired_ms;
    s->failed_by = most_by(l->failed, wall_ms);
    s->put_off_by = most_by(l->put_off, wall_ms);
    s->unwanted = lately_sum(&l->unwanted, wall_ms);
    s->unwanted_returned = lately_sum(&l->unwanted_returned, wall_ms);
    s->judged = lately_sum(&l->judged, wall_ms);
    s->unwanted_for = l->unwanted_for;
    s->unwanted_evidence = l->unwanted_evidence;
    s->unaccounted = lately_sum(&l->unaccounted, wall_ms);
    if (l->jumped_mono_ms != 0 && mono_ms - l->jumped_mono_ms < JUMP_TOLD_MS)
        s->clock_jumped_ms = l->jump_ms;
    if (l->ahead_mono_ms != 0 && mono_ms - l->ahead_mono_ms < AHEAD_FRESH_MS)
        s->log_ahead_ms = l->ahead_ms;
    s->readable_secret = l->readable[0] != '\0' ? l->readable : NULL;
    fill_login(d, s, wall_ms);
}

void lookout_explained(struct lookout *l, const struct alert_set *set) {
    static const char *const causes[] = {
        "postfix-down",  "disk-low",          "clock-wrong",   "ca-file-gone",  "tls-broken",
        "login-refused", "relay-unreachable", "limit-reached", "relay-refuses", "postfix-trouble"};

    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        const struct alert *alert = find_firing(set, causes[i]);

        if (alert == NULL)
            continue;
        lately_clear(&l->returned);
        burn_forgive(&l->burn, alert->since_ms);
    }
}
