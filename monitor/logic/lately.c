/* See lately.h. */
#include "lately.h"

#include <string.h>

static int64_t step_of(const struct lately *l, int64_t now_ms) {
    return now_ms / (l->span_ms / LATELY_SLOTS) + 1; /* 0: free */
}

void lately_note(struct lately *l, uint64_t count, int64_t now_ms) {
    int64_t step = step_of(l, now_ms);
    unsigned i = (unsigned)(step % LATELY_SLOTS);

    if (l->step[i] != step) {
        l->step[i] = step;
        l->count[i] = 0;
    }
    l->count[i] += count;
}

uint64_t lately_sum(const struct lately *l, int64_t now_ms) {
    int64_t step = step_of(l, now_ms);
    uint64_t sum = 0;

    for (unsigned i = 0; i < LATELY_SLOTS; i++) {
        if (l->step[i] != 0 && l->step[i] <= step && step - l->step[i] < LATELY_SLOTS)
            sum += l->count[i];
    }
    return sum;
}

void lately_clear(struct lately *l) {
    memset(l->step, 0, sizeof l->step);
    memset(l->count, 0, sizeof l->count);
}
