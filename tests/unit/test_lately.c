#include "lately.h"

#include <criterion/criterion.h>

Test(lately, sum_of_the_span) {
    struct lately l = {.span_ms = 12000};

    cr_expect_eq(lately_sum(&l, 0), 0u);
    lately_note(&l, 3, 500);
    lately_note(&l, 2, 999);
    lately_note(&l, 1, 6000);
    cr_expect_eq(lately_sum(&l, 6000), 6u);
    cr_expect_eq(lately_sum(&l, 11999), 6u);
    cr_expect_eq(lately_sum(&l, 12000), 1u, "the first second is over");
    cr_expect_eq(lately_sum(&l, 18000), 0u);
    cr_expect_eq(lately_sum(&l, 5000), 5u, "what is to come does not count");
    lately_note(&l, 7, 12000);
    cr_expect_eq(lately_sum(&l, 12000), 8u, "its place is used anew");
    lately_clear(&l);
    cr_expect_eq(lately_sum(&l, 12000), 0u);
}
