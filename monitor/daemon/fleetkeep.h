/* This host among the others of its fleet: says in Redis how it is (edge/hostdoc.h), at each change
 * and with each sign of life, and reads what the others say (edge/fleetlink.h). Owned by struct
 * daemon; does not block. */
#ifndef DAEMON_FLEETKEEP_H
#define DAEMON_FLEETKEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "alert.h"
#include "fleetlink.h"
#include "fleetsight.h"

struct daemon;
struct view;

struct fleetkeep {
    struct fleetlink *link;           /* NULL: without Redis */
    int64_t published_ms;             /* monotonic */
    struct loop_timer *look;          /* at the others */
    int64_t lease_asked_ms, alone_ms; /* alone_ms: since when nobody speaks; 0: somebody does */
    int64_t said_ms;                  /* when we spoke for all last; 0: we do not */
    struct fleetsight sight;
    int64_t held_ms[ALERTS_MOST]; /* since when an alert of ours waits for the fleet's, by rule */
    bool holds;                   /* one does */
    unsigned told;                /* alerts that fire and that somebody was called for */
    struct {
        int64_t since_ms; /* as receivers know it; 0: not known */
        bool ended;       /* and it is over for us, or ... */
        bool elsewhere;   /* ... goes on elsewhere */
        bool said;        /* it stands in what we left for a successor */
    } open[2];            /* fleet-trouble, hosts-gone */
    int64_t left_ms;      /* when we left it last */
    int64_t ending_ms;    /* since when we say that we end; 0: we do not */
};

void fleetkeep_open(struct daemon *d);
void fleetkeep_close(struct daemon *d);

/* Once a second. */
void fleetkeep_tick(struct daemon *d, int64_t mono_ms);

/* What others are to know of this host changed. */
void fleetkeep_publish(struct daemon *d);

/* For the rules: what the fleet comes to; NULL: there is none. Looks anew. */
const struct fleetsight *fleetkeep_sight(struct daemon *d, int64_t mono_ms);

/* May the alert of this rule, of which nobody was told yet, stay so for now: it waits for the
 * fleet's, or that one speaks for it. Then it is noted in the alert. In doubt it may not. */
bool fleetkeep_holds(struct daemon *d, int rule, struct alert *alert, int64_t wall_ms);
/* It does not fire. */
void fleetkeep_release(struct daemon *d, int rule);
/* Is its alert left to the fleet's? Notes it. */
void fleetkeep_show(const struct daemon *d, struct alert *alert, int64_t wall_ms);

/* An alert that is the fleet's, as receivers are to hear of it: one incident whichever host speaks,
 * so its beginning is what the first one said. False: not now, as nobody knows yet what that was.
 */
bool fleetkeep_share(struct daemon *d, int rule, struct alert *alert, int64_t mono_ms);

/* After receivers were told: says to the others for what we speak. */
void fleetkeep_speak(struct daemon *d);

/* This host ends in an orderly way and tells the others so; true when there is nothing (more) to
 * wait for. Call it again until then. */
bool fleetkeep_farewell(struct daemon *d);

/* What the view shows of the fleet; /api/v1/fleet, to be freed with free(). */
void fleetkeep_fill(struct daemon *d, struct view *v);
char *fleetkeep_document(const struct view *v);

#endif
