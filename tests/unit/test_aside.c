/* Tests of keeper/aside.h; they need root, who alone can give privileges up. */
#include "aside.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <unistd.h>

enum { NOBODY = 65534 };

struct seen {
    uid_t uid, euid;
    gid_t gid;
    int groups, back, shadow;
    char fill[100000]; /* more than a pipe holds */
};

static int look(void *result, void *arg, struct fault *why) {
    struct seen *seen = result;

    (void)why;
    seen->uid = getuid();
    seen->euid = geteuid();
    seen->gid = getegid();
    seen->groups = getgroups(0, NULL);
    seen->back = setuid(0);
    seen->shadow = open("/etc/shadow", O_RDONLY | O_CLOEXEC);
    seen->fill[sizeof seen->fill - 1] = *(const char *)arg;
    return 0;
}

static int fail(void *result, void *arg, struct fault *why) {
    *(int *)result = 9;
    return fault_set(why, "no %s", (const char *)arg);
}

static int die_silently(void *result, void *arg, struct fault *why) {
    (void)result, (void)arg, (void)why;
    _exit(0);
}

static int hang(void *result, void *arg, struct fault *why) {
    (void)result, (void)arg, (void)why;
    pause();
    return -1;
}

Test(aside, has_no_privileges_and_answers) {
    struct seen *seen = calloc(1, sizeof *seen);
    struct fault why = {""};
    char word[] = "x";

    if (geteuid() != 0)
        cr_skip("root alone can");
    cr_assert_eq(aside_run(NOBODY, NOBODY, look, word, seen, sizeof *seen, 10000, &why), 0, "%s",
                 why.text);
    cr_expect_eq(seen->uid, NOBODY);
    cr_expect_eq(seen->euid, NOBODY);
    cr_expect_eq(seen->gid, NOBODY);
    cr_expect_eq(seen->groups, 0);
    cr_expect_eq(seen->back, -1, "no way back");
    cr_expect_eq(seen->shadow, -1);
    cr_expect_eq(seen->fill[sizeof seen->fill - 1], 'x');
    cr_expect_eq(geteuid(), 0, "we are who we were");
    free(seen);
}

Test(aside, what_fails_is_told_and_changes_nothing) {
    struct fault why = {""};
    int result = 1;
    char word[] = "luck";

    if (geteuid() != 0)
        cr_skip("root alone can");
    cr_expect_eq(aside_run(NOBODY, NOBODY, fail, word, &result, sizeof result, 10000, &why), -1);
    cr_expect_str_eq(why.text, "no luck");
    cr_expect_eq(aside_run(NOBODY, NOBODY, die_silently, NULL, &result, sizeof result, 10000, &why),
                 -1);
    cr_expect_eq(aside_run(NOBODY, NOBODY, hang, NULL, &result, sizeof result, 200, &why), -1);
    cr_expect_eq(result, 1);
}
