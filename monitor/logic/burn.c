/* See burn.h. */
#include "burn.h"

enum { MINUTE_MS = 60 * 1000 };

static const struct pair {
    double factor;
    unsigned long_min, short_min;
    enum burn_speed speed;
} pairs[] = {
    {14.4, 60, 5, BURN_FAST},
    {6, 360, 30, BURN_SLOW},
};

static uint32_t minute_of(int64_t ms) {
    return ms > 0 ? (uint32_t)(ms / MINUTE_MS) : 0;
}

void burn_note(struct burn *b, bool bad, int64_t now_ms) {
    uint32_t minute = minute_of(now_ms);
    struct burn_minute *m = &b->minute[minute % BURN_MINUTES];

    if (m->minute != minute)
        *m = (struct burn_minute){.minute = minute};
    if (bad)
        m->bad++;
    else
        m->good++;
}

void burn_forgive(struct burn *b, int64_t since_ms) {
    uint32_t since = minute_of(since_ms);

    for (unsigned i = 0; i < BURN_MINUTES; i++) {
        if (b->minute[i].minute >= since)
            b->minute[i].bad = 0;
    }
}

static void sum(const struct burn *b, uint32_t now, unsigned minutes, uint64_t *bad,
                uint64_t *all) {
    *bad = 0;
    *all = 0;
    for (unsigned i = 0; i < BURN_MINUTES; i++) {
        const struct burn_minute *m = &b->minute[i];

        if (m->minute == 0 || m->minute > now || now - m->minute >= minutes)
            continue;
        *bad += m->bad;
        *all += (uint64_t)m->good + m->bad;
    }
}

void burn_eval(const struct burn *b, const struct burn_limits *limits, bool firing, int64_t now_ms,
               struct burn_look *out) {
    uint32_t now = minute_of(now_ms);

    for (unsigned i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        double share = pairs[i].factor * limits->allowed;
        uint64_t bad, all, short_bad, short_all;

        /* What is allowed may be set so high that 14.4 times of it is more than all. */
        share = share < 0.5 ? share : 0.5;
        sum(b, now, pairs[i].long_min, &bad, &all);
        sum(b, now, pairs[i].short_min, &short_bad, &short_all);
        if (bad < limits->at_least || (double)bad < share * (double)all || short_bad == 0 ||
            (double)short_bad < (firing ? share / 2 : share) * (double)short_all)
            continue;
        *out = (struct burn_look){pairs[i].speed, bad, all, pairs[i].long_min * 60};
        return;
    }
    *out = (struct burn_look){.speed = BURN_FINE, .window_s = 3600};
    sum(b, now, 60, &out->bad, &out->all);
}
