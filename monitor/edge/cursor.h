/* A place in one log file and the way forward from there, line by line. The place stands after the
 * last line that was handed over; it never points into a line. Each read begins with the bytes
 * before the place and compares them with what stood there: so a truncation is seen even when the
 * file has grown beyond the place again. Reads one chunk a call. */
#ifndef EDGE_CURSOR_H
#define EDGE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "hash.h"
#include "logfile.h"
#include "position.h"
#include "text.h"

enum {
    CURSOR_LINE = 64 * 1024,   /* longer lines are skipped and counted */
    CURSOR_CHUNK = 128 * 1024, /* read at once */
    CURSOR_BUFFER = POSITION_TAIL + CURSOR_CHUNK,
};

enum cursor_check {
    CURSOR_BY_BYTES,  /* the bytes before the place are known */
    CURSOR_BY_HASH,   /* want_tail is their hash */
    CURSOR_UNCHECKED, /* they are taken as they come */
};

struct cursor {
    struct logfile *file; /* owned; NULL: the cursor is on no file */
    const struct hash_key *key;
    struct logfile_id id; /* as it was when the file was opened */
    uint64_t offset;      /* after the last line handed over */
    uint64_t scan;    /* next byte to look at: beyond offset only while a long line is skipped */
    uint64_t waiting; /* bytes of the unfinished line after scan, at the last read */
    size_t begun;     /* bytes of head that stood there when it was opened at offset 0 */
    bool skipping;
    enum cursor_check check;
    uint64_t nul_run;
    uint64_t long_lines;
    int64_t opened_ns; /* wall clock, milliseconds of precision */
    bool in_place;     /* the file was seen under the path of the log */
    bool closed;       /* a copy: nobody writes to it */
    bool damaged;      /* told about once */
    int64_t gone_ms;   /* since when it has not been under the path, if in_place; 0: it is */
    int64_t data_ms;   /* when bytes were last read */
    const unsigned char *live;           /* the byte after offset, while the buffer holds it */
    struct hash128 kept_tail;            /* hash of the bytes before offset, while skipping */
    struct hash128 want_tail;            /* for check_tail */
    unsigned char head[POSITION_PREFIX]; /* first bytes of the file */
    unsigned char window[POSITION_TAIL]; /* the bytes before scan */
};

struct cursor_calls {
    void (*on_line)(struct span line, void *arg);
    void *arg;
};

enum cursor_step {
    CURSOR_MORE,      /* call again */
    CURSOR_END,       /* all complete lines are handed over */
    CURSOR_CHANGED,   /* not the bytes that stood before the place: truncated or rewritten */
    CURSOR_REWRITTEN, /* the same in a compressed file: the place is kept, call again */
    CURSOR_FAILED,    /* errno */
};

/* Takes the file over and begins at `offset`; false if the bytes before it cannot be read (the
 * cursor is closed). A compressed file is not unpacked up to there now, but by the steps:
 * `known_tail` (may be NULL) is the hash of the bytes that are to stand before the offset. */
MUSTCHECK bool cursor_open(struct cursor *cursor, struct logfile **file, const struct hash_key *key,
                           uint64_t offset, const struct hash128 *known_tail);
void cursor_close(struct cursor *cursor);

/* Reads one chunk. `buffer` has CURSOR_BUFFER bytes and belongs to the caller; spans point into it.
 */
enum cursor_step cursor_step(struct cursor *cursor, unsigned char *buffer,
                             const struct cursor_calls *calls);

/* The unfinished last line of a file that nobody will finish, as a line. Returns false if there is
 * none. */
bool cursor_take_last(struct cursor *cursor, unsigned char *buffer,
                      const struct cursor_calls *calls);

/* The place, with its hashes. Right at any time, also inside on_line: it includes that line. */
void cursor_place(const struct cursor *cursor, struct place *out);

/* The place was put into the middle of a line: drops the rest of it. */
void cursor_skip_line(struct cursor *cursor);

/* All bytes that are there, also those of an unfinished line, are done with. False if they cannot
 * be read. */
MUSTCHECK bool cursor_drop_rest(struct cursor *cursor);

/* Whether nobody writes to the file any more, as far as one can tell: everything is read, and it
 * has been quiet for quiet_ms, by its own time stamps (a rename counts as a change) or by what was
 * seen of it. */
bool cursor_is_quiet(const struct cursor *cursor, int64_t quiet_ms, int64_t now_ms);

/* Bytes that are not handed over yet, and the size of the file (of a compressed one: the offset).
 */
uint64_t cursor_lag(const struct cursor *cursor, uint64_t *size_out);

/* Where the last, unfinished line of `size` bytes begins; `size` itself if a newline is the last
 * byte, or none is found in the last 64 KiB. */
uint64_t cursor_line_start(struct logfile *file, uint64_t size, unsigned char *buffer);

#endif
