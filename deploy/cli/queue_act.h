/* `relaywatch queue --flush, --hold, --release, --delete`: does it with postqueue(1) and
 * postsuper(1), then says what it did and what remains. */
#ifndef CLI_QUEUE_ACT_H
#define CLI_QUEUE_ACT_H

#include <stdbool.h>

#include "conf.h"

enum queue_verb { QUEUE_FLUSH, QUEUE_HOLD, QUEUE_RELEASE, QUEUE_DELETE };

struct queue_order {
    enum queue_verb verb;
    const char *id; /* a queue id, or "ALL" */
    bool yes;       /* do not ask */
    bool as_json;
};

/* The exit status. */
int queue_act(const struct conf *conf, const struct queue_order *order);

#endif
