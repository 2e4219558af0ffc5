/* struct pages: which pages of a block of memory changed since they were last taken, to be written
 * to a file. Pure; allocates once. */
#ifndef LOGIC_PAGES_H
#define LOGIC_PAGES_H

#include <stdbool.h>
#include <stddef.h>

enum { PAGES_SIZE = 4096 };

struct pages {
    unsigned char *changed; /* one byte a page */
    size_t count;
};

/* `size`: of the block, a multiple of PAGES_SIZE. */
void pages_init(struct pages *pages, size_t size);
void pages_clear(struct pages *pages);

/* These bytes of the block changed; n > 0. */
void pages_mark(struct pages *pages, size_t offset, size_t n);

/* The next run of pages that changed, from the end of the block to its beginning, which count as
 * unchanged from now on; false: there is none. */
bool pages_take(struct pages *pages, size_t *offset_out, size_t *size_out);

#endif
