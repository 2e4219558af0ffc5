/* See past.h. */
#include "past.h"

#include <string.h>

#include "backfillq.h"
#include "clock.h"
#include "crasher.h"
#include "log.h"
#include "text.h"
#include "count.h"

static void on_past_event(struct mailev *ev, void *arg) {
    struct daemon *d = arg;
    struct ledger_noted noted;

    if (d->past_ledger == NULL)
        d->past_ledger = ledger_new(&d->messages.key, NULL, NULL);
    ev->diagnosis = diagnose_event(d->diagnoser, ev);
    count_event(d, ev, false);
    counters_add(&d->past_counters, ev->counters);
    noted = ledger_note(d->past_ledger, ev);
    if (noted.id != 0) /* as if tried before: so it is in no percentile of the last hour */
        delays_note(&d->messages.delays, ev, true, d->clock.now_ms);
}

static bool may_look(struct span line, uint64_t place, void *arg) {
    return crasher_may_look(arg, line, place);
}

static void on_looked(void *arg) {
    struct daemon *d = arg;

    poison_end(&d->poison);
}

static void on_skipped(struct span line, void *arg) {
    struct daemon *d = arg;

    crasher_skip(d, line);
    counters_add(&d->past_counters, d->event.counters);
}

static void on_change(const struct open_change *change, void *arg) {
    (void)change;
    (void)arg;
}

/* Old messages have a ledger of their own, in memory: they push out none of now, and none of them
 * is in the queue. Those that came in and ended are added to the sum; of one whose end is in a log
 * that comes after a kill, or is relaywatchd's, neither is. */
static void fold_past_ledger(struct daemon *d) {
    struct ledger_totals now;

    if (d->past_ledger == NULL)
        return;
    (void)ledger_commit(d->past_ledger, on_change, NULL); /* nobody writes it down */
    now = *ledger_totals(d->past_ledger);
    ledger_add_ended(d->messages.ledger, &now, &d->past_ended);
    d->past_ended = now;
}

static void on_past_turn(void *arg) {
    struct daemon *d = arg;

    fold_past_ledger(d);
    rates_skip(&d->rates, &d->past_counters);
    memset(&d->past_counters, 0, sizeof d->past_counters);
    d->clock.now_ms = clock_wall_ms();
    count_publish(d);
}

static bool keep_past(struct fault *why, void *arg) {
    if (count_keep_log(arg) == 0)
        return true;
    fault_set(why, "counted, but not yet on the disk: relaywatchd's log says why");
    return false;
}

/* Missing sources have nothing to be read. */
static bool is_settled(void *arg) {
    const struct daemon *d = arg;

    for (size_t i = 0; i < sources_count(d->sources); i++) {
        struct tail_figures figures;

        sources_figures(d->sources, i, &figures);
        if (figures.state == TAIL_OK && figures.lag_bytes > 0)
            return false;
    }
    return true;
}

static void on_past_over(void *arg) {
    struct daemon *d = arg;

    ledger_free(&d->past_ledger);
    memset(&d->past_ended, 0, sizeof d->past_ended);
}

void past_begin(struct daemon *d, const struct hash_key *key) {
    const struct backfill_calls calls = {.lines = {.on_event = on_past_event,
                                                   .may_look = may_look,
                                                   .on_looked = on_looked,
                                                   .on_skipped = on_skipped},
                                         .on_turn = on_past_turn,
                                         .keep = keep_past,
                                         .is_settled = is_settled,
                                         .on_over = on_past_over,
                                         .arg = d};
    bool distinct = strcmp(d->conf.mail_log_distinct, "yes") == 0;
    struct fault why;
    char path[300];

    text_format(path, sizeof path, "%s/%s", d->conf.state_dir, BACKFILLQ_SOCKET);
    d->backfill = backfill_new(d->loop, path, &d->counted, key, distinct, &calls, &why);
    if (d->backfill == NULL)
        log_warn("backfill", "old logs cannot be counted: %s", why.text);
}

void past_end(struct daemon *d) {
    backfill_free(&d->backfill);
    ledger_free(&d->past_ledger);
}
