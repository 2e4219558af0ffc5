/* What HTTP clients get: page, metrics, API, health. */
#ifndef DAEMON_ANSWER_H
#define DAEMON_ANSWER_H

#include "state.h"

/* http_answer_fn; `arg` is the struct daemon. */
void answer_get(const struct http_request *request, struct http_reply *reply, void *arg);

#endif
