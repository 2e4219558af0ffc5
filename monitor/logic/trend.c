/* See trend.h. */
#include "trend.h"

#include <string.h>

#include "hash.h"
#include "histogram.h"

enum {
    EXACT_BITS = 3, /* below 2^3 each millisecond has a bucket of its own */
    PART_BITS = 3,
    AHEAD_MS = 10 * 60 * 1000, /* as in rings.h */
    MINUTE_MS = 60 * 1000,
    HOUR_MS = 60 * MINUTE_MS
};

static const char magic[16] = "rw-trend 1";

/* ---- slots ---- */

/* The slot of this time, cleared where it held an older one, or one that lies so far ahead that the
 * clock must have been wrong; NULL: it holds a newer one. */
static struct trend_slot *slot_take(struct trend_slot *slots, size_t count, int64_t unit_ms,
                                    int64_t time_ms, int64_t now_ms) {
    uint64_t t = (uint64_t)(time_ms / unit_ms);
    struct trend_slot *slot = &slots[t % count];

    if (slot->t == t)
        return slot;
    if (slot->t > t && slot->t <= (uint64_t)((now_ms + AHEAD_MS) / unit_ms))
        return NULL;
    memset(slot, 0, sizeof *slot);
    slot->t = t;
    return slot;
}

/* The minute's and the hour's; NULL: the time has no place there. */
static void take_both(struct trend *trend, int64_t time_ms, int64_t now_ms,
                      struct trend_slot *out[2]) {
    out[0] = out[1] = NULL;
    if (time_ms < HOUR_MS || time_ms > now_ms + AHEAD_MS)
        return;
    out[0] = slot_take(trend->minute, TREND_MINUTES, MINUTE_MS, time_ms, now_ms);
    out[1] = slot_take(trend->hour, TREND_HOURS, HOUR_MS, time_ms, now_ms);
    if (out[0] != NULL)
        trend->minutes_changed |= UINT64_C(1) << (out[0] - trend->minute);
    if (out[1] != NULL)
        trend->hours_changed |= UINT64_C(1) << (out[1] - trend->hour);
}

static const struct trend_slot *held(const struct trend_slot *slot, uint64_t t) {
    return t != 0 && slot->t == t ? slot : NULL;
}

const struct trend_slot *trend_minute(const struct trend *trend, uint64_t minute) {
    return held(&trend->minute[minute % TREND_MINUTES], minute);
}

const struct trend_slot *trend_hour(const struct trend *trend, uint64_t hour) {
    return held(&trend->hour[hour % TREND_HOURS], hour);
}

/* ---- delays ---- */

uint64_t trend_percentiles(const uint64_t delay[TREND_BUCKETS], size_t count,
                           const double percent[], int64_t ms_out[]) {
    uint64_t all = 0;
    uint64_t below = 0;
    size_t next = 0;

    for (size_t i = 0; i < TREND_BUCKETS; i++)
        all += delay[i];
    for (size_t i = 0; i < TREND_BUCKETS && next < count; i++) {
        below += delay[i];
        while (next < count && below > 0 && (double)below >= percent[next] / 100 * (double)all)
            ms_out[next++] = histogram_middle(i, EXACT_BITS, PART_BITS);
    }
    return all;
}

/* ---- what happens ---- */

/* As delays.c: every attempt of smtp(8) has delays=. */
static bool has_delay(const struct mailev *ev, bool first) {
    return first && ev->kind == MAILEV_DELIVERY && ev->delay_us >= 0 && ev->delays_us[0] >= 0 &&
           span_is(ev->daemon, "smtp");
}

void trend_note(struct trend *trend, const struct mailev *ev, bool first, int64_t now_ms) {
    bool put_off = (ev->counters & COUNTER_BIT(COUNTER_DEFERRED)) != 0;
    bool returned =
        (ev->counters & (COUNTER_BIT(COUNTER_BOUNCED) | COUNTER_BIT(COUNTER_EXPIRED))) != 0;
    bool delayed = has_delay(ev, first);
    struct trend_slot *slot[2];

    if (!put_off && !returned && !delayed)
        return;
    take_both(trend, ev->time_ms, now_ms, slot);
    for (int i = 0; i < 2; i++) {
        if (slot[i] == NULL)
            continue;
        slot[i]->put_off[ev->diagnosis] += put_off;
        slot[i]->returned[ev->diagnosis] += returned;
        if (delayed)
            slot[i]->delay[histogram_bucket(ev->delay_us / 1000, EXACT_BITS, PART_BITS,
                                            TREND_BUCKETS)]++;
    }
}

