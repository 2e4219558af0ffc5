/* See rings.h. Both rings are alike: an array of slots and its changes. */
#include "rings.h"

#include <string.h>

#include "text.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MINUTES = 60, HOUR_MS = HOUR_MINUTES * MINUTE_MS };

/* ---- counting ---- */

/* Is this line's minute or hour the slot's? A newer one clears the slot. last_ms: nothing can be
 * newer; what a slot holds beyond it was counted while the clock was wrong, and gives way. */
static inline bool slot_take(struct rings_slot *slot, uint64_t t, int64_t last_ms,
                             int64_t unit_ms) {
    if (t == slot->t)
        return true;
    if (t < slot->t && slot->t <= (uint64_t)(last_ms / unit_ms))
        return false;
    memset(&slot->counters, 0, sizeof slot->counters);
    slot->t = t;
    return true;
}

void rings_add(struct rings *rings, counter_set set, int64_t event_ms, int64_t now_ms) {
    int64_t last_ms = now_ms + RINGS_AHEAD_MS;
    uint64_t minute, hour;
    size_t m, h;

    if (event_ms < HOUR_MS || event_ms > last_ms) {
        rings->skewed++;
        return;
    }
    minute = (uint64_t)event_ms / MINUTE_MS;
    hour = minute / HOUR_MINUTES;
    m = minute % RINGS_MINUTES;
    h = hour % RINGS_HOURS;
    if (slot_take(&rings->minute[m], minute, last_ms, MINUTE_MS)) {
        counters_add(&rings->minute[m].counters, set);
        rings->minutes_changed |= UINT64_C(1) << m;
    }
    if (slot_take(&rings->hour[h], hour, last_ms, HOUR_MS)) {
        counters_add(&rings->hour[h].counters, set);
        rings->hours_changed |= UINT64_C(1) << h;
    } else {
        rings->skewed++;
    }
}

static const struct counters *held(const struct rings_slot *slot, uint64_t t) {
    return t != 0 && slot->t == t ? &slot->counters : NULL;
}

const struct counters *rings_minute(const struct rings *rings, uint64_t minute) {
    return held(&rings->minute[minute % RINGS_MINUTES], minute);
}

const struct counters *rings_hour(const struct rings *rings, uint64_t hour) {
    return held(&rings->hour[hour % RINGS_HOURS], hour);
}

/* ---- as totals ---- */

/* i: 0 is t, then the counters. */
static void field_name(char out[TOTALS_NAME_SIZE], char ring, size_t slot, size_t i) {
    text_format(out, TOTALS_NAME_SIZE, "%c.%zu.%s", ring, slot,
                i == 0 ? "t" : counter_name((enum counter)(i - 1)));
}

static uint64_t *slot_value(struct rings_slot *slot, size_t i) {
    return i == 0 ? &slot->t : &slot->counters.value[i - 1];
}

/* Returns whether the totals need a mending: a slot that is not one of ours is empty. */
static bool slot_restore(struct rings_slot *slot, char ring, size_t number, size_t slots,
                         const struct totals *from) {
    char name[TOTALS_NAME_SIZE];
    bool any = false;

    for (size_t i = 0; i <= COUNTER_COUNT; i++) {
        int field;

        field_name(name, ring, number, i);
        field = totals_find(from, name);
        slot->field[i] = (uint16_t)(field + 1);
        *slot_value(slot, i) = field >= 0 ? from->value[field] : 0;
        any |= *slot_value(slot, i) != 0;
    }
    if (!any || (slot->t != 0 && slot->t % slots == number))
        return false;
    slot->t = 0;
    memset(&slot->counters, 0, sizeof slot->counters);
    return true;
}

void rings_restore(struct rings *rings, const struct totals *from) {
    memset(rings, 0, sizeof *rings);
    for (size_t i = 0; i < RINGS_MINUTES; i++) {
        if (slot_restore(&rings->minute[i], 'm', i, RINGS_MINUTES, from))
            rings->minutes_changed |= UINT64_C(1) << i;
    }
    for (size_t i = 0; i < RINGS_HOURS; i++) {
        if (slot_restore(&rings->hour[i], 'h', i, RINGS_HOURS, from))
            rings->hours_changed |= UINT64_C(1) << i;
    }
    rings->skewed = totals_get(from, "r.skewed");
}

static void slot_put(struct rings_slot *slot, char ring, size_t number, struct totals *totals) {
    char name[TOTALS_NAME_SIZE];

    for (size_t i = 0; i <= COUNTER_COUNT; i++) {
        uint64_t value = *slot_value(slot, i);

        if (slot->field[i] == 0 && value != 0) {
            field_name(name, ring, number, i);
            slot->field[i] = (uint16_t)(totals_field(totals, name) + 1);
        }
        if (slot->field[i] != 0)
            totals->value[slot->field[i] - 1] = value;
    }
}

void rings_put(struct rings *rings, struct totals *totals) {
    for (; rings->minutes_changed != 0; rings->minutes_changed &= rings->minutes_changed - 1) {
        size_t i = (size_t)__builtin_ctzll(rings->minutes_changed);

        slot_put(&rings->minute[i], 'm', i, totals);
    }
    for (; rings->hours_changed != 0; rings->hours_changed &= rings->hours_changed - 1) {
        size_t i = (size_t)__builtin_ctzll(rings->hours_changed);

        slot_put(&rings->hour[i], 'h', i, totals);
    }
    if (rings->skewed != 0)
        totals_set(totals, "r.skewed", rings->skewed);
}
