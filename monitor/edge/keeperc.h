/* relaywatchd's side of relaywatch-keeper: asks one verb, gets one struct keeper_reply, on the
 * loop. Each request is a connection of its own, so a count of the queue does not wait for a change
 * of the login. Never blocks. */
#ifndef EDGE_KEEPERC_H
#define EDGE_KEEPERC_H

#include <stdbool.h>

#include "keeperq.h"
#include "loop.h"

struct keeperc;

/* `reply` is NULL when there was no answer; then `why` says why. */
typedef void keeperc_reply_fn(enum keeper_verb verb, const struct keeper_reply *reply,
                              const char *why, void *arg);

struct keeperc *keeperc_new(struct loop *loop, const char *socket_path, keeperc_reply_fn *on_reply,
                            void *arg);
void keeperc_free(struct keeperc **keeperc);

/* Sends the verb. false: the same verb is under way already, its answer will come. */
bool keeperc_ask(struct keeperc *keeperc, enum keeper_verb verb);

#endif
