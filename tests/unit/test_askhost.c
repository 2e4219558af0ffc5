/* askhost.c: what can be asked of any host. The rest is in tests/process/doctor.sh and
 * doctor-net.sh. */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "askhost.h"
#include "question.h"

static struct condition_outside outside;
static struct condition seen = {.outside = &outside};
static const struct question question = {.seen = &seen, .programs = "/nonexistent"};

Test(askhost, own_name) {
    char name[256] = "";

    cr_assert_eq(gethostname(name, sizeof name - 1), 0);
    askhost_own_name(&question); /* not as root, so in no chroot */
    cr_expect_str_eq(outside.own_name, name);
    cr_expect_neq(outside.own_resolves, SEEN_NOT);
    cr_expect_geq(outside.own_ms, 0);
}

Test(askhost, doors_are_of_addresses_that_are_ours) {
    strcpy(seen.conf.submit, "127.0.0.1:1");
    askhost_door4(&question);
    askhost_door6(&question);
    for (int i = 0; i < 2; i++) {
        const struct condition_door *door = &outside.door[i];

        cr_expect_eq(door->address[0] == '\0', door->entered == SEEN_NOT, "%s", door->address);
        cr_expect(door->entered == SEEN_YES || door->relays == SEEN_NOT);
        cr_expect_neq(strncmp(door->address, "127.", 4), 0);
        cr_expect_str_neq(door->address, "::1");
    }
}

Test(askhost, a_log_that_is_not_there) {
    strcpy(seen.conf.mail_log, "relative");
    askhost_log(&question); /* no log to look at: nothing is written, nothing is said */
    cr_expect_eq(outside.log_mark, SEEN_NOT);
}
