/* Tells counted.h which files relaywatchd follows, and from which place on: at the start, and as
 * files come and go. */
#ifndef DAEMON_FOLLOWED_H
#define DAEMON_FOLLOWED_H

#include <stdbool.h>
#include <stdint.h>

#include "counted.h"
#include "sources.h"

struct followed {
    struct {
        bool noted;
        bool whole;         /* with as many bytes as there is use for */
        uint64_t gen;       /* which file of this source by the position, ... */
        char identity[100]; /* ... and on the disk, as it stands there */
    } file[LOGSOURCES_MOST];
    bool has_journal;
};

/* After sources_start: `before` were the positions then, `now` are those that the sources have.
 * `is_first`: nothing was ever counted. */
void followed_begin(struct followed *f, struct counted *counted, const struct sources *sources,
                    const char *before, const char *now, bool is_first, bool from_beginning,
                    int64_t now_ms);

/* At each commit. Cheap. */
void followed_note(struct followed *f, struct counted *counted, const struct sources *sources,
                   const char *positions);

/* A line with a stamp was counted: the first of all tells since when, where that was left open. */
void followed_line(const struct followed *f, struct counted *counted, int64_t time_ms);

#endif
