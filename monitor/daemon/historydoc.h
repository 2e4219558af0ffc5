/* The history document: /api/v1/history, `relaywatch status --since --json`. Its names are a public
 * contract. */
#ifndef DAEMON_HISTORYDOC_H
#define DAEMON_HISTORYDOC_H

#include "view.h"

/* The answer to this query, to be freed with free(): the document and 200, or {"error"} and 400. */
char *historydoc_print(const struct view *view, const char *query, int *status_out);

#endif
