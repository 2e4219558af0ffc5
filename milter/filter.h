/* The libmilter side: negotiation and callbacks. It observes and always lets mail pass: no callback
 * refuses, changes, waits or locks. The callbacks run in libmilter's threads; what they know goes
 * through session.c into the shared page.
 *
 * Order of calls: filter_check_socket, filter_open, filter_run in a thread of its own, filter_leave
 * from another. */
#ifndef MILTER_FILTER_H
#define MILTER_FILTER_H

#include "fault.h"
#include "mltpage.h"

/* Is it unix:/path (local:/path) or inet:port@host (inet6:port@host), as libmilter writes it? */
MUSTCHECK int filter_check_socket(const char *socket, struct fault *why);

/* Registers the filter and listens. A socket file that nobody listens on is removed first; one that
 * somebody listens on, or another kind of file, is an error. The socket file gets mode 0660 and, in
 * a setgid folder, the folder's group. Changes the umask: call it before there are threads. */
MUSTCHECK int filter_open(const char *socket, struct mltpage *page, struct fault *why);

/* Serves. Blocks; returns only when libmilter gives up: 0 when it was asked to by a signal, -1 on
 * failure. */
MUSTCHECK int filter_run(struct fault *why);

/* Removes the socket file, so that no new session comes; those that are open go on. The caller then
 * ends the process. (smfi_stop is no use: it waits up to 5 s for a lock that libmilter's listener
 * holds while it polls.) */
void filter_leave(void);

#endif
