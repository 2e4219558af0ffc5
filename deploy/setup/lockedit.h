/* Replaces a file as postconf(1) replaces main.cf (global/edit_file.c): the new text is written to
 * PATH.tmp under an exclusive flock(2) of it and renamed over, so that the two never lose each
 * other's edit, and a crash leaves the old or the new. Follows a symbolic link to where the file
 * is. Blocks, also for the lock. */
#ifndef SETUP_LOCKEDIT_H
#define SETUP_LOCKEDIT_H

#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "fault.h"

struct lockedit {
    mode_t mode; /* and owner, of a file that is not there yet; a present one keeps its own */
    uid_t uid;
    gid_t gid;
    const struct timespec *mtime; /* to be given to it; NULL: now */
    int force;                    /* mode and owner also of a present one */
};

/* `expected`: the text that must still be there, NULL for no file; with other bytes nothing is done
 * and -1 returned. `text` NULL: the file goes. */
MUSTCHECK int lockedit_replace(const char *path, const char *expected, size_t expected_size,
                               const char *text, size_t size, const struct lockedit *how,
                               struct fault *why);

/* -1: the file or its folder is marked as immutable (chattr +i), so that root cannot replace it. */
MUSTCHECK int lockedit_may(const char *path, struct fault *why);

/* Removes PATH.tmp that a killed run left, if nobody holds it. */
void lockedit_clean(const char *path);

/* Where the file really is: `path` itself when there is none yet. */
MUSTCHECK int lockedit_resolve(const char *path, char *out, size_t size, struct fault *why);

#endif
