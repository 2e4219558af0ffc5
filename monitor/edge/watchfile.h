/* Notices that a file changed, in whatever way: edited in place, renamed over, a folder's symlink
 * swapped, on a file system without inotify. Watches the folder and looks each second as well;
 * tells once the file has been still for 300 ms. Looks at its metadata only and needs no right to
 * read it. Never blocks. */
#ifndef EDGE_WATCHFILE_H
#define EDGE_WATCHFILE_H

#include <sys/stat.h>

#include "loop.h"

struct watchfile;

/* `on_change` is called with the file's new metadata, or NULL when it is gone. */
struct watchfile *watchfile_new(struct loop *loop, const char *path,
                                void (*on_change)(const struct stat *now, void *arg), void *arg);
void watchfile_free(struct watchfile **watch);

#endif
