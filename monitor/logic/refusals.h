/* Different messages that were refused or put off: how many, and the last few of them by their
 * queue ids, so that one message that is tried again and again is one. Pure. */
#ifndef LOGIC_REFUSALS_H
#define LOGIC_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

enum { REFUSALS_IDS = 8 };

/* All zero: none. */
struct refusals {
    unsigned messages;
    uint32_t id[REFUSALS_IDS]; /* a hash; 0: it left the queue, or there is none */
};

/* One message that is refused for each of its recipients, or again and again, is one refusal. */
void refusals_note(struct refusals *r, struct span queue_id);

/* Is it one of those that are known and still in the queue? */
bool refusals_has(const struct refusals *r, struct span queue_id);

/* It left the queue: sent at last, returned or deleted. */
void refusals_remove(struct refusals *r, struct span queue_id);

/* Is one of those that are known still in the queue? */
bool refusals_wait(const struct refusals *r);

#endif
