#include <criterion/criterion.h>
#include <string.h>

#include "text.h"

Test(text, spans) {
    struct span s = span_of("  a b\t\r\n");

    cr_expect(span_is(span_trim(s), "a b"));
    cr_expect(span_starts(s, "  a"));
    cr_expect_not(span_starts(s, "a"));
    cr_expect_not(span_starts(span_of(""), "a"));
    cr_expect_eq(span_find(s, "b"), s.p + 4);
    cr_expect_null(span_find(s, "c"));
    cr_expect_null(span_find((struct span){NULL, 0}, "c"));
    cr_expect(span_equal(SPAN("x"), span_of("x")));
    cr_expect_not(span_equal(SPAN("x"), span_of("xy")));
    cr_expect(span_equal((struct span){NULL, 0}, span_of("")));
    cr_expect_eq(span_of(NULL).n, 0u);
}

Test(text, copies_are_cut_and_terminated) {
    char out[4];

    cr_expect(text_copy(out, sizeof out, "abc"));
    cr_expect_not(text_copy(out, sizeof out, "abcd"));
    cr_expect_str_eq(out, "abc");
    cr_expect_not(text_format(out, sizeof out, "%d", 12345));
    cr_expect_str_eq(out, "123");
    cr_expect(text_copy_span(out, sizeof out, (struct span){NULL, 0}));
    cr_expect_str_eq(out, "");
}

Test(text, printable) {
    static const struct {
        const char *name;
        const char *in;
        size_t n;
        const char *want;
    } rows[] = {
        {"plain", "abc", 3, "abc"},
        {"escape", "a\033[31mb", 7, "a?[31mb"},
        {"nul", "a\0b", 3, "a?b"},
        {"newline", "a\nb", 3, "a?b"},
        {"utf-8", "gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f"},
        {"latin-1", "gr\xfc\xdf", 4, "gr??"},
        {"cut sequence", "a\xe2\x82", 3, "a??"},
        {"overlong", "\xc0\xaf", 2, "??"},
        {"surrogate", "\xed\xa0\x80", 3, "???"},
        {"C1 control", "a\xc2\x9b", 3, "a?"},
        {"four bytes", "\xf0\x9f\x93\xa7", 4, "\xf0\x9f\x93\xa7"},
        {"beyond unicode", "\xf4\x90\x80\x80", 4, "????"},
    };
    char out[32];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect(text_copy_printable(out, sizeof out, (struct span){rows[i].in, rows[i].n}), "%s",
                  rows[i].name);
        cr_expect_str_eq(out, rows[i].want, "%s: %s", rows[i].name, out);
    }
    cr_expect_not(text_copy_printable(out, 4, SPAN("ab\xc3\xbc")), "no half character");
    cr_expect_str_eq(out, "ab");
}

Test(text, numbers) {
    uint64_t u = 7;
    int64_t i = 7;

    cr_expect(text_u64(SPAN("18446744073709551615"), 0, UINT64_MAX, &u));
    cr_expect_eq(u, UINT64_MAX);
    cr_expect_not(text_u64(SPAN("18446744073709551616"), 0, UINT64_MAX, &u));
    cr_expect_not(text_u64(SPAN(""), 0, 9, &u));
    cr_expect_not(text_u64(SPAN("1 "), 0, 9, &u));
    cr_expect_not(text_u64(SPAN("+1"), 0, 9, &u));
    cr_expect_not(text_u64(SPAN("10"), 0, 9, &u));
    cr_expect_not(text_u64(SPAN("2"), 3, 9, &u));
    cr_expect_eq(u, UINT64_MAX, "a bad number leaves the value");
    cr_expect(text_i64(SPAN("-5"), -9, 9, &i));
    cr_expect_eq(i, -5);
    cr_expect_not(text_i64(SPAN("--5"), -9, 9, &i));
    cr_expect_not(text_i64(SPAN("-"), -9, 9, &i));
    cr_expect_not(text_i64(SPAN("-10"), -9, 9, &i));
}

