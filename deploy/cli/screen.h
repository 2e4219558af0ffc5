/* The terminal: its size, colours, and text broken to fit. */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

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

/* The same for a step of what mends something. A command breaks only where a shell reads on in the
 * next line: who copies it has it whole. */
int screen_put_step(const struct screen *s, int indent, const char *step);

/* How much of a command goes into a line of `room` columns: up to a place where a shell reads on in
 * the next line (behind &&, ; or |), or to its comment. All of it where there is no such place. 0
 * at its end. Pure. */
size_t screen_step_piece(const char *command, size_t room);

#endif
