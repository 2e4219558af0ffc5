/* See shortfall.h. */
#include "shortfall.h"

uint64_t shortfall_note(struct shortfall *s, uint64_t want, uint64_t have, int64_t limit_ms,
                        int64_t now_ms) {
    uint64_t missing = want > have ? want - have : 0;

    if (missing == 0) {
        s->since_ms = 0;
        return 0;
    }
    if (s->since_ms == 0 || now_ms < s->since_ms) { /* or the clock was set back */
        s->since_ms = now_ms;
        s->least = missing;
    } else if (missing < s->least) {
        s->least = missing;
    }
    return now_ms - s->since_ms >= limit_ms ? s->least : 0;
}

void shortfall_settle_one(struct shortfall *s) {
    if (s->least > 0)
        s->least--;
}
