/* What an error reply of Redis means for us, and how long to wait before the next try. Pure. */
#ifndef LOGIC_STOREERR_H
#define LOGIC_STOREERR_H

#include <stdint.h>

#include "text.h"

enum storeerr_class {
    STOREERR_TRANSIENT, /* passes by itself: LOADING, BUSY, OOM, NOREPLICAS, CLUSTERDOWN, too many
                           clients */
    STOREERR_TOPOLOGY,  /* the wrong server: READONLY, MOVED, ASK */
    STOREERR_OPERATOR, /* stays until a human acts: NOAUTH, WRONGPASS, NOPERM, MISCONF, WRONGTYPE */
    STOREERR_NOSCRIPT  /* send the script itself */
};

enum {
    STOREERR_FIRST_MS = 100, /* wait after the first failure, doubled by each further one */
    STOREERR_CONNECT_MS =
        1000, /* the most between two tries to connect: a server that is back is right within 2 s */
    STOREERR_COMMAND_MS =
        5000, /* the most between two tries of a command that the server refuses */
    STOREERR_OPERATOR_MS = 30000 /* between two tries where a human must act */
};

/* `text` is the error reply without its '-'. Before version 7 Redis wraps the error of a command
 * that a script called
 * ("ERR Error running script ...: WRONGTYPE ..."): the inner word counts. */
enum storeerr_class storeerr_class_of(const char *text);

/* The part of the text that a person wants to read: without the name of our script and the line in
 * it; in words of our own where Redis' do not tell what is wrong. */
struct span storeerr_words(const char *text);

/* The wait after `failures` failures in a row (1 or more): doubling from STOREERR_FIRST_MS up to
 * most_ms, then spread over three quarters to the whole of it by `random`, so that a fleet does not
 * come back in one instant. */
int64_t storeerr_wait_ms(unsigned failures, int64_t most_ms, uint32_t random);

#endif
