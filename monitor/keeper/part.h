/* A child of root's that has given up every right: for what needs none of root's. It has no way
 * back, leaves no core file, and ends with us. */
#ifndef KEEPER_PART_H
#define KEEPER_PART_H

#include <sys/types.h>

#include "fault.h"

/* fork(2) whose child is this user, of this group alone. Returns 0 in the child, where nothing but
 * _exit(2) may follow; its pid, or -1. */
MUSTCHECK pid_t part_fork(uid_t uid, gid_t gid, struct fault *why);

/* Waits for its end, at most so long; then it is killed. Returns 0 when it ended by itself, with
 * status 0. */
int part_end(pid_t part, int limit_ms);

#endif
