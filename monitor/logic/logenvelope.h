/* The envelope at the end of a line about what was refused at the door: who sent what to whom.
 * Spans point into the line. Pure. */
#ifndef LOGIC_LOGENVELOPE_H
#define LOGIC_LOGENVELOPE_H

#include "mailev.h"

/* from, to and sasl_username of "...; from=<...> to=<...> proto=... helo=<...>" at the end of `s`;
 * returns `s` without it. */
struct span logenvelope_take(struct span s, struct mailev *out);

#endif
