/* See heartbeat.h. */
#include "heartbeat.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "text.h"
#include "xmem.h"

#include "payload.h"
#include "post.h"

enum { WAIT_MOST_MS = 15 * 60 * 1000 };

struct beat {
    struct heartbeat *heartbeat;
    struct receiver receiver;
    struct post *post;   /* NULL: none under way */
    int64_t due_mono_ms; /* not before */
    enum receiver_condition condition;
    int64_t bad_since_ms; /* of it; wall clock, as the next */
    int64_t ok_ms;
    char last_error[200];
};

struct heartbeat {
    const struct poster *poster;
    struct beat *beat[RECEIVERS_MOST];
    int count;
    int64_t started_mono_ms;
    int64_t proved_mono_ms; /* 0: never */
    struct mailproof mail;
    void (*on_state)(void *arg);
    void *arg;
};

struct heartbeat *heartbeat_new(const struct poster *poster, void (*on_state)(void *arg),
                                void *arg) {
    struct heartbeat *h = xcalloc(1, sizeof *h);

    h->poster = poster;
    h->started_mono_ms = clock_mono_ms();
    h->on_state = on_state;
    h->arg = arg;
    return h;
}

static void free_beat(struct beat **beat) {
    if (*beat == NULL)
        return;
    post_cancel(&(*beat)->post);
    wipe(*beat, sizeof **beat);
    free(*beat);
    *beat = NULL;
}

void heartbeat_free(struct heartbeat **heartbeat) {
    if (*heartbeat == NULL)
        return;
    for (int i = 0; i < (*heartbeat)->count; i++)
        free_beat(&(*heartbeat)->beat[i]);
    free(*heartbeat);
    *heartbeat = NULL;
}

static struct beat *keep_beat(struct heartbeat *h, struct beat **old, int count,
                              const struct receiver *receiver) {
    struct beat *b;

    for (int i = 0; i < count; i++) {
        b = old[i];
        if (b != NULL && strcmp(b->receiver.identity, receiver->identity) == 0) {
            old[i] = NULL;
            return b;
        }
    }
    b = xcalloc(1, sizeof *b);
    b->heartbeat = h;
    return b;
}

void heartbeat_list(struct heartbeat *h, const struct receivers *receivers) {
    struct beat *old[RECEIVERS_MOST] = {NULL};
    int old_count = h->count;

    memcpy(old, h->beat, sizeof old);
    h->count = 0;
    for (int i = 0; i < receivers->count; i++) {
        struct beat *b;

        if (receivers->receiver[i].kind != RECEIVER_HEARTBEAT)
            continue;
        b = keep_beat(h, old, old_count, &receivers->receiver[i]);
        b->receiver = receivers->receiver[i];
        b->due_mono_ms = 0;
        h->beat[h->count++] = b;
    }
    for (int i = 0; i < old_count; i++)
        free_beat(&old[i]);
}

void heartbeat_prove(struct heartbeat *h, int64_t age_ms) {
    if (age_ms >= 0)
        h->proved_mono_ms = clock_mono_ms() - age_ms;
}

void heartbeat_mail(struct heartbeat *h, const struct mailproof *mail) {
    h->mail = *mail;
}

/* The log has a line when it is another trouble than before. */
static void note_trouble(struct beat *b, enum receiver_condition condition, const char *text) {
    bool was_bad = b->condition == RECEIVER_FAILING || b->condition == RECEIVER_REFUSED;
    bool changed = b->condition != condition || strcmp(b->last_error, text) != 0;

    if (!changed)
        return;
    if (!was_bad)
        b->bad_since_ms = clock_wall_ms();
    b->condition = condition;
    text_copy_printable(b->last_error, sizeof b->last_error, span_of(text));
    log_error("heartbeat", "%s (line %u, %s): %s", b->receiver.name, b->receiver.line,
              b->receiver.place, text);
    b->heartbeat->on_state(b->heartbeat->arg);
}

static void on_reply(const struct post_reply *reply, void *arg) {
    struct beat *b = arg;
    int64_t asked_ms = reply->retry_after_ms;

    b->post = NULL;
    if (asked_ms > b->receiver.interval_ms)
        b->due_mono_ms = clock_mono_ms() + (asked_ms < WAIT_MOST_MS ? asked_ms : WAIT_MOST_MS);
    if (reply->meaning != POST_TAKEN) {
        note_trouble(b, reply->meaning == POST_REFUSED ? RECEIVER_REFUSED : RECEIVER_FAILING,
                     reply->text);
        return;
    }
    b->ok_ms = clock_wall_ms();
    if (b->condition == RECEIVER_OK)
        return;
    log_info("heartbeat", "%s (line %u, %s): beats", b->receiver.name, b->receiver.line,
             b->receiver.place);
    b->condition = RECEIVER_OK;
    b->last_error[0] = '\0';
    b->heartbeat->on_state(b->heartbeat->arg);
}

static void send_beat(struct beat *b, const char *host, int64_t proof_age_ms) {
    char *body = payload_heartbeat(host, clock_wall_ms(), proof_age_ms, &b->heartbeat->mail);

    b->post = post_body(b->heartbeat->poster, &b->receiver, body, NULL, on_reply, b);
    free(body);
}

void heartbeat_kick(struct heartbeat *h, const char *host, const char *hold) {
    int64_t now_ms = clock_mono_ms();
    int64_t age_ms = now_ms - (h->proved_mono_ms != 0 ? h->proved_mono_ms : h->started_mono_ms);

    if (hold == NULL && age_ms > HEARTBEAT_PROOF_MS)
        hold = "held back: no line of ours came back through the mail log for 75 s";
    else if (hold == NULL && h->mail.overdue)
        hold = "held back: no canary message was delivered for canary_overdue";
    else if (hold == NULL && h->proved_mono_ms == 0)
        return; /* the first proof is on its way */
    for (int i = 0; i < h->count; i++) {
        struct beat *b = h->beat[i];

        if (hold != NULL)
            note_trouble(b, RECEIVER_FAILING, hold);
        if (hold != NULL || b->post != NULL || now_ms < b->due_mono_ms)
            continue;
        b->due_mono_ms = now_ms + b->receiver.interval_ms;
        send_beat(b, host, age_ms);
    }
}

void heartbeat_report(const struct heartbeat *h, struct receiver_report *out) {
    for (int i = 0; i < h->count && out->count < RECEIVERSTATES_MOST; i++) {
        const struct beat *b = h->beat[i];
        struct receiver_state *state = &out->receiver[out->count++];

        memset(state, 0, sizeof *state);
        text_copy(state->name, sizeof state->name, b->receiver.name);
        text_copy(state->kind, sizeof state->kind, receiver_kind_name(b->receiver.kind));
        text_copy(state->place, sizeof state->place, b->receiver.place);
        text_copy(state->last_error, sizeof state->last_error, b->last_error);
        state->condition = b->condition;
        state->since_ms = b->bad_since_ms;
        state->last_ok_ms = b->ok_ms;
    }
}
