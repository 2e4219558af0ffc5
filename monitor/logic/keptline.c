/* See keptline.h. */
#include "keptline.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hash.h"

enum { SEAL_BYTES = 4 + 32 + 1 }; /* "sum " 32 digits, newline */

/* Not a secret: the checksum is against disks, not against people. */
static const struct hash_key sum_key = {{0x72656c6179776174, 0x63682d6b65707431}};

struct span keptline_word(struct keptline *l) {
    const char *blank = l->rest.n > 0 ? memchr(l->rest.p, ' ', l->rest.n) : NULL;
    size_t n = blank != NULL ? (size_t)(blank - l->rest.p) : l->rest.n;
    struct span word = {l->rest.p, n};
    size_t used = n + (blank != NULL ? 1 : 0);

    l->bad |= n == 0;
    if (used > 0) {
        l->rest.p += used;
        l->rest.n -= used;
    }
    return word;
}

int64_t keptline_i64(struct keptline *l, int64_t min, int64_t max) {
    int64_t value = min;

    if (!text_i64(keptline_word(l), min, max, &value))
        l->bad = true;
    return l->bad ? min : value;
}

uint64_t keptline_u64(struct keptline *l, uint64_t max) {
    uint64_t value = 0;

    if (!text_u64(keptline_word(l), 0, max, &value))
        l->bad = true;
    return l->bad ? 0 : value;
}

void keptline_text(struct keptline *l, char *out, size_t size) {
    text_copy_printable(out, size, l->rest);
    l->rest.n = 0;
}

void keptout_line(struct keptout *o, const char *fmt, ...) {
    va_list args;
    int n;

    if (o->full)
        return;
    va_start(args, fmt);
    n = vsnprintf(o->p + o->n, o->size - o->n, fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n + 1 >= o->size - o->n) {
        o->full = true;
        o->p[o->n] = '\0';
        return;
    }
    o->n += (size_t)n;
    o->p[o->n++] = '\n';
    o->p[o->n] = '\0';
}

static void make_seal(char out[SEAL_BYTES + 1], struct span text) {
    struct hash128 sum = hash_bytes(&sum_key, text.p, text.n);

    snprintf(out, SEAL_BYTES + 1, "sum %016llx%016llx\n", (unsigned long long)sum.h[0],
             (unsigned long long)sum.h[1]);
}

void keptout_seal(struct keptout *o) {
    char seal[SEAL_BYTES + 1];

    make_seal(seal, (struct span){o->p, o->n});
    keptout_line(o, "%.36s", seal);
}

bool keptline_unseal(struct span *text) {
    char seal[SEAL_BYTES + 1];

    if (text->n < SEAL_BYTES)
        return false;
    make_seal(seal, (struct span){text->p, text->n - SEAL_BYTES});
    if (memcmp(text->p + text->n - SEAL_BYTES, seal, SEAL_BYTES) != 0)
        return false;
    text->n -= SEAL_BYTES;
    return true;
}

bool keptline_next(struct span *text, struct span *line) {
    const char *end = text->n > 0 ? memchr(text->p, '\n', text->n) : NULL;

    if (end == NULL)
        return false;
    *line = (struct span){text->p, (size_t)(end - text->p)};
    text->n -= line->n + 1;
    text->p = end + 1;
    return true;
}
