/* Whole small files: read with a limit, replaced so that a crash leaves the old or the new. Blocks.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "fault.h"

/* Reads up to size - 1 bytes and terminates. Returns the length; -1 on error or when the file is
 * larger. */
MUSTCHECK ssize_t file_read(const char *path, char *out, size_t size, struct fault *why);

/* Reads what is left of an open file: up to `most` bytes, for which there is room and for one more.
 * Returns their number; -1 on error or when there are more. `path` is for the words only. */
MUSTCHECK ssize_t file_read_fd(int fd, const char *path, char *out, size_t most, struct fault *why);

/* Writes path.new, fsyncs it, renames it over path and fsyncs the folder. On error path is as it
 * was and path.new is gone. */
MUSTCHECK int file_replace(const char *path, const void *data, size_t size, mode_t mode,
                           struct fault *why);

/* write(2) until all of it is out or an error. */
MUSTCHECK int file_write_all(int fd, const void *data, size_t size, struct fault *why);

/* fsync of the folder that holds path: makes a rename there durable. */
MUSTCHECK int file_sync_folder(const char *path, struct fault *why);

#endif
