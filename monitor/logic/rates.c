/* See rates.h. */
#include "rates.h"

void rates_note(struct rates *r, const struct counters *counters, int64_t now_ms) {
    if (r->filled > 0 && now_ms - r->slot[r->newest].at_ms < RATES_STEP_MS)
        return;
    r->newest = (r->newest + 1) % RATES_SLOTS;
    r->slot[r->newest].at_ms = now_ms;
    r->slot[r->newest].counters = *counters;
    if (r->filled < RATES_SLOTS)
        r->filled++;
}

void rates_skip(struct rates *r, const struct counters *counted) {
    for (unsigned i = 0; i < RATES_SLOTS; i++) {
        for (int c = 0; c < COUNTER_COUNT; c++)
            r->slot[i].counters.value[c] += counted->value[c];
    }
}

double rates_per_minute(const struct rates *r, enum counter c, const struct counters *now,
                        int64_t now_ms, int64_t window_ms) {
    unsigned at = r->newest;

    if (r->filled == 0)
        return 0;
    for (unsigned back = 1; back < r->filled; back++) {
        unsigned before = (at + RATES_SLOTS - 1) % RATES_SLOTS;

        if (now_ms - r->slot[at].at_ms >= window_ms)
            break;
        at = before;
    }
    if (now_ms - r->slot[at].at_ms > window_ms)
        window_ms = now_ms - r->slot[at].at_ms; /* the snapshot at its edge is a little older */
    return (double)(now->value[c] - r->slot[at].counters.value[c]) * 60000.0 / (double)window_ms;
}
