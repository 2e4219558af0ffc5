/* See template.h. */
#include "template.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "xmem.h"

#include "json.h"

enum { PIECES_MOST = 1000, FIELD_SIZE = 32 };

/* A stretch of the template's own text, then perhaps a field. */
struct piece {
    size_t from, n;
    char field[FIELD_SIZE]; /* "": none */
    bool in_string;
};

struct template {
    char *text;
    struct piece *piece;
    size_t count;
};

/* Where the reader is. */
struct reading {
    const char *name;
    struct span text;
    size_t at;
    size_t from; /* of the piece in hand */
    unsigned line;
    bool in_string, escaped;
};

struct growing {
    char *text;
    size_t n, size;
};

static void append(struct growing *g, const char *p, size_t n) {
    if (g->n + n + 1 > g->size) {
        g->size = (g->n + n + 1) * 2;
        g->text = xrealloc(g->text, g->size);
    }
    memcpy(g->text + g->n, p, n);
    g->n += n;
    g->text[g->n] = '\0';
}

/* ---- fields ---- */

/* The text with the quotes of JSON. */
static char *quote(const char *text) {
    struct json_t *one = json_make_object();
    char *quoted;

    json_put_text(one, "x", text);
    quoted = json_print(json_get(one, "x"), false);
    json_release(&one);
    return quoted;
}

/* The texts of an array, one a line. */
static char *join(const struct json_t *array) {
    struct growing g = {.text = xstrdup("")};

    for (size_t i = 0; i < json_count(array); i++) {
        const char *text = json_text(json_at(array, i));

        if (i > 0)
            append(&g, "\n", 1);
        append(&g, text, strlen(text));
    }
    return g.text;
}

/* A value within a string: null is nothing. */
static void append_text(struct growing *g, const struct json_t *value) {
    char *printed = json_print(value, false);
    char *quoted;

    if (printed[0] == '[') {
        char *joined = join(value);

        quoted = quote(joined);
        free(joined);
    } else if (printed[0] == '"') {
        quoted = xstrdup(printed);
    } else {
        quoted = quote(strcmp(printed, "null") == 0 ? "" : printed);
    }
    append(g, quoted + 1, strlen(quoted) - 2);
    free(quoted);
    free(printed);
}

static void append_value(struct growing *g, const struct json_t *value) {
    char *printed = json_print(value, false);

    append(g, printed, strlen(printed));
    free(printed);
}

char *template_fill(const struct template *t, const struct json_t *fields) {
    struct growing g = {.text = xstrdup("")};

    for (size_t i = 0; i < t->count; i++) {
        const struct piece *piece = &t->piece[i];
        const struct json_t *value;

        append(&g, t->text + piece->from, piece->n);
        if (piece->field[0] == '\0')
            continue;
        value = json_get(fields, piece->field);
        if (piece->in_string)
            append_text(&g, value);
        else
            append_value(&g, value);
    }
    return g.text;
}

/* ---- reading ---- */

static void end_piece(struct template *t, struct reading *r, size_t until, struct span field) {
    struct piece *piece = &t->piece[t->count++];

    piece->from = r->from;
    piece->n = until - r->from;
    piece->in_string = r->in_string;
    text_copy_span(piece->field, sizeof piece->field, field);
}

/* "a, b, c", for a message. */
static void list_field(const char *key, struct json_t *value, void *arg) {
    struct growing *g = arg;

    (void)value;
    if (g->n > 0)
        append(g, ", ", 2);
    append(g, key, strlen(key));
}

static int no_such_field(const struct reading *r, struct span field, const struct json_t *sample,
                         struct fault *why) {
    struct growing g = {.text = xstrdup("")};
    char shown[FIELD_SIZE];

    text_copy_printable(shown, sizeof shown, field);
    json_each((struct json_t *)(uintptr_t)sample, list_field, &g);
    fault_set(why, "%.120s, line %u: ${%s}: no such field; right would be one of %s", r->name,
              r->line, shown, g.text);
    free(g.text);
    return -1;
}

