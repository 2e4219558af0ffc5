/* `relaywatch logs --queue-id` and `--message-id` where relaywatchd cannot tell: one message's
 * story, read out of the log files themselves. Blocks until they are read. */
#ifndef CLI_LOGS_STORY_H
#define CLI_LOGS_STORY_H

#include <stdbool.h>

#include "conf.h"

/* One of both is NULL. The exit status: 1 when no line is about it. */
int logs_story(const struct conf *conf, const char *conf_path, const char *queue_id,
               const char *message_id, bool as_json);

#endif
