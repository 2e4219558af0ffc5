#include "silences.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct silences s;
static char room[16 * 1024];

static bool add(const char *id, int64_t until_ms) {
    struct silence silence = {
        .from_ms = 1000, .until_ms = until_ms, .who = "ann", .why = "a reason"};

    text_copy(silence.id, sizeof silence.id, id);
    return silences_add(&s, &silence);
}

static void begin(void) {
    memset(&s, 0, sizeof s);
}

Test(silences, cover_one_or_all, .init = begin) {
    cr_expect_null(silences_find(&s, "login-refused", 1000));
    cr_assert(add("login-refused", 5000));
    cr_expect_not_null(silences_find(&s, "login-refused", 4999));
    cr_expect_null(silences_find(&s, "login-refused", 5000), "over");
    cr_expect_null(silences_find(&s, "tls-broken", 1000));
    cr_assert(add(SILENCES_ALL, 9000));
    cr_expect_eq(silences_find(&s, "login-refused", 1000)->until_ms, 9000, "the longest");
    cr_expect_not_null(silences_find(&s, "tls-broken", 8999));
    cr_expect(silences_remove(&s, SILENCES_ALL));
    cr_expect_not(silences_remove(&s, SILENCES_ALL));
    cr_expect_not(silences_remove(&s, ""));
    cr_expect_null(silences_find(&s, "tls-broken", 1000));
    silences_expire(&s, 5000);
    cr_expect_not(silences_remove(&s, "login-refused"), "forgotten");
}

Test(silences, one_for_an_id, .init = begin) {
    add("a", 5000);
    add("a", 3000);
    cr_expect_eq(silences_find(&s, "a", 1000)->until_ms, 3000);
    for (int i = 0; i < SILENCES_MOST - 1; i++) {
        char id[16];

        snprintf(id, sizeof id, "x%d", i);
        cr_expect(add(id, 5000));
    }
    cr_expect_not(add("one-too-many", 5000));
    cr_expect(add("a", 6000));
}

Test(silences, kept_and_taken, .init = begin) {
    struct keptout out = {room, 0, sizeof room, false};
    struct silences was;
    struct span text, line;

    add("login-refused", 5000);
    add(SILENCES_ALL, 6000);
    silences_print(&s, &out);
    was = s;
    begin();
    text = (struct span){room, out.n};
    while (keptline_next(&text, &line))
        cr_expect(silences_take(&s, line), "%.*s", (int)line.n, line.p);
    cr_expect_arr_eq(s.silence, was.silence, sizeof s.silence);
    cr_expect_not(silences_take(&s, SPAN("silence a b c d")));
    cr_expect_not(silences_take(&s, SPAN("why nobody knows")));
    cr_expect_not(silences_take(&s, SPAN("rule x")));
    silences_shift(&s, 100);
    cr_expect_eq(silences_find(&s, "login-refused", 200)->until_ms, 6100);
}
