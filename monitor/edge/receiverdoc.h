/* The state of the receivers as JSON: the packet by which relaywatch-notify reports it to
 * relaywatchd, and the array in the status document. Builds and reads only; nothing blocks. */
#ifndef EDGE_RECEIVERDOC_H
#define EDGE_RECEIVERDOC_H

#include <stddef.h>

#include "fault.h"
#include "receiverstate.h"

struct json_t;

/* No report is larger. */
enum { RECEIVERDOC_PACKET_MOST = 64 * 1024 };

/* [{"name","kind","place","state","last_ok","since","last_error","waiting"}]; times in seconds
 * since 1970 or null. Belongs to the caller. */
struct json_t *receiverdoc_make_array(const struct receiver_report *report);

/* The packet: {"version":1,"receivers":[...]}, and "refused" where there is such. free() it. */
char *receiverdoc_print(const struct receiver_report *report);

/* Reads a packet; what is out of bounds in it is left out. -1 and why when it is none. */
MUSTCHECK int receiverdoc_read(const char *packet, size_t size, struct receiver_report *out,
                               struct fault *why);

#endif
