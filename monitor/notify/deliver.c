/* See deliver.h. */
#include "deliver.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "clock.h"
#include "log.h"
#include "text.h"
#include "xmem.h"

#include "loop.h"

#include "payload.h"
#include "post.h"

enum {
    BACKOFF_FIRST_MS = 1000,
    BACKOFF_MOST_MS = 5 * 60 * 1000,
    REFUSED_MS = 5 * 60 * 1000,
    RETRY_AFTER_MOST_MS = 15 * 60 * 1000,
    /* A refused notice waits a little longer than its lane, so that another one is tried before it.
     */
    PUT_OFF_MS = REFUSED_MS + 10 * 1000,
};

struct lane {
    struct deliver *deliver;
    struct receiver receiver;
    struct loop_timer *timer;
    struct post *post;   /* NULL: none under way */
    struct notice *sent; /* what it carries */
    int sent_count;
    bool waiting;      /* until the timer */
    unsigned failures; /* in a row */
    unsigned refusals; /* in a row */
    int complaint;     /* what the log knows: 0 all is well, else 1 + status */
    enum receiver_condition condition;
    int64_t bad_since_ms; /* of the condition; wall clock */
    char last_error[200];
    int64_t sent_mono_ms; /* last delivered batch */
    bool ever_sent;
};

struct deliver {
    const struct poster *poster;
    struct outbox *outbox;
    struct lane *lane[RECEIVERS_MOST];
    int count;
    void (*on_told)(void *arg);
    void (*on_state)(void *arg);
    void *arg;
};

int64_t deliver_backoff_ms(unsigned failures, uint32_t random) {
    int64_t whole_ms = BACKOFF_FIRST_MS;

    for (unsigned i = 1; i < failures && whole_ms < BACKOFF_MOST_MS; i++)
        whole_ms *= 2;
    if (whole_ms > BACKOFF_MOST_MS)
        whole_ms = BACKOFF_MOST_MS;
    return whole_ms - whole_ms / 4 + (int64_t)(random % 1000) * (whole_ms / 4) / 1000;
}

static uint32_t random_number(void) {
    uint32_t number;

    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number)
        number = (uint32_t)clock_mono_ms();
    return number;
}

static void wait_ms(struct lane *l, int64_t ms) {
    l->waiting = true;
    loop_timer_set(l->timer, ms);
}

/* It did not take it. The log has a line when this is another trouble than before. */
static void note_trouble(struct lane *l, enum receiver_condition condition,
                         const struct post_reply *reply, const char *then) {
    const struct receiver *r = &l->receiver;
    bool was_bad = l->condition == RECEIVER_FAILING || l->condition == RECEIVER_REFUSED;
    bool changed = l->condition != condition;

    if (!was_bad)
        l->bad_since_ms = clock_wall_ms();
    l->condition = condition;
    text_copy_printable(l->last_error, sizeof l->last_error, span_of(reply->text));
    if (l->complaint != reply->status + 1)
        log_error("deliver", "%s (line %u, %s): %s; %s", r->name, r->line, r->place, reply->text,
                  then);
    l->complaint = reply->status + 1;
    if (changed)
        l->deliver->on_state(l->deliver->arg);
}

static void note_success(struct lane *l) {
    struct outbox *outbox = l->deliver->outbox;
    int slot = outbox_slot(outbox, l->receiver.identity);
    enum receiver_condition was = l->condition;
    const struct receiver *r = &l->receiver;

    if (slot != -1)
        outbox_note_ok(outbox, slot, clock_wall_ms(), was >= RECEIVER_FAILING);
    if (l->complaint != 0)
        log_info("deliver", "%s (line %u, %s): takes alerts again", r->name, r->line, r->place);
    l->complaint = 0;
    l->condition = RECEIVER_OK;
    l->last_error[0] = '\0';
    if (was != RECEIVER_OK)
        l->deliver->on_state(l->deliver->arg);
}

static void drop_sent(struct lane *l) {
    free(l->sent);
    l->sent = NULL;
    l->sent_count = 0;
}

/* Returns whether the outbox has changed. */
static bool record_sent(struct lane *l) {
    struct outbox *outbox = l->deliver->outbox;
    int slot = outbox_slot(outbox, l->receiver.identity);
    bool changed = false;

    for (int i = 0; i < l->sent_count && slot != -1; i++)
        changed |= outbox_told(outbox, slot, &l->sent[i], clock_wall_ms());
    return changed;
}

