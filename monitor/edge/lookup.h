/* Looks up the address of a host without holding up the loop: by getaddrinfo_a(3), whose thread the
 * C library makes and ends. One name at a time. A look-up that takes long goes on when nobody waits
 * for it any more, and who asks again waits for the same one. One thread but for that. */
#ifndef EDGE_LOOKUP_H
#define EDGE_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"
#include "loop.h"

enum { LOOKUP_ADDRESS = 64 };

struct lookup;

/* on_news: lookup_ask has an answer now. */
struct lookup *lookup_new(struct loop *loop, void (*on_news)(void *arg), void *arg);
void lookup_free(struct lookup **lookup);

/* Is it an address already? */
bool lookup_is_address(const char *host);

/* 1: `out` is the address of this host; of several the one with number `which`, counted round,
 * those of IPv4 first. The next call asks anew. 0: not known yet, on_news will say. -1: there is
 * none. */
MUSTCHECK int lookup_ask(struct lookup *lookup, const char *host, unsigned which,
                         char out[LOOKUP_ADDRESS], struct fault *why);

#endif
