/* A new secret on its way in: the file of a secret manager, a folder where files are dropped, a
 * sealed memfd. What is read must be root's and small; whose login it may change is decided
 * elsewhere. Blocks on the disk only. */
#ifndef PROCEDURE_INCOMING_H
#define PROCEDURE_INCOMING_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "hands.h"

/* All of these read into out (CRED_FILE_MAX + 1 bytes; wiped by the caller). */

/* The credential source: a regular file, root's, with one name; root's symbolic links on the way
 * (Kubernetes) are followed. */
MUSTCHECK int incoming_source(struct hands *hands, char *out, size_t *n_out, struct fault *why);

/* A memfd with the seals that make it what its sender has written. */
MUSTCHECK int incoming_sealed(int fd, char *out, size_t *n_out, struct fault *why);

enum { INCOMING_DROP_MOST = 32 };

struct incoming_file {
    int64_t mtime_ms;
    int64_t ctime_ns;
    char name[NAME_MAX + 1];
};

struct incoming_drop {
    unsigned count;
    bool more; /* one more was written to within the last second: it is not in the list yet */
    struct incoming_file file[INCOMING_DROP_MOST]; /* the newest, in the order in which they came */
};

/* Lists the folder's files but for those that begin with a dot or end in ~, .new, .tmp or .refused.
 */
MUSTCHECK int incoming_drop_list(struct hands *hands, struct incoming_drop *drop,
                                 struct fault *why);
/* Reads file i, of the same kind as the source. */
MUSTCHECK int incoming_dropped(struct hands *hands, const struct incoming_drop *drop, unsigned i,
                               char *out, size_t *n_out, struct fault *why);
/* File i was taken: removes it. */
void incoming_drop_done(struct hands *hands, const struct incoming_drop *drop, unsigned i);
/* File i was not acceptable, and a later one was taken: its name ends in .refused from now on. */
void incoming_drop_aside(struct hands *hands, const struct incoming_drop *drop, unsigned i);

#endif
