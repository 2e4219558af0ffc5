/* The TCP connection to the smarthost, and waiting for it with a deadline. Blocks; the name look-up
 * knows no limit but the alarm of the program. */
#ifndef PROBE_DIAL_H
#define PROBE_DIAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attr.h"
#include "fault.h"

/* Tries at most two addresses of each family, 5 s each. Returns a non-blocking descriptor and the
 * address as text; TALK_ERROR or TALK_TIMEOUT. */
MUSTCHECK int dial_open(const char *host, uint32_t port, int64_t deadline_ms, char *address,
                        size_t size, struct fault *why);

/* 0: ready; TALK_ERROR; TALK_TIMEOUT. Waits at most 10 s, whatever the deadline. */
MUSTCHECK int dial_wait(int fd, short events, int64_t deadline_ms, struct fault *why);

/* As struct talk_way's, without TLS. */
MUSTCHECK ssize_t dial_receive(int fd, void *out, size_t size, int64_t deadline_ms,
                               struct fault *why);
MUSTCHECK int dial_send(int fd, const void *data, size_t size, int64_t deadline_ms,
                        struct fault *why);

#endif
