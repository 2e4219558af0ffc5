/* What relaywatchd tells relaywatch-notify of the messages of its own that go the whole way
 * (logic/mailcanary.h), for the heartbeat. Plain data. */
#ifndef MODEL_MAILPROOF_H
#define MODEL_MAILPROOF_H

#include <stdbool.h>
#include <stdint.h>

struct mailproof {
    bool wanted;          /* canary_recipient is set; else the rest says nothing */
    bool overdue;         /* none was delivered for canary_overdue */
    int64_t delivered_ms; /* the last one, wall clock; 0: none yet */
    int64_t delay_ms;     /* how long that one took */
};

#endif
