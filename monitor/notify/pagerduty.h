/* An event for PagerDuty's Events API v2. Pure, but for memory. */
#ifndef NOTIFY_PAGERDUTY_H
#define NOTIFY_PAGERDUTY_H

#include "outbox.h"

/* "trigger" while it fires, "resolve" when it is over, both under one dedup_key, so that PagerDuty
 * makes one incident of it however often it is sent. The routing key, letters and digits, stands in
 * the body: wipe it before free(). */
char *pagerduty_event(const struct incident *incident, const struct notice *notice,
                      const char *routing_key);

#endif
