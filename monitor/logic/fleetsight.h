/* What the fleet comes to for the one host that speaks for it: who vanished, and whether so many
 * hosts have the same trouble that it is one alert, not one of each. And for every host: may it
 * leave an alert of its own to that one? In doubt it may not. Pure; times are monotonic. */
#ifndef LOGIC_FLEETSIGHT_H
#define LOGIC_FLEETSIGHT_H

#include "fleet.h"

enum {
    FLEETSIGHT_HOSTS_LEAST = 3,        /* of a smaller fleet each host speaks for itself */
    FLEETSIGHT_WATCHED_MS = 20 * 1000, /* so long a host was watched before it counts as gone */
};

struct fleetsight_limits {
    unsigned percent; /* of the living hosts with one cause */
    unsigned least;   /* and at least so many */
};

struct fleetsight {
    bool known; /* read lately, and our own signs of life are in it: else nobody can tell */
    bool leads; /* it is us who speaks */
    unsigned alive;

    char cause[48]; /* the alert's id that the most living hosts have; "": none of them any */
    unsigned affected;
    bool many; /* of enough hosts; goes on until they are half as many */
    char diagnosis[64];
    enum severity severity;
    char title[200];          /* what the first of them says */
    char affected_names[160]; /* "mx1, mx2, mx3 and 28 more" */
    uint64_t queue_messages;  /* on these hosts */

    bool trouble_open,
        gone_open; /* receivers know of it from a host that does not speak any more */

    unsigned gone, stopped; /* stopped: for longer than they may */
    bool joined;            /* one more is gone now, beside others */
    char gone_names[160], stopped_names[160];
    int64_t gone_ms; /* the longest silence of these */
};

/* Looks at the table; `self`: our own host. *sight is that of the look before, and goes on. */
void fleetsight_look(struct fleet *fleet, const char *self, const struct fleetsight_limits *limits,
                     struct fleetsight *sight);

/* An alert of ours that begins waits a moment for the fleet's: does somebody else who is called
 * already have the same? */
bool fleetsight_shared(const struct fleet *fleet, const char *self, const char *id);

/* Has the alert with this id a place among those of a fleet? Not what is about relaywatch and
 * Redis. */
bool fleetsight_counts(const char *id);

/* What the one who speaks leaves in Redis for his successor: "ID SINCE_MS", several parted by
 * blanks. Returns when the incident with this id began, 0: none is open. */
int64_t fleetsight_open(const char *text, const char *id);

/* Is it the fleet's, sent by this host for all: nothing is wrong here? */
bool fleetsight_is_fleets(const char *id);

#endif
