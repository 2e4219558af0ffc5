/* Are the logins that would become live good ones? Each that differs and is used at our relay is
 * tried there, once: what the relay has refused is remembered and not sent again by itself. Blocks
 * for the tries. */
#ifndef PROCEDURE_PROVE_H
#define PROCEDURE_PROVE_H

#include "work.h"

/* All entries of `file` that w->differs marks. False: the reply says which one is not good. */
bool prove_all(struct work *w, const struct cred_file *file);

/* Does the operator's file (w->file) hold nothing new but what was refused before? */
bool prove_only_refused(const struct work *w);

#endif
