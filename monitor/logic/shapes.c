/* See shapes.h. A place in the totals is one number: the hash above the hour in which the shape was
 * first seen, of which 20 bits last until 2089. */
#include "shapes.h"

#include <string.h>

enum { OUTLINE_SIZE = 256, HOUR_BITS = 20, HOUR_MS = 60 * 60 * 1000 };

#define HOUR_MASK ((UINT64_C(1) << HOUR_BITS) - 1)

static const char *const class_names[SHAPE_CLASSES] = {"warning", "error", "fatal", "panic"};

const char *shape_class_name(enum shape_class class) {
    return class_names[class];
}

/* ---- what is the same ---- */

/* strchr() finds the NUL, too. */
static bool is_of(char c, const char *set) {
    return c != '\0' && strchr(set, c) != NULL;
}

/* Letters with what stands in words of messages and in names of parameters. */
static bool is_word(struct span s) {
    while (s.n > 0 && is_of(s.p[s.n - 1], "(:;,.!?)"))
        s.n--;
    if (s.n > 0 && s.p[0] == '(') {
        s.p++;
        s.n--;
    }
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char lower = (char)(s.p[i] | 0x20);

        if ((lower < 'a' || lower > 'z') && s.p[i] != '_' && s.p[i] != '-' && s.p[i] != '\'')
            return false;
    }
    return true;
}

/* Files of the configuration are few, and which one it is matters. */
static bool is_kept(struct span s) {
    if (is_word(s))
        return true;
    if (!span_starts(s, "/etc/"))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char lower = (char)(s.p[i] | 0x20);

        if ((lower < 'a' || lower > 'z') && !is_of(s.p[i], "/._-:,"))
            return false;
    }
    return true;
}

/* The length of the piece that begins at s: up to a space, but a quoted text is one piece. */
static size_t piece_length(struct span s) {
    char closing = s.p[0] == '"' ? '"' : s.p[0] == '<' ? '>' : '\0';
    size_t n = 0;

    if (closing != '\0') {
        const char *end = memchr(s.p + 1, closing, s.n - 1);

        if (end == NULL)
            return s.n;
        n = (size_t)(end - s.p) + 1;
    }
    while (n < s.n && s.p[n] != ' ')
        n++;
    return n;
}

/* "name[address]", with a port or a colon behind it. */
static bool is_peer(struct span s) {
    return memchr(s.p, '[', s.n) != NULL && memchr(s.p, ']', s.n) != NULL;
}

/* Behind a peer the text goes as far as the next colon: what follows is the peer's. */
size_t shapes_outline(struct span text, char *out, size_t size) {
    bool peer_seen = false;
    bool starred = false;
    size_t n = 0;

    for (size_t at = 0; at < text.n;) {
        struct span piece = {text.p + at, text.n - at};
        bool is_first = at == 0;
        bool is_end;

        piece.n = piece_length(piece);
        at += piece.n + 1;
        if (piece.n == 0)
            continue;
        if (is_kept(piece) ? n + piece.n + 1 >= size : n + 2 >= size)
            break;
        if (is_kept(piece)) {
            memcpy(out + n, piece.p, piece.n);
            n += piece.n;
            out[n++] = ' ';
            starred = false;
        } else if (!starred) {
            out[n++] = '*';
            out[n++] = ' ';
            starred = true;
        }
        peer_seen |= is_peer(piece);
        is_end = piece.p[piece.n - 1] == ':' && !is_first;
        if (peer_seen && is_end)
            break;
    }
    if (n > 0)
        n--;
    out[n] = '\0';
    return n;
}

/* ---- the table ---- */

static bool class_of(const struct mailev *ev, enum shape_class *out) {
    if (ev->diagnosis != DIAGNOSIS_NONE || ev->kind < MAILEV_WARNING)
        return false;
    for (int c = 0; c < SHAPE_CLASSES; c++) {
        if (span_is(ev->severity, class_names[c])) {
            *out = (enum shape_class)c;
            return true;
        }
    }
    return false;
}

static uint64_t shape_id(const struct shapes *shapes, enum shape_class class,
                         const struct mailev *ev) {
    char text[OUTLINE_SIZE + 32];
    char daemon[24];
    size_t n;

    text_copy_span(daemon, sizeof daemon, ev->daemon);
    text_format(text, sizeof text, "%d %s ", class, daemon);
    n = strlen(text);
    n += shapes_outline(ev->text, text + n, OUTLINE_SIZE);
    return hash_quick(&shapes->key, text, n) | UINT64_C(1) << HOUR_BITS; /* never 0 */
}

