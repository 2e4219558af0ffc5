/* See rotname.h. */
#include "rotname.h"

#include <string.h>

enum { NUMBER_DIGITS = 5 }; /* more are a date */

struct pattern {
    struct span stem; /* what a name begins with, e.g. "mail.log" or "mail" */
    struct span last; /* and ends with, e.g. "" or ".log" */
};

static bool ends_with(struct span s, struct span end) {
    return s.n >= end.n && (end.n == 0 || memcmp(s.p + s.n - end.n, end.p, end.n) == 0);
}

/* Whether the name is stem, a separator, something and the end: that is *between. */
static bool fits(struct span name, const struct pattern *pattern, struct span *between) {
    size_t least = pattern->stem.n + 1 + pattern->last.n;

    if (name.n <= least || memcmp(name.p, pattern->stem.p, pattern->stem.n) != 0 ||
        memchr(".-_", name.p[pattern->stem.n], 3) == NULL || !ends_with(name, pattern->last))
        return false;
    *between = (struct span){name.p + pattern->stem.n + 1, name.n - least};
    return true;
}

static bool is_stamp(struct span s) {
    bool digit = false;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] >= '0' && s.p[i] <= '9')
            digit = true;
        else if (memchr("-._:T", s.p[i], 5) == NULL)
            return false;
    }
    return digit;
}

static void take_stamp(struct rotname *out, struct span stamp) {
    out->stamp = stamp;
    out->kind = stamp.n <= NUMBER_DIGITS && text_u64(stamp, 0, UINT64_MAX, &out->number)
                    ? ROTNAME_NUMBER
                    : ROTNAME_DATE;
}

/* The name without an ending of compression. */
static void classify(struct span log, struct span name, struct rotname *out) {
    const char *dot = log.n > 1 ? memrchr(log.p + 1, '.', log.n - 1) : NULL;
    struct pattern whole = {log, {"", 0}};
    struct pattern split = {log, {"", 0}};
    struct span between;

    if (fits(name, &whole, &between)) {
        out->kind = ROTNAME_OTHER;
        if (is_stamp(between))
            take_stamp(out, between);
        return;
    }
    if (dot == NULL)
        return;
    split.stem.n = (size_t)(dot - log.p);
    split.last = (struct span){dot, log.n - split.stem.n};
    if (fits(name, &split, &between) && is_stamp(between))
        take_stamp(out, between);
}

struct rotname rotname_parse(struct span log, struct span name) {
    static const char *const others[] = {".bz2", ".xz", ".zst", ".lz4", ".Z"};
    struct rotname out = {.kind = ROTNAME_STRANGER};
    struct span end = {"", 0};

    out.compressed = ends_with(name, SPAN(".gz"));
    if (out.compressed)
        end.n = 3;
    for (size_t i = 0; i < sizeof others / sizeof others[0] && end.n == 0; i++) {
        if (ends_with(name, span_of(others[i])))
            end = span_of(others[i]);
    }
    name.n -= end.n;
    classify(log, name, &out);
    if (end.n > 0 && !out.compressed && out.kind != ROTNAME_STRANGER)
        out.kind = ROTNAME_SEALED;
    return out;
}

int rotname_compare(const struct rotname *a, const struct rotname *b) {
    size_t n = a->stamp.n < b->stamp.n ? a->stamp.n : b->stamp.n;
    int order;

    if (a->kind == ROTNAME_NUMBER)
        return (a->number < b->number) - (a->number > b->number);
    order = memcmp(a->stamp.p, b->stamp.p, n);
    return order != 0 ? order : (a->stamp.n > b->stamp.n) - (a->stamp.n < b->stamp.n);
}
