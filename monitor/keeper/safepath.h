/* Ways through the file system on which root may rely: each folder from / on must be root's and
 * writable for nobody else (one on the way may be sticky, as /tmp). A symbolic link is followed
 * only when it is root's: then root made it, in a folder where nobody else could. This is what
 * openat2(RESOLVE_NO_SYMLINKS) gives and more, on every kernel. Blocks on the disk only. */
#ifndef KEEPER_SAFEPATH_H
#define KEEPER_SAFEPATH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "fault.h"

/* The folder of an absolute path; a link on the way is an error. Returns a descriptor or -1. */
MUSTCHECK int safepath_folder(const char *path, struct fault *why);

/* Opens a folder itself, through links of root's. */
MUSTCHECK int safepath_open_folder(const char *path, struct fault *why);

/* Opens the file at an absolute path for reading, through links of root's: a regular file, root's,
 * with one name. Returns its descriptor, and its metadata; -1. `linked_out` tells whether its last
 * part is a link. */
MUSTCHECK int safepath_open(const char *path, struct stat *st_out, bool *linked_out,
                            struct fault *why);

/* All of a file into out (most + 1 bytes of room); -1 when there is more than that. */
MUSTCHECK int safepath_read(int fd, const char *path, char *out, size_t most, size_t *n_out,
                            struct fault *why);

#endif
