/* A changed login on its way to Postfix: read and check, compare, try at the relay, keep the old
 * one, stage, rename, reload; and the way back. One at a time (a lock in the state folder). Killed
 * at any point it leaves a complete old or a complete new map, and the next start goes on. Blocks.
 */
#ifndef PROCEDURE_APPLY_H
#define PROCEDURE_APPLY_H

#include "keeperq.h"
#include "verbs.h"

void apply_run(const struct keeper *keeper, struct keeper_reply *reply);  /* APPLY */
void apply_set(const struct keeper *keeper, struct keeper_reply *reply);  /* SET */
void apply_undo(const struct keeper *keeper, struct keeper_reply *reply); /* UNDO */

#endif
