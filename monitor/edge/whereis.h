/* Finds the file of a position, under its path or among its rotated brothers, and the file that
 * follows a given one. Decides by the table of logic/position.h; says what was lost on the way.
 * Blocks for the disk's own time only. */
#ifndef EDGE_WHEREIS_H
#define EDGE_WHEREIS_H

#include <stdbool.h>
#include <stdint.h>

#include "cursor.h"
#include "hash.h"
#include "logfile.h"
#include "position.h"

struct whereis {
    const char *path; /* followed if it is a symbolic link */
    const char *real; /* what it leads to: the brothers stand beside that */
    const struct hash_key *key;
};

enum whereis_result {
    WHEREIS_FOUND,
    WHEREIS_NONE,   /* no such file, for now */
    WHEREIS_AGAIN,  /* names changed while they were read: ask again soon */
    WHEREIS_FAILED, /* it cannot be read: `error` and `detail` */
};

struct whereis_answer {
    enum whereis_result result;
    struct logfile *file; /* the caller's now, if FOUND */
    uint64_t offset;      /* where to go on */
    bool is_path;         /* it is the file under the path */
    bool closed;          /* a copy: nobody writes to it */
    bool new_file;        /* read from its beginning: not the file of the position */
    bool skip_known; /* lines up to the time of the last line are known: begin at 0 where times can
                        be read */
    bool mid_line;   /* the offset may stand inside a line */
    int error;
    const char *event; /* NULL, or the word for on_event */
    char detail[160];
};

void whereis_place(const struct whereis *where, const struct position *position,
                   struct whereis_answer *out);
/* The second file of the position. NONE: it is gone. */
void whereis_old(const struct whereis *where, const struct position *position,
                 struct whereis_answer *out);
/* The file after the cursor's, which is not under the path any more. */
void whereis_next(const struct whereis *where, const struct cursor *cursor,
                  struct whereis_answer *out);
/* Whether the cursor's file, of which nothing was handed over yet and which is under the path, was
 * copied and truncated since it was opened. `old_ino`: this one is no copy. */
bool whereis_copied(const struct whereis *where, const struct cursor *cursor, uint64_t old_ino);

#endif
