/* Postfix's queue, as far as root is needed to see it: does the master live, is there room on the
 * disk. The messages are counted by who has no more than the queue owner's rights. Blocks for as
 * long as the directories take, at most 15 s. */
#ifndef KEEPER_QUEUE_H
#define KEEPER_QUEUE_H

#include <stdbool.h>

#include "aside.h"
#include "fault.h"
#include "keeperq.h"

/* What the counter gets as its argument; its result is a struct keeper_queue. */
struct queue_look {
    int queue;   /* the queue directory */
    bool glance; /* only whether mail is deferred */
};

typedef aside_fn queue_count_fn;

/* As the owner of the active queue, when we are root and that is not. */
MUSTCHECK int queue_read(const char *queue_directory, bool glance, queue_count_fn *count,
                         struct keeper_queue *out, struct fault *why);

#endif
