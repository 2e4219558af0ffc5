/* How many within the last while: a sliding sum in LATELY_SLOTS steps. Fixed memory. Pure: `now_ms`
 * may be any clock, always the same. */
#ifndef LOGIC_LATELY_H
#define LOGIC_LATELY_H

#include <stdint.h>

enum { LATELY_SLOTS = 12 };

/* All zero but `span_ms`: none. */
struct lately {
    int64_t span_ms; /* a multiple of LATELY_SLOTS */
    int64_t step[LATELY_SLOTS];
    uint64_t count[LATELY_SLOTS];
};

void lately_note(struct lately *l, uint64_t count, int64_t now_ms);
uint64_t lately_sum(const struct lately *l, int64_t now_ms);
void lately_clear(struct lately *l);

#endif
