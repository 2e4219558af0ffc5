/* inotify as a hint that something happened to a log file or to its name. Nothing may depend on it:
 * events are lost when the queue overflows, and file systems of other machines send none. */
#ifndef EDGE_HINTS_H
#define EDGE_HINTS_H

#include <stdbool.h>

#include "loop.h"

struct hints;

/* on_hint: `name` if a name may now stand for another file, else only bytes changed. NULL if there
 * is no inotify. */
struct hints *hints_new(struct loop *loop, void (*on_hint)(bool name, void *arg), void *arg);
void hints_free(struct hints **hints);

/* Watches the folders of the two paths (which may be the same) for these names. Call it now and
 * then: a folder may have been replaced. */
void hints_paths(struct hints *hints, const char *path, const char *other);
/* Watches the open files; -1: none. */
void hints_files(struct hints *hints, int fd, int other_fd);

#endif
