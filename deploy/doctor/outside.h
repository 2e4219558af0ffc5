/* The part of the doctor's look that waits for others: DNS, the relay, ports, Redis, our own
 * programs. Each question is a process of its own, which is killed at its time limit. Blocks for up
 * to 9 s. */
#ifndef DOCTOR_OUTSIDE_H
#define DOCTOR_OUTSIDE_H

#include "condition.h"

/* Fills seen->outside, which must be shared memory. `secret` is what the live map says for the
 * relay, "user:password", NULL for none. */
void outside_ask(struct condition *seen, const char *programs, const char *secret);

#endif
