/* See diff.h. Common lines at both ends are set aside; between them stands the longest common
 * subsequence, by the plain table: the texts are configuration files. Where the table would pass
 * TABLE_MOST cells, all of the middle counts as changed. */
#include "diff.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "xmem.h"

enum { CONTEXT = 3, TABLE_MOST = 16 * 1024 * 1024 };

struct lines {
    struct span *line; /* without newline */
    size_t n;
    bool cut; /* the last one has none */
};

struct step {
    char what; /* ' ', '-', '+' */
    struct span line;
    size_t old_at, new_at; /* lines before this one */
    bool cut;
};

static struct lines split(const char *text) {
    struct lines out = {.n = 0};
    size_t room = 1;

    for (const char *p = text; p != NULL && *p != '\0'; p++)
        room += *p == '\n';
    out.line = xcalloc(room + 1, sizeof *out.line);
    while (text != NULL && *text != '\0') {
        const char *end = strchr(text, '\n');
        size_t n = end != NULL ? (size_t)(end - text) : strlen(text);

        out.line[out.n++] = (struct span){text, n};
        out.cut = end == NULL;
        text += n + (end != NULL ? 1 : 0);
    }
    return out;
}

static bool same_line(const struct lines *a, size_t i, const struct lines *b, size_t j) {
    bool cut_a = a->cut && i + 1 == a->n, cut_b = b->cut && j + 1 == b->n;

    return cut_a == cut_b && span_equal(a->line[i], b->line[j]);
}

/* Longest common subsequence lengths from (i, j) to the ends; NULL when too large. */
static uint32_t *table_new(const struct lines *a, const struct lines *b) {
    size_t w = b->n + 1;
    uint32_t *t;

    if ((a->n + 1) > TABLE_MOST / w)
        return NULL;
    t = xcalloc((a->n + 1) * w, sizeof *t);
    for (size_t i = a->n; i-- > 0;) {
        for (size_t j = b->n; j-- > 0;) {
            uint32_t down = t[(i + 1) * w + j], right = t[i * w + j + 1];

            t[i * w + j] = same_line(a, i, b, j) ? t[(i + 1) * w + j + 1] + 1
                           : down >= right       ? down
                                                 : right;
        }
    }
    return t;
}

static size_t walk(const struct lines *a, const struct lines *b, struct step *steps) {
    uint32_t *t = table_new(a, b);
    size_t i = 0, j = 0, n = 0, w = b->n + 1;

    while (i < a->n || j < b->n) {
        struct step *s = &steps[n++];

        *s = (struct step){.old_at = i, .new_at = j};
        if (i < a->n && j < b->n && t != NULL && same_line(a, i, b, j)) {
            s->what = ' ';
            s->line = b->line[j];
            s->cut = b->cut && j + 1 == b->n;
            i++;
            j++;
        } else if (i < a->n && (j == b->n || t == NULL || t[(i + 1) * w + j] >= t[i * w + j + 1])) {
            s->what = '-';
            s->line = a->line[i];
            s->cut = a->cut && i + 1 == a->n;
            i++;
        } else {
            s->what = '+';
            s->line = b->line[j];
            s->cut = b->cut && j + 1 == b->n;
            j++;
        }
    }
    free(t);
    return n;
}

static void print_hunk(FILE *out, const struct step *steps, size_t from, size_t to) {
    size_t old_n = 0, new_n = 0;

    for (size_t k = from; k < to; k++) {
        old_n += steps[k].what != '+';
        new_n += steps[k].what != '-';
    }
    fprintf(out, "@@ -%zu,%zu +%zu,%zu @@\n", steps[from].old_at + (old_n > 0), old_n,
            steps[from].new_at + (new_n > 0), new_n);
    for (size_t k = from; k < to; k++)
        fprintf(out, "%c%.*s\n%s", steps[k].what, (int)steps[k].line.n, steps[k].line.p,
                steps[k].cut ? "\\ No newline at end of file\n" : "");
}

static void print_hunks(FILE *out, const struct step *steps, size_t n) {
    size_t k = 0;

    while (k < n) {
        size_t from, to, last;

        while (k < n && steps[k].what == ' ')
            k++;
        if (k == n)
            return;
        from = k > CONTEXT ? k - CONTEXT : 0;
        last = k;
        while (k < n && k <= last + 2 * CONTEXT) {
            if (steps[k].what != ' ')
                last = k;
            k++;
        }
        to = last + CONTEXT + 1 < n ? last + CONTEXT + 1 : n;
        print_hunk(out, steps, from, to);
        k = last + 1;
        while (k < to)
            k++;
    }
}

void diff_print(FILE *out, const char *path, const char *before, const char *after) {
    struct lines a = split(before), b = split(after);
    struct step *steps = xcalloc(a.n + b.n + 1, sizeof *steps);
    size_t n = walk(&a, &b, steps);
    bool changed = (before == NULL) != (after == NULL);

    for (size_t k = 0; k < n; k++)
        changed = changed || steps[k].what != ' ';
    if (changed) {
        fprintf(out, "--- %s\n+++ %s\n", before != NULL ? path : "/dev/null",
                after != NULL ? path : "/dev/null");
        print_hunks(out, steps, n);
    }
    free(steps);
    free(a.line);
    free(b.line);
}
