/* Lines of Postfix that are known and say nothing that we count: statistics, what TLS tells at
 * higher levels of logging, traces of a daemon that runs with -v. Pure. */
#ifndef LOGIC_LOGNOTE_H
#define LOGIC_LOGNOTE_H

#include <stdbool.h>

#include "text.h"

/* Is `s`, the message behind the queue id, one of them? */
bool lognote_is(struct span s);

#endif
