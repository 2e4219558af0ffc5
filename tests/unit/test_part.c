/* Tests of keeper/part.h; they need root, who alone can give privileges up. */
#include "part.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

enum { NOBODY = 65534 };

struct seen {
    uid_t uid, euid;
    gid_t gid;
    int groups, back, shadow, dumps;
};

static void look(struct seen *seen) {
    seen->uid = getuid();
    seen->euid = geteuid();
    seen->gid = getegid();
    seen->groups = getgroups(0, NULL);
    seen->back = setuid(0);
    seen->shadow = open("/etc/shadow", O_RDONLY | O_CLOEXEC);
    seen->dumps = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
}

Test(part, has_no_privileges) {
    struct seen *seen =
        mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct fault why = {""};
    pid_t part;

    if (geteuid() != 0)
        cr_skip("root alone can");
    part = part_fork(NOBODY, NOBODY, &why);
    if (part == 0) {
        look(seen);
        _exit(0);
    }
    cr_assert_gt(part, 0, "%s", why.text);
    cr_expect_eq(part_end(part, 10000), 0);
    cr_expect_eq(seen->uid, NOBODY);
    cr_expect_eq(seen->euid, NOBODY);
    cr_expect_eq(seen->gid, NOBODY);
    cr_expect_eq(seen->groups, 0);
    cr_expect_eq(seen->back, -1, "no way back");
    cr_expect_eq(seen->shadow, -1);
    cr_expect_eq(seen->dumps, 0);
    cr_expect_eq(geteuid(), 0, "we are who we were");
    munmap(seen, sizeof *seen);
}

Test(part, what_fails_or_hangs_is_told) {
    struct fault why = {""};
    int64_t begun_ms;
    pid_t part;

    if (geteuid() != 0)
        cr_skip("root alone can");
    part = part_fork(NOBODY, NOBODY, &why);
    if (part == 0)
        _exit(3);
    cr_expect_eq(part_end(part, 10000), -1);
    part = part_fork(NOBODY, NOBODY, &why);
    if (part == 0)
        abort();
    cr_expect_eq(part_end(part, 10000), -1);
    part = part_fork(NOBODY, NOBODY, &why);
    if (part == 0) {
        for (;;)
            pause();
    }
    begun_ms = clock_mono_ms();
    cr_expect_eq(part_end(part, 100), -1);
    cr_expect_geq(clock_mono_ms() - begun_ms, 100);
}
