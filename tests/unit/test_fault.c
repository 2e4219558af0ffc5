#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "fault.h"

Test(fault, set_formats_and_returns_minus_one) {
    struct fault why;

    cr_expect_eq(fault_set(&why, "line %d", 7), -1);
    cr_expect_str_eq(why.text, "line 7");
    cr_expect_eq(fault_set(NULL, "nobody asks"), -1);
}

Test(fault, errno_is_told_and_kept) {
    struct fault why;

    errno = ENOENT;
    cr_expect_eq(fault_errno(&why, "open %s", "/x"), -1);
    cr_expect_str_eq(why.text, "open /x: No such file or directory");
    cr_expect_eq(errno, ENOENT);
}

Test(fault, wrap_puts_context_before) {
    struct fault why;

    fault_set(&why, "inner");
    cr_expect_eq(fault_wrap(&why, "outer %d", 1), -1);
    cr_expect_str_eq(why.text, "outer 1: inner");
}

Test(fault, long_text_is_cut) {
    char big[2000];
    struct fault why;

    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    fault_set(&why, "%s", big);
    cr_expect_eq(strlen(why.text), sizeof why.text - 1);
    fault_wrap(&why, "%s", big);
    cr_expect_eq(strlen(why.text), sizeof why.text - 1);
}
