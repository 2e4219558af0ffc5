/* The lines of our small state files: words parted by one blank, free text at the end. Reading
 * takes word after word; what is missing or no number is told once, at the end. Writing stops at
 * the end of the room. Pure. */
#ifndef LOGIC_KEPTLINE_H
#define LOGIC_KEPTLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "text.h"

struct keptline {
    struct span rest;
    bool bad;
};

struct span keptline_word(struct keptline *l);
int64_t keptline_i64(struct keptline *l, int64_t min, int64_t max);
uint64_t keptline_u64(struct keptline *l, uint64_t max);
/* The rest, printable, as far as it fits. */
void keptline_text(struct keptline *l, char *out, size_t size);

/* What is written: `n` bytes so far of a buffer of `size`; `full` once something did not fit. */
struct keptout {
    char *p;
    size_t n, size;
    bool full;
};

void keptout_line(struct keptout *o, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Ends the file with a checksum; takes it off again: false when it is not there or not right. */
void keptout_seal(struct keptout *o);
bool keptline_unseal(struct span *text);

/* The next line of a text, without its end; false at the end. */
bool keptline_next(struct span *text, struct span *line);

#endif
