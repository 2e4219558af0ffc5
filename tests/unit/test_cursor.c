/* Bytes to lines: what is a line, where the place stands after it, and changes under the cursor. */
#include "cursor.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct hash_key key = {{5, 6}};

struct desk {
    char path[64];
    int fd;
    struct cursor cursor;
    char got[1024]; /* lines, each followed by '|' */
    size_t longest;
    unsigned char buffer[CURSOR_BUFFER];
};

static void on_line(struct span line, void *arg) {
    struct desk *d = arg;
    size_t n = strlen(d->got);

    d->longest = line.n > d->longest ? line.n : d->longest;
    if (line.n < 200 && n + line.n + 2 < sizeof d->got) {
        for (size_t i = 0; i < line.n; i++)
            d->got[n + i] = line.p[i] != '\0' ? line.p[i] : '0';
        d->got[n + line.n] = '|';
        d->got[n + line.n + 1] = '\0';
    }
}

static struct desk *desk_open(uint64_t offset, const void *text, size_t n) {
    struct desk *d = calloc(1, sizeof *d);
    struct logfile *file;

    strcpy(d->path, "/var/tmp/test_cursor.XXXXXX");
    d->fd = mkstemp(d->path);
    cr_assert_eq(write(d->fd, text, n), (ssize_t)n);
    file = logfile_open(d->path, false, NULL);
    cr_assert(cursor_open(&d->cursor, &file, &key, offset, NULL));
    return d;
}

static void desk_close(struct desk *d) {
    cursor_close(&d->cursor);
    close(d->fd);
    unlink(d->path);
    free(d);
}

static enum cursor_step read_all(struct desk *d) {
    struct cursor_calls calls = {.on_line = on_line, .arg = d};
    enum cursor_step step;

    while ((step = cursor_step(&d->cursor, d->buffer, &calls)) == CURSOR_MORE)
        continue;
    return step;
}

#define NUL16 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define TEXT(t) t, sizeof(t) - 1

Test(cursor, what_is_a_line) {
    static const struct {
        const char *name;
        const char *in;
        size_t size;
        const char *want;
        uint64_t offset; /* after it */
        uint64_t waiting;
    } rows[] = {
        {"nothing", TEXT(""), "", 0, 0},
        {"lines", TEXT("a\nbc\n"), "a|bc|", 5, 0},
        {"unfinished", TEXT("a\nbc"), "a|", 2, 2},
        {"CR LF", TEXT("a\r\n\r\nb\rc\n"), "a||b\rc|", 9, 0},
        {"empty lines", TEXT("\n\na\n"), "||a|", 4, 0},
        {"one NUL stays", TEXT("a\0b\n"), "a0b|", 4, 0},
        {"NULs first", TEXT("a\n" NUL16 "b\n"), "a|b|", 20, 0},
        {"NULs after a torn line", TEXT("a\nto" NUL16 NUL16 "b\n"), "a|to|b|", 38, 0},
        {"NULs at the end", TEXT("a\n" NUL16), "a|", 18, 0},
        {"torn line, NULs at the end", TEXT("a\nto" NUL16), "a|", 2, 18},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct desk *d = desk_open(0, rows[i].in, rows[i].size);

        cr_expect_eq(read_all(d), CURSOR_END, "%s", rows[i].name);
        cr_expect_str_eq(d->got, rows[i].want, "%s: %s", rows[i].name, d->got);
        cr_expect_eq(d->cursor.offset, rows[i].offset, "%s: %d", rows[i].name,
                     (int)d->cursor.offset);
        cr_expect_eq(d->cursor.waiting, rows[i].waiting, "%s", rows[i].name);
        desk_close(d);
    }
}

/* Of n bytes, then a short one. */
Test(cursor, long_lines) {
    static const struct {
        size_t n;
        bool skipped;
    } rows[] = {
        {CURSOR_LINE, false}, {CURSOR_LINE + 1, true}, {CURSOR_CHUNK, true}, {1000000, true}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = malloc(rows[i].n + 4);
        struct desk *d;
        struct place before;
        struct place after;

        memset(text, 'x', rows[i].n);
        memcpy(text + rows[i].n, "\ny\n", 3);
        d = desk_open(0, "a\n", 2);
        read_all(d);
        cursor_place(&d->cursor, &before);
        for (size_t at = 0; at < rows[i].n; at += 50000) { /* as it grows */
            size_t part = rows[i].n - at < 50000 ? rows[i].n - at : 50000;

            cr_assert_eq(write(d->fd, text + at, part), (ssize_t)part);
            cr_expect_eq(read_all(d), CURSOR_END);
            cursor_place(&d->cursor, &after);
            cr_expect(memcmp(&before, &after, sizeof before) == 0, "%zu at %zu", rows[i].n, at);
        }
        cr_assert_eq(write(d->fd, text + rows[i].n, 3), 3);
        cr_expect_eq(read_all(d), CURSOR_END);
        cr_expect_eq(d->longest, rows[i].skipped ? 1 : rows[i].n, "%zu", rows[i].n);
        cr_expect_str_eq(d->got, "a|y|");
        cr_expect_eq(d->cursor.long_lines, rows[i].skipped ? 1 : 0, "%zu", rows[i].n);
        cr_expect_eq(d->cursor.offset, 2 + rows[i].n + 3);
        desk_close(d);
        free(text);
    }
}

Test(cursor, change_before_the_place_is_seen) {
    static const char text[] = "line one\nline two\nline three\n";
    struct desk *d = desk_open(0, text, sizeof text - 1);

    cr_expect_eq(read_all(d), CURSOR_END);
    cr_expect_eq(read_all(d), CURSOR_END);
    cr_assert_eq(pwrite(d->fd, "X", 1, 20), 1);
    cr_expect_eq(read_all(d), CURSOR_CHANGED);
    cr_assert_eq(pwrite(d->fd, text + 20, 1, 20), 1);
    cr_expect_eq(read_all(d), CURSOR_END);
    cr_assert_eq(ftruncate(d->fd, 10), 0);
    cr_expect_eq(read_all(d), CURSOR_CHANGED);
    cr_expect_str_eq(d->got, "line one|line two|line three|");
    desk_close(d);
}

/* The same place, whether one read up to it or began there. */
Test(cursor, place_is_the_same_by_any_way) {
    char text[9000];
    struct desk *d;
    struct desk *e;
    struct place a;
    struct place b;

    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 90 == 89 ? '\n' : (char)('a' + i * i % 23);
    for (size_t size = 90; size <= sizeof text; size += 990) {
        d = desk_open(0, text, size);
        read_all(d);
        e = desk_open(size, text, size);
        read_all(e);
        cursor_place(&d->cursor, &a);
        cursor_place(&e->cursor, &b);
        cr_expect(a.offset == size && memcmp(&a.prefix, &b.prefix, sizeof a.prefix) == 0 &&
                      memcmp(&a.tail, &b.tail, sizeof a.tail) == 0 &&
                      memcmp(a.head, b.head, sizeof a.head) == 0,
                  "%zu", size);
        desk_close(d);
        desk_close(e);
    }
}

Test(cursor, last_line_without_newline) {
    struct desk *d = desk_open(0, "a\nlast", 6);
    struct cursor_calls calls = {.on_line = on_line, .arg = d};

    read_all(d);
    cr_expect(cursor_take_last(&d->cursor, d->buffer, &calls));
    cr_expect_str_eq(d->got, "a|last|");
    cr_expect_eq(d->cursor.offset, 6);
    cr_expect(!cursor_take_last(&d->cursor, d->buffer, &calls));
    desk_close(d);
}
