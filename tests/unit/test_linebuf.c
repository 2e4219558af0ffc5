#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "linebuf.h"

struct seen {
    char text[4000];
    size_t n;
};

static void on_line(struct span line, void *arg) {
    struct seen *seen = arg;

    memcpy(seen->text + seen->n, line.p, line.n);
    seen->n += line.n;
    seen->text[seen->n++] = '|';
}

static const char *lines_of(const char *text, size_t n, size_t piece, size_t most,
                            uint64_t *too_long_out) {
    static struct seen seen;
    struct linebuf lb = {.most = most, .on_line = on_line, .arg = &seen};

    memset(&seen, 0, sizeof seen);
    for (size_t at = 0; at < n; at += piece)
        linebuf_feed(&lb, text + at, n - at < piece ? n - at : piece);
    linebuf_end(&lb);
    *too_long_out = lb.too_long;
    return seen.text;
}

Test(linebuf, the_same_lines_whatever_the_pieces) {
    static const char text[] = "one\ntwo\r\n\nfour, a longer one\nlast";
    uint64_t too_long;

    for (size_t piece = 1; piece < sizeof text; piece++) {
        const char *got = lines_of(text, sizeof text - 1, piece, 100, &too_long);

        cr_expect_str_eq(got, "one|two||four, a longer one|last|", "pieces of %zu: %s", piece, got);
        cr_expect_eq(too_long, 0);
    }
}

Test(linebuf, a_line_that_is_too_long_is_left_out_and_counted) {
    static const char text[] = "ok\n0123456789\n012345678\nend\n0123456789";
    uint64_t too_long;

    for (size_t piece = 1; piece < sizeof text; piece++) {
        const char *got = lines_of(text, sizeof text - 1, piece, 9, &too_long);

        cr_expect_str_eq(got, "ok|012345678|end|", "pieces of %zu: %s", piece, got);
        cr_expect_eq(too_long, 2, "pieces of %zu: %llu", piece, (unsigned long long)too_long);
    }
}

Test(linebuf, bytes_of_any_value_pass) {
    uint64_t too_long;
    const char *got = lines_of("a\0b\n\xff\n", 6, 3, 100, &too_long);

    cr_expect_eq(memcmp(got, "a\0b|\xff|", 6), 0);
}
