/* screen.c: where lines break, what gives way, that nothing harmful reaches a terminal. */
#include <criterion/criterion.h>
#include <string.h>

#include "screen.h"

static struct screen s;

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

Test(screen, breaks_at_blanks) {
    screen_init(&s, 20, false);
    screen_put(&s, 0, SCREEN_PLAIN, "  a", 6, "one two three four");
    EXPECT("words", "  a   one two three", "      four");
    screen_init(&s, 20, false);
    screen_put(&s, 0, SCREEN_PLAIN, "", 0, "abcdefghijklmnopqrstuvwxyz");
    EXPECT("a long word", "abcdefghijklmnopqrst", "uvwxyz");
    screen_init(&s, 20, false);
    screen_put(&s, 0, SCREEN_PLAIN, "", 0, "12345678901234567890");
    EXPECT("just fits", "12345678901234567890");
    screen_init(&s, 10, false);
    screen_put(&s, 0, SCREEN_PLAIN, "", 0,
               "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6 \xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc");
    EXPECT("columns, not bytes",
           "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6 \xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc");
    screen_init(&s, 20, false);
    screen_put(&s, 0, SCREEN_PLAIN, "a label that is long", 0, " text");
    EXPECT("a long label", "a label that is long", "  text");
}

Test(screen, commands_stay_whole) {
    bool full;

    screen_init(&s, 20, false);
    screen_put_whole(&s, 0, SCREEN_PLAIN, "  do", 5, "postqueue -c /a/long/folder -f");
    EXPECT("whole", "  do postqueue -c /a/long/folder -f");
    cr_expect_eq(screen_rows(&s, 0, &full), 2);
    cr_expect(!full);
    screen_put_whole(&s, 0, SCREEN_PLAIN, "", 0, "1234567890123456789012345678901234567890");
    cr_expect_eq(screen_rows(&s, 1, &full), 2);
    cr_expect(full);
    screen_blank(&s, 0);
    cr_expect_eq(screen_rows(&s, 2, &full), 1);
    screen_put(&s, 0, SCREEN_PLAIN, "", 0, "again broken to the width");
    cr_expect_eq(s.count, 5);
}

Test(screen, nothing_harmful) {
    screen_init(&s, 80, false);
    screen_put(&s, 0, SCREEN_PLAIN, "", 0, "a\033[2Jb\tc\nd\x7f\xc2\x9b\xff\xe2\x80\xae \xc3\xa9");
    EXPECT("put", "a?[2Jb c d???? \xc3\xa9");
    screen_add(&s, " ", SCREEN_PLAIN, "\x07");
    EXPECT("add", "a?[2Jb c d???? \xc3\xa9 ?");
}

Test(screen, colours_only_where_wanted) {
    screen_init(&s, 80, true);
    screen_put(&s, 0, SCREEN_BAD, "  RED", 8, "plain");
    screen_add(&s, " ", SCREEN_GOOD, "green");
    EXPECT("colour", "  \033[1;31mRED\033[0m   plain \033[1;32mgreen\033[0m");
    screen_init(&s, 80, false);
    screen_put(&s, 0, SCREEN_BAD, "  RED", 8, "plain");
    screen_add(&s, " ", SCREEN_GOOD, "green");
    EXPECT("none", "  RED   plain green");
    cr_expect_eq(screen_look_of("ok"), SCREEN_GOOD);
    cr_expect_eq(screen_look_of("warning"), SCREEN_WARN);
    cr_expect_eq(screen_look_of("critical"), SCREEN_BAD);
    cr_expect_eq(screen_look_of("unknown"), SCREEN_BOLD);
}

Test(screen, added_parts_go_to_the_next_line) {
    screen_init(&s, 20, true);
    screen_put(&s, 0, SCREEN_PLAIN, "  ", 2, "");
    screen_add(&s, "", SCREEN_PLAIN, "0/min in");
    screen_add(&s, " -> ", SCREEN_PLAIN, "12345");
    screen_add(&s, " -> ", SCREEN_PLAIN, "smarthost");
    EXPECT("parts", "  0/min in -> 12345", "    -> smarthost");
}

static void fill(void) {
    screen_init(&s, 40, false);
    screen_put(&s, 0, SCREEN_PLAIN, "", 0, "head");
    screen_blank(&s, 2);
    screen_put(&s, 2, SCREEN_PLAIN, "", 0, "first of two");
    screen_put(&s, 1, SCREEN_PLAIN, "", 0, "one");
    screen_put(&s, 2, SCREEN_PLAIN, "", 0,
               "a text that takes two lines of this screen, both or none");
    screen_put(&s, 0, SCREEN_PLAIN, "", 0, "what to do");
}

Test(screen, what_matters_least_gives_way) {
    fill();
    screen_fit(&s, 7, "more");
    cr_expect_eq(s.count, 7, "all fits");
    fill();
    screen_fit(&s, 6, "more");
    EXPECT("the last of the least", "head", "", "first of two", "one", "what to do", "more");
    fill();
    screen_fit(&s, 4, "more");
    EXPECT("all of the least", "head", "one", "what to do", "more");
    fill();
    screen_fit(&s, 3, "more");
    EXPECT("only what stays", "head", "what to do", "more");
    fill();
    screen_fit(&s, 2, "more");
    EXPECT("not even that", "head", "more");
    fill();
    screen_fit(&s, 1, "more");
    cr_expect(s.count <= 1);
    fill();
    screen_fit(&s, 0, "more");
    cr_expect_eq(s.count, 0);
}

Test(screen, more_than_it_holds) {
    screen_init(&s, 80, false);
    for (int i = 0; i < SCREEN_LINES + 50; i++)
        screen_put(&s, 1, SCREEN_PLAIN, "", 0, "line");
    screen_add(&s, "", SCREEN_PLAIN, "x");
    cr_expect_eq(s.count, SCREEN_LINES);
}
