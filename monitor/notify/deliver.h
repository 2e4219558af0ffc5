/* Carries notices to the receivers: each has a lane of its own with its own attempt, timer and
 * backoff, so that a dead receiver delays no other. What is to be told, the outbox says; what an
 * answer means, post.h. What was not taken comes again after 1 s, 2 s ... 5 min (a part of it
 * random), or after Retry-After, at most 15 min; what was refused each 5 min, and other notices
 * meanwhile. A change of state is logged once, without the URL's path, which may be secret. Never
 * blocks but on the small files of post.h. */
#ifndef NOTIFY_DELIVER_H
#define NOTIFY_DELIVER_H

#include "outbox.h"
#include "receivers.h"
#include "receiverstate.h"

struct deliver;
struct poster;

/* on_told: the outbox has changed and is to be kept. on_state: it stands otherwise with a receiver.
 * Poster and outbox outlive it. */
struct deliver *deliver_new(const struct poster *poster, struct outbox *outbox,
                            void (*on_told)(void *arg), void (*on_state)(void *arg), void *arg);
void deliver_free(struct deliver **deliver);

/* The receivers from now on; heartbeats are passed over. A lane whose receiver is still there goes
 * on; every wait ends, as the reason for it may be mended. Sends nothing yet. */
void deliver_list(struct deliver *deliver, const struct receivers *receivers);

/* Something may be due: each lane that is free looks. Call it after a change and each second. */
void deliver_kick(struct deliver *deliver);

/* It has just taken something: what waits for this receiver is tried at once. */
void deliver_try_now(struct deliver *deliver, const char *name);

/* How it stands with each now. */
void deliver_report(const struct deliver *deliver, struct receiver_report *out, int64_t now_ms);

/* The next wait after `failures` failures in a row, in ms; `random` is any number. Pure. */
int64_t deliver_backoff_ms(unsigned failures, uint32_t random);

#endif
