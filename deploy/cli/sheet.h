/* A sheet of text for a terminal: lines broken to its width, each with a rank, so that what matters
 * least gives way when there are more of them than the terminal has rows. Text of the world is made
 * harmless here: no control reaches the terminal, nothing unseen. Colours only where they are
 * wanted. Pure.
 */
#ifndef CLI_SHEET_H
#define CLI_SHEET_H

#include <stdbool.h>
#include <stddef.h>

#include "attr.h"

enum { SHEET_LINES = 200, SHEET_LINE_BYTES = 640, SHEET_COLUMNS_MOST = 120 };

struct sheet_line {
    char text[SHEET_LINE_BYTES];
    int rank;       /* 0: stays whatever comes */
    unsigned block; /* lines of one text stay or go together */
};

struct sheet {
    bool colour;
    int terminal; /* its columns */
    int columns;  /* that lines are broken to; 0: they are not */
    unsigned blocks;
    size_t count;
    struct sheet_line line[SHEET_LINES];
    struct sheet_line beyond; /* what has no place goes here, and is not shown */
};

enum sheet_look {
    SHEET_PLAIN,
    SHEET_FAINT,
    SHEET_GOOD,
    SHEET_WARN,
    SHEET_BAD,
    SHEET_BOLD,
};

/* `terminal`: how many columns it has. */
void sheet_init(struct sheet *sheet, int terminal, bool colour);

/* Adds a text: a label (in its look), then the text, broken at blanks; lines after the first are
 * indented to where the text begins, or by 2 where the label takes more than half of the width. A
 * label is followed by blanks up to `indent` columns. */
void sheet_put(struct sheet *sheet, int rank, enum sheet_look look, const char *label, int indent,
               const char *text);

/* The same for a command, which is not broken: the terminal goes on with it in its next row, and
 * who copies it gets it whole. */
void sheet_put_whole(struct sheet *sheet, int rank, enum sheet_look look, const char *label,
                     int indent, const char *text);

/* How many rows of the terminal a line takes, and whether it fills the last of them. */
size_t sheet_rows(const struct sheet *sheet, size_t line, bool *full_out);

/* Goes on in the last line: `before`, then the text in its look; in a new line where both together
 * are too long for it. */
void sheet_add(struct sheet *sheet, const char *before, enum sheet_look look, const char *text);

void sheet_blank(struct sheet *sheet, int rank);

/* Leaves out blocks until they take no more than `rows` rows: those of the largest rank first, of
 * these the last first. `hint`, if any was left out, is the last line then. */
void sheet_fit(struct sheet *sheet, size_t rows, const char *hint);

/* The look for "ok", "warning", "critical", "unknown". */
enum sheet_look sheet_look_of(const char *state);

#endif
