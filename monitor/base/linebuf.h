/* Puts pieces of text together to lines, whatever the pieces: memory for one line, with a limit. */
#ifndef BASE_LINEBUF_H
#define BASE_LINEBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

struct linebuf {
    size_t most; /* bytes of a line; a longer one is left out and counted */
    void (*on_line)(struct span line, void *arg); /* without its newline and a CR before it */
    void *arg;
    /* results */
    uint64_t too_long;
    /* its own */
    char *held; /* the beginning of a line */
    size_t held_n, held_size;
    bool skipping;
};

void linebuf_feed(struct linebuf *lb, const char *bytes, size_t n);

/* The text is at its end: what is held is a line, too. Releases the memory. */
void linebuf_end(struct linebuf *lb);

#endif
