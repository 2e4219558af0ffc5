/* Old logs, counted afterwards: what backfill.h hands over goes into the totals, but no alert, no
 * rate and no message under way hears of it. */
#ifndef DAEMON_PAST_H
#define DAEMON_PAST_H

#include "state.h"

/* Once the log is begun. */
void past_begin(struct daemon *d, const struct hash_key *key);
void past_end(struct daemon *d);

#endif
