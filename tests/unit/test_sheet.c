/* sheet.c: where lines break, what gives way, that nothing harmful reaches a terminal. */
#include <criterion/criterion.h>
#include <string.h>

#include "sheet.h"

static struct sheet s;

static void expect(const char *const *want, size_t count, const char *name) {
    cr_expect_eq(s.count, count, "%s: %zu lines", name, s.count);
    for (size_t i = 0; i < count && i < s.count; i++)
        cr_expect_str_eq(s.line[i].text, want[i], "%s, line %zu: '%s'", name, i, s.line[i].text);
}

#define EXPECT(name, ...)                                                                          \
    do {                                                                                           \
        static const char *const want[] = {__VA_ARGS__};                                           \
        expect(want, sizeof want / sizeof want[0], name);                                          \
    } while (0)

Test(sheet, breaks_at_blanks) {
    sheet_init(&s, 20, false);
    sheet_put(&s, 0, SHEET_PLAIN, "  a", 6, "one two three four");
    EXPECT("words", "  a   one two three", "      four");
    sheet_init(&s, 20, false);
    sheet_put(&s, 0, SHEET_PLAIN, "", 0, "abcdefghijklmnopqrstuvwxyz");
    EXPECT("a long word", "abcdefghijklmnopqrst", "uvwxyz");
    sheet_init(&s, 20, false);
    sheet_put(&s, 0, SHEET_PLAIN, "", 0, "12345678901234567890");
    EXPECT("just fits", "12345678901234567890");
    sheet_init(&s, 10, false);
    sheet_put(&s, 0, SHEET_PLAIN, "", 0,
              "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6 \xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc");
    EXPECT("columns, not bytes",
           "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6 \xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc");
    sheet_init(&s, 20, false);
    sheet_put(&s, 0, SHEET_PLAIN, "a label that is long", 0, " text");
    EXPECT("a long label", "a label that is long", "  text");
}

Test(sheet, commands_stay_whole) {
    bool full;

    sheet_init(&s, 20, false);
    sheet_put_whole(&s, 0, SHEET_PLAIN, "  do", 5, "postqueue -c /a/long/folder -f");
    EXPECT("whole", "  do postqueue -c /a/long/folder -f");
    cr_expect_eq(sheet_rows(&s, 0, &full), 2);
    cr_expect(!full);
    sheet_put_whole(&s, 0, SHEET_PLAIN, "", 0, "1234567890123456789012345678901234567890");
    cr_expect_eq(sheet_rows(&s, 1, &full), 2);
    cr_expect(full);
    sheet_blank(&s, 0);
    cr_expect_eq(sheet_rows(&s, 2, &full), 1);
    sheet_put(&s, 0, SHEET_PLAIN, "", 0, "again broken to the width");
    cr_expect_eq(s.count, 5);
}

Test(sheet, nothing_harmful) {
    sheet_init(&s, 80, false);
    sheet_put(&s, 0, SHEET_PLAIN, "", 0, "a\033[2Jb\tc\nd\x7f\xc2\x9b\xff\xe2\x80\xae \xc3\xa9");
    EXPECT("put", "a?[2Jb c d???? \xc3\xa9");
    sheet_add(&s, " ", SHEET_PLAIN, "\x07");
    EXPECT("add", "a?[2Jb c d???? \xc3\xa9 ?");
}

Test(sheet, colours_only_where_wanted) {
    sheet_init(&s, 80, true);
    sheet_put(&s, 0, SHEET_BAD, "  RED", 8, "plain");
    sheet_add(&s, " ", SHEET_GOOD, "green");
    EXPECT("colour", "  \033[1;31mRED\033[0m   plain \033[1;32mgreen\033[0m");
    sheet_init(&s, 80, false);
    sheet_put(&s, 0, SHEET_BAD, "  RED", 8, "plain");
    sheet_add(&s, " ", SHEET_GOOD, "green");
    EXPECT("none", "  RED   plain green");
    cr_expect_eq(sheet_look_of("ok"), SHEET_GOOD);
    cr_expect_eq(sheet_look_of("warning"), SHEET_WARN);
    cr_expect_eq(sheet_look_of("critical"), SHEET_BAD);
    cr_expect_eq(sheet_look_of("unknown"), SHEET_BOLD);
}

Test(sheet, added_parts_go_to_the_next_line) {
    sheet_init(&s, 20, true);
    sheet_put(&s, 0, SHEET_PLAIN, "  ", 2, "");
    sheet_add(&s, "", SHEET_PLAIN, "0/min in");
    sheet_add(&s, " -> ", SHEET_PLAIN, "12345");
    sheet_add(&s, " -> ", SHEET_PLAIN, "smarthost");
    EXPECT("parts", "  0/min in -> 12345", "    -> smarthost");
}

static void fill(void) {
    sheet_init(&s, 40, false);
    sheet_put(&s, 0, SHEET_PLAIN, "", 0, "head");
    sheet_blank(&s, 2);
    sheet_put(&s, 2, SHEET_PLAIN, "", 0, "first of two");
    sheet_put(&s, 1, SHEET_PLAIN, "", 0, "one");
    sheet_put(&s, 2, SHEET_PLAIN, "", 0,
              "a text that takes two lines of this screen, both or none");
    sheet_put(&s, 0, SHEET_PLAIN, "", 0, "what to do");
}

Test(sheet, what_matters_least_gives_way) {
    fill();
    sheet_fit(&s, 7, "more");
    cr_expect_eq(s.count, 7, "all fits");
    fill();
    sheet_fit(&s, 6, "more");
    EXPECT("the last of the least", "head", "", "first of two", "one", "what to do", "more");
    fill();
    sheet_fit(&s, 4, "more");
    EXPECT("all of the least", "head", "one", "what to do", "more");
    fill();
    sheet_fit(&s, 3, "more");
    EXPECT("only what stays", "head", "what to do", "more");
    fill();
    sheet_fit(&s, 2, "more");
    EXPECT("not even that", "head", "more");
    fill();
    sheet_fit(&s, 1, "more");
    cr_expect(s.count <= 1);
    fill();
    sheet_fit(&s, 0, "more");
    cr_expect_eq(s.count, 0);
}

Test(sheet, more_than_it_holds) {
    sheet_init(&s, 80, false);
    for (int i = 0; i < SHEET_LINES + 50; i++)
        sheet_put(&s, 1, SHEET_PLAIN, "", 0, "line");
    sheet_add(&s, "", SHEET_PLAIN, "x");
    cr_expect_eq(s.count, SHEET_LINES);
}
