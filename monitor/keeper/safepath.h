/* Ways through the file system on which root may rely: each folder from / on must be root's and
 * writable for nobody else (one on the way may be sticky, as /tmp). A symbolic link is followed
 * only when it is root's: then root made it, in a folder where nobody else could. This is what
 * openat2(RESOLVE_NO_SYMLINKS) gives and more, on every kernel. Blocks on the disk only. */
#ifndef KEEPER_SAFEPATH_H
#define KEEPER_SAFEPATH_H

#include <stdbool.h>

#include "fault.h"

/* The folder of an absolute path; a link on the way is an error. Returns a descriptor or -1. */
MUSTCHECK int safepath_folder(const char *path, struct fault *why);

/* Opens what is at an absolute path for reading, through links of root's: a regular file, root's,
 * with one name, or (`folder`) a folder of that kind. Returns a descriptor, or -1 with errno
 * ENOENT when there is none. `linked_out` tells whether there was a link. */
MUSTCHECK int safepath_open(const char *path, bool folder, bool *linked_out, struct fault *why);

#endif
