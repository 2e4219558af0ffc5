/* A new secret on its way in: the file of a secret manager, a folder where files are dropped, a
 * sealed memfd. What is read must be root's and small; whose login it may change is decided
 * elsewhere. Blocks on the disk only. */
#ifndef KEEPER_INCOMING_H
#define KEEPER_INCOMING_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "fault.h"

/* All of these read into out (CRED_FILE_MAX + 1 bytes; wiped by the caller). */

/* A regular file, root's, with one name; root's symbolic links on the way (Kubernetes) are
 * followed.
 */
MUSTCHECK int incoming_file(const char *path, char *out, size_t *n_out, struct fault *why);

/* A memfd with the seals that make it what its sender has written. */
MUSTCHECK int incoming_sealed(int fd, char *out, size_t *n_out, struct fault *why);

struct incoming_drop {
    char path[PATH_MAX];
    bool more; /* another file, or one that was written to within the last second */
};

/* The first file of the folder by name, but for those that begin with a dot or end in ~, .new or
 * .tmp. 1: it is in out; 0: there is none; -1. */
MUSTCHECK int incoming_drop_next(const char *folder, char *out, size_t *n_out,
                                 struct incoming_drop *drop, struct fault *why);
/* It was taken: removes it. */
void incoming_drop_done(const struct incoming_drop *drop);

#endif
