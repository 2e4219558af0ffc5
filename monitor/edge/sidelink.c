/* See sidelink.h. */
#include "sidelink.h"

#include <inttypes.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "text.h"

#include "storeerr.h"

enum { HEARTBEAT_MS = 10000 };

void sidelink_init(struct sidelink *side, const char *host, void (*ask_turn)(void *arg),
                   void *arg) {
    side->ask_turn = ask_turn;
    side->arg = arg;
    text_copy(side->host, sizeof side->host, host);
    text_format(side->key, sizeof side->key, "rw:{%s}:alert", host);
}

void sidelink_clear(struct sidelink *side) {
    sidedata_clear(&side->data);
}

bool sidelink_set(struct sidelink *side, const char *field, const char *text) {
    return sidedata_set(&side->data, field, text);
}

void sidelink_again(struct sidelink *side) {
    sidedata_again(&side->data);
    side->heartbeat_ms = 0;
}

void sidelink_gone(struct sidelink *side) {
    side->pending = 0;
    sidelink_again(side);
}

/* ---- side data and heartbeat ---- */

static void note_refusal(struct sidelink *side, const struct rlink_reply *reply) {
    if (!rlink_is_error(reply) || side->told_refusal)
        return;
    side->told_refusal = true;
    log_warn("store", "side data or heartbeat refused: %s", rlink_text(reply));
}

static void on_data(const struct rlink_reply *reply, void *arg) {
    struct sidelink *side = arg;

    note_refusal(side, reply);
    if (side->pending > 0 && --side->pending == 0)
        sidedata_arrived(&side->data);
    side->ask_turn(side->arg);
}

static void on_removed(const struct rlink_reply *reply, void *arg) {
    struct sidelink *side = arg;

    if (rlink_is_error(reply) && storeerr_class_of(rlink_text(reply)) == STOREERR_OPERATOR &&
        !side->may_not_remove) {
        side->may_not_remove = true;
        sidedata_again(&side->data);
        side->pending--;
        side->ask_turn(side->arg);
        return;
    }
    on_data(reply, side);
}

static void on_heartbeat(const struct rlink_reply *reply, void *arg) {
    note_refusal(arg, reply);
}

/* Whether there was something to send. */
static bool data_send(struct sidelink *side, bool removals) {
    const struct sidedata_field *field[SIDEDATA_FIELDS];
    const char *word[2 + 2 * SIDEDATA_FIELDS];
    size_t count = sidedata_take(&side->data, removals, field);
    bool remove = removals && !side->may_not_remove;
    size_t n = 0;

    if (count == 0)
        return false;
    word[n++] = remove ? "HDEL" : "HSET";
    word[n++] = side->key;
    for (size_t i = 0; i < count; i++) {
        word[n++] = field[i]->name;
        if (!remove)
            word[n++] = field[i]->text != NULL ? field[i]->text : "";
    }
    side->pending++;
    rlink_send(side->link, n, word, remove ? on_removed : on_data, side);
    return true;
}

static void heartbeat_send(struct sidelink *side, int64_t now_ms) {
    int64_t wall_ms = clock_wall_ms();
    char seconds[32];

    if (now_ms < side->heartbeat_ms)
        return;
    side->heartbeat_ms = now_ms + HEARTBEAT_MS;
    text_format(seconds, sizeof seconds, "%" PRId64 ".%03d", wall_ms / 1000, (int)(wall_ms % 1000));
    rlink_send(side->link, 4, (const char *[]){"ZADD", "rw:hosts", seconds, side->host},
               on_heartbeat, side);
}

void sidelink_turn(struct sidelink *side, int64_t now_ms) {
    if (side->pending == 0) {
        bool sent = data_send(side, true);

        if (data_send(side, false) || sent)
            side->heartbeat_ms = now_ms; /* it tells the others that there is something new */
    }
    heartbeat_send(side, now_ms);
}

/* ---- settings ---- */

/* What a store of totals should have, and what each value that is good begins with. */
static const struct setting {
    const char *name, *good, *also_good, *why;
} settings[] = {
    {"maxmemory-policy", "noeviction", "volatile", "full, it would throw totals away"},
    {"appendonly", "yes", "yes", "a restart would lose totals"},
    {"appendfsync", "everysec", "always", "a power cut would lose totals"},
};

static void note_setting(struct sidelink *side, const struct setting *setting, const char *value) {
    size_t n = strlen(side->settings);

    if (strncmp(value, setting->good, strlen(setting->good)) == 0 ||
        strncmp(value, setting->also_good, strlen(setting->also_good)) == 0)
        return;
    text_format(side->settings + n, sizeof side->settings - n, "%s%s is %.20s, should be %s: %s",
                n > 0 ? "; " : "", setting->name, value, setting->good, setting->why);
    log_warn("store", "redis: %s", side->settings + n + (n > 0 ? 2 : 0));
}

/* The answer to any of the questions tells by its name which it was. */
static void on_setting(const struct rlink_reply *reply, void *arg) {
    struct sidelink *side = arg;

    if (rlink_is_error(reply))
        side->may_not_ask = true; /* fine: it is said nowhere that we may */
    if (rlink_count(reply) != 2)
        return;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (span_is(rlink_span(rlink_part(reply, 0)), settings[i].name))
            note_setting(side, &settings[i], rlink_text(rlink_part(reply, 1)));
    }
}

void sidelink_up(struct sidelink *side) {
    side->heartbeat_ms = 0;
    side->settings[0] = '\0';
    for (size_t i = 0; i < sizeof settings / sizeof settings[0] && !side->may_not_ask; i++)
        rlink_send(side->link, 3, (const char *[]){"CONFIG", "GET", settings[i].name}, on_setting,
                   side);
}
