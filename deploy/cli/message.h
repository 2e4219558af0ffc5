/* `relaywatch logs --queue-id` and `--message-id`: where is this message, as relaywatchd knows it.
 */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include <stdbool.h>

#include "conf.h"

enum { MESSAGE_NOT_KNOWN = -1 };

/* One of both is NULL. Returns the exit status, or MESSAGE_NOT_KNOWN, after a word on stderr, when
 * it does not know the message or does not answer. */
int message_show(const struct conf *conf, const char *queue_id, const char *message_id,
                 bool as_json);

#endif
