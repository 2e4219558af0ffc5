/* See mechs.h. */
#include "mechs.h"

#include <string.h>
#include <strings.h>

enum { NAME_MOST = 20 };

static bool is_name(struct span name) {
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];

        if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
            c != '-' && c != '_')
            return false;
    }
    return name.n > 0 && name.n <= NAME_MOST;
}

/* The next word of a list, {.., 0} at its end. */
static struct span next(const char **rest) {
    static const char between[] = ", \t\r\n";
    struct span word;

    *rest += strspn(*rest, between);
    word = (struct span){*rest, strcspn(*rest, between)};
    *rest += word.n;
    return word;
}

static bool same(struct span a, struct span b) {
    return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

static bool has(const char *list, struct span name) {
    struct span word;

    while ((word = next(&list)).n > 0) {
        if (same(word, name))
            return true;
    }
    return false;
}

bool mechs_has(const char *list, const char *name) {
    return has(list, span_of(name));
}

void mechs_add(char *list, size_t size, struct span name) {
    size_t at = strlen(list);

    if (!is_name(name) || has(list, name) || at + name.n + 2 > size)
        return;
    if (at > 0)
        list[at++] = ' ';
    text_copy_span(list + at, size - at, name);
}

static bool passes(struct span name, const char *filter) {
    struct span word;

    while ((word = next(&filter)).n > 0) {
        bool wanted = true;

        for (; word.n > 0 && word.p[0] == '!'; wanted = !wanted)
            word = (struct span){word.p + 1, word.n - 1};
        if (!is_name(word) || same(word, name))
            return wanted;
    }
    return false;
}

void mechs_filter(const char *offered, const char *filter, char *out, size_t size) {
    const char *all = filter;
    bool any = next(&all).n == 0;
    struct span word;

    out[0] = '\0';
    while ((word = next(&offered)).n > 0) {
        if (any || passes(word, filter))
            mechs_add(out, size, word);
    }
}
