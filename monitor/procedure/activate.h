/* What makes Postfix act on a changed map or main.cf: `postfix reload`, `postqueue -f`, and
 * defer_transports, which keeps mail in the queue while no login works. None of it is the commit
 * point: smtp(8) sees by itself that an index was replaced, when it has ended what it does. Blocks.
 */
#ifndef PROCEDURE_ACTIVATE_H
#define PROCEDURE_ACTIVATE_H

#include "facts.h"
#include "fault.h"
#include "recall.h"
#include "keeperq.h"
#include "verbs.h"

/* Reload, at most one in ten seconds (three for texthash, where nothing else makes the change
 * known): one that comes sooner is owed. Flush, if mail is deferred; after a reload it is owed once
 * more. `now`: without regard to the last one. Returns false when the reload was tried and
 * failed; the reply's detail says why. */
bool activate(const struct keeper *keeper, const struct facts *facts, struct recall *recall,
              bool now, struct keeper_reply *reply);

/* The flush that is owed. */
bool activate_flush(const struct keeper *keeper, struct recall *recall, struct keeper_reply *reply);

/* How long until NUDGE has something to do; 0: nothing is owed. */
int64_t activate_owed_ms(const struct facts *facts, const struct recall *recall, int64_t now_ms);

/* Puts smtp and relay into defer_transports, or back what was there. The caller saves it
 * after; activate_hold saves it before main.cf is changed, too. */
MUSTCHECK int activate_hold(const struct keeper *keeper, const struct facts *facts,
                            struct recall *recall, struct fault *why);
MUSTCHECK int activate_release(const struct keeper *keeper, const struct facts *facts,
                               struct recall *recall, struct fault *why);

#endif
