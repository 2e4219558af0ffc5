/* A block of memory that a file follows, page by page: what changed is written now and then, what
 * the file has comes back at the beginning. For what is good to have after a restart and no harm to
 * miss: nothing is waited for, a crash may leave pages of different age. Whoever reads the block
 * must not trust it. Mapping the file would be less work, but a full disk would then end the
 * process. Blocks as write(2) does. */
#ifndef EDGE_IMAGEFILE_H
#define EDGE_IMAGEFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"

/* Fills the block from the file. False: there is none, or it is not of this size; the block is as
 * it was, or all zero. */
bool imagefile_read(const char *path, unsigned char *block, size_t size);

/* Opens the file for writing, 0600, made where it is missing; it has the block's size from then on.
 * Returns its descriptor, or -1. */
MUSTCHECK int imagefile_open(const char *path, size_t size, struct fault *why);

/* Writes one part of the block to its place. */
MUSTCHECK int imagefile_write(int fd, const unsigned char *block, size_t offset, size_t size,
                              struct fault *why);

#endif
