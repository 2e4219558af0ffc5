/* The verbs around a change: keep mail in the queue while no login works and let it go again, the
 * reload that is owed, the end of the old login. Each takes the lock. Blocks. */
#ifndef PROCEDURE_HOLD_H
#define PROCEDURE_HOLD_H

#include "keeperq.h"
#include "text.h"
#include "verbs.h"

/* HOLD: for relaywatchd only within 15 minutes after the smarthost has refused the live login. */
void hold_start(const struct keeper *keeper, struct keeper_reply *reply);
void hold_end(const struct keeper *keeper, struct keeper_reply *reply);    /* RELEASE */
void hold_nudge(const struct keeper *keeper, struct keeper_reply *reply);  /* NUDGE */
void hold_flush(const struct keeper *keeper, struct keeper_reply *reply);  /* FLUSH */
void hold_finish(const struct keeper *keeper, struct keeper_reply *reply); /* FINISH */

/* Notes what VERIFY found of the live login (user:password; absent: none was tried) at this host,
 * and adds to the reply what the recall knows. */
void hold_note_verdict(const struct keeper *keeper, const char *host, struct span login,
                       struct keeper_reply *reply);

#endif
