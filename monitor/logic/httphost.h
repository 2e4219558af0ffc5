/* Which names an HTTP server answers to. A page of the world may let its own name point to
 * 127.0.0.1 and have a browser here fetch what only this host may read (DNS rebinding); such a
 * request bears that name in its Host field, and that gives it away. Pure. */
#ifndef LOGIC_HTTPHOST_H
#define LOGIC_HTTPHOST_H

#include <stdbool.h>

#include "text.h"

/* `host`: of the request, "name", "name:port", "[::1]:port"; empty: it has none, so no browser sent
 * it. `names`: the names of ours, parted by blanks or commas, in any case. True: none, a literal
 * address, localhost, a name below it, or one of ours. */
bool httphost_is_ours(struct span host, const char *names);

#endif
