/* struct shortfall: by how much one figure fell short of another, all the time and for long enough.
 * Two figures that are taken at different moments differ now and then; what they differ by always
 * is real. All zero: they did not differ yet. Pure. */
#ifndef LOGIC_SHORTFALL_H
#define LOGIC_SHORTFALL_H

#include <stdint.h>

struct shortfall {
    int64_t since_ms; /* 0: there is none now */
    uint64_t least;   /* since then */
};

/* Both figures as they are now. Returns the least that `have` fell short of `want` since it does,
 * if that is limit_ms ago, else 0. */
uint64_t shortfall_note(struct shortfall *s, uint64_t want, uint64_t have, int64_t limit_ms,
                        int64_t now_ms);

/* One of what was missing is accounted for. */
void shortfall_settle_one(struct shortfall *s);

#endif
