/* A finding of `relaywatch doctor` on a terminal: what was found, why it matters, what to type. */
#ifndef CLI_DOCTOR_SHOW_H
#define CLI_DOCTOR_SHOW_H

#include <stddef.h>

#include "checks.h"

void doctor_show(const struct check *check, const struct finding *finding);

/* How much of a command goes into a line of `room` columns: up to a place where a shell reads on in
 * the next line (behind &&, ; or |), or to its comment. All of it where there is no such place. 0
 * at its end. Pure. */
size_t doctor_show_piece(const char *command, size_t room);

#endif
