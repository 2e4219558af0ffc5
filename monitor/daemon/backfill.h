/* `relaywatch logs --backfill`: listens for it, counts the old logs that it hands over, one after
 * the other, and answers. On the loop, in turns of about 10 ms between those of all others. After
 * each turn what was counted is published together with the table that says that it was
 * (counted.h): so a kill at any time loses nothing and counts nothing twice. */
#ifndef DAEMON_BACKFILL_H
#define DAEMON_BACKFILL_H

#include <stdbool.h>

#include "counted.h"
#include "fault.h"
#include "loop.h"
#include "oldlog.h"

struct backfill;

struct backfill_calls {
    struct oldlog_calls lines; /* its `arg` is this one's */
    /* The end of a turn: publish. */
    void (*on_turn)(void *arg);
    /* An old log is counted: make it durable. False with `why`. */
    bool (*keep)(struct fault *why, void *arg);
    /* Whether everything that came as it came is read, so that no file can be both old and not yet
     * known to be followed. */
    bool (*is_settled)(void *arg);
    /* The client is gone. */
    void (*on_over)(void *arg);
    void *arg;
};

/* `distinct`: old files and journals hold different lines. NULL with `why` if it cannot listen. */
MUSTCHECK struct backfill *backfill_new(struct loop *loop, const char *socket_path,
                                        struct counted *counted, const struct hash_key *key,
                                        bool distinct, const struct backfill_calls *calls,
                                        struct fault *why);
void backfill_free(struct backfill **backfill);

#endif
