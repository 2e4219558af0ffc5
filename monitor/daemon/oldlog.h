/* One log of the past: a file, plain or gzip, or a journal, whose lines are counted afterwards.
 * Hands over the lines that were not counted before and are not relaywatchd's own, and keeps the
 * table of counted.h up to date with them: after each turn the table includes exactly the lines
 * that were handed over, so that both can be published in one commit. A turn takes about 10 ms. */
#ifndef DAEMON_OLDLOG_H
#define DAEMON_OLDLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "counted.h"
#include "fault.h"
#include "mailev.h"

struct oldlog;

struct oldlog_calls {
    /* Its spans live until return. */
    void (*on_event)(struct mailev *ev, void *arg);
    /* Before a line is looked at: may it be? Else it made us crash before. `place` tells lines of
     * the same text apart. NULL: all may. */
    bool (*may_look)(struct span line, uint64_t place, void *arg);
    /* It was looked at. */
    void (*on_looked)(void *arg);
    /* A line of the past that may not be looked at, but is to be counted. */
    void (*on_skipped)(struct span line, void *arg);
    void *arg;
};

struct oldlog_result {
    uint64_t counted;  /* lines handed over */
    uint64_t live;     /* lines that are relaywatchd's own by their time */
    uint64_t before;   /* bytes of a file, lines of a journal, that were counted before */
    bool reached_live; /* the rest of the file is relaywatchd's own */
};

/* Takes the descriptor over, also when it fails (NULL with `why`). */
MUSTCHECK struct oldlog *oldlog_open_file(int fd, struct counted *counted,
                                          const struct hash_key *key,
                                          const struct oldlog_calls *calls, struct fault *why);
/* `folder`: "" for this machine's journal. */
MUSTCHECK struct oldlog *oldlog_open_journal(const char *folder, struct counted *counted,
                                             const struct hash_key *key,
                                             const struct oldlog_calls *calls, struct fault *why);
void oldlog_free(struct oldlog **old);

enum oldlog_step { OLDLOG_MORE, OLDLOG_END, OLDLOG_FAILED };

/* FAILED with `why`: what was handed over so far is counted all the same. */
enum oldlog_step oldlog_turn(struct oldlog *old, struct fault *why);
const struct oldlog_result *oldlog_result(const struct oldlog *old);

#endif
