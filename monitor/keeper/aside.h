/* Work that needs no privileges, done in a child of root's that has none: what reads folders and
 * files that others than root write. The result comes back through a pipe, a struct of fixed size;
 * nothing else does. Not for a program with threads. Blocks for the work. */
#ifndef KEEPER_ASIDE_H
#define KEEPER_ASIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fault.h"

/* Fills `result`; -1 with why. Runs in the child; what it changes beside that is lost. */
typedef int aside_fn(void *result, void *arg, struct fault *why);

/* Runs `work` as uid and gid, without other groups and for good. -1 also when the child could not
 * become that, died, or took longer than limit_ms. `result` is then as it was. */
MUSTCHECK int aside_run(uid_t uid, gid_t gid, aside_fn *work, void *arg, void *result, size_t size,
                        int limit_ms, struct fault *why);

/* All of it before the time (clock_mono_ms) is over. */
MUSTCHECK bool aside_read(int fd, void *out, size_t size, int64_t until_ms);

/* The child has nothing more to say: ends it and waits for it. */
void aside_end(pid_t child);

#endif
