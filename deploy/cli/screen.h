/* The terminal: its size, colours, and text broken to fit. */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include <stdbool.h>

struct screen {
    bool colour;
    int width; /* 40 to 110; 80 where it is no terminal */
    int rows;  /* 24 where it is no terminal */
};

/* Of stdout. */
struct screen screen_of_stdout(void);

/* Prints `text` broken at blanks to the screen's width, each line after the first indented, as it
 * is where the first begins. Returns how many lines. */
int screen_put_wrapped(const struct screen *s, int indent, const char *text);

#endif
