/* The hosts that share a Redis, as one of them sees the others: a table that is made up to date at
 * each reading of the index rw:hosts, and what follows from it. Whether a host is silent is
 * measured by our own clock, as the time that we watched and saw no new sign of life: so neither a
 * wrong clock there nor a Redis that was away makes a host vanish. Pure but for memory; times are
 * parameters. */
#ifndef LOGIC_FLEET_H
#define LOGIC_FLEET_H

#include "hostsum.h"
#include "text.h"

enum {
    FLEET_HOSTS = 256,              /* more are not read: those that were silent longest */
    FLEET_BEAT_MS = 10 * 1000,      /* between two signs of life of a host */
    FLEET_STEP_MOST_MS = 10 * 1000, /* of a longer pause between two readings no more counts */
};

/* Worst first. */
enum fleet_state {
    FLEET_CRITICAL,
    FLEET_GONE, /* no sign of life, and it did not say that it ends */
    FLEET_WARNING,
    FLEET_UNKNOWN,
    FLEET_STOPPED, /* ended in an orderly way */
    FLEET_OK,
    FLEET_STATES
};

struct fleet_host {
    char name[128];
    char beat[40];      /* the score in the index, as it came */
    int64_t silent_ms;  /* since its last sign of life */
    int64_t watched_ms; /* of these we watched ourselves */
    bool seen;          /* in the reading that is under way */
    bool missed;        /* it counts as gone: fleetsight.c */
    bool wanted;        /* its summary is to be read again */
    struct hostsum sum;
};

struct fleet {
    size_t count;
    struct fleet_host *host[FLEET_HOSTS];    /* by name */
    bool more;                               /* there are more hosts than places */
    int64_t gone_after_ms, stopped_after_ms; /* from the configuration */
    int64_t read_ms; /* monotonic, the last reading; 0: none, or an interruption since */
    int64_t step_ms; /* of the reading under way */
};

void fleet_clear(struct fleet *fleet);

/* A reading of the index. */
void fleet_begin(struct fleet *fleet, int64_t mono_ms);
/* One host of it. NULL: there is no place for it. */
struct fleet_host *fleet_see(struct fleet *fleet, struct span name, struct span score,
                             int64_t wall_ms);
/* Hosts that are not in it any more were forgotten. */
void fleet_end(struct fleet *fleet);
/* Redis is gone: what passes until the next reading was not watched. */
void fleet_interrupt(struct fleet *fleet);

const struct fleet_host *fleet_find(const struct fleet *fleet, const char *name);
enum fleet_state fleet_state(const struct fleet *fleet, const struct fleet_host *host);
/* "critical", "gone", ... Static. */
const char *fleet_state_name(enum fleet_state state);

struct fleet_figures {
    size_t count[FLEET_STATES];
    double rate[HOSTSUM_FIGURES];
    uint64_t figure[HOSTSUM_FIGURES];
    uint64_t queue_messages;
    /* FLEET_UNKNOWN where there is no host. A host that is stopped is well for a while, then that
     * is a FLEET_WARNING. */
    enum fleet_state worst;
};
struct fleet_figures fleet_sum(const struct fleet *fleet);

/* "100 hosts: 2 critical, 1 gone, 97 ok"; "all 100 hosts are well". */
void fleet_headline(const struct fleet *fleet, char *out, size_t size);

/* All hosts, worst first, then the longest in this state, then by name. Returns their number. */
size_t fleet_sort(const struct fleet *fleet, const struct fleet_host *out[FLEET_HOSTS]);

#endif
