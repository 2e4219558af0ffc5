/* struct alert: one thing that is wrong, or was until a short while ago, as it goes to the page, to
 * `relaywatch status` and to relaywatch-notify. Fixed size, no pointers but static ones. */
#ifndef MODEL_ALERT_H
#define MODEL_ALERT_H

#include <stdbool.h>
#include <stdint.h>

#include "diagnosis.h"

enum { ALERTS_MOST = 48 };

struct alert {
    char id[48]; /* identifies the alert at this host: "login-refused" */
    enum diagnosis diagnosis;
    enum severity severity;
    enum party party;    /* whose fault it is */
    char relayhost[256]; /* the smarthost that it is about; "": of none alone */
    char summary[256];   /* what: one sentence with the figures */
    char impact[256];    /* delayed or lost, how many, until when */
    char evidence[512];  /* the line of the log or the reply that shows it; printable, no secret */
    char fix[DIAGNOSIS_FIXES][256]; /* what to type, fitted to this host; "" behind the last */
    int64_t since_ms;               /* when it began firing, wall clock */
    int64_t ended_ms;               /* 0: still firing */
    uint64_t count;                 /* events that it stands for */
    bool shared;                    /* the fleet's: whoever speaks for it has the same one */
    bool elsewhere;            /* shared, and another host goes on with it: its end here is none */
    int64_t silenced_until_ms; /* nobody is called for it before; 0: it is not silenced */
    char silenced_who[64];     /* asked for that */
    char silenced_why[160];
};

struct alert_set {
    struct alert alert[ALERTS_MOST];
    int count;
};

#endif