Test(text, age) {
    static const struct {
        int64_t seconds;
        const char *want;
    } rows[] = {{0, "0 s"},    {119, "119 s"}, {120, "2 min"},     {7199, "120 min"},
                {7200, "2 h"}, {9000, "3 h"},  {172800, "2 days"}, {431990, "5 days"}};
    char out[32];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        text_age(out, sizeof out, rows[i].seconds);
        cr_expect_str_eq(out, rows[i].want, "%s", out);
    }
}

Test(text, endpoint) {
    static const struct {
        const char *in, *host, *port; /* host NULL: refused */
    } rows[] = {{"127.0.0.1:25", "127.0.0.1", "25"},
                {"[::1]:465", "::1", "465"},
                {"host.example:1", "host.example", "1"},
                {"host", NULL, NULL},
                {":25", NULL, NULL},
                {"h:0", NULL, NULL},
                {"h:65536", NULL, NULL},
                {"h:smtp", NULL, NULL},
                {"", NULL, NULL}};
    char host[32];
    char port[8];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool ok = text_endpoint(rows[i].in, host, sizeof host, port, sizeof port);

        cr_expect_eq(ok, rows[i].host != NULL, "%s", rows[i].in);
        if (ok && rows[i].host != NULL) {
            cr_expect_str_eq(host, rows[i].host);
            cr_expect_str_eq(port, rows[i].port);
        }
    }
    cr_expect_not(text_endpoint("a-very-long-host-name-that-does-not-fit.example:25", host,
                                sizeof host, port, sizeof port));
}

Test(text, seconds) {
    static const struct {
        const char *in;
        bool ok;
        uint64_t want;
    } rows[] = {
        {"90", true, 90},   {"90s", true, 90},   {"5m", true, 300},
        {"2h", true, 7200}, {"1d", true, 86400}, {"0", true, 0},
        {"", false, 0},     {"m", false, 0},     {"5x", false, 0},
        {"5 m", false, 0},  {"-5m", false, 0},   {"99999999999999999999d", false, 0},
    };
    uint64_t got;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(text_seconds(span_of(rows[i].in), &got), rows[i].ok, "%s", rows[i].in);
        if (rows[i].ok)
            cr_expect_eq(got, rows[i].want, "%s", rows[i].in);
    }
}

Test(text, bytes) {
    static const struct {
        uint64_t bytes;
        const char *want;
    } rows[] = {{0, "0 bytes"},
                {999, "999 bytes"},
                {1000, "1.0 kB"},
                {35882577, "35.9 MB"},
                {UINT64_C(5000000000), "5.0 GB"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[32];

        text_bytes(out, sizeof out, rows[i].bytes);
        cr_expect_str_eq(out, rows[i].want);
    }
}

Test(text, code_points) {
    static const struct {
        const char *text;
        size_t n;
        uint32_t code;
    } rows[] = {
        {"a", 1, 'a'},
        {"\xc3\xa9x", 2, 0xe9},
        {"\xe2\x80\xae", 3, 0x202e},
        {"\xf0\x9f\x93\xa7", 4, 0x1f4e7},
        {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
        {"", 0, 0},
        {"\xff", 0, 0},
        {"\xc3", 0, 0},
        {"\xed\xa0\x80", 0, 0},
        {"\xc0\x80", 0, 0},
        {"\xf4\x90\x80\x80", 0, 0},
        {"\x80", 0, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t code;

        cr_expect_eq(text_utf8(span_of(rows[i].text), &code), rows[i].n, "%zu", i);
        cr_expect_eq(code, rows[i].code, "%zu: %x", i, code);
    }
    for (int c = 1; c < 0x80; c++) {
        char text[2] = {(char)c, 0};
        uint32_t code;

        cr_expect_eq(text_utf8(span_of(text), &code), 1u);
        cr_expect_eq(code, (uint32_t)c);
    }
}
