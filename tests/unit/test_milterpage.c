/* milterpage.h: the count of a milter is whole when it is there and was there for a day. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "milterpage.h"

#define NOW INT64_C(1800000000000)
#define DAY (INT64_C(24) * 3600 * 1000)

static struct mltpage *page;
static struct milterpage m;
static struct mltsenders_look look;

static void begin(void) {
    page = calloc(1, sizeof *page);
    m = (struct milterpage){.page = page};
    page->lineage = 7;
    mltpage_alive(page, 1000, NOW - DAY);
    mltpage_alive(page, 1000 + MLTPAGE_GAP_MS, NOW - DAY + MLTPAGE_GAP_MS);
    mltsenders_add(&page->senders, page->lineage, "app@example.com", 9, NOW - 1);
}

static void finish(void) {
    free(page);
}

TestSuite(milterpage, .init = begin, .fini = finish);

static bool whole(int64_t now_ms, int64_t mono_ms) {
    return milterpage_senders(&m, 5, now_ms, mono_ms, &look);
}

Test(milterpage, whole_after_a_day) {
    cr_expect(!whole(NOW - 1, 2000));
    cr_expect_eq(look.recipients, 9u, "what it has is told all the same");
    cr_expect(whole(NOW, 2000));
    cr_expect_eq(look.near, 1u);
    cr_expect_str_eq(look.sender, "app@example.com");
}

Test(milterpage, not_when_it_is_dead) {
    cr_expect(whole(NOW, 1000 + 2 * MLTPAGE_GAP_MS));
    cr_expect(!whole(NOW, 1001 + 2 * MLTPAGE_GAP_MS));
}

Test(milterpage, no_page) {
    m.page = NULL;
    cr_expect(!whole(NOW, 2000));
    cr_expect_eq(look.recipients, 0u);
    cr_expect_str_eq(look.sender, "");
}
