/* Asks relaywatch-probe, which runs without privileges, whether a login works at the relay. Blocks
 * for up to 30 s, or the keeper's limit. The secret goes through a pipe and is wiped here. */
#ifndef PROCEDURE_TRYOUT_H
#define PROCEDURE_TRYOUT_H

#include "facts.h"
#include "keeperq.h"
#include "text.h"
#include "verbs.h"

/* About this login (user.n == 0: about the way to the relay without one). Sets the reply's outcome:
 * DONE, REFUSED or INCONCLUSIVE. */
void tryout(const struct keeper *keeper, const struct facts *facts, struct span user,
            struct span secret, struct keeper_reply *reply);

#endif
