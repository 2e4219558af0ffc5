/* The fleet as a JSON document: /api/v1/fleet and `relaywatch fleet --json`. Its names are a public
 * contract. Builds only; nothing blocks. */
#ifndef EDGE_FLEETDOC_H
#define EDGE_FLEETDOC_H

#include "fleet.h"

struct json_t;

struct fleetdoc_about {
    const char *reader; /* the host that looks */
    int64_t now_ms;
    int64_t read_age_ms; /* since the last reading; -1: it cannot be read now */
    const char *trouble; /* why; "": nothing is known yet */
    const char *speaker; /* the host that speaks for all; NULL or "": nobody knows */
};

/* fleet NULL: there is none, as no Redis is configured. Belongs to the caller. */
struct json_t *fleetdoc_make(const struct fleet *fleet, const struct fleetdoc_about *about);

#endif
