/* Looks at this host for `relaywatch doctor`: files, postconf, the queue; and, side by side, what
 * takes time (outside.h). Blocks for up to 15 s in the whole. Changes nothing, but that a line is
 * written to the mail log. */
#ifndef DOCTOR_GATHER_H
#define DOCTOR_GATHER_H

#include "condition.h"

/* `programs`: the folder of ours. `only`: the checks that it is for, NULL: all; what takes time is
 * looked at for these alone. `on_wait`: see jobs.h. */
void gather(const struct conf *conf, const char *programs, const char *only,
            void (*on_wait)(const char *waiting), struct condition *out);
void gather_free(struct condition *seen);

#endif
