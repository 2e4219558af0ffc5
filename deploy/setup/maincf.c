/* See maincf.h. A text is walked line by line; `struct walk` knows to which parameter a line
 * belongs. */
#include "maincf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "xmem.h"

enum kind { OTHER, START, MORE }; /* comment or blank; "name = value"; a line that continues it */

struct walk {
    const char *next; /* where the next line begins */
    struct span line; /* with its newline, if it has one */
    enum kind kind;
    struct span name; /* of the parameter that a START or MORE line belongs to */
};

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static struct span strip(struct span s) {
    while (s.n > 0 && (is_blank(s.p[0]) || s.p[0] == '\n'))
        s = (struct span){s.p + 1, s.n - 1};
    while (s.n > 0 && (is_blank(s.p[s.n - 1]) || s.p[s.n - 1] == '\n'))
        s.n--;
    return s;
}

static struct span name_of(struct span line) {
    const char *equals = memchr(line.p, '=', line.n);

    if (equals != NULL)
        line.n = (size_t)(equals - line.p);
    return strip(line);
}

static bool walk_on(struct walk *w) {
    const char *end;
    struct span inner;

    if (*w->next == '\0')
        return false;
    end = strchr(w->next, '\n');
    w->line = (struct span){w->next, end != NULL ? (size_t)(end - w->next) + 1 : strlen(w->next)};
    w->next += w->line.n;
    inner = strip(w->line);
    if (inner.n == 0 || inner.p[0] == '#') {
        w->kind = OTHER;
    } else if (is_blank(w->line.p[0]) && w->name.p != NULL) {
        w->kind = MORE;
    } else {
        w->kind = START;
        w->name = name_of(w->line);
    }
    return true;
}

static struct span value_on(const struct walk *w) {
    const char *equals = w->kind == START ? memchr(w->line.p, '=', w->line.n) : NULL;

    if (w->kind == MORE)
        return strip(w->line);
    if (equals == NULL)
        return (struct span){w->line.p, 0};
    return strip((struct span){equals + 1, w->line.n - (size_t)(equals + 1 - w->line.p)});
}

static unsigned count_of(const char *text, const char *name) {
    struct walk w = {.next = text};
    unsigned count = 0;

    while (walk_on(&w))
        count += w.kind == START && span_is(w.name, name);
    return count;
}

bool maincf_has(const char *text, const char *name) {
    return count_of(text, name) > 0;
}

bool maincf_get(const char *text, const char *name, char *out, size_t size) {
    struct walk w = {.next = text};
    bool fits = false;
    size_t n = 0;

    while (walk_on(&w)) {
        struct span value;

        if (w.kind == OTHER || !span_is(w.name, name))
            continue;
        if (w.kind == START) {
            n = 0;
            fits = true;
        }
        value = value_on(&w);
        if (n + value.n + 2 > size) {
            fits = false;
        } else if (fits && value.n > 0) {
            if (n > 0)
                out[n++] = ' ';
            memcpy(out + n, value.p, value.n);
            n += value.n;
        }
        out[fits ? n : 0] = '\0';
    }
    return fits;
}

static void print_line(FILE *out, const char *before, const char *name, const char *value) {
    fprintf(out, "%s%s =%s%s\n", before, name, value[0] != '\0' ? " " : "", value);
}

/* The text with the definitions of name taken out, the last one replaced by `with` unless that is
 * NULL. Comments between a parameter's lines stay. */
static char *replace(const char *text, const char *name, const char *with) {
    unsigned last = count_of(text, name), seen = 0;
    struct walk w = {.next = text};
    bool newline = true;
    char *out = NULL;
    size_t size;
    FILE *stream = open_memstream(&out, &size);

    if (stream == NULL)
        abort();
    while (walk_on(&w)) {
        newline = w.line.p[w.line.n - 1] == '\n';
        if (w.kind == OTHER || !span_is(w.name, name))
            fwrite(w.line.p, 1, w.line.n, stream);
        else if (w.kind == START && ++seen == last && with != NULL) {
            print_line(stream, "", name, with);
            newline = true;
        }
    }
    if (last == 0 && with != NULL)
        print_line(stream, newline ? "" : "\n", name, with);
    if (fclose(stream) != 0)
        abort();
    return out;
}

char *maincf_set(const char *text, const char *name, const char *value) {
    return replace(text, name, value);
}

char *maincf_unset(const char *text, const char *name) {
    return replace(text, name, NULL);
}

/* The value of any length, or NULL. */
static char *value_new(const char *text, const char *name) {
    size_t size = strlen(text) + 2;
    char *out = xcalloc(1, size);

    if (maincf_get(text, name, out, size))
        return out;
    free(out);
    return NULL;
}

static bool same(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void undo_one(const char *name, const char *before, const char *ours, char **now) {
    char *was = value_new(before, name), *set = value_new(ours, name), *is = value_new(*now, name);
    char *next = NULL;

    if (!same(was, set) && same(is, set))
        next = was != NULL ? maincf_set(*now, name, was) : maincf_unset(*now, name);
    if (next != NULL) {
        free(*now);
        *now = next;
    }
    free(was);
    free(set);
    free(is);
}

static void undo_all(const char *names_from, const char *before, const char *ours, char **now) {
    struct walk w = {.next = names_from};
    char name[256];

    while (walk_on(&w)) {
        if (w.kind == START && text_copy_span(name, sizeof name, w.name))
            undo_one(name, before, ours, now);
    }
}

char *maincf_undo(const char *before, const char *ours, const char *now) {
    char *out = xstrdup(now);

    undo_all(ours, before, ours, &out);
    undo_all(before, before, ours, &out); /* what we had taken out */
    return out;
}
