/* struct hostsum: what a host says of itself to the others of its fleet: how it is, what fires
 * there, a few figures. Fixed size, no pointers; bounded, as every host keeps those of all. The
 * texts are another host's: made printable when they are read (edge/hostdoc.h). */
#ifndef MODEL_HOSTSUM_H
#define MODEL_HOSTSUM_H

#include <stdbool.h>
#include <stdint.h>

#include "counter.h"
#include "diagnosis.h"

enum { HOSTSUM_ALERTS = 8, HOSTSUM_FIGURES = 5 };

/* The counters that a fleet is about. */
static const enum counter hostsum_counter[HOSTSUM_FIGURES] = {
    COUNTER_ACCEPTED, COUNTER_SENT, COUNTER_DEFERRED, COUNTER_BOUNCED, COUNTER_AUTH_FAILURES};

enum hostsum_state {
    HOSTSUM_UNKNOWN, /* it is starting, or says nothing of itself */
    HOSTSUM_OK,
    HOSTSUM_WARNING,
    HOSTSUM_CRITICAL,
    HOSTSUM_STOPPED, /* its relaywatchd was ended in an orderly way */
};

struct hostsum_alert {
    char id[48];
    char diagnosis[64]; /* "G01 BAD_CREDENTIALS"; may be of a newer version than ours */
    enum severity severity;
    char summary[200];
    int64_t since_ms;
    bool told; /* its receivers know of it */
};

/* Who must act, by its diagnosis; NULL: of one that we do not know. Static. */
static inline const char *hostsum_who(const struct hostsum_alert *a) {
    enum diagnosis d = diagnosis_find(span_of(a->diagnosis));

    return d != DIAGNOSIS_NONE ? diagnosis_entry(d)->who : NULL;
}

struct hostsum {
    enum hostsum_state state;
    int64_t since_ms; /* when it came into this state, by its clock */
    char version[24];
    char relay[160]; /* "host:port"; "": not known */
    bool queue_known;
    uint64_t queue_messages;
    int64_t oldest_s;
    double rate[HOSTSUM_FIGURES];     /* a minute */
    uint64_t figure[HOSTSUM_FIGURES]; /* totals */
    int count;                        /* alerts that fire, the worst first */
    int all;                          /* with those that have no place here */
    struct hostsum_alert alert[HOSTSUM_ALERTS];
};

#endif
