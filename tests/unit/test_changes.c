#include "changes.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct changes c;
static struct change_note got[8];
static char room[16 * 1024];

static void begin(void) {
    memset(&c, 0, sizeof c);
}

Test(changes, between_two_times, .init = begin) {
    cr_expect_eq(changes_between(&c, 0, 1000000, 8, got), 0);
    changes_note(&c, 100000, "main.cf was changed");
    changes_note(&c, 130000, "main.cf was changed");
    changes_note(&c, 140000, "Postfix: reload");
    cr_assert_eq(changes_between(&c, 0, 1000000, 8, got), 2, "the same within a minute is one");
    cr_expect_str_eq(got[0].text, "main.cf was changed");
    cr_expect_str_eq(got[1].text, "Postfix: reload");
    cr_expect_eq(changes_between(&c, 100001, 1000000, 8, got), 1);
    cr_expect_eq(changes_between(&c, 0, 139999, 8, got), 1);
    changes_note(&c, 300000, "main.cf was changed");
    cr_assert_eq(changes_between(&c, 0, 1000000, 2, got), 2, "the latest");
    cr_expect_str_eq(got[0].text, "Postfix: reload");
}

Test(changes, a_ring_that_is_kept, .init = begin) {
    struct keptout out = {room, 0, sizeof room, false};
    struct changes again;
    struct span text, line;

    for (int i = 1; i <= CHANGES + 5; i++) {
        char what[20];

        snprintf(what, sizeof what, "change %d", i);
        changes_note(&c, i * 100000, what);
    }
    changes_print(&c, &out);
    memset(&again, 0, sizeof again);
    text = (struct span){room, out.n};
    while (keptline_next(&text, &line))
        cr_expect(changes_take(&again, line));
    cr_assert_eq(changes_between(&again, 0, 100000 * 1000, 8, got), 8);
    cr_expect_str_eq(got[7].text, "change 69");
    cr_expect_eq(changes_between(&again, 0, 500000, 8, got), 0, "the first five are gone");
    cr_expect_not(changes_take(&again, SPAN("change x y")));
    cr_expect_not(changes_take(&again, SPAN("incident 1")));
}
