/* All sources of Postfix's log that `mail_log` names: files (tail.h) and the journal (journal.h),
 * each followed for itself, with their positions in one text (logic/positions.h). Runs on the loop
 * and never blocks it. Lines of one source come in their order; those of different sources come as
 * they are read. */
#ifndef EDGE_SOURCES_H
#define EDGE_SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hash.h"
#include "logsources.h"
#include "loop.h"
#include "tail.h"

enum { SOURCES_TEXT = 8192 }; /* fits the positions of every list */

struct sources;

/* As in tail.h; on_event with the name of the source. */
struct sources_calls {
    void (*on_line)(struct span line, void *arg);
    void (*on_batch)(void *arg);
    void (*on_event)(const char *source, const char *what, const char *detail, void *arg);
    void *arg;
    int64_t (*on_stamp)(struct span line, void *arg);
};

struct sources *sources_new(struct loop *loop, const struct logsources *list,
                            const struct hash_key *key, const struct sources_calls *calls);
void sources_free(struct sources **sources);

/* Begins, once: each source at its part of `positions` (of sources_position in an earlier life),
 * one that has none at the beginning or end of what is there. Parts of sources that are not in the
 * list any more are forgotten. */
void sources_start(struct sources *sources, const char *positions, bool from_beginning);

/* The positions after the last lines handed over; SOURCES_TEXT bytes suffice. */
void sources_position(const struct sources *sources, char *out, size_t size);

/* From on_line: the time of that line. */
void sources_note_time(struct sources *sources, int64_t event_ms);

/* From on_line: a number for the place of that line, the same in each life. */
uint64_t sources_line_place(const struct sources *sources);

size_t sources_count(const struct sources *sources);
const struct logsource *sources_get(const struct sources *sources, size_t i);
void sources_figures(const struct sources *sources, size_t i, struct tail_figures *out);

/* "ok", "missing", "unreadable", "error". Static. */
const char *sources_state_word(enum tail_state state);

#endif
