/* An alert that is none, marked as such: for `relaywatch alerts test`, and to try templates with.
 * Pure, but for memory. */
#ifndef NOTIFY_DRILL_H
#define NOTIFY_DRILL_H

#include "outbox.h"

#define DRILL_ID "test"

/* It began at since_ms; ended_ms 0: it fires. free() its doc and it by drill_free. */
struct incident *drill_make(const char *host, const char *url, int64_t since_ms, int64_t ended_ms);
void drill_free(struct incident **incident);

/* The notice that tells of it. */
struct notice drill_notice(const struct incident *incident);

#endif
