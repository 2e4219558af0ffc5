/* The incidents of the past: each alert that fired, from beginning to end, with its cause, what it
 * came to, and what had changed just before. A ring of the last INCIDENTS. Pure. */
#ifndef LOGIC_INCIDENTS_H
#define LOGIC_INCIDENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "alert.h"
#include "changes.h"
#include "keptline.h"

enum {
    INCIDENTS = 64,
    INCIDENT_CHANGES = 6,
    INCIDENT_BEFORE_MS = 30 * 60 * 1000,
    INCIDENT_STEP_MS = 10 * 1000,
    INCIDENT_STEPS = 72 /* 12 minutes: by default no rule waits longer */
};

/* Of the whole relay, as they stand. */
struct incident_figures {
    uint64_t sent, deferred, bounced, expired; /* recipients, since ever */
    uint64_t waiting;                          /* messages in the queue */
};

struct incident {
    uint64_t number; /* from 1 on; 0: a free place */
    char id[48];
    enum diagnosis diagnosis; /* the last one */
    enum severity severity;   /* the worst */
    enum party party;         /* whose fault it was */
    int64_t since_ms, ended_ms;
    uint64_t count;                        /* the most that the alert stood for */
    struct incident_figures before, after; /* at the beginning; at the end, or now. waiting: most */
    char relayhost[256];                   /* the smarthost that it was about; "": none alone */
    char summary[256], impact[256], evidence[256];
    char silenced_who[64], silenced_why[160]; /* "": it was not */
    int changes;
    struct change_note change[INCIDENT_CHANGES];
};

struct incidents {
    struct incident incident[INCIDENTS];
    uint64_t last;                /* number given */
    struct incident_figures seen; /* when they were followed last: before what shows now */
    int64_t seen_ms;              /* 0: not yet */
    struct incident_past {
        int64_t at_ms;
        struct incident_figures figures;
    } past[INCIDENT_STEPS]; /* for what began before it was told */
};

/* Follows the alerts as they are now. True when one began or ended, or is worse: to be kept. */
bool incidents_follow(struct incidents *all, const struct alert_set *alerts,
                      const struct incident_figures *figures, const struct changes *changes,
                      int64_t now_ms);

/* Number i, the latest first; NULL behind the last. */
const struct incident *incidents_get(const struct incidents *all, int i);

/* By its number, or the last one of an alert's id. NULL: none. */
const struct incident *incidents_find(const struct incidents *all, struct span what);

void incidents_print(const struct incidents *all, struct keptout *out);
bool incidents_take(struct incidents *all, struct span line);

#endif
