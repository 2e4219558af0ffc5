/* `relaywatch logs --queue-id` and `--message-id`: where is this message? Asks relaywatchd, nobody
 * else. */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include <stdbool.h>

#include "conf.h"

/* One of both is NULL. Returns the exit status: 0; 1 when the message is not known or relaywatchd
 * does not answer. */
int message_show(const struct conf *conf, const char *queue_id, const char *message_id,
                 bool as_json);

#endif
