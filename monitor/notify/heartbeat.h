/* Heartbeats to dead-man's switches: services that call somebody when nothing comes any more. Each
 * is called every `interval` as long as all is well with us: relaywatchd has lately proved that a
 * line of its own came back through the log and was counted, no message of its own that should go
 * the whole way is overdue, and somebody can be told of alerts.
 * Without that it is held back, and the switch does its work. One request at a time for each, with
 * the deadlines of post.h; what fails waits for the next beat, or as long as Retry-After says. */
#ifndef NOTIFY_HEARTBEAT_H
#define NOTIFY_HEARTBEAT_H

#include <stdint.h>

#include "mailproof.h"
#include "receivers.h"
#include "receiverstate.h"

enum {
    HEARTBEAT_PROOF_MS =
        75 * 1000 /* a proof is good for so long; relaywatchd gives one each 30 s */
};

struct heartbeat;
struct poster;

/* on_state: it stands otherwise with one. Poster outlives it. */
struct heartbeat *heartbeat_new(const struct poster *poster, void (*on_state)(void *arg),
                                void *arg);
void heartbeat_free(struct heartbeat **heartbeat);

/* The receivers from now on; those of other kinds are passed over. */
void heartbeat_list(struct heartbeat *heartbeat, const struct receivers *receivers);

/* relaywatchd says how old its last proof is; -1: it has none. */
void heartbeat_prove(struct heartbeat *heartbeat, int64_t age_ms);

/* How it stands with messages that relaywatchd sends the whole way. While one is overdue, no beat.
 */
void heartbeat_mail(struct heartbeat *heartbeat, const struct mailproof *mail);

/* Beats where it is time. Call it each second. `hold`: why none may be sent; NULL: they may. */
void heartbeat_kick(struct heartbeat *heartbeat, const char *host, const char *hold);

/* Adds how it stands with each. */
void heartbeat_report(const struct heartbeat *heartbeat, struct receiver_report *out);

#endif
