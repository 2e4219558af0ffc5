/* See quota.h. */
#include "quota.h"

#include <string.h>

enum { HOUR_MS = 3600 * 1000 };

/* FNV-1a: who chooses senders that collide gains a slower look, within the same bounds. */
static uint64_t hash_name(const char *name) {
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (; *name != '\0'; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return h;
}

/* Forgets the hours that have passed since. */
static void catch_up(struct quota_sender *s, uint32_t hour) {
    uint32_t passed = hour - s->hour;

    if (hour <= s->hour)
        return;
    for (uint32_t i = 1; i <= passed && i <= QUOTA_HOURS; i++)
        s->count[(s->hour + i) % QUOTA_HOURS] = 0;
    s->hour = hour;
}

static uint32_t sum(const struct quota_sender *s) {
    uint32_t total = 0;

    for (size_t i = 0; i < QUOTA_HOURS; i++)
        total += s->count[i];
    return total;
}

static void turn_hour(struct quota *q, uint32_t hour) {
    if (hour <= q->hour)
        return;
    q->hour = hour;
    for (size_t i = 0; i < QUOTA_SENDERS; i++) {
        if (q->weight[i] == 0)
            continue;
        catch_up(&q->sender[i], hour);
        q->weight[i] = sum(&q->sender[i]);
    }
}

/* The sender's place: his own, a free one, or that of him who has the least. */
static size_t place_of(struct quota *q, const char *name, uint64_t hash, uint32_t hour) {
    uint16_t *hint = &q->hint[hash % QUOTA_HINTS];
    size_t least = 0;

    if (q->weight[*hint] != 0 && q->hash[*hint] == hash && strcmp(q->sender[*hint].name, name) == 0)
        return *hint;
    for (size_t i = 0; i < QUOTA_SENDERS; i++) {
        if (q->weight[i] != 0 && q->hash[i] == hash && strcmp(q->sender[i].name, name) == 0) {
            *hint = (uint16_t)i;
            return i;
        }
        if (q->weight[i] < q->weight[least])
            least = i;
    }
    *hint = (uint16_t)least;
    q->hash[least] = hash;
    q->weight[least] = 0;
    memset(&q->sender[least], 0, sizeof q->sender[least]);
    text_copy(q->sender[least].name, SENDERNAME_SIZE, name);
    q->sender[least].hour = hour;
    return least;
}

static void add(struct quota *q, struct span sender, uint32_t hour, uint32_t recipients) {
    char name[SENDERNAME_SIZE];
    struct quota_sender *s;
    size_t place;

    sendername_take(name, sender);
    if (name[0] == '\0' || recipients == 0 || recipients > 1000000)
        return;
    turn_hour(q, hour);
    if (hour + QUOTA_HOURS <= q->hour)
        return; /* a line of long ago */
    place = place_of(q, name, hash_name(name), q->hour);
    s = &q->sender[place];
    catch_up(s, q->hour);
    if (s->count[hour % QUOTA_HOURS] > UINT32_MAX / 64)
        return;
    s->count[hour % QUOTA_HOURS] += recipients;
    q->weight[place] += recipients;
}

void quota_note(struct quota *q, struct span sender, uint32_t recipients, int64_t now_ms) {
    if (now_ms > 0)
        add(q, sender, (uint32_t)(now_ms / HOUR_MS), recipients);
}

void quota_restore(struct quota *q, struct span sender, uint32_t hour, uint32_t recipients) {
    add(q, sender, hour, recipients);
}

void quota_look(struct quota *q, uint64_t near_at, int64_t now_ms, struct quota_top *out) {
    size_t most = 0;

    turn_hour(q, now_ms > 0 ? (uint32_t)(now_ms / HOUR_MS) : 0);
    *out = (struct quota_top){.by = QUOTA_BY_LOG};
    for (size_t i = 0; i < QUOTA_SENDERS; i++) {
        if (q->weight[i] > q->weight[most])
            most = i;
        out->all += q->weight[i];
        out->near += near_at > 0 && q->weight[i] >= near_at;
    }
    if (q->weight[most] == 0)
        return;
    out->sender = q->sender[most].name;
    out->recipients = q->weight[most];
}

const struct quota_top *quota_choose(const struct quota_top *log, const struct quota_top *milter,
                                     bool milter_whole) {
    if (milter_whole && milter->all >= log->all / 2)
        return milter;
    return milter->sender != NULL && milter->recipients >= log->recipients ? milter : log;
}

const char *quota_by_name(enum quota_by by) {
    return by == QUOTA_BY_MILTER ? "milter" : "log";
}
