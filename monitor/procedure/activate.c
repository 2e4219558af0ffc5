/* See activate.h. */
#include "activate.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "text.h"
#include "errand.h"
#include "queuedir.h"

enum { RELOAD_EVERY_MS = 10000, TEXT_RELOAD_EVERY_MS = 3000, SETTLE_MS = 1500 };

static bool run(struct hands *hands, enum hand hand, struct keeper_reply *reply) {
    struct fault why = {""};

    if (errand_for(hands, hand, 0, NULL, &why) == 0)
        return true;
    text_copy(reply->detail, sizeof reply->detail, why.text);
    return false;
}

/* Does Postfix run, is mail deferred, or under way? */
static bool glance(struct hands *hands, struct keeper_queue *queue_out,
                   struct keeper_reply *reply) {
    struct fault why = {""};

    if (queuedir_ask(hands, true, queue_out, &why) == 0)
        return true;
    text_copy(reply->detail, sizeof reply->detail, why.text);
    return false;
}

/* How long until the next reload may be; 0: now. A clock that was set back makes nobody wait. */
static int64_t wait_ms(const struct facts *facts, const struct recall *recall, int64_t now_ms) {
    int64_t every_ms =
        strcmp(facts->map_type, "texthash") == 0 ? TEXT_RELOAD_EVERY_MS : RELOAD_EVERY_MS;
    int64_t since_ms = now_ms - recall->reloaded_ms;

    return since_ms < 0 || since_ms >= every_ms ? 0 : every_ms - since_ms;
}

int64_t activate_owed_ms(const struct facts *facts, const struct recall *recall, int64_t now_ms) {
    int64_t since_ms = now_ms - recall->reloaded_ms;

    if (recall->reload_owed)
        return wait_ms(facts, recall, now_ms) + 1;
    if (recall->flush_owed)
        return since_ms < 0 || since_ms >= SETTLE_MS ? 1 : SETTLE_MS - since_ms;
    return 0;
}

/* The queue again, some time after the reload. */
bool activate_flush(const struct keeper *keeper, struct recall *recall,
                    struct keeper_reply *reply) {
    struct keeper_queue queue;

    recall->flush_owed = false;
    if (!glance(keeper->hands, &queue, reply))
        return false;
    if (queue.postfix_running && queue.deferred + queue.active > 0)
        reply->credential.flushed = run(keeper->hands, HAND_FLUSH, reply);
    return true;
}

bool activate(const struct keeper *keeper, const struct facts *facts, struct recall *recall,
              bool now, struct keeper_reply *reply) {
    struct keeper_queue queue;
    int64_t wall_ms = clock_wall_ms();
    int64_t left_ms = now ? 0 : wait_ms(facts, recall, wall_ms);
    bool good = true;

    if (!glance(keeper->hands, &queue, reply))
        return false;
    if (!queue.postfix_running) {
        recall->reload_owed = recall->flush_owed =
            false; /* it will read everything when it starts */
        text_copy(reply->detail, sizeof reply->detail, "Postfix does not run: no reload");
        return true;
    }
    recall->reload_owed = left_ms > 0;
    /* What is under way goes on with the next qmgr(8), which takes it up as it starts (Postfix'
     * qmgr/qmgr.c): somebody has to wake that one. */
    recall->flush_owed = left_ms == 0 && queue.deferred + queue.active > 0;
    if (left_ms == 0) {
        good = run(keeper->hands, HAND_RELOAD, reply);
        reply->credential.reloaded = good;
        recall->reloaded_ms = wall_ms;
    }
    if (good && queue.deferred > 0)
        reply->credential.flushed = run(keeper->hands, HAND_FLUSH, reply);
    return good;
}

static bool held_value(const char *before, char *out, size_t size) {
    return text_format(out, size, "%s%ssmtp, relay", before, before[0] != '\0' ? ", " : "");
}

int activate_hold(const struct keeper *keeper, const struct facts *facts, struct recall *recall,
                  struct fault *why) {
    char value[sizeof recall->defer_transports + 32];

    text_copy(recall->defer_transports, sizeof recall->defer_transports, facts->defer_transports);
    recall->held = true;
    if (!held_value(facts->defer_transports, value, sizeof value) ||
        recall_save(keeper->hands, recall, why) == -1)
        return -1;
    return errand_for(keeper->hands, HAND_DEFER, 0, value, why);
}

int activate_release(const struct keeper *keeper, const struct facts *facts, struct recall *recall,
                     struct fault *why) {
    char value[sizeof recall->defer_transports + 32];

    /* Another value is the operator's, from after the hold: it stays. */
    if (held_value(recall->defer_transports, value, sizeof value) &&
        strcmp(value, facts->defer_transports) == 0 &&
        errand_for(keeper->hands, HAND_DEFER, 0, recall->defer_transports, why) == -1)
        return -1;
    recall->held = false;
    recall->defer_transports[0] = '\0';
    return 0;
}
