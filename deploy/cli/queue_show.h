/* How `relaywatch queue` shows what waits: a screen for people, JSON for programs. Prints only. */
#ifndef CLI_QUEUE_SHOW_H
#define CLI_QUEUE_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "fixtext.h"
#include "waiting.h"

struct queueline;

struct queue_view {
    const struct waiting *waiting; /* sorted */
    const struct fixtext_place *place;
    int64_t now_s;
    bool postfix_down;
    uint64_t not_read;
};

/* One screen: how many, why, who must act, what to do, and the oldest; with `all` the groups whole
 * and no messages. */
void queue_show_screen(const struct queue_view *view, bool all);

/* One message whole: two lines and one for each reason. */
void queue_show_message(const struct queueline *message, const struct queue_view *view);

/* "41 messages: 40 deferred, 1 on hold, oldest 3 h"; "empty" */
void queue_show_sum(char *out, size_t size, const struct waiting *w, int64_t now_s);

/* A message; the end of the document, from the groups on. */
void queue_show_message_json(const struct queueline *message, const struct diagnoser *diagnoser,
                             int64_t now_s);
void queue_show_rest_json(const struct queue_view *view, const char *error);

#endif
