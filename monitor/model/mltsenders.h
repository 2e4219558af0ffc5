/* Recipients of each envelope sender within 24 hours, as relaywatch-milter counts them: a table in
 * the shared page (mltpage.h), so it outlives the milter. Fixed size. All zero: empty.
 *
 * Writers are libmilter's threads. They never wait and allocate nothing: a place is found in a set
 * of MLTSENDERS_WAYS by the hash of the name; when the set is full a new sender takes over the
 * place with the least and begins at nothing, so what is told is never too much. A sender with more
 * than one in MLTSENDERS_WAYS of what its set counts stays (one in 512 of all, on average).
 *
 * A takeover is one compare-and-swap: each place has a generation, each count carries the
 * generation and the day that it is of, and a count of another one counts nothing. So nothing is
 * ever cleared, and a writer that was held up, or killed, at any point spoils no other sender's
 * figure. Two threads that bring in one new sender at the same moment may split its figure. */
#ifndef MODEL_MLTSENDERS_H
#define MODEL_MLTSENDERS_H

#include <stdatomic.h>
#include <stdint.h>

#include "sendername.h"

enum { MLTSENDERS_SETS = 64, MLTSENDERS_WAYS = 8, MLTSENDERS_HOURS = 24 };

struct mltsenders_place {
    _Atomic uint64_t named;                     /* the key whose name stands here */
    _Atomic uint64_t name[SENDERNAME_SIZE / 8]; /* its bytes; believed when their hash fits */
    _Atomic uint64_t count[MLTSENDERS_HOURS];   /* by hour % 24: day, generation, recipients */
};

struct mltsenders {
    _Atomic uint64_t key[MLTSENDERS_SETS][MLTSENDERS_WAYS]; /* hash, generation; 0: free */
    struct mltsenders_place place[MLTSENDERS_SETS][MLTSENDERS_WAYS];
};

struct mltsenders_look {
    char sender[SENDERNAME_SIZE]; /* with the most; "": nobody sent */
    uint64_t recipients;          /* of that one */
    uint64_t all;                 /* of all senders in the table */
    unsigned near;                /* senders with near_at or more; 0 where near_at is 0 */
};

/* `recipients` more of this sender, which sendername_take made; "" counts to nobody. `secret` is
 * the same for the life of the table; who does not know it cannot choose names that meet in one
 * set. */
void mltsenders_add(struct mltsenders *s, uint64_t secret, const char *sender, uint32_t recipients,
                    int64_t now_ms);

/* The hour of now_ms and the 23 before it. */
void mltsenders_read(const struct mltsenders *s, uint64_t secret, uint64_t near_at, int64_t now_ms,
                     struct mltsenders_look *out);

/* A new writer, the only one: names that a killed one left half written are to be written again. */
void mltsenders_adopt(struct mltsenders *s, uint64_t secret);

#endif
