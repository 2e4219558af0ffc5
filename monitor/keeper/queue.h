/* Postfix's queue, as far as root is needed to see it: does the master live, is there room on the
 * disk. The messages are counted by who has no more than the queue owner's rights. Blocks for as
 * long as the directories take, at most 15 s. */
#ifndef KEEPER_QUEUE_H
#define KEEPER_QUEUE_H

#include <stdbool.h>

#include "fault.h"
#include "keeperq.h"

/* Counts the messages below the open queue directory; `glance`: only whether mail is deferred
 * or, as `active`, under way. */
typedef int queue_count_fn(int queue, bool glance, struct keeper_queue *out, struct fault *why);

/* As the owner of the active queue, when we are root and that is not. */
MUSTCHECK int queue_read(const char *queue_directory, bool glance, queue_count_fn *count,
                         struct keeper_queue *out, struct fault *why);

#endif
