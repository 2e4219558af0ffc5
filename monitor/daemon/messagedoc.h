/* "Where is message X": /api/v1/message?queue_id=X or ?message_id=X. Its names are a public
 * contract. What strangers wrote (addresses, replies) is made printable. */
#ifndef DAEMON_MESSAGEDOC_H
#define DAEMON_MESSAGEDOC_H

#include "messages.h"

enum { MESSAGEDOC_MESSAGES = 20, MESSAGEDOC_RECIPIENTS = 200 };

/* The answer to the query as text, to be freed with free(), and its HTTP status: 200; 404 when no
 * such message is known; 400 when the query asks for nothing or is no query. `m` may be one that is
 * not begun yet. */
char *messagedoc_print(const struct messages *m, const char *query, int *status_out);

#endif
