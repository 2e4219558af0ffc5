/* The sender's side of relaywatch-notify's socket, for relaywatchd: tells the whole present set of
 * alerts at every change and each 10 s, so that a lost packet, or a dead relaywatch-notify, loses
 * nothing. Owned by the caller; never blocks: what the socket does not take now is left out, as the
 * next packet says it again. */
#ifndef EDGE_NOTIFYC_H
#define EDGE_NOTIFYC_H

#include <stdbool.h>

#include "alert.h"
#include "mailproof.h"
#include "receiverstate.h"

struct loop;
struct notifyc;

struct notifyc *notifyc_new(struct loop *loop, const char *socket_path);
void notifyc_free(struct notifyc **notifyc);

/* The set as it is now; call it as often as you like. Keeps a copy; sends at once when it differs
 * from the last. */
void notifyc_set(struct notifyc *notifyc, const struct alert_set *set, const char *host,
                 const char *url);

/* A line of ours came back through the log at this time (monotonic): a heartbeat may be sent. */
void notifyc_prove(struct notifyc *notifyc, int64_t mono_ms);

/* How it stands with the messages of ours that go the whole way. What changed is sent with the next
 * packet, but that they are overdue, or no longer are, at once. */
void notifyc_mail(struct notifyc *notifyc, const struct mailproof *mail);

/* How it stands with the receivers, as relaywatch-notify reported last; NULL: it is not connected
 * or has not reported yet. */
const struct receiver_report *notifyc_report(const struct notifyc *notifyc);

/* For how long, in ms, it has not acknowledged anything, or since the start; 0: it does, or nobody
 * has set it up here: there is no socket of it. */
int64_t notifyc_silent_ms(const struct notifyc *notifyc);

/* relaywatch-notify has acknowledged a packet within the last 25 s. (A connection alone says
 * nothing: a supervisor holds the listening socket while relaywatch-notify is dead.) */
bool notifyc_connected(const struct notifyc *notifyc);

#endif