void trend_watch(struct trend *trend, int64_t now_ms) {
    struct trend_slot *slot[2];

    take_both(trend, now_ms, now_ms, slot);
    for (int i = 0; i < 2; i++) {
        uint32_t most = i == 0 ? MINUTE_MS / 1000 : HOUR_MS / 1000;

        if (slot[i] != NULL && slot[i]->watched_s < most)
            slot[i]->watched_s++;
    }
}

void trend_queue(struct trend *trend, uint64_t messages, int64_t oldest_s, int64_t now_ms) {
    uint32_t queue = messages < UINT32_MAX ? (uint32_t)messages : UINT32_MAX;
    uint32_t oldest = oldest_s < 0 ? 0 : oldest_s < UINT32_MAX ? (uint32_t)oldest_s : UINT32_MAX;
    struct trend_slot *slot[2];

    take_both(trend, now_ms, now_ms, slot);
    for (int i = 0; i < 2; i++) {
        if (slot[i] == NULL)
            continue;
        slot[i]->counted++;
        if (queue > slot[i]->queue_most)
            slot[i]->queue_most = queue;
        if (oldest > slot[i]->oldest_most_s)
            slot[i]->oldest_most_s = oldest;
    }
}

/* ---- the image ---- */

/* Which diagnosis is which number, in this version. */
static uint64_t catalogue(void) {
    const struct hash_key key = {{1, 2}}; /* no secret: only whether it is the same catalogue */
    uint64_t sum = 0;

    for (int d = 0; d < DIAGNOSIS_COUNT; d++) {
        struct span id = span_of(diagnosis_entry((enum diagnosis)d)->id);

        sum = sum * 31 + hash_quick(&key, id.p, id.n);
    }
    return sum;
}

static void mend_slots(struct trend_slot *slots, size_t count, bool causes) {
    for (size_t i = 0; i < count; i++) {
        if (slots[i].t % count != i)
            memset(&slots[i], 0, sizeof slots[i]);
        if (!causes) {
            memset(slots[i].put_off, 0, sizeof slots[i].put_off);
            memset(slots[i].returned, 0, sizeof slots[i].returned);
        }
    }
}

bool trend_adopt(struct trend *trend) {
    bool ours = memcmp(trend->magic, magic, sizeof magic) == 0;
    bool same = trend->catalogue == catalogue();

    if (!ours)
        memset(trend, 0, sizeof *trend);
    memcpy(trend->magic, magic, sizeof magic);
    trend->catalogue = catalogue();
    mend_slots(trend->minute, TREND_MINUTES, same);
    mend_slots(trend->hour, TREND_HOURS, same);
    trend->minutes_changed = ours && same ? 0 : (UINT64_C(1) << TREND_MINUTES) - 1;
    trend->hours_changed = ours && same ? 0 : (UINT64_C(1) << TREND_HOURS) - 1;
    return ours;
}

/* The head goes with the first slot: it is written whenever all is. */
bool trend_take_changed(struct trend *trend, size_t *offset_out, size_t *size_out) {
    bool minutes = trend->minutes_changed != 0;
    uint64_t *changed = minutes ? &trend->minutes_changed : &trend->hours_changed;
    size_t i;

    if (*changed == 0)
        return false;
    i = (size_t)__builtin_ctzll(*changed);
    *changed &= *changed - 1;
    *size_out = sizeof(struct trend_slot);
    *offset_out = minutes ? offsetof(struct trend, minute) : offsetof(struct trend, hour);
    *offset_out += i * sizeof(struct trend_slot);
    if (minutes && i == 0) {
        *size_out += *offset_out;
        *offset_out = 0;
    }
    return true;
}
