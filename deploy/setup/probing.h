/* Tries the relay as Postfix will use it, by relaywatch-probe, before anything is switched. Blocks
 * for up to 30 s. */
#ifndef SETUP_PROBING_H
#define SETUP_PROBING_H

#include "fault.h"
#include "wants.h"
#include "probeq.h"

/* Does the name have an address? */
MUSTCHECK int probing_resolve(const char *host, struct fault *why);

/* `folder`: of our programs. The verdict is filled when the probe ran, whatever it found. 0 only
 * when all is well; else `why` says what is wrong and what would mend it. */
MUSTCHECK int probing_run(const char *folder, const struct wants *wants, const char *helo,
                          const char *ca_file, struct probe_verdict *verdict_out,
                          struct fault *why);

#endif
