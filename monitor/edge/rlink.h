/* The connection to Redis by hiredis' asynchronous part, whose headers are included by rlink.c
 * alone: connects, greets (AUTH, ROLE), watches two time limits (1 s to connect, 2 s for an
 * answer), connects again by itself. With
 * sentinels each connection begins with asking one of them where the master is. Never blocks.
 * Nothing is freed, disconnected or told inside a callback of hiredis: events ask for a turn, and
 * the owner then calls rlink_turn. One thread. */
#ifndef EDGE_RLINK_H
#define EDGE_RLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "loop.h"
#include "text.h"

#include "storeerr.h"

struct rlink;
struct rlink_reply;

struct rlink_calls {
    void (*ask_turn)(void *arg); /* rlink_turn is due, in the next turn of the loop */
    void (*on_up)(void *arg);    /* greeted: commands can be sent, also from inside this call */
    void (*on_gone)(void *arg);  /* no answer will come any more to what was sent */
    void *arg;
    bool quiet; /* another connection of ours to the same server tells of the trouble */
};

/* Nothing happens before the first rlink_turn. Ignores SIGPIPE from now on. */
struct rlink *rlink_new(struct loop *loop, const struct conf *conf,
                        const struct rlink_calls *calls);
/* Not from inside a callback. Calls nothing back. */
void rlink_free(struct rlink **link);

/* Drops a connection of no use, opens a new one when it is time to, greets. */
void rlink_turn(struct rlink *link, int64_t now_ms);
/* When rlink_turn is due though nothing happens; INT64_MAX: never. */
int64_t rlink_due_ms(const struct rlink *link);

bool rlink_is_up(const struct rlink *link);
/* Has a connection been tried to its end? */
bool rlink_was_tried(const struct rlink *link);

/* Sends a command of `count` words. on_reply is called once with the reply, which lives until it
 * returns, or never (on_gone). Only while up. */
void rlink_send(struct rlink *link, size_t count, const char **words,
                void (*on_reply)(const struct rlink_reply *reply, void *arg), void *arg);

/* Asks whether the server is still the master, before a read that is trusted: if not, the
 * connection is of no use (rlink_is_up says so) when the read is answered. Only while up. */
void rlink_check_role(struct rlink *link);

/* The connection is of no use: it is dropped in the next turn. */
void rlink_fail(struct rlink *link, enum storeerr_class trouble, const char *text);
/* All is well: forgets the trouble, and the next one is new. */
void rlink_well(struct rlink *link);
/* What is wrong: "" when nothing is. */
const char *rlink_detail(const struct rlink *link, enum storeerr_class *trouble_out);

/* A reply. Text: a string or status. */
bool rlink_is_error(const struct rlink_reply *reply);
bool rlink_is_text(const struct rlink_reply *reply);
bool rlink_is_list(const struct rlink_reply *reply);
struct span rlink_span(const struct rlink_reply *reply); /* of an error or text */
const char *
rlink_text(const struct rlink_reply *reply);         /* the same, terminated; "" of anything else */
size_t rlink_count(const struct rlink_reply *reply); /* of a list, else 0 */
const struct rlink_reply *rlink_part(const struct rlink_reply *reply, size_t i);

#endif
