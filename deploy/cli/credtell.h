/* Tells the operator, or a program, what the keeper answered about the login: words or one JSON
 * object, and the exit status that goes with it. Writes to `out`; nothing blocks. */
#ifndef CLI_CREDTELL_H
#define CLI_CREDTELL_H

#include <stdbool.h>
#include <stdio.h>

#include "keeperq.h"

/* `done`: the words for KEEPER_DONE. Returns the exit status. */
int credtell_reply(FILE *out, enum keeper_verb verb, const char *done,
                   const struct keeper_reply *reply, bool json);

/* It came to no answer: on stderr why; who asked for an object gets one, too. Returns `status`. */
int credtell_failure(FILE *out, const char *why, bool json, int status);

#endif
