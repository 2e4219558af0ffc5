/* What part of the relay's health a diagnosis is about. Pure. */
#ifndef LOGIC_HEALTHAREA_H
#define LOGIC_HEALTHAREA_H

#include <stdbool.h>

#include "diagnosis.h"

enum health_area {
    AREA_LOGIN,   /* the smarthost refuses our login */
    AREA_TLS,     /* no verified TLS with it */
    AREA_NETWORK, /* cannot be reached: DNS, connect, time-outs */
    AREA_POLICY,  /* reached, logged in, and it refuses the mail: allow-list, limits, reputation */
    AREA_REFUSED, /* reached, logged in, and mail after mail is refused for reasons not in the
                     catalogue */
    AREA_LOCAL,   /* Postfix or this host: maps, processes, disk */
    AREA_MILTER,  /* Postfix does not reach our milter */
    AREA_COUNT
};

/* Is it a refusal of this message for what it says or who sends it, whatever relay brings it? One
 * of these says nothing of the relay, many do. */
bool health_is_of_message(enum diagnosis d);

/* Is it a limit that ends by itself, so that mail passes again? */
bool health_is_limit(enum diagnosis d);

/* Is it the fault of the relay, of what stands between it and the smarthost, or of the terms with
 * that, and not the recipient's or one message's? */
bool health_is_relays_fault(enum diagnosis d);

/* Does it follow from another fault, so that it is told only where none is known? */
bool health_is_consequence(enum diagnosis d);

/* Does `now` say more than what was seen before? A cause leads before what follows from it, then a
 * more severe diagnosis; among equals the one seen last. */
bool health_leads(enum diagnosis now, enum diagnosis before);

/* Which area a diagnosis belongs to; AREA_COUNT when it is not about the relay's health. */
enum health_area health_area(enum diagnosis d);

#endif
