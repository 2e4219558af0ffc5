/* outside.c: asks only what a check needs. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>

#include "outside.h"

static struct condition seen;

static void begin(void) {
    seen.outside =
        mmap(NULL, sizeof *seen.outside, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(seen.outside, MAP_FAILED);
    conf_defaults(&seen.conf);
    strcpy(seen.relay.host, "127.213.7.9");
    strcpy(seen.relay.helo, "127.0.0.1");
}

Test(outside, asks_nothing_for_a_check_of_files, .init = begin) {
    static const struct condition_outside none;

    outside_ask(&seen, "/nonexistent", NULL, "disk,inodes", NULL);
    cr_expect_eq(memcmp(seen.outside, &none, sizeof none), 0);
}

Test(outside, asks_for_one, .init = begin) {
    outside_ask(&seen, "/nonexistent", NULL, "tcp-465", NULL);
    cr_expect_eq(seen.outside->resolved, SEEN_YES);
    cr_expect_eq(seen.outside->helo_resolves, SEEN_NOT);
    outside_ask(&seen, "/nonexistent", NULL, "helo-name", NULL);
    cr_expect_eq(seen.outside->helo_resolves, SEEN_YES);
    cr_expect_eq(seen.outside->own_resolves, SEEN_NOT);
}
