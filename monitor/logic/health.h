/* What the log tells of the relay's health: for each area (login, TLS, network, ...) the causes
 * seen since the area last worked. A delivery through the relay proves that login, TLS and network
 * work again. Of each smarthost for itself: where there are several, one that delivers proves
 * nothing of the one that does not. Pure: `now_ms` is the wall clock, events carry their diagnosis
 * and their relayhost already. */
#ifndef LOGIC_HEALTH_H
#define LOGIC_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "healtharea.h"
#include "mailev.h"
#include "refusals.h"

enum {
    HEALTH_WAYS = 1 + 8,
    HEALTH_QUIET_MS = 2000,        /* so long nothing failed: it is over */
    HEALTH_LINGER_MS = 600 * 1000, /* what nothing proves to be over */
    HEALTH_BACKOFF_MS =
        75 * 60 * 1000, /* Postfix tries again within maximal_backoff_time, 4000 s */
};

struct health_cause {
    enum diagnosis diagnosis; /* the leading one */
    int64_t since_ms;         /* first seen since the area last worked */
    int64_t last_ms;
    uint64_t count;
    uint64_t bounced;        /* of these: recipients whose mail was returned */
    bool of_all;             /* one of these was not about a single message */
    bool of_trial;           /* a trial of it failed: only it itself can prove the contrary */
    struct refusals put_off; /* the others */
    struct refusals waiting; /* that it keeps in the queue */
    char evidence[512];      /* printable */
};

/* smtp(8) says what is wrong with a certificate on a line of its own, before the status that only
 * says that something is. */
struct health_hint {
    enum diagnosis diagnosis;
    int64_t at_ms;
    char evidence[512];
};

/* One smarthost. The first one stands for all that no smarthost is named for: what is wrong with
 * this host, other servers, attempts that are not final, trials while the log does not name
 * main.cf's relayhost. */
struct health_way {
    char relayhost[256];                   /* "": the first one, or free */
    struct health_cause cause[AREA_COUNT]; /* diagnosis NONE: nothing is wrong there */
    struct refusals refused;               /* in AREA_REFUSED's cause */
    struct refusals unwanted;              /* for their own sake, since one went through */
    int64_t last_success_ms;               /* a delivery by it; 0: none seen */
    int64_t last_failure_ms;               /* in one of the areas that are of a smarthost */
    int64_t used_ms;                       /* that, or a failure */
    uint32_t port;                         /* at which it was asked last; 0: not known */
};

struct health {
    struct health_way way[HEALTH_WAYS];
    char configured[256];    /* main.cf's relayhost, without brackets; "": not known */
    unsigned last_way;       /* of the line before */
    bool has_ids;            /* of messages that wait, in some cause */
    int64_t last_success_ms; /* a delivery through any; 0: none seen */
    int64_t last_failure_ms; /* any failure of login, TLS or network */
    int64_t last_answer_ms;  /* it took a message, or said why not this one */
    struct health_hint hint;
    int64_t last_milter_ms; /* it saw a message */
    int64_t last_reload_ms; /* of Postfix: its processes miss each other for a moment then */
    int64_t last_tls_ms;    /* a TLS session made with the relay */
    char last_tls[96];      /* "Verified TLSv1.3" */
};

/* main.cf's relayhost is this one: trials are of it. What trials of another one came to is no news
 * any more. */
void health_configure(struct health *h, const char *relayhost);

/* Notes one event. */
void health_note(struct health *h, const struct mailev *ev, int64_t now_ms);

/* What a probe of the live login came to: DIAGNOSIS_NONE: login, TLS and network work. `reply` is
 * the smarthost's answer. */
void health_note_probe(struct health *h, enum diagnosis d, struct span reply, int64_t now_ms);

/* The milter saw a message at that time, or is new: what failed to reach it before is over. */
void health_note_milter(struct health *h, int64_t time_ms);

/* The smarthost of this name; NULL: not known. */
const struct health_way *health_way(const struct health *h, struct span relayhost);

/* Forgets causes that ended. Call now and then. */
void health_expire(struct health *h, int64_t now_ms);

/* The clock was set: moves all times along. */
void health_shift(struct health *h, int64_t by_ms);

#endif
