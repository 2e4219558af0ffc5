/* This host among the others of its fleet: says in Redis how it is (edge/hostdoc.h), at each change
 * and with each sign of life, and reads what the others say (edge/fleetlink.h). Owned by struct
 * daemon; does not block. */
#ifndef DAEMON_FLEETKEEP_H
#define DAEMON_FLEETKEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "fleetlink.h"

struct daemon;
struct view;

struct fleetkeep {
    struct fleetlink *link; /* NULL: without Redis */
    int64_t published_ms;   /* monotonic */
    int64_t asked_ms;       /* when the others were read last, or tried to */
    int64_t ending_ms;      /* since when we say that we end; 0: we do not */
};

void fleetkeep_open(struct daemon *d);
void fleetkeep_close(struct daemon *d);

/* Once a second. */
void fleetkeep_tick(struct daemon *d, int64_t mono_ms);

/* What others are to know of this host changed. */
void fleetkeep_publish(struct daemon *d);

/* This host ends in an orderly way and tells the others so; true when there is nothing (more) to
 * wait for. Call it again until then. */
bool fleetkeep_farewell(struct daemon *d);

/* What the view shows of the fleet; /api/v1/fleet, to be freed with free(). */
void fleetkeep_fill(struct daemon *d, struct view *v);
char *fleetkeep_document(const struct view *v);

#endif
