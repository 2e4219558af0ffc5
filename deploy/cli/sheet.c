/* See sheet.h. */
#include "sheet.h"

#include <string.h>

#include "text.h"

/* ---- one line ---- */

static const char *code_of(const struct sheet *s, enum sheet_look look) {
    static const char *const codes[] = {"",           "\033[2m",    "\033[1;32m",
                                        "\033[1;33m", "\033[1;31m", "\033[1m"};

    return s->colour ? codes[look] : "";
}

static void append(struct sheet_line *line, const char *p, size_t n) {
    size_t have = strlen(line->text);

    if (have + n < sizeof line->text) { /* always, but for a line that is not broken */
        memcpy(line->text + have, p, n);
        line->text[have + n] = '\0';
    }
}

static void append_look(const struct sheet *s, struct sheet_line *line, enum sheet_look look,
                        const char *p, size_t n) {
    bool coloured = look != SHEET_PLAIN && s->colour && n > 0;

    if (coloured)
        append(line, code_of(s, look), strlen(code_of(s, look)));
    append(line, p, n);
    if (coloured)
        append(line, "\033[0m", 4);
}

static struct sheet_line *new_line(struct sheet *s, int rank) {
    struct sheet_line *line = s->count < SHEET_LINES ? &s->line[s->count++] : &s->beyond;

    line->text[0] = '\0';
    line->rank = rank;
    line->block = s->blocks;
    return line;
}

/* ---- text ---- */

/* Harmless: what a terminal would obey, or not show, is a question mark. */
static void clean(char *out, size_t size, const char *text) {
    struct span rest = span_of(text);
    size_t at = 0;

    while (rest.n > 0) {
        uint32_t c;
        size_t n = text_utf8(rest, &c);
        bool bad = n == 0 || c < ' ' || (c >= 0x7f && c < 0xa0) || text_is_unseen(c);

        n = n > 0 ? n : 1;
        if (at + n >= size)
            break;
        if (bad)
            out[at++] = c == '\n' || c == '\t' ? ' ' : '?';
        else
            memcpy(out + at, rest.p, n);
        at += bad ? 0 : n;
        rest = (struct span){rest.p + n, rest.n - n};
    }
    out[at] = '\0';
}

/* How many columns it takes, each character being one. */
static int columns_of(const char *p, size_t n) {
    int columns = 0;

    for (size_t i = 0; i < n; i++)
        columns += ((unsigned char)p[i] & 0xc0) != 0x80;
    return columns;
}

/* How many bytes of it fit into `room` columns, broken at a blank where there is one. */
static size_t take_bytes(const char *text, int room) {
    size_t n = 0;
    size_t blank = 0;

    for (int columns = 0; text[n] != '\0'; n++) {
        if (((unsigned char)text[n] & 0xc0) != 0x80 && ++columns > room)
            return blank > 0 ? blank : n;
        if (text[n] == ' ')
            blank = n;
    }
    return n;
}

static void indent_by(struct sheet_line *line, int columns) {
    for (int i = 0; i < columns; i++)
        append(line, " ", 1);
}

/* The text from where the line is now, going on in new ones. */
static void put_broken(struct sheet *s, struct sheet_line *line, int used, int indent,
                       enum sheet_look look, const char *text) {
    if (s->columns > 0 && used >= s->columns && *text != '\0') {
        line = new_line(s, line->rank);
        indent_by(line, indent);
        used = indent;
        text += strspn(text, " ");
    }
    while (*text != '\0') {
        int room = s->columns == 0 ? SHEET_LINE_BYTES : s->columns - used;
        size_t n = take_bytes(text, room > 0 ? room : 1);

        append_look(s, line, look, text, n);
        text += n;
        while (*text == ' ')
            text++;
        if (*text == '\0')
            return;
        line = new_line(s, line->rank);
        indent_by(line, indent);
        used = indent;
    }
}

void sheet_init(struct sheet *s, int terminal, bool colour) {
    s->colour = colour;
    s->terminal = terminal;
    s->columns = terminal < SHEET_COLUMNS_MOST ? terminal : SHEET_COLUMNS_MOST;
    s->blocks = 0;
    s->count = 0;
}

