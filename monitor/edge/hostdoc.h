/* A host's summary (model/hostsum.h) as JSON: the field "summary" of its hash rw:{HOST}:alert. What
 * is read was written by another host, perhaps of another version: sizes and types are checked,
 * text is made printable, what is not known is left out. Nothing blocks. */
#ifndef EDGE_HOSTDOC_H
#define EDGE_HOSTDOC_H

#include "hostsum.h"
#include "text.h"

struct json_t;

enum { HOSTDOC_BYTES = 8192 }; /* none is larger */

/* free() it. */
char *hostdoc_print(const struct hostsum *sum);

/* false: not a summary; *out is empty then. */
bool hostdoc_read(struct span text, struct hostsum *out);

/* One alert as it stands in a field a.ID of the same hash, for hosts that write no summary: added
 * to *out where it fires, and the state is made as bad as it says. */
void hostdoc_add_alert(struct span text, struct hostsum *out);

/* "ok", "warning", "critical", "stopped", "unknown". Static. */
const char *hostdoc_state_name(enum hostsum_state state);

#endif
