/* What `relaywatch doctor --fix` does by itself: few things, each of which changes no setting that
 * somebody chose. Needs root. Blocks. */
#ifndef DOCTOR_MENDING_H
#define DOCTOR_MENDING_H

#include <stdbool.h>

#include "checks.h"
#include "host.h"

/* `programs`: the folder of ours. Shows what it would do, asks (on a terminal, or `yes` answers),
 * does it. Returns 1 when it is done, else 0; why not is on stderr. */
unsigned mending_offer(enum mend mend, const char *shown, bool yes, const struct condition *seen,
                       const char *programs, const struct host *host);

#endif
