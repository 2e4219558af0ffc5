/* The part of a change that Postfix sees: a text that was proved becomes the live map, the one
 * before it is kept, recall.h says how far it got. What a kill cuts off, the next run ends.
 * Blocks. */
#ifndef PROCEDURE_COMMIT_H
#define PROCEDURE_COMMIT_H

#include "work.h"

/* Ends what an earlier run has begun: the reload is due, whichever map it left. */
void commit_recover(struct work *w);

/* texthash: is the operator's file the one that was last proved and loaded? */
bool commit_text_is_loaded(const struct work *w);

/* Stages the text, keeps the old one, renames, reloads; the reply tells the outcome. `source_too`:
 * sasl_passwd becomes this text, too; `old` is what it was (absent: ask the map). */
void commit_put(struct work *w, struct span text, const struct cred_file *file, bool source_too,
                struct span old, enum keeper_origin origin);

#endif
