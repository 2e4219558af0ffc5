/* `relaywatch fleet` and Redis itself, without relaywatchd: reads the fleet where that one does not
 * answer, takes a host off the list. Blocks for a few seconds at most. */
#ifndef CLI_FLEETASK_H
#define CLI_FLEETASK_H

#include "conf.h"
#include "fault.h"

struct json_t;

/* The document as relaywatchd would give it. NULL and why. */
MUSTCHECK struct json_t *fleetask_read(const struct conf *conf, struct fault *why);

/* Takes a host off. -1 and why: Redis does not answer, there is no such host, or it lives. */
MUSTCHECK int fleetask_forget(const struct conf *conf, const char *host, struct fault *why);

#endif
