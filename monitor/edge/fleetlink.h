/* What a host reads of the others in Redis, on a connection of its own, so that the fleet never
 * stands in the way of counting: the index rw:hosts, and of each host that gave a new sign of life
 * the summary in its hash rw:{HOST}:alert. At most FLEET_HOSTS hosts, two or three commands each,
 * all at once; no search over keys. What it writes are the lease of the one
 * who speaks for all (rw:fleet:lease), what that one says (rw:fleet:alert), and what his successor
 * is to know (rw:fleet:open). Never blocks; one thread, the loop's; all calls back come from the
 * loop. */
#ifndef EDGE_FLEETLINK_H
#define EDGE_FLEETLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "fleet.h"

struct loop;
struct fleetlink;

enum {
    FLEETLINK_LEASE_MS = 15 * 1000,
    FLEETLINK_ASK_MS = 5 * 1000,
    FLEETLINK_WORD_MS = 15 * 1000,
    FLEETLINK_LEFT_MS = 24 * 3600 * 1000,
    FLEETLINK_FRESH_MS = 8 * 1000
};

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

/* Asks to be the one who speaks for the fleet, or to stay it. Whoever holds the lease is it for
 * FLEETLINK_LEASE_MS; ask again each FLEETLINK_ASK_MS. */
void fleetlink_ask_lease(struct fleetlink *link);
/* Is it us? Never true for longer than the lease, whatever Redis does. */
bool fleetlink_leads(const struct fleetlink *link, int64_t mono_ms);
/* Who it is, as far as is known of the last FLEETLINK_LEASE_MS; "": nobody knows. */
const char *fleetlink_leader(const struct fleetlink *link, int64_t mono_ms);

/* What that one says to all, one line; it holds for FLEETLINK_WORD_MS unless it is said again. NULL
 * takes it back. */
void fleetlink_say(struct fleetlink *link, const char *word);
/* What was said, read within the last FLEETLINK_FRESH_MS; "": nothing, or nobody knows. */
const char *fleetlink_word(const struct fleetlink *link, int64_t mono_ms);

/* What whoever speaks leaves for his successor, one line; it holds for a day unless it is said
 * again. NULL takes it back. */
void fleetlink_leave(struct fleetlink *link, const char *text);
/* What was left, read within the last FLEETLINK_FRESH_MS; NULL: nobody knows. */
const char *fleetlink_left(const struct fleetlink *link, int64_t mono_ms);

/* Takes a host off the index. on_done once: `why` is "" when it is off; or never, when the
 * connection ends. false: not connected, nothing happens. */
bool fleetlink_forget(struct fleetlink *link, const char *host,
                      void (*on_done)(const char *why, void *arg), void *arg);

#endif
