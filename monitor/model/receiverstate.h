/* How it stands with those who are to be told of alerts, as relaywatch-notify knows it and
 * everybody else shows it. No secret is in it: a URL is there as its scheme and host. Plain data.
 */
#ifndef MODEL_RECEIVERSTATE_H
#define MODEL_RECEIVERSTATE_H

#include <stdbool.h>
#include <stdint.h>

enum { RECEIVERSTATES_MOST = 32 };

enum receiver_condition {
    RECEIVER_IDLE,    /* nothing was to be told yet, so nobody knows */
    RECEIVER_OK,      /* has taken the last notice */
    RECEIVER_FAILING, /* cannot be reached, or not now: tried on */
    RECEIVER_REFUSED, /* says no: somebody must look at it */
    RECEIVER_CONDITIONS
};

struct receiver_state {
    char name[41];
    char kind[16];
    char place[160];
    enum receiver_condition condition;
    bool tells;           /* people; a heartbeat does not */
    int64_t last_ok_ms;   /* wall clock; 0: never */
    int64_t since_ms;     /* of FAILING and REFUSED */
    uint32_t waiting;     /* notices that it has still to get */
    char last_error[200]; /* printable; "": none */
};

struct receiver_report {
    struct receiver_state receiver[RECEIVERSTATES_MOST];
    int count;
    char refused[200]; /* what is wrong with receivers.conf, so that the receivers are those of
                        * before; printable; "": nothing */
};

/* What of them matters to those who wait for a call. */
struct receiver_sum {
    int tellers;                        /* receivers that tell people */
    int bad;                            /* of all: failing or refused */
    int64_t all_bad_ms;                 /* for so long no teller has taken anything; 0: one does */
    const struct receiver_state *worst; /* bad the longest; NULL: none */
    int64_t worst_ms;                   /* for so long */
};

/* "idle", "ok", "failing", "refused". Static. */
const char *receiverstate_name(enum receiver_condition condition);
/* RECEIVER_CONDITIONS: no such word. */
enum receiver_condition receiverstate_find(const char *name);

bool receiverstate_is_bad(const struct receiver_state *state);
struct receiver_sum receiverstate_sum(const struct receiver_report *report, int64_t now_ms);

#endif