void sheet_put(struct sheet *s, int rank, enum sheet_look look, const char *label, int indent,
               const char *text) {
    char harmless[2048];
    struct sheet_line *line;
    int used = columns_of(label, strlen(label));
    int blanks = 0;

    while (label[blanks] == ' ')
        blanks++;
    s->blocks++;
    line = new_line(s, rank);
    append(line, label, (size_t)blanks);
    append_look(s, line, look, label + blanks, strlen(label) - (size_t)blanks);
    if (used < indent) {
        indent_by(line, indent - used);
        used = indent;
    }
    clean(harmless, sizeof harmless, text);
    put_broken(s, line, used, s->columns > 0 && used > s->columns / 2 ? 2 : used, SHEET_PLAIN,
               harmless);
}

void sheet_put_whole(struct sheet *s, int rank, enum sheet_look look, const char *label, int indent,
                     const char *text) {
    int columns = s->columns;

    s->columns = 0;
    sheet_put(s, rank, look, label, indent, text);
    s->columns = columns;
}

/* Columns of what stands in a line: a colour takes none. */
static int columns_used(const struct sheet_line *line) {
    int used = 0;

    for (const char *p = line->text; *p != '\0'; p++) {
        if (*p == '\033')
            p += strcspn(p, "m");
        else
            used += ((unsigned char)*p & 0xc0) != 0x80;
    }
    return used;
}

size_t sheet_rows(const struct sheet *s, size_t i, bool *full_out) {
    int used = columns_used(&s->line[i]);

    *full_out = used > 0 && used % s->terminal == 0;
    return used == 0 ? 1 : (size_t)((used + s->terminal - 1) / s->terminal);
}

void sheet_add(struct sheet *s, const char *before, enum sheet_look look, const char *text) {
    enum { INDENT = 4 };
    struct sheet_line *line;
    char harmless[1024];
    int used;

    if (s->count == 0)
        return;
    clean(harmless, sizeof harmless, text);
    line = &s->line[s->count - 1];
    used = columns_used(line) + columns_of(before, strlen(before));
    if (s->columns > 0 && used + columns_of(harmless, strlen(harmless)) > s->columns) {
        line = new_line(s, line->rank);
        indent_by(line, INDENT);
        before += strspn(before, " ");
        used = INDENT + columns_of(before, strlen(before));
    }
    append(line, before, strlen(before));
    put_broken(s, line, used, used, look, harmless);
}

void sheet_blank(struct sheet *s, int rank) {
    s->blocks++;
    (void)new_line(s, rank);
}

/* ---- what fits ---- */

static void remove_block(struct sheet *s, unsigned block) {
    size_t kept = 0;

    for (size_t i = 0; i < s->count; i++) {
        if (s->line[i].block == block)
            continue;
        if (kept != i)
            s->line[kept] = s->line[i];
        kept++;
    }
    s->count = kept;
}

/* The last block of the largest rank; false: only rank 0 is left. */
static bool least_block(const struct sheet *s, unsigned *block_out) {
    int rank = 0;

    for (size_t i = 0; i < s->count; i++) {
        if (s->line[i].rank >= rank && s->line[i].rank > 0) {
            rank = s->line[i].rank;
            *block_out = s->line[i].block;
        }
    }
    return rank > 0;
}

static size_t rows_of_all(const struct sheet *s) {
    size_t rows = 0;
    bool full;

    for (size_t i = 0; i < s->count; i++)
        rows += sheet_rows(s, i, &full);
    return rows;
}

void sheet_fit(struct sheet *s, size_t rows, const char *hint) {
    bool cut = false;
    unsigned block;

    while (rows_of_all(s) + cut > rows && least_block(s, &block)) {
        remove_block(s, block);
        cut = true;
    }
    for (; s->count > 0 && rows_of_all(s) + cut > rows; cut = true)
        s->count--;
    while (cut && s->count > 0 && s->line[s->count - 1].text[0] == '\0')
        s->count--;
    if (cut && rows > 0)
        sheet_put(s, 0, SHEET_FAINT, hint, 0, "");
}

enum sheet_look sheet_look_of(const char *state) {
    if (strcmp(state, "ok") == 0)
        return SHEET_GOOD;
    if (strcmp(state, "critical") == 0)
        return SHEET_BAD;
    return strcmp(state, "unknown") == 0 ? SHEET_BOLD : SHEET_WARN;
}
