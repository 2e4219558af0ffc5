/* See milterlist.h. */
#include "milterlist.h"

#include <string.h>

#include "text.h"

static bool separates(char c) {
    return c == ' ' || c == '\t' || c == ',' || c == '\n' || c == '\r';
}

/* The next entry, braces and all; `at` moves behind it. n == 0: the end. */
static struct span next_entry(const char **at) {
    const char *begin;
    int depth = 0;

    while (separates(**at))
        ++*at;
    begin = *at;
    while (**at != '\0' && (depth > 0 || !separates(**at))) {
        if (**at == '{')
            depth++;
        else if (**at == '}' && depth > 0)
            depth--;
        ++*at;
    }
    return (struct span){begin, (size_t)(*at - begin)};
}

/* The socket of an entry: its first word inside the braces. */
static bool is_for(struct span entry, const char *socket) {
    size_t n = 0;

    if (entry.n > 0 && entry.p[0] == '{') {
        entry = (struct span){entry.p + 1, entry.n - 1};
        while (entry.n > 0 && separates(entry.p[0]))
            entry = (struct span){entry.p + 1, entry.n - 1};
    }
    while (n < entry.n && !separates(entry.p[n]) && entry.p[n] != '}')
        n++;
    return span_is((struct span){entry.p, n}, socket);
}

bool milterlist_has(const char *list, const char *socket) {
    struct span entry;

    while ((entry = next_entry(&list)).n > 0) {
        if (is_for(entry, socket))
            return true;
    }
    return false;
}

unsigned milterlist_count(const char *list) {
    unsigned count = 0;

    while (next_entry(&list).n > 0)
        count++;
    return count;
}

static bool append(char *out, size_t size, struct span entry) {
    size_t n = strlen(out);

    return text_format(out + n, size - n, "%s%.*s", n > 0 ? ", " : "", (int)entry.n, entry.p);
}

bool milterlist_remove(const char *list, const char *socket, char *out, size_t size) {
    struct span entry;
    bool fits = true;

    out[0] = '\0';
    while ((entry = next_entry(&list)).n > 0) {
        if (!is_for(entry, socket))
            fits = append(out, size, entry) && fits;
    }
    return fits;
}

bool milterlist_add(const char *list, const char *socket, const char *entry, char *out,
                    size_t size) {
    return milterlist_remove(list, socket, out, size) && append(out, size, span_of(entry));
}
