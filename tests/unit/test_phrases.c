/* phrases.h against the plain way of looking for each phrase by itself. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "phrases.h"

enum { MOST = 16 };

/* Feeds `text`, marks before and behind, and prints the numbers of the phrases in the order in
 * which they end. */
static void find(const struct phrases *p, const char *text, char *out, size_t size) {
    uint16_t state = phrases_step(p, 0, PHRASE_TEXT);
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i <= strlen(text); i++) {
        for (uint16_t f = p->ends[state]; f != PHRASES_NONE; f = p->shorter[f])
            at += (size_t)snprintf(out + at, size - at, "%d ", f);
        state = phrases_step(
            p, state, text[i] != '\0' ? p->symbol[(unsigned char)text[i]] : (unsigned)PHRASE_END);
    }
    for (uint16_t f = p->ends[state]; f != PHRASES_NONE; f = p->shorter[f])
        at += (size_t)snprintf(out + at, size - at, "%d ", f);
}

Test(phrases, finds_all_that_end_at_a_place) {
    static const char *const list[] = {"he", "she", "his", "hers", "|she", "hers$", "|", "a b"};
    static const struct {
        const char *name, *text, *want;
    } table[] = {
        {"nothing", "", "6 "},
        {"the example of the paper", "xushers", "6 1 0 3 5 "},
        {"at the beginning", "she", "6 4 1 0 "},
        {"not at the end", "hersx", "6 0 3 "},
        {"capitals", "SHE", "6 4 1 0 "},
        {"blanks and what stands for one", "a?b a\tb", "6 7 7 "},
        {"marks in the text are no marks", "|she$", "6 1 0 "},
        {"bytes above ASCII", "\xff\x80he\xc3", "6 0 "},
        {"overlap", "hishe", "6 2 1 0 "},
    };
    struct phrases *p = phrases_new(list, sizeof list / sizeof list[0]);
    char got[256];

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        find(p, table[i].text, got, sizeof got);
        cr_expect_str_eq(got, table[i].want, "%s: %s", table[i].name, got);
    }
    phrases_free(&p);
    cr_assert(p == NULL);
    phrases_free(&p);
}

/* All texts of up to 9 letters of {a, b} against strstr. */
Test(phrases, agrees_with_the_plain_search) {
    static const char *const list[] = {"a", "ab", "bab", "bb", "abba", "babab", "aaaa"};
    enum { COUNT = sizeof list / sizeof list[0] };
    struct phrases *p = phrases_new(list, COUNT);

    for (unsigned n = 1; n <= 9; n++) {
        for (unsigned bits = 0; bits < 1u << n; bits++) {
            char text[MOST] = "";
            bool seen[COUNT] = {false};
            uint16_t state = 0;

            for (unsigned i = 0; i < n; i++) {
                text[i] = (bits >> i & 1) != 0 ? 'a' : 'b';
                state = phrases_step(p, state, p->symbol[(unsigned char)text[i]]);
                for (uint16_t f = p->ends[state]; f != PHRASES_NONE; f = p->shorter[f])
                    seen[f] = true;
            }
            for (unsigned f = 0; f < COUNT; f++)
                cr_assert(seen[f] == (strstr(text, list[f]) != NULL), "%s in %s", list[f], text);
        }
    }
    phrases_free(&p);
}
