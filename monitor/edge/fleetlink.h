/* What a host reads of the others in Redis, on a connection of its own, so that the fleet never
 * stands in the way of counting: the index rw:hosts, and of each host that gave a new sign of life
 * the summary in its hash rw:{HOST}:alert. At most FLEET_HOSTS hosts, two or three commands each,
 * all at once; no search over keys. What it writes: nothing but what a function here says. Never
 * blocks; one thread, the loop's; all calls back come from the loop. */
#ifndef EDGE_FLEETLINK_H
#define EDGE_FLEETLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "fleet.h"

struct loop;
struct fleetlink;

struct fleetlink_calls {
    void (*on_read)(void *arg);  /* a reading is complete */
    void (*on_fault)(void *arg); /* it is not: fleetlink_trouble says why. May be NULL */
    void *arg;
};

/* NULL where no Redis is configured. */
struct fleetlink *fleetlink_new(struct loop *loop, const struct conf *conf,
                                const struct fleetlink_calls *calls);
void fleetlink_free(struct fleetlink **link);

/* Begins a reading as soon as the connection is there; nothing, if one is under way. */
void fleetlink_read(struct fleetlink *link);

/* The table as it is; changes while the loop runs. */
struct fleet *fleetlink_fleet(struct fleetlink *link);

/* When the last reading was complete, monotonic; 0: none, or Redis is gone since. */
int64_t fleetlink_read_ms(const struct fleetlink *link);
/* Why nothing can be read; "": it can, or nothing is known yet. Valid until the loop goes on. */
const char *fleetlink_trouble(const struct fleetlink *link);

/* Takes a host off the index. on_done once: `why` is "" when it is off; or never, when the
 * connection ends. false: not connected, nothing happens. */
bool fleetlink_forget(struct fleetlink *link, const char *host,
                      void (*on_done)(const char *why, void *arg), void *arg);

#endif
