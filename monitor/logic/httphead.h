/* The head of an HTTP/1 request, as far as a server of GET and HEAD without bodies needs it (RFC
 * 9112). Strict: what is ambiguous is refused. Pure. */
#ifndef LOGIC_HTTPHEAD_H
#define LOGIC_HTTPHEAD_H

#include <stdbool.h>

#include "text.h"

struct httphead {
    bool head_only;    /* HEAD */
    struct span path;  /* begins with '/'; as sent, without query */
    struct span query; /* behind '?' */
    struct span accept; /* the first Accept field; none: p is NULL */
    struct span host; /* with its port, as sent: of an absolute target, else the Host field; none: p
                         is NULL */
};

/* Where the head ends in what was read so far (length with its empty line), 0: not yet. */
size_t httphead_end(struct span bytes);

/* Parses a whole head. Returns 200 and *out, or the status to refuse it with: 400, 405, 413, 414,
 * 505. */
int httphead_parse(struct span head, struct httphead *out);

#endif
