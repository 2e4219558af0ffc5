/* A line of the log that makes us crash would make each next life crash, too: after three crashes
 * in a row at the same line at the same place it is skipped.
 *
 * The line in hand stands in a page of memory that a file of the state folder backs, so that it
 * outlives us. Only a crash is counted: a handler of SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT
 * (also systemd's watchdog) marks the page and lets the signal do its work. SIGKILL and SIGTERM
 * mark nothing, so whoever kills us at whatever moment makes no line suspect. A suspect line that a
 * life gets over is none any more. Costs a copy of the line. One of these a process. Blocks on the
 * disk at opening and when a line is skipped. */
#ifndef EDGE_POISON_H
#define EDGE_POISON_H

#include <stdbool.h>
#include <stdint.h>

#include "fault.h"
#include "text.h"

enum {
    POISON_CRASHES = 3,
    POISON_LINE = 64 * 1024, /* longer lines are known by their beginning */
    POISON_COPIES = 16,
};

/* As a place: the line may stand anywhere. */
#define POISON_ANYWHERE UINT64_MAX

struct poison_page;

struct poison {
    struct poison_page *page; /* NULL: the file cannot be had; then nothing is ever skipped */
    bool is_suspect;          /* the line in hand */
};

/* What the life before died of. */
struct poison_news {
    unsigned crashes; /* at this line, in a row; 0: it did not crash at a line */
    char line[200];   /* its beginning, printable */
};

/* Opens the file, 0600, made where it is missing. -1 with `why`: all other calls do nothing. */
MUSTCHECK int poison_open(struct poison *poison, const char *path, struct poison_news *news_out,
                          struct fault *why);
void poison_close(struct poison *poison);

/* Before a line is looked at; `place` tells lines of the same text apart. True: skip it. */
MUSTCHECK bool poison_begin(struct poison *poison, struct span line, uint64_t place);
/* It was looked at. */
void poison_end(struct poison *poison);

/* Keeps a copy of a line that is skipped, 0600, the `number`th; of the last POISON_COPIES. */
MUSTCHECK int poison_keep(const char *folder, uint64_t number, struct span line, char *path_out,
                          size_t size, struct fault *why);

#endif
