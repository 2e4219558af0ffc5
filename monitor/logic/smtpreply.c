/* See smtpreply.h. */
#include "smtpreply.h"

#include <string.h>

/* The three digits that a line begins with, or -1. */
static int code_of(struct span line) {
    uint64_t code;

    if (line.n < 3 || !text_u64((struct span){line.p, 3}, 200, 599, &code))
        return -1;
    return line.n == 3 || line.p[3] == ' ' || line.p[3] == '-' ? (int)code : -1;
}

int smtpreply_take(struct span bytes, size_t *used_out, struct span *text_out) {
    int first = 0;

    for (size_t at = 0; at < bytes.n;) {
        const char *end = memchr(bytes.p + at, '\n', bytes.n - at);
        struct span line = {bytes.p + at, 0};
        int code;

        if (end == NULL)
            return 0;
        line.n = (size_t)(end - line.p);
        at += line.n + 1;
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        code = code_of(line);
        if (code == -1 || (first != 0 && code != first))
            return -1;
        first = code;
        if (line.n > 3 && line.p[3] == '-')
            continue;
        *used_out = at;
        *text_out = line.n > 4 ? (struct span){line.p + 4, line.n - 4} : (struct span){line.p, 0};
        return code;
    }
    return 0;
}
