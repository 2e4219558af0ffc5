/* `relaywatch alerts test`: sends one receiver an alert that is none (drill.h), then its end, on
 * the way that real ones go (its file, its token, the same connection and deadlines), and says what
 * it answered. It is no part of the outbox: a receiver that waits is asked all the same, and
 * nothing is tried again. One test at a time. Blocks as post.h does. */
#ifndef NOTIFY_REHEARSAL_H
#define NOTIFY_REHEARSAL_H

#include <stdint.h>

struct deliver;
struct poster;
struct rehearsal;
struct roster;

/* on_answer gets a packet (testdoc.h) for `asker` after each step. What a receiver has taken ends
 * its wait in `deliver`. All three outlive it. */
struct rehearsal *rehearsal_new(const struct poster *poster, const struct roster *roster,
                                struct deliver *deliver,
                                void (*on_answer)(uint64_t asker, const char *packet, void *arg),
                                void *arg);
void rehearsal_free(struct rehearsal **rehearsal);

/* Where it cannot begin, the answer says why. `host` and `url` are what a real alert would have. */
void rehearsal_start(struct rehearsal *rehearsal, uint64_t asker, const char *name,
                     const char *host, const char *url);

#endif
