/* Runs one program to its end: fixed argv, small environment, bytes on its stdin, its output caught
 * up to a limit, killed with its process group at the time limit. Blocks: for the keeper, the
 * command-line tool and tests, never for a program with a loop. */
#ifndef BASE_SPAWN_H
#define BASE_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#include "fault.h"

struct spawn {
    const char *const *argv; /* [0] is an absolute path, NULL at the end; never a secret */
    const void *input;       /* written to its stdin, then closed; NULL: /dev/null */
    size_t input_size;       /* at most one pipe buffer (64 KiB) */
    char *output;            /* its stdout, terminated; NULL: /dev/null */
    size_t output_size;
    char *errors; /* its stderr, terminated; NULL: ours */
    size_t errors_size;
    /* Not NULL: its stdout is handed over piece by piece instead of caught, and the time limit is
     * for the silence between two pieces. */
    void (*on_output)(const char *bytes, size_t n, void *arg);
    void *arg;
    int timeout_ms;
    const char *user; /* run as this user and its groups; NULL: as ourselves */
    /* results */
    size_t output_length; /* bytes caught; what came beyond the limit is read and dropped */
    size_t errors_length;
    int status; /* exit status, or 128 + signal */
};

/* Returns 0 when the program was run (look at status), -1 when it could not be started or passed
 * the time limit (it is dead then). */
MUSTCHECK int spawn_run(struct spawn *job, struct fault *why);

/* Becomes this user for good: its group, its supplementary groups, its id; no new privileges. For a
 * child between fork and exec. Returns -1 with errno set. */
MUSTCHECK int spawn_become(const char *user);
/* The same, and what it sees of the file system begins at the folder `root`, as with chroot(2);
 * NULL: all of it. The user is looked up before. */
MUSTCHECK int spawn_become_in(const char *user, const char *root);

#endif
