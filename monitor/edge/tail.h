/* Follows one log file through every kind of rotation and hands over each complete line exactly
 * once, also across restarts from any position that tail_position gave. Runs on the loop and never
 * blocks it: one turn reads for about 10 ms. inotify only wakes it earlier; once a second it looks
 * by itself.
 *
 * Rotation by renaming: the renamed file is read to its end, then the new one is begun at once,
 * while the old one stays open and is read too until it has been quiet for 5 s and the new one has
 * data: rsyslog and postlogd write to the old name until they are told to reopen. So no line waits
 * for the quiet time, and none that is written late is lost; late lines come after the first ones
 * of the new file. The position has a part for each of the two files. If a third file appears
 * within the quiet time it waits for the end of that time. Truncation (copytruncate): seen by the
 * bytes before the place; the copy is found among the rotated files by hash and read first. After a
 * restart the file is found by hash, too, renamed or compressed, and all files since then are read
 * in order. */
#ifndef EDGE_TAIL_H
#define EDGE_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hash.h"
#include "loop.h"
#include "text.h"

struct tail;

struct tail_calls {
    /* A complete line without its newline, and without a CR before that. The span lives until
     * return. tail_position already includes the line. No call here or below may free the tail. */
    void (*on_line)(struct span line, void *arg);
    /* The lines of one read were handed over, or the position changed without a line (begin, change
     * of file): time to keep tail_position. */
    void (*on_batch)(void *arg);
    /* Changes of state, and what was lost. `what` is a word: "rotated" (a new file was begun),
     * "source_missing" (no file for 1 s), "source_unreadable", "source_error", "source_back" (the
     * end of these), "truncation_gap" (truncated, no copy found: what was written since the last
     * read is lost), "log_gap" (our file or the rest of it is gone), "log_tail_lost" (the file lost
     * its end in a power cut; no line was handed over twice), "rewritten" (the bytes before the
     * place are others), "long_line" (more than 64 KiB, skipped; told once a minute at most). */
    void (*on_event)(const char *what, const char *detail, void *arg);
    void *arg;
    /* The time of a line in ms since 1970, or -1; may be NULL. With it the lines that are new are
     * found by their time where a file lost its end or was rewritten; without it reading goes on at
     * the old offset, or the end. */
    int64_t (*on_stamp)(struct span line, void *arg);
};

enum tail_state { TAIL_OK, TAIL_MISSING, TAIL_UNREADABLE, TAIL_ERROR };

struct tail_figures {
    uint64_t offset;    /* in the file that is read now */
    uint64_t size;      /* of that file (of a compressed one: its offset) */
    uint64_t lag_bytes; /* not yet handed over in the open files */
    uint64_t long_lines;
    uint64_t gaps; /* events of something lost */
    uint64_t rotations;
    int64_t last_line_mono_ms; /* 0: none yet */
    enum tail_state state;
    char detail[160];
};

/* `path` may be a symbolic link; `key` is copied. */
struct tail *tail_new(struct loop *loop, const char *path, const struct hash_key *key,
                      const struct tail_calls *calls);
void tail_free(struct tail **tail);

/* Begins, once: at `position` (of tail_position in an earlier life), or, where that is "" or no
 * position, at the beginning or end of the file. A file that is not there yet is read from its
 * beginning. Events may come before it returns, lines not. */
void tail_start(struct tail *tail, const char *position, bool from_beginning);

/* From on_line: where that line ends in its file. */
uint64_t tail_line_end(const struct tail *tail);

/* The position after the last line handed over; POSITION_TEXT bytes always suffice. */
void tail_position(struct tail *tail, char *out, size_t size);
void tail_figures(const struct tail *tail, struct tail_figures *out);

/* From on_line: the time of that line, kept in the position. Without it the position has the wall
 * clock of the last batch. */
void tail_note_time(struct tail *tail, int64_t event_ms);

/* Before tail_start. How long a rotated file must be quiet (5,000 ms), and whether inotify is used
 * (yes). */
void tail_set_quiet_ms(struct tail *tail, int64_t quiet_ms);
void tail_set_hints(struct tail *tail, bool use);

#endif
