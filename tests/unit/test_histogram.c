/* histogram.h: buckets grow, none is skipped, and a bucket's middle is near what fell into it. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "histogram.h"

enum { COUNT = 2000 };

static void check(unsigned exact_bits, unsigned part_bits, double most_off) {
    size_t last = 0;

    for (int64_t v = 0; v < INT64_C(1) << 40; v += v < 4096 ? 1 : v / 97) {
        size_t i = histogram_bucket(v, exact_bits, part_bits, COUNT);
        int64_t off = llabs(histogram_middle(i, exact_bits, part_bits) - v);

        cr_assert(i == last || i == last + 1, "%lld: bucket %zu after %zu", (long long)v, i, last);
        cr_assert(off == 0 || (double)off <= most_off * (double)v, "%lld is off by %lld",
                  (long long)v, (long long)off);
        last = i;
    }
}

Test(histogram, an_eighth_of_a_power_of_two) {
    check(3, 3, 1.0 / 16);
}

Test(histogram, a_thirty_second) {
    check(6, 5, 1.0 / 64);
}

Test(histogram, what_is_beyond_falls_into_the_last) {
    cr_expect_eq(histogram_bucket(INT64_MAX, 3, 3, 256), 255);
    cr_expect_eq(histogram_bucket(7, 3, 3, 256), 7);
    cr_expect_eq(histogram_bucket(8, 3, 3, 256), 8);
}
