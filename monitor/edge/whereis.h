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
    int64_t last_s; /* time of the last line that is known; 0: none is */
    bool absent;    /* the path led nowhere since it led to the file that is read */
    /* The time of a line in milliseconds, -1: none. NULL: times are not known. */
    int64_t (*on_stamp)(struct span line, void *arg);
    void *arg;
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

/* The first beginning of all: at the beginning or the end of what is there (`buffer` is
 * CURSOR_BUFFER bytes to work in). NONE: *position is filled, so that a file that comes later is
 * read from its beginning. */
void whereis_first(const struct whereis *where, bool from_beginning, unsigned char *buffer,
                   struct position *position, struct whereis_answer *out);
void whereis_place(const struct whereis *where, const struct position *position,
                   struct whereis_answer *out);
/* The second file of the position. NONE: it is gone. */
void whereis_old(const struct whereis *where, const struct position *position,
                 struct whereis_answer *out);
/* The file after the cursor's, which is not under the path any more; with an event when there must
 * have been another one between. */
void whereis_next(const struct whereis *where, const struct cursor *cursor,
                  struct whereis_answer *out);
/* Whether the cursor's file is under the path; then the answer is FOUND, without a file, or FAILED
 * if it could not be opened again. */
bool whereis_stands(const struct whereis *where, const struct cursor *cursor,
                    struct whereis_answer *out);
/* Before the first line of a file was handed over there are no bytes to tell a truncation by. Then
 * a copy tells it: whether there is one, made since the file under the path was opened. `old_ino`
 * is none. */
bool whereis_copied(const struct whereis *where, const struct cursor *cursor, uint64_t old_ino);
/* What the path leads to; real stays as it is while that is nowhere. */
void whereis_follow(const char *path, char *real, size_t size);

#endif
