/* See positions.h. */
#include "positions.h"

#include <string.h>

/* The value of a hexadecimal digit as we write them, or -1. */
static int digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_plain(char c) {
    return c > ' ' && c <= '~' && c != '%';
}

static bool put_name(char *out, size_t size, const char *name) {
    size_t n = 0;

    out[0] = '\0';
    for (; *name != '\0'; name++) {
        if (size - n < 4)
            return false;
        if (is_plain(*name))
            text_format(out + n, size - n, "%c", *name);
        else
            text_format(out + n, size - n, "%%%02X", (unsigned char)*name);
        n += strlen(out + n);
    }
    return true;
}

static bool get_name(struct span from, char *out) {
    size_t n = 0;

    for (size_t i = 0; i < from.n; i++, n++) {
        if (n + 1 == POSITIONS_NAME)
            return false;
        out[n] = from.p[i];
        if (from.p[i] != '%')
            continue;
        if (from.n - i < 3 || digit(from.p[i + 1]) == -1 || digit(from.p[i + 2]) == -1)
            return false;
        out[n] = (char)(digit(from.p[i + 1]) << 4 | digit(from.p[i + 2]));
        i += 2;
    }
    out[n] = '\0';
    return true;
}

bool positions_next(struct span *rest, struct span *position_out, char *name_out) {
    while (rest->n > 0) {
        const char *end = memchr(rest->p, ' ', rest->n);
        struct span part = {rest->p, end != NULL ? (size_t)(end - rest->p) : rest->n};
        size_t taken = part.n + (end != NULL ? 1 : 0);
        const char *at = part.n > 0 ? memchr(part.p, '@', part.n) : NULL;

        *rest = (struct span){rest->p + taken, rest->n - taken};
        name_out[0] = '\0';
        *position_out = part;
        if (at != NULL) {
            position_out->n = (size_t)(at - part.p);
            if (!get_name((struct span){at + 1, part.n - position_out->n - 1}, name_out))
                continue;
        }
        if (position_out->n > 0)
            return true;
    }
    return false;
}

struct span positions_find(struct span text, const char *name) {
    char found[POSITIONS_NAME];
    struct span position;

    while (positions_next(&text, &position, found)) {
        if (strcmp(found, name) == 0)
            return position;
    }
    return (struct span){NULL, 0};
}

bool positions_add(char *text, size_t size, const char *position, const char *name) {
    size_t n = strlen(text);
    char written[POSITIONS_NAME];

    if (position[0] == '\0')
        return true;
    if (put_name(written, sizeof written, name) &&
        text_format(text + n, size - n, "%s%s@%s", n > 0 ? " " : "", position, written))
        return true;
    text[n] = '\0';
    return false;
}
