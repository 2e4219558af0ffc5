/* A name for this process that no other has, on any host and in any life: who writes a stream says it. */
#ifndef BASE_OWNER_H
#define BASE_OWNER_H

#include <stddef.h>

/* "boot-id.pid.uptime.random"; also where /proc is missing. 80 bytes are enough. */
void owner_make(char *out, size_t size);

#endif