static void on_delivered(struct lane *l) {
    const struct receiver *r = &l->receiver;
    bool changed = record_sent(l);

    if (changed)
        log_info("deliver", "%s: told of %s%s", r->name,
                 l->sent_count == 1 ? l->sent[0].id : "the present alerts",
                 l->sent_count == 1 && l->sent[0].status == TOLD_RESOLVED ? ": resolved" : "");
    l->failures = 0;
    l->refusals = 0;
    l->ever_sent = true;
    l->sent_mono_ms = clock_mono_ms();
    drop_sent(l);
    if (changed)
        l->deliver->on_told(l->deliver->arg);
    note_success(l);
}

static void on_refused(struct lane *l, const struct post_reply *reply, bool of_all) {
    struct outbox *outbox = l->deliver->outbox;
    int slot = outbox_slot(outbox, l->receiver.identity);

    note_trouble(l, RECEIVER_REFUSED, reply,
                 l->receiver.kind == RECEIVER_COMMAND
                     ? "trying again each 5 minutes"
                     : "look at its line and its token; trying again each 5 minutes");
    l->failures = 0;
    l->refusals++;
    if (of_all || l->refusals >= 2) {
        l->refusals = 0;
        wait_ms(l, REFUSED_MS);
    }
    if (!of_all && slot != -1)
        outbox_put_off(outbox, slot, &l->sent[0], clock_wall_ms() + PUT_OFF_MS);
    drop_sent(l);
}

static void on_failed(struct lane *l, const struct post_reply *reply) {
    int64_t asked_ms = reply->retry_after_ms;

    l->failures++;
    note_trouble(l, RECEIVER_FAILING, reply, "trying on");
    drop_sent(l);
    if (asked_ms > RETRY_AFTER_MOST_MS)
        asked_ms = RETRY_AFTER_MOST_MS;
    wait_ms(l, asked_ms > 0 ? asked_ms : deliver_backoff_ms(l->failures, random_number()));
}

static void start(struct lane *l);

/* The status line counts: a receiver that has said 2xx has the notice, whatever becomes of the
 * body. */
static void on_reply(const struct post_reply *reply, void *arg) {
    struct lane *l = arg;

    l->post = NULL;
    switch (reply->meaning) {
    case POST_TAKEN:
        on_delivered(l);
        break;
    case POST_LATER:
        on_failed(l, reply);
        break;
    case POST_REFUSED:
        on_refused(l, reply, reply->status < 400 || l->receiver.kind == RECEIVER_ALERTMANAGER);
        break;
    }
    start(l);
}

/* All that Alertmanager is to know now, in one. */
static void start_batch(struct lane *l, int slot, int64_t now_ms) {
    const struct outbox *outbox = l->deliver->outbox;
    bool news;
    char *body;

    l->sent_count = outbox_batch(outbox, slot, now_ms, l->sent, &news);
    if (l->sent_count == 0 ||
        !(news || !l->ever_sent || clock_mono_ms() - l->sent_mono_ms >= OUTBOX_RESEND_MS))
        return;
    body = payload_alertmanager(outbox, l->sent, l->sent_count, now_ms);
    l->post = post_body(l->deliver->poster, &l->receiver, body, NULL, on_reply, l);
    free(body);
}

static void start_notice(struct lane *l, int slot, int64_t now_ms) {
    const struct outbox *outbox = l->deliver->outbox;
    const struct incident *incident;

    if (!outbox_next(outbox, slot, now_ms, &l->sent[0]))
        return;
    incident = outbox_find(outbox, l->sent[0].host, l->sent[0].id, l->sent[0].since_ms);
    if (incident == NULL)
        return;
    l->sent_count = 1;
    l->post = post_notice(l->deliver->poster, &l->receiver, incident, &l->sent[0], on_reply, l);
}

static void start(struct lane *l) {
    int slot = outbox_slot(l->deliver->outbox, l->receiver.identity);

    if (l->post != NULL || l->waiting || slot == -1)
        return;
    l->sent = xcalloc(OUTBOX_BATCH, sizeof *l->sent);
    if (l->receiver.kind == RECEIVER_ALERTMANAGER)
        start_batch(l, slot, clock_wall_ms());
    else
        start_notice(l, slot, clock_wall_ms());
    if (l->post == NULL)
        drop_sent(l);
}

static void on_wait_over(void *arg) {
    struct lane *l = arg;

    l->waiting = false;
    start(l);
}

