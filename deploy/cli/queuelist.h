/* The messages in the queue as `postqueue -j` tells them, one after the other: 20 to 40 us each.
 * Blocks until all are told. */
#ifndef CLI_QUEUELIST_H
#define CLI_QUEUELIST_H

#include <stdbool.h>
#include <stdint.h>

#include "fault.h"

struct queueline;
struct waiting;

struct queuelist {
    const char *config_dir;
    void (*on_message)(const struct queueline *message, void *arg); /* lent until it returns */
    void *arg;
    /* results */
    uint64_t not_read; /* messages whose line was longer than 8 MiB or not understood */
    bool postfix_down; /* read all the same, as root may */
    bool not_permitted;
};

/* -1 with `why`: what was told until then is not all. */
MUSTCHECK int queuelist_read(struct queuelist *list, struct fault *why);

/* Adds a message to what waits. */
void queuelist_add(struct waiting *waiting, const struct queueline *message);

#endif
