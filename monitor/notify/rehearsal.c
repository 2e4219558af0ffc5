/* See rehearsal.h. */
#include "rehearsal.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "text.h"
#include "xmem.h"

#include "testdoc.h"

#include "deliver.h"
#include "drill.h"
#include "payload.h"
#include "post.h"
#include "roster.h"

struct rehearsal {
    const struct poster *poster;
    const struct roster *roster;
    struct deliver *deliver;
    struct post *post; /* NULL: none is under way */
    struct incident *incident;
    uint64_t asker;
    int64_t begun_mono_ms; /* of this step */
    char name[48];
    void (*on_answer)(uint64_t asker, const char *packet, void *arg);
    void *arg;
};

static void on_reply(const struct post_reply *reply, void *arg);

struct rehearsal *rehearsal_new(const struct poster *poster, const struct roster *roster,
                                struct deliver *deliver,
                                void (*on_answer)(uint64_t asker, const char *packet, void *arg),
                                void *arg) {
    struct rehearsal *r = xcalloc(1, sizeof *r);

    r->poster = poster;
    r->roster = roster;
    r->deliver = deliver;
    r->on_answer = on_answer;
    r->arg = arg;
    return r;
}

void rehearsal_free(struct rehearsal **rehearsal) {
    if (*rehearsal == NULL)
        return;
    post_cancel(&(*rehearsal)->post);
    drill_free(&(*rehearsal)->incident);
    free(*rehearsal);
    *rehearsal = NULL;
}

static const struct receiver *find(const struct rehearsal *r, const char *name) {
    const struct receivers *all = roster_receivers(r->roster);

    for (int i = 0; i < all->count; i++) {
        if (strcmp(all->receiver[i].name, name) == 0)
            return &all->receiver[i];
    }
    return NULL;
}

/* "is none in receivers.conf", or "are: chat, on-call"; and that an edit was not taken up. */
static void list_names(const struct rehearsal *r, char *out, size_t size) {
    const struct receivers *all = roster_receivers(r->roster);

    text_copy(out, size, all->count > 0 ? "are: " : "is none in receivers.conf");
    for (int i = 0; i < all->count; i++) {
        size_t n = strlen(out);

        text_format(out + n, size - n, "%s%s", i > 0 ? ", " : "", all->receiver[i].name);
    }
    if (roster_mistake(r->roster)[0] != '\0') {
        size_t n = strlen(out);

        text_format(out + n, size - n, "; the file is not in force, it has a mistake: %.250s",
                    roster_mistake(r->roster));
    }
}

static void answer(struct rehearsal *r, uint64_t asker, const struct testdoc_step *step) {
    char *packet = testdoc_print_step(step);

    r->on_answer(asker, packet, r->arg);
    free(packet);
}

static void refuse(struct rehearsal *r, uint64_t asker, const char *why) {
    char *packet = testdoc_print_error(why);

    r->on_answer(asker, packet, r->arg);
    free(packet);
}

static void send_now(struct rehearsal *r, const struct receiver *receiver) {
    static const struct mailproof none = {.wanted = false};
    struct notice notice = drill_notice(r->incident);
    char *beat;

    r->begun_mono_ms = clock_mono_ms();
    if (receiver->kind == RECEIVER_HEARTBEAT) {
        beat = payload_heartbeat(r->incident->host, clock_wall_ms(), 0, &none);
        r->post = post_body(r->poster, receiver, beat, NULL, on_reply, r);
        free(beat);
        return;
    }
    r->post = post_notice(r->poster, receiver, r->incident, &notice, on_reply, r);
}

/* Alertmanager would never tell of an alert that is over before its group_wait is. There it ends
 * when it is not renewed. */
static bool wants_end(const struct receiver *receiver) {
    return receiver->wants_end && receiver->kind != RECEIVER_ALERTMANAGER &&
           receiver->kind != RECEIVER_HEARTBEAT;
}

static void on_reply(const struct post_reply *reply, void *arg) {
    struct rehearsal *r = arg;
    const struct receiver *receiver = find(r, r->name);
    bool was_end = r->incident->ended_ms != 0;
    bool taken = reply->meaning == POST_TAKEN;
    bool goes_on = taken && !was_end && receiver != NULL && wants_end(receiver);
    struct testdoc_step step = {.name = r->name,
                                .kind = "",
                                .place = "",
                                .is_end = was_end,
                                .taken = taken,
                                .refused = reply->meaning == POST_REFUSED,
                                .text = reply->text,
                                .took_ms = clock_mono_ms() - r->begun_mono_ms,
                                .last = !goes_on};

    r->post = NULL;
    if (receiver != NULL) {
        step.kind = receiver_kind_name(receiver->kind);
        step.place = receiver->place;
    }
    log_info("rehearsal", "%s: %s: %s%s%s", r->name, was_end ? "the end of a test" : "a test",
             taken ? "taken" : "not taken", reply->text[0] != '\0' ? ": " : "", reply->text);
    if (taken)
        deliver_try_now(r->deliver, r->name);
    answer(r, r->asker, &step);
    if (!goes_on) {
        drill_free(&r->incident);
        return;
    }
    r->incident->ended_ms = clock_wall_ms();
    if (r->incident->ended_ms <= r->incident->since_ms)
        r->incident->ended_ms = r->incident->since_ms + 1;
    send_now(r, receiver);
}

void rehearsal_start(struct rehearsal *r, uint64_t asker, const char *name, const char *host,
                     const char *url) {
    const struct receiver *receiver = find(r, name);
    char why[2000], names[1900];

    if (receiver == NULL) {
        list_names(r, names, sizeof names);
        text_format(why, sizeof why, "no receiver of this name; there %s", names);
        refuse(r, asker, why);
        return;
    }
    if (r->post != NULL) {
        refuse(r, asker, "another test is under way; try again in a few seconds");
        return;
    }
    text_copy(r->name, sizeof r->name, name);
    r->asker = asker;
    r->incident = drill_make(host, url, clock_wall_ms(), 0);
    send_now(r, receiver);
}
