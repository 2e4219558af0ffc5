/* Looks at this host for `relaywatch doctor`: files, postconf, the queue; and, side by side, what
 * takes time (outside.h). Blocks for up to 10 s in the whole. Changes nothing. */
#ifndef DOCTOR_GATHER_H
#define DOCTOR_GATHER_H

#include "condition.h"

/* `programs`: the folder of ours. `online`: also ask the relay and the ports. */
void gather(const struct conf *conf, const char *programs, bool online, struct condition *out);
void gather_free(struct condition *seen);

#endif
