/* A line of the log at which relaywatchd crashed again and again is skipped, counted, kept and told
 * (edge/poison knows which). Part of the daemon; blocks for short writes below state_dir. */
#ifndef DAEMON_CRASHER_H
#define DAEMON_CRASHER_H

#include <stdbool.h>

#include "state.h"
#include "text.h"

/* At the start: says at which line the life before crashed, if it was one. */
void crasher_open(struct daemon *d);

/* Before a line is looked at: is it such a one? Then it is counted, and is not to be looked at;
 * else it is in hand until poison_end. */
bool crasher_is(struct daemon *d, struct span line);

#endif
