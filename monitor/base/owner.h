/* A name for this process that no other has, on any host and in any life: who writes a stream says
 * it. Pure but for owner_make. */
#ifndef BASE_OWNER_H
#define BASE_OWNER_H

#include <stdbool.h>
#include <stddef.h>

enum { OWNER_SIZE = 144 };

/* "boot-id.pid.uptime.random@node"; also where /proc is missing. OWNER_SIZE bytes are enough. */
void owner_make(char *out, size_t size);

/* Are both names of processes of one machine (or container) since its last start? */
bool owner_same_machine(const char *a, const char *b);

/* For people: "mx2, process 812"; anything that is no such name as it stands. */
void owner_describe(const char *owner, char *out, size_t size);

#endif