static struct lane *make_lane(struct deliver *d) {
    struct lane *l = xcalloc(1, sizeof *l);

    l->deliver = d;
    l->timer = loop_timer_new(d->poster->loop, on_wait_over, l);
    return l;
}

static void free_lane(struct lane **lane) {
    struct lane *l = *lane;

    if (l == NULL)
        return;
    post_cancel(&l->post);
    drop_sent(l);
    loop_timer_free(&l->timer);
    wipe(&l->receiver, sizeof l->receiver);
    free(l);
    *lane = NULL;
}

struct deliver *deliver_new(const struct poster *poster, struct outbox *outbox,
                            void (*on_told)(void *arg), void (*on_state)(void *arg), void *arg) {
    struct deliver *d = xcalloc(1, sizeof *d);

    d->poster = poster;
    d->outbox = outbox;
    d->on_told = on_told;
    d->on_state = on_state;
    d->arg = arg;
    return d;
}

void deliver_free(struct deliver **deliver) {
    if (*deliver == NULL)
        return;
    for (int i = 0; i < (*deliver)->count; i++)
        free_lane(&(*deliver)->lane[i]);
    free(*deliver);
    *deliver = NULL;
}

/* Takes the lane of this receiver out of the old ones, or makes a new one. */
static struct lane *keep_lane(struct deliver *d, struct lane **old, int count,
                              const struct receiver *receiver) {
    for (int i = 0; i < count; i++) {
        struct lane *l = old[i];

        if (l != NULL && strcmp(l->receiver.identity, receiver->identity) == 0) {
            old[i] = NULL;
            return l;
        }
    }
    return make_lane(d);
}

static void end_wait(struct lane *l) {
    int slot = outbox_slot(l->deliver->outbox, l->receiver.identity);

    l->waiting = false;
    l->failures = 0;
    l->refusals = 0;
    loop_timer_cancel(l->timer);
    if (slot != -1)
        outbox_put_off(l->deliver->outbox, slot, NULL, 0);
}

void deliver_list(struct deliver *d, const struct receivers *receivers) {
    struct lane *old[RECEIVERS_MOST] = {NULL};
    int old_count = d->count;

    memcpy(old, d->lane, sizeof d->lane);
    d->count = 0;
    for (int i = 0; i < receivers->count; i++) {
        struct lane *l;

        if (receivers->receiver[i].kind == RECEIVER_HEARTBEAT)
            continue;
        l = keep_lane(d, old, old_count, &receivers->receiver[i]);
        l->receiver = receivers->receiver[i];
        end_wait(l);
        d->lane[d->count++] = l;
    }
    for (int i = 0; i < old_count; i++)
        free_lane(&old[i]);
}

void deliver_kick(struct deliver *d) {
    for (int i = 0; i < d->count; i++)
        start(d->lane[i]);
}

void deliver_try_now(struct deliver *d, const char *name) {
    for (int i = 0; i < d->count; i++) {
        if (strcmp(d->lane[i]->receiver.name, name) != 0)
            continue;
        end_wait(d->lane[i]);
        start(d->lane[i]);
    }
}

static void report_one(const struct lane *l, struct receiver_state *out, int64_t now_ms) {
    const struct outbox *outbox = l->deliver->outbox;
    int slot = outbox_slot(outbox, l->receiver.identity);

    memset(out, 0, sizeof *out);
    text_copy(out->name, sizeof out->name, l->receiver.name);
    text_copy(out->kind, sizeof out->kind, receiver_kind_name(l->receiver.kind));
    text_copy(out->place, sizeof out->place, l->receiver.place);
    text_copy(out->last_error, sizeof out->last_error, l->last_error);
    out->condition = l->condition;
    out->tells = true;
    out->since_ms = l->bad_since_ms;
    if (slot == -1)
        return;
    out->last_ok_ms = outbox->slot[slot].ok_ms;
    out->waiting = (uint32_t)outbox_waiting(outbox, slot, now_ms);
    /* It took something in a life before. */
    if (out->condition == RECEIVER_IDLE && out->last_ok_ms != 0)
        out->condition = RECEIVER_OK;
}

void deliver_report(const struct deliver *d, struct receiver_report *out, int64_t now_ms) {
    out->count = d->count;
    for (int i = 0; i < d->count; i++)
        report_one(d->lane[i], &out->receiver[i], now_ms);
}
