/* The part of the doctor's look that waits for others: DNS, the relay, ports, the log, Redis, our
 * own programs, all side by side. Blocks for up to 10 s. */
#ifndef DOCTOR_OUTSIDE_H
#define DOCTOR_OUTSIDE_H

#include "condition.h"

/* Fills seen->outside, which must be shared memory, for the checks in `only` (NULL: all). `secret`
 * is what the live map says for the relay, "user:password", NULL for none that is to be sent.
 * `on_wait` may be NULL: see jobs.h. */
void outside_ask(struct condition *seen, const char *programs, const char *secret, const char *only,
                 void (*on_wait)(const char *waiting));

#endif
