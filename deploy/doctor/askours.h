/* The doctor's questions to relaywatch's own programs, to Redis and to Postal's configuration. Each
 * takes a struct question and runs in a process of its own (jobs.h). Block. */
#ifndef DOCTOR_ASKOURS_H
#define DOCTOR_ASKOURS_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"

/* Is it relaywatchd, of this host, that answers at http_listen? */
void askours_daemon(const void *question);
/* relaywatch-keeper's and relaywatch-notify's sockets. */
void askours_sockets(const void *question);
void askours_redis(const void *question);
/* Does Postal, if it is here, send to this relay, and can it? */
void askours_postal(const void *question);

/* Is this answer of a HTTP server the status of relaywatchd on `host`? 0, or -1 and what it is.
 * Pure. */
MUSTCHECK int askours_is_status(const char *answer, size_t size, const char *host,
                                struct fault *why);

#endif
