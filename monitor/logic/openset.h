/* struct openset: the messages that came in and did not end yet, in the order in which the log last
 * spoke of them. What it holds is also needed after a crash, so it remembers which of them changed
 * since that was last written down (openset_drain). 32 bytes a message and 11 to 21 to find it: a
 * million are 53 MB at most; gives memory back when they have ended. It does not know what the
 * flags mean (logic/ledger.h does). Pure; allocates as it grows, not at each call. */
#ifndef LOGIC_OPENSET_H
#define LOGIC_OPENSET_H

#include <stdbool.h>
#include <stdint.h>

struct openset;

struct open_message {
    uint64_t id; /* hash of the queue id; never 0 */
    uint32_t prev, next;
    uint32_t arrived_s;  /* seconds since 1970, by the log */
    uint32_t touched_s;  /* when the log last spoke of it */
    uint16_t recipients; /* that it had when it was first tried; 0: not known yet; 65535: or more */
    uint16_t finals;     /* of them sent, bounced or expired */
    uint16_t flags;
    uint16_t state; /* openset's own */
};

struct openset *openset_new(void);
void openset_free(struct openset **set);

uint32_t openset_count(const struct openset *set);

/* All pointers to messages are good until the next openset_add or openset_drain. */
struct open_message *openset_find(struct openset *set, uint64_t id);

/* A new one, all zero but the id, as the one spoken of last. `id` is not in the set. */
struct open_message *openset_add(struct openset *set, uint64_t id);

/* It has changed: to be called after each change. */
void openset_changed(struct openset *set, struct open_message *message);

/* It has changed and is the one spoken of last. */
void openset_touch(struct openset *set, struct open_message *message, uint32_t now_s);

void openset_remove(struct openset *set, struct open_message *message);

/* The one that was not spoken of for the longest time, the one after it, and the one spoken of
 * last; NULL: none. */
struct open_message *openset_first(struct openset *set);
struct open_message *openset_last(struct openset *set);
struct open_message *openset_next(struct openset *set, const struct open_message *message);

/* One message as it is written down: as it is now, or only its id when it is gone. */
struct open_change {
    uint64_t id;
    uint32_t arrived_s;
    uint32_t touched_s;
    uint16_t recipients;
    uint16_t finals;
    uint16_t flags;
    bool gone;
};

typedef void openset_change_fn(const struct open_change *change, void *arg);

/* Has anything changed since the last drain? */
bool openset_has_changes(const struct openset *set);

/* Tells what has changed since the last time: first what is gone, then what is there. What came and
 * went in between is not told. */
void openset_drain(struct openset *set, openset_change_fn *on_change, void *arg);

/* Tells all that it holds, in order. */
void openset_each(struct openset *set, openset_change_fn *on_change, void *arg);

/* Takes over what was told in an earlier life, in the same order; it counts as written down. */
void openset_apply(struct openset *set, const struct open_change *change);

#endif
