/* `relaywatch alerts test RECEIVER`: has relaywatch-notify send a test alert, and says what the
 * receiver answered. Blocks until it has. */
#ifndef CLI_ALERTS_TEST_H
#define CLI_ALERTS_TEST_H

#include <stdbool.h>

#include "conf.h"

/* Returns the exit status: 0 taken; 1 not; 3 relaywatch-notify does not answer; 64 no such
 * receiver; 77 not permitted. */
int alerts_test(const struct conf *conf, const char *receiver, bool as_json);

#endif
