/* The proof that relaywatch is not blind: the keeper writes a line with a number of its own into
 * Postfix's log, and here it is read and counted as all lines are. relaywatch-notify gets the
 * proof, and sends heartbeats on it. Nothing is written as long as no receiver is a heartbeat. No
 * I/O. */
#ifndef DAEMON_CANARY_H
#define DAEMON_CANARY_H

#include <stdbool.h>
#include <stdint.h>

#include "keeperq.h"
#include "mailev.h"

struct canary {
    char asked[KEEPER_CANARY_SIZE]; /* the line that is on its way; "": none */
    char read[KEEPER_CANARY_SIZE];  /* the last such line in the log; it may come before the
                                       keeper's answer */
    int64_t due_mono_ms;
    bool complained;
};

/* Is it time for a line? Then the next is in 30 s. */
bool canary_is_due(struct canary *canary, int64_t mono_ms);
/* NULL: no answer. */
void canary_on_reply(struct canary *canary, const struct keeper_reply *reply);

/* An event of the log. */
void canary_note(struct canary *canary, const struct mailev *ev);

/* Is the line that is on its way among those that were read? Once for each. Ask it when what was
 * read is counted. */
bool canary_is_proved(struct canary *canary);

#endif
