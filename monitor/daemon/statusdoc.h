/* The status document: `relaywatch status --json` and /api/v1/status. Its names are a public
 * contract. */
#ifndef DAEMON_STATUSDOC_H
#define DAEMON_STATUSDOC_H

#include "view.h"

/* The document as text, to be freed with free(). */
char *statusdoc_print(const struct view *view);

#endif
