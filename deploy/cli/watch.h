/* A terminal that is drawn again and again, each time only what changed of it, until `q`, Ctrl-C, a
 * signal to end or the terminal is gone; then it is as it was. Where the output is no terminal, or
 * one that cannot be drawn on: one line a change. Blocks; for the program's main thread. */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "sheet.h"

enum { WATCH_KEY = 1024, WATCH_EVERY_MS = 2000 };

/* What there is to see now. `key`: what makes it a change worth a line; `line`: that line. */
typedef void watch_look_fn(struct sheet *sheet, char key[WATCH_KEY], char line[WATCH_KEY],
                           void *arg);

/* Returns when it was ended. `every_ms`: between two looks; `hint` says that something was left
 * out, and how to see it. */
void watch_run(watch_look_fn *look, void *arg, const char *hint, int every_ms);

/* The size of the terminal at fd; 80 columns where it is none. rows 0: none. */
void watch_size(int fd, int *columns_out, int *rows_out);

#endif
