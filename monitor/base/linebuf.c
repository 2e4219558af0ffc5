/* See linebuf.h. */
#include "linebuf.h"

#include <stdlib.h>
#include <string.h>

#include "xmem.h"

static void give(struct linebuf *lb, struct span line) {
    if (line.n > lb->most) {
        lb->too_long++;
        return;
    }
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    lb->on_line(line, lb->arg);
}

static void hold(struct linebuf *lb, const char *bytes, size_t n) {
    if (lb->skipping)
        return;
    if (lb->held_n + n > lb->most) {
        lb->skipping = true;
        lb->too_long++;
        lb->held_n = 0;
        return;
    }
    if (lb->held_n + n > lb->held_size) {
        lb->held_size = (lb->held_n + n) * 2;
        lb->held = xrealloc(lb->held, lb->held_size);
    }
    if (n > 0)
        memcpy(lb->held + lb->held_n, bytes, n);
    lb->held_n += n;
}

void linebuf_feed(struct linebuf *lb, const char *bytes, size_t n) {
    while (n > 0) {
        const char *end = memchr(bytes, '\n', n);
        size_t part = end != NULL ? (size_t)(end - bytes) : n;

        if (end == NULL || lb->held_n > 0)
            hold(lb, bytes, part);
        if (end == NULL)
            return;
        if (lb->skipping)
            lb->skipping = false;
        else if (lb->held_n > 0)
            give(lb, (struct span){lb->held, lb->held_n});
        else
            give(lb, (struct span){bytes, part});
        lb->held_n = 0;
        bytes += part + 1;
        n -= part + 1;
    }
}

void linebuf_end(struct linebuf *lb) {
    if (lb->held_n > 0)
        give(lb, (struct span){lb->held, lb->held_n});
    free(lb->held);
    lb->held = NULL;
    lb->held_n = lb->held_size = 0;
    lb->skipping = false;
}
