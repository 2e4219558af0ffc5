/* The rotated brothers of a log file, in the folder of the log: mail.log.1, mail.log-20260903,
 * mail.1.log, and every other name that begins with the log's, as mail.log.old, each also with .gz.
 * Symbolic links and what is no regular file are left out, and copies: files of another name than
 * logrotate makes that begin as another one does. Reads folders and the beginnings of files; blocks
 * for the disk's own time only. */
#ifndef EDGE_SIBLINGS_H
#define EDGE_SIBLINGS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "attr.h"
#include "fault.h"
#include "hash.h"
#include "logfile.h"
#include "position.h"
#include "rotname.h"

struct sibling {
    char name[NAME_MAX + 1];
    enum rotname_kind kind; /* ROTNAME_OTHER: perhaps no log at all */
    uint64_t number;        /* of ROTNAME_NUMBER */
    bool compressed;
    struct logfile_id id;
};

struct siblings {
    char folder[PATH_MAX];
    size_t count;
    size_t unknown; /* compressed by something that is not gzip */
    bool in_order;  /* numbers and dates tell the order, as far as the files' times can show */
    struct sibling *item;
};

/* Oldest first: by number or date, the others among them by the times of the files. 0 also when
 * there are none; -1 with `why` if the folder cannot be read. Call siblings_clear afterwards. */
MUSTCHECK int siblings_list(const char *path, struct siblings *out, struct fault *why);
void siblings_clear(struct siblings *siblings);

/* NULL if it is not the file that was listed any more: list again. */
MUSTCHECK struct logfile *siblings_open(const struct siblings *siblings, size_t i,
                                        struct fault *why);

/* What the file is to the place. */
enum place_verdict siblings_judge(struct logfile *file, const struct hash_key *key,
                                  const struct place *place);

struct sibling_found {
    struct logfile *file; /* the caller's now; NULL: none */
    size_t i;
    enum place_verdict verdict; /* PLACE_RESUME or PLACE_SHORTER */
    bool again;                 /* names changed meanwhile: list again */
};

/* The file of the place: first a plain one on the same inode, then any plain one, then a compressed
 * one, then a copy that ended before the place. */
struct sibling_found siblings_find(const struct siblings *siblings, const struct hash_key *key,
                                   const struct place *place);
/* The old file of a position, by its mark. */
struct sibling_found siblings_find_old(const struct siblings *siblings, const struct hash_key *key,
                                       const struct position *position);

/* The number of the file with this inode, or `count`. */
size_t siblings_index(const struct siblings *siblings, const struct logfile_id *id);
/* The first, from number i on, that was written to after mtime_ns and, where that is known of a
 * plain file, is born after btime_ns; or `count`. */
size_t siblings_after(const struct siblings *siblings, size_t i, int64_t mtime_ns,
                      int64_t btime_ns);

#endif
