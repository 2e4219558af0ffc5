/* See httpquery.h. */
#include "httpquery.h"

#include <string.h>

static int hex(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

static bool decode(struct span value, char *out, size_t size) {
    size_t n = 0;

    for (size_t i = 0; i < value.n; i++) {
        int c = (unsigned char)value.p[i];

        if (c == '%') {
            int high = i + 2 < value.n ? hex(value.p[i + 1]) : -1;
            int low = i + 2 < value.n ? hex(value.p[i + 2]) : -1;

            if (high == -1 || low == -1)
                return false;
            c = high * 16 + low;
            i += 2;
        }
        if (c < ' ' || c == 0x7f || n + 1 >= size)
            return false;
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return true;
}

/* Takes the part up to the next `&` off the front. */
static struct span take_part(struct span *rest) {
    const char *end = rest->n == 0 ? NULL : memchr(rest->p, '&', rest->n);
    size_t n = end != NULL ? (size_t)(end - rest->p) : rest->n;
    struct span part = {rest->p, n};

    n += end != NULL;
    *rest = (struct span){rest->p + n, rest->n - n};
    return part;
}

enum httpquery_result httpquery_get(struct span query, const char *name, char *out, size_t size) {
    size_t length = strlen(name);
    bool found = false;

    out[0] = '\0';
    while (query.n > 0) {
        struct span part = take_part(&query);

        if (part.n <= length || part.p[length] != '=' || memcmp(part.p, name, length) != 0)
            continue;
        if (found || !decode((struct span){part.p + length + 1, part.n - length - 1}, out, size)) {
            out[0] = '\0';
            return HTTPQUERY_BAD;
        }
        found = true;
    }
    return found ? HTTPQUERY_OK : HTTPQUERY_ABSENT;
}

static bool is_unreserved(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

bool httpquery_encode(struct span value, char *out, size_t size) {
    static const char digits[] = "0123456789ABCDEF";
    size_t n = 0;

    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];

        if (n + 4 > size)
            return false;
        if (is_unreserved(value.p[i])) {
            out[n++] = value.p[i];
        } else {
            out[n++] = '%';
            out[n++] = digits[c >> 4];
            out[n++] = digits[c & 15];
        }
    }
    out[n] = '\0';
    return true;
}
