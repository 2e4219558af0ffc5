/* What the log comes to: events into totals, totals to the store and to the slot. */
#ifndef DAEMON_COUNT_H
#define DAEMON_COUNT_H

#include "state.h"

/* Counts one event, of now or of the past, in all that has no idea of messages. `ours`: it is about
 * a canary message, which is no mail of a customer's domain. */
void count_event(struct daemon *d, struct mailev *ev, bool ours);

/* Publishes what was counted, with the positions up to which it was. */
void count_publish(struct daemon *d);

/* Saves a stream's totals, if they changed, where they survive without Redis. Blocks on the disk.
 * -1 after a complaint. */
int count_keep(struct kept *kept);
/* The log's totals, published, and before them what they go with. */
int count_keep_log(struct daemon *d);

#endif
