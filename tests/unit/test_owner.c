#include <criterion/criterion.h>
#include <string.h>

#include "owner.h"

Test(owner, no_two_are_alike_and_80_bytes_are_enough) {
    char a[80];
    char b[80];
    char wide[200];

    owner_make(a, sizeof a);
    owner_make(b, sizeof b);
    owner_make(wide, sizeof wide);
    cr_expect_str_neq(a, b);
    cr_expect_lt(strlen(wide), sizeof a);
    cr_expect_null(strpbrk(a, " \n"));
}
