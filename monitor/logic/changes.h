/* What changed on this host lately: the first question about an incident. A ring of the last
 * CHANGES; never a secret. Pure. */
#ifndef LOGIC_CHANGES_H
#define LOGIC_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "keptline.h"

enum { CHANGES = 64 };

struct change_note {
    int64_t at_ms; /* 0: a free place */
    char text[120];
};

/* All zero: none. */
struct changes {
    struct change_note note[CHANGES];
    unsigned next;
};

/* The same again within a minute is one. */
void changes_note(struct changes *c, int64_t at_ms, const char *text);

/* Up to `most` between the two times, the latest ones, in order. Returns how many. */
int changes_between(const struct changes *c, int64_t from_ms, int64_t until_ms, int most,
                    struct change_note *out);

void changes_print(const struct changes *c, struct keptout *out);
bool changes_take(struct changes *c, struct span line);

#endif
