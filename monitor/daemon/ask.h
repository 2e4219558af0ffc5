/* What relaywatchd asks relaywatch-keeper, when, and what it makes of the answers. */
#ifndef DAEMON_ASK_H
#define DAEMON_ASK_H

#include "state.h"

/* Asks whatever is due. */
void ask_keeper(struct daemon *d, int64_t mono_ms);

/* Mail moves: the queue is to be counted within a second. */
void ask_queue_soon(struct daemon *d, int64_t mono_ms);

/* An answer came: keeperc_reply_fn, `arg` is the struct daemon. */
void ask_on_reply(enum keeper_verb verb, const struct keeper_reply *reply, const char *why,
                  void *arg);

/* What comes in and goes out again at once never shows in a count of the queue, but the milter saw
 * it. The log has a moment to tell of it. Once a second. */
void ask_note_mail(struct daemon *d, int64_t mono_ms);

#endif
