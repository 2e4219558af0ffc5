/* See refusals.h. */
#include "refusals.h"

static uint32_t hash_id(struct span queue_id) {
    uint32_t id = 2166136261u;

    for (size_t i = 0; i < queue_id.n; i++)
        id = (id ^ (unsigned char)queue_id.p[i]) * 16777619u;
    return id;
}

void refusals_note(struct refusals *r, struct span queue_id) {
    uint32_t id = hash_id(queue_id);

    for (unsigned i = 0; queue_id.n > 0 && i < REFUSALS_IDS && i < r->messages; i++) {
        if (r->id[i] == id)
            return;
    }
    r->id[r->messages++ % REFUSALS_IDS] = id;
}

bool refusals_has(const struct refusals *r, struct span queue_id) {
    uint32_t id = r->messages > 0 && queue_id.n > 0 ? hash_id(queue_id) : 0;

    for (unsigned i = 0; id != 0 && i < REFUSALS_IDS && i < r->messages; i++) {
        if (r->id[i] == id)
            return true;
    }
    return false;
}

void refusals_remove(struct refusals *r, struct span queue_id) {
    uint32_t id = r->messages > 0 ? hash_id(queue_id) : 0;

    for (unsigned i = 0; i < REFUSALS_IDS && i < r->messages; i++) {
        if (r->id[i] == id)
            r->id[i] = 0;
    }
}

bool refusals_wait(const struct refusals *r) {
    for (unsigned i = 0; i < REFUSALS_IDS && i < r->messages; i++) {
        if (r->id[i] != 0)
            return true;
    }
    return false;
}