/* Beside a field that is a value by itself: else a number could go on, as in 1${count}. */
static bool stands_alone(const struct reading *r, size_t behind) {
    const char *before = r->at > 0 ? &r->text.p[r->at - 1] : " ";
    const char *after = behind < r->text.n ? &r->text.p[behind] : " ";

    return strchr(" \t\r\n:,[{", *before) != NULL && strchr(" \t\r\n:,]}", *after) != NULL;
}

/* At "${". */
static int read_field(struct template *t, struct reading *r, const struct json_t *sample,
                      struct fault *why) {
    struct span rest = {r->text.p + r->at + 2, r->text.n - r->at - 2};
    struct span field = {rest.p, 0};
    char name[FIELD_SIZE];

    while (field.n < rest.n && field.n < FIELD_SIZE && strchr("}\n\"", rest.p[field.n]) == NULL)
        field.n++;
    if (field.n == rest.n || rest.p[field.n] != '}')
        return fault_set(why, "%.120s, line %u: ${ without its }; right would be ${FIELD}, or $${",
                         r->name, r->line);
    if (!text_copy_span(name, sizeof name, field) || json_get(sample, name) == NULL)
        return no_such_field(r, field, sample, why);
    if (!r->in_string && !stands_alone(r, r->at + field.n + 3))
        return fault_set(why,
                         "%.120s, line %u: ${%s} touches something else; right would be a value of "
                         "its own, or quotes around it",
                         r->name, r->line, name);
    if (t->count == PIECES_MOST)
        return fault_set(why, "%.120s, line %u: too many fields; right would be at most %d",
                         r->name, r->line, PIECES_MOST);
    end_piece(t, r, r->at, field);
    r->at += field.n + 3;
    r->from = r->at;
    return 0;
}

/* One character of JSON: are we in a string behind it? */
static void step(struct reading *r) {
    char c = r->text.p[r->at++];

    if (c == '\n')
        r->line++;
    if (!r->in_string)
        r->in_string = c == '"';
    else if (r->escaped)
        r->escaped = false;
    else if (c == '\\')
        r->escaped = true;
    else
        r->in_string = c != '"';
}

static int read_pieces(struct template *t, struct reading *r, const struct json_t *sample,
                       struct fault *why) {
    while (r->at < r->text.n) {
        struct span rest = {r->text.p + r->at, r->text.n - r->at};

        if (span_starts(rest, "$${") && t->count < PIECES_MOST) {
            end_piece(t, r, r->at, (struct span){NULL, 0});
            r->from = r->at + 1; /* without the first $ */
            r->at += 3;
        } else if (!span_starts(rest, "${") || r->escaped) {
            step(r);
        } else if (read_field(t, r, sample, why) == -1) {
            return -1;
        }
    }
    end_piece(t, r, r->at, (struct span){NULL, 0});
    return 0;
}

/* What would be sent must be JSON. A field has no line feed of its own in it, so the lines are
 * those of the template. */
static int try_out(const struct template *t, const char *name, const struct json_t *sample,
                   struct fault *why) {
    char *text = template_fill(t, sample);
    struct fault wrong;
    struct json_t *json = json_read(text, strlen(text), &wrong);

    free(text);
    if (json == NULL)
        return fault_set(why, "%.120s: what it makes is not JSON: %s", name, wrong.text);
    json_release(&json);
    return 0;
}

struct template *template_read(const char *name, struct span text,
                               const struct json_t *const *samples, size_t count,
                               struct fault *why) {
    struct template *t = xcalloc(1, sizeof *t);
    struct reading r = {.name = name, .text = text, .line = 1};
    int failed;

    t->text = xcalloc(1, text.n + 1);
    memcpy(t->text, text.p, text.n);
    r.text.p = t->text;
    t->piece = xcalloc(PIECES_MOST + 1, sizeof *t->piece);
    failed = memchr(t->text, '\0', text.n) != NULL
                 ? fault_set(why, "%.120s: a NUL in it; right would be JSON", name)
                 : read_pieces(t, &r, samples[0], why);
    for (size_t i = 0; i < count && failed == 0; i++)
        failed = try_out(t, name, samples[i], why);
    if (failed != 0)
        template_free(&t);
    return t;
}

void template_free(struct template **template) {
    struct template *t = *template;

    if (t == NULL)
        return;
    free(t->text);
    free(t->piece);
    free(t);
    *template = NULL;
}
