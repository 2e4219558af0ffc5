/* A screen of text: lines broken to its width, each with a rank, so that what matters least gives
 * way when there are more of them than the terminal has rows. Text of the world is made harmless
 * here: no control reaches the terminal, nothing unseen. Colours only where they are wanted. Pure.
 */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "attr.h"

enum { SCREEN_LINES = 200, SCREEN_LINE_BYTES = 640, SCREEN_COLUMNS_MOST = 120 };

struct screen_line {
    char text[SCREEN_LINE_BYTES];
    int rank;       /* 0: stays whatever comes */
    unsigned block; /* lines of one text stay or go together */
};

struct screen {
    bool colour;
    int terminal; /* its columns */
    int columns;  /* that lines are broken to; 0: they are not */
    unsigned blocks;
    size_t count;
    struct screen_line line[SCREEN_LINES];
    struct screen_line beyond; /* what has no place goes here, and is not shown */
};

enum screen_look {
    SCREEN_PLAIN,
    SCREEN_FAINT,
    SCREEN_GOOD,
    SCREEN_WARN,
    SCREEN_BAD,
    SCREEN_BOLD,
};

/* `terminal`: how many columns it has. */
void screen_init(struct screen *screen, int terminal, bool colour);

/* Adds a text: a label (in its look), then the text, broken at blanks; lines after the first are
 * indented to where the text begins, or by 2 where the label takes more than half of the width. A
 * label is followed by blanks up to `indent` columns. */
void screen_put(struct screen *screen, int rank, enum screen_look look, const char *label,
                int indent, const char *text);

/* The same for a command, which is not broken: the terminal goes on with it in its next row, and
 * who copies it gets it whole. */
void screen_put_whole(struct screen *screen, int rank, enum screen_look look, const char *label,
                      int indent, const char *text);

/* How many rows of the terminal a line takes, and whether it fills the last of them. */
size_t screen_rows(const struct screen *screen, size_t line, bool *full_out);

/* Goes on in the last line: `before`, then the text in its look; in a new line where both together
 * are too long for it. */
void screen_add(struct screen *screen, const char *before, enum screen_look look, const char *text);

void screen_blank(struct screen *screen, int rank);

/* Leaves out blocks until they take no more than `rows` rows: those of the largest rank first, of
 * these the last first. `hint`, if any was left out, is the last line then. */
void screen_fit(struct screen *screen, size_t rows, const char *hint);

/* The look for "ok", "warning", "critical", "unknown". */
enum screen_look screen_look_of(const char *state);

#endif
