/* What is said to Redis beside the streams, on the same connection, and may be lost without harm:
 * side data (fields of one hash, of which only the newest counts), this host's heartbeat in
 * "rw:hosts", and questions for settings that a store of totals should have. Owned by store.c; does
 * not block. */
#ifndef EDGE_SIDELINK_H
#define EDGE_SIDELINK_H

#include <stdbool.h>
#include <stdint.h>

#include "rlink.h"
#include "sidedata.h"

struct sidelink {
    struct rlink *link; /* lent; NULL: without Redis */
    void (*ask_turn)(void *arg);
    void *arg;
    struct sidedata data;
    size_t pending;      /* commands with side data in flight */
    bool may_not_remove; /* no right to HDEL: what is to be removed is made empty */
    bool may_not_ask;    /* no right to CONFIG GET */
    bool told_refusal;
    int64_t heartbeat_ms; /* when the next is due */
    char host[128];
    char key[256];      /* of the hash */
    char settings[200]; /* those that are not as they should be; "": none known */
};

/* ask_turn: sidelink_turn is due, in the next turn of the loop. */
void sidelink_init(struct sidelink *side, const char *host, void (*ask_turn)(void *arg), void *arg);
void sidelink_clear(struct sidelink *side);

/* The connection is there, or gone. */
void sidelink_up(struct sidelink *side);
void sidelink_gone(struct sidelink *side);
/* The store lost what it had: all is said again. */
void sidelink_again(struct sidelink *side);

/* Sends what waits; only while the connection is up. */
void sidelink_turn(struct sidelink *side, int64_t now_ms);

/* A field of the hash; NULL removes it. false: too many or too long. */
bool sidelink_set(struct sidelink *side, const char *field, const char *text);

#endif
