/* A line of the log at which relaywatchd crashed again and again is skipped, counted, kept and told
 * (edge/poison knows which). Part of the daemon; blocks for short writes below state_dir. */
#ifndef DAEMON_CRASHER_H
#define DAEMON_CRASHER_H

#include <stdbool.h>

#include "state.h"
#include "text.h"

/* At the start: says at which line the life before crashed, if it was one. */
void crasher_open(struct daemon *d);

/* Before a line is looked at: false when it is such a one; else it is in hand until poison_end.
 * `place` tells lines of the same text apart. */
bool crasher_may_look(struct daemon *d, struct span line, uint64_t place);

/* It is counted, kept and told; d->event is what it counted as. */
void crasher_skip(struct daemon *d, struct span line);

#endif
