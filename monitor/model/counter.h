/* The counters: one word each, the same in Redis (c.WORD), in JSON (counters.WORD) and as a metric
 * (relaywatch_WORD_total). Pure. */
#ifndef MODEL_COUNTER_H
#define MODEL_COUNTER_H

#include <stdint.h>

#include "text.h"

enum counter {
    COUNTER_LINES,         /* every line of the log */
    COUNTER_UNPARSED,      /* not a Postfix line, or one that the parser does not know */
    COUNTER_CONNECTS,      /* smtpd: a client connected to us */
    COUNTER_ACCEPTED,      /* a message entered (cleanup's message-id line, by queue id) */
    COUNTER_QUEUED,        /* qmgr: "queue active" */
    COUNTER_SENT,          /* status=sent, one a recipient */
    COUNTER_DEFERRED,      /* status=deferred, or another daemon's deferral, one a recipient */
    COUNTER_BOUNCED,       /* status=bounced, one a recipient */
    COUNTER_EXPIRED,       /* qmgr: status=expired or force-expired */
    COUNTER_REMOVED,       /* qmgr: removed */
    COUNTER_REJECTED,      /* refused at the door: smtpd, cleanup, postscreen, milter */
    COUNTER_AUTH_FAILURES, /* the smarthost refused our login */
    COUNTER_INBOUND_AUTH_FAILURES, /* a client failed to log in to us */
    COUNTER_TLS_SESSIONS,          /* TLS established with the smarthost (smtp client side) */
    COUNTER_TLS_ERRORS,            /* TLS with the smarthost failed */
    COUNTER_TIMEOUTS,              /* a connection or conversation with the smarthost timed out */
    COUNTER_REFUSED,               /* connection refused, no route, network unreachable */
    COUNTER_DNS_ERRORS,            /* the smarthost's name did not resolve */
    COUNTER_LIMIT_HITS,            /* a quota or rate limit of the smarthost */
    COUNTER_WARNINGS,              /* "warning:" lines */
    COUNTER_FATALS,                /* "fatal:" and "panic:" lines */
    COUNTER_COUNT
};

struct counters {
    uint64_t value[COUNTER_COUNT];
};

/* A set of counters, as a line of the log moves them: bit (1 << enum counter). */
typedef uint32_t counter_set;
#define COUNTER_BIT(c) ((counter_set)1 << (c))

/* The word. The text is static. */
const char *counter_name(enum counter c);

/* What it counts, one line for # HELP. The text is static. */
const char *counter_help(enum counter c);

/* Adds one to each counter in the set. */
void counters_add(struct counters *totals, counter_set set);

/* The counter with this word, or COUNTER_COUNT. */
enum counter counter_find(struct span name);

#endif
