#include <criterion/criterion.h>

#include "pages.h"

Test(pages, runs_from_the_end) {
    static const struct {
        size_t offset, size;
    } want[] = {{7 * 4096, 4096}, {3 * 4096, 2 * 4096}, {0, 4096}};
    struct pages p;
    size_t offset, size;

    pages_init(&p, 8 * 4096);
    cr_expect_not(pages_take(&p, &offset, &size));
    pages_mark(&p, 0, 1);
    pages_mark(&p, 4 * 4096 - 1, 2);
    pages_mark(&p, 8 * 4096 - 1, 1);
    pages_mark(&p, 8 * 4096 - 1, 1);
    for (size_t i = 0; i < 3; i++) {
        cr_assert(pages_take(&p, &offset, &size));
        cr_expect_eq(offset, want[i].offset, "%zu: %zu", i, offset);
        cr_expect_eq(size, want[i].size, "%zu: %zu", i, size);
    }
    cr_expect_not(pages_take(&p, &offset, &size));
    pages_mark(&p, 4096, 4096);
    cr_assert(pages_take(&p, &offset, &size));
    cr_expect(offset == 4096 && size == 4096);
    pages_clear(&p);
}