static void mark(struct shapes *shapes, size_t place) {
    shapes->changed[place / 64] |= UINT64_C(1) << place % 64;
}

/* The place of the shape; where it has none, the place that it gets, which is then `is_new`. */
static size_t find_place(const struct shapes *shapes, uint64_t id, bool *is_new) {
    size_t from = (size_t)(id >> 32) % SHAPES_BUCKETS * SHAPES_WAYS;
    size_t oldest = from;

    for (size_t i = from; i < from + SHAPES_WAYS; i++) {
        if (shapes->shape[i].id == id) {
            *is_new = false;
            return i;
        }
        if (shapes->shape[i].last_ms < shapes->shape[oldest].last_ms)
            oldest = i;
    }
    *is_new = true;
    return oldest;
}

void shapes_note(struct shapes *shapes, const struct mailev *ev, int64_t time_ms) {
    enum shape_class class;
    struct shape *shape;
    uint64_t id;
    size_t place;
    bool is_new;

    if (!class_of(ev, &class))
        return;
    shapes->of_class[class]++;
    id = shape_id(shapes, class, ev) & ~HOUR_MASK;
    place = find_place(shapes, id, &is_new);
    shape = &shapes->shape[place];
    if (is_new) {
        int field = shape->field;

        *shape = (struct shape){.id = id, .first_ms = time_ms, .last_ms = time_ms, .field = field};
        mark(shapes, place);
    }
    shape->class = class;
    shape->count++;
    if (time_ms > shape->last_ms)
        shape->last_ms = time_ms;
    if (shape->text[0] == '\0') {
        text_copy_printable(shape->daemon, sizeof shape->daemon, ev->daemon);
        text_copy_printable(shape->text, sizeof shape->text, ev->text);
    }
}

size_t shapes_fresh(const struct shapes *shapes, int64_t now_ms, const struct shape **out,
                    size_t room) {
    size_t n = 0;

    for (size_t i = 0; i < SHAPES_ROOM; i++) {
        const struct shape *shape = &shapes->shape[i];
        size_t at = n;

        if (shape->text[0] == '\0' || now_ms - shape->first_ms >= SHAPES_FRESH_MS)
            continue;
        while (at > 0 && out[at - 1]->first_ms < shape->first_ms)
            at--;
        if (at == room)
            continue;
        n += n < room;
        memmove(out + at + 1, out + at, (n - at - 1) * sizeof out[0]);
        out[at] = shape;
    }
    return n;
}

/* ---- as totals ---- */

static void class_field(char out[TOTALS_NAME_SIZE], int class) {
    text_format(out, TOTALS_NAME_SIZE, "u.%s", class_names[class]);
}

static void place_field(char out[TOTALS_NAME_SIZE], size_t place) {
    text_format(out, TOTALS_NAME_SIZE, "w.%zu", place);
}

void shapes_restore(struct shapes *shapes, const struct totals *from) {
    char name[TOTALS_NAME_SIZE];

    memset(shapes, 0, sizeof *shapes);
    shapes->key = totals_hash_key(from);
    for (int c = 0; c < SHAPE_CLASSES; c++) {
        class_field(name, c);
        shapes->of_class[c] = totals_get(from, name);
    }
    for (size_t i = 0; i < SHAPES_ROOM; i++) {
        struct shape *shape = &shapes->shape[i];
        int field;

        place_field(name, i);
        field = totals_find(from, name);
        if (field < 0)
            continue;
        shape->field = field + 1;
        shape->id = from->value[field] & ~HOUR_MASK;
        shape->first_ms = (int64_t)(from->value[field] & HOUR_MASK) * HOUR_MS;
        shape->last_ms = shape->first_ms;
    }
}

void shapes_put(struct shapes *shapes, struct totals *totals) {
    char name[TOTALS_NAME_SIZE];

    for (int c = 0; c < SHAPE_CLASSES; c++) {
        if (shapes->of_class[c] == 0)
            continue;
        class_field(name, c);
        totals_set(totals, name, shapes->of_class[c]);
    }
    for (size_t word = 0; word < SHAPES_ROOM / 64; word++) {
        for (; shapes->changed[word] != 0; shapes->changed[word] &= shapes->changed[word] - 1) {
            size_t i = word * 64 + (size_t)__builtin_ctzll(shapes->changed[word]);
            struct shape *shape = &shapes->shape[i];

            if (shape->field == 0) {
                place_field(name, i);
                shape->field = totals_field(totals, name) + 1;
            }
            if (shape->field > 0)
                totals->value[shape->field - 1] =
                    shape->id | ((uint64_t)(shape->first_ms / HOUR_MS) & HOUR_MASK);
        }
    }
}
