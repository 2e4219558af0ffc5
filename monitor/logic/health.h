/* What the log tells of the relay's health: for each area (login, TLS, network, ...) the causes
 * seen since the area last worked. A delivery through the relay proves that login, TLS and network
 * work again. Pure: `now_ms` is the wall clock, events carry their diagnosis already. */
#ifndef LOGIC_HEALTH_H
#define LOGIC_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "mailev.h"

enum health_area {
    AREA_LOGIN,   /* the smarthost refuses our login */
    AREA_TLS,     /* no verified TLS with it */
    AREA_NETWORK, /* cannot be reached: DNS, connect, time-outs */
    AREA_POLICY,  /* reached, logged in, and it refuses the mail: allow-list, limits, reputation */
    AREA_REFUSED, /* reached, logged in, and mail after mail is refused for reasons not in the
                     catalogue */
    AREA_LOCAL,   /* Postfix or this host: maps, processes, disk */
    AREA_MILTER,  /* Postfix does not reach our milter */
    AREA_COUNT
};

enum {
    HEALTH_IDS = 8,
    HEALTH_BACKOFF_MS =
        75 * 60 * 1000, /* Postfix tries again within maximal_backoff_time, 4000 s */
};

/* Different messages that were refused, the last few known by their queue ids; 0: left the queue.
 */
struct health_refusals {
    unsigned messages;
    uint32_t id[HEALTH_IDS];
};

struct health_cause {
    enum diagnosis diagnosis; /* the leading one */
    int64_t since_ms;         /* first seen since the area last worked */
    int64_t last_ms;
    uint64_t count;
    uint64_t bounced;               /* of these: recipients whose mail was returned */
    bool of_all;                    /* one of these was not about a single message */
    struct health_refusals put_off; /* the others */
    char evidence[512];             /* printable */
};

/* smtp(8) says what is wrong with a certificate on a line of its own, before the status that only
 * says that something is. */
struct health_hint {
    enum diagnosis diagnosis;
    int64_t at_ms;
    char evidence[512];
};

struct health {
    struct health_cause cause[AREA_COUNT]; /* diagnosis NONE: nothing is wrong there */
    int64_t last_success_ms;               /* a delivery through the relay; 0: none seen */
    int64_t last_failure_ms;               /* any failure of login, TLS or network */
    int64_t last_answer_ms;                /* it took a message, or said why not this one */
    struct health_refusals refused;        /* in AREA_REFUSED's cause */
    struct health_refusals unwanted;       /* for their own sake, since one went through */
    struct health_hint hint;
    int64_t last_milter_ms; /* it saw a message */
    int64_t last_reload_ms; /* of Postfix: its processes miss each other for a moment then */
    int64_t last_tls_ms;    /* a TLS session made with the relay */
    char last_tls[96];      /* "Verified TLSv1.3" */
};

/* Notes one event. */
void health_note(struct health *h, const struct mailev *ev, int64_t now_ms);

/* What a probe of the live login came to: DIAGNOSIS_NONE: login, TLS and network work. `reply` is
 * the smarthost's answer. */
void health_note_probe(struct health *h, enum diagnosis d, struct span reply, int64_t now_ms);

/* The milter saw a message at that time, or is new: what failed to reach it before is over. */
void health_note_milter(struct health *h, int64_t time_ms);

/* Is something wrong in this area now? Login, TLS, network and refusals end two seconds after their
 * last failure once a delivery came later than it; the milter's when it saw a message since, or
 * a minute after the last sign; the others then, too, if a delivery came after it, else ten minutes
 * after. A rule of the smarthost that is no limit lasts as long as a message that it refused waits
 * to be refused again. */
bool health_is_broken(const struct health *h, enum health_area area, int64_t now_ms);

/* Does it talk to us, as far as is known? "Later" to a message or two is talk. */
bool health_is_reached(const struct health *h, int64_t now_ms);

/* Did a session with it break off, or was put off, before any message was in it? Where there is
 * little mail that may be for once, and nobody else asks for minutes; a probe that does knows. */
bool health_broke_off(const struct health *h, enum health_area area, int64_t now_ms);

/* Forgets causes that ended. Call now and then. */
void health_expire(struct health *h, int64_t now_ms);

/* The clock was set: moves all times along. */
void health_shift(struct health *h, int64_t by_ms);

/* Is it a refusal of this message for what it says or who sends it, whatever relay brings it? One
 * of these says nothing of the relay, many do. */
bool health_is_of_message(enum diagnosis d);

/* Is it a limit that ends by itself, so that mail passes again? */
bool health_is_limit(enum diagnosis d);

/* Is it the fault of the relay, of what stands between it and the smarthost, or of the terms with
 * that, and not the recipient's or one message's? */
bool health_is_relays_fault(enum diagnosis d);

/* Which area a diagnosis belongs to; AREA_COUNT when it is not about the relay's health. */
enum health_area health_area(enum diagnosis d);

#endif
