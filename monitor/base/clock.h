/* The only caller of clock_gettime. Logic never calls it: `now` is a parameter there. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970-01-01 UTC. May jump. */
int64_t clock_wall_ms(void);

/* Milliseconds of CLOCK_BOOTTIME: never jumps, goes on through suspend. For time limits. */
int64_t clock_mono_ms(void);

#endif
