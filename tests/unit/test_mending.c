/* mending.c: does what was agreed to, and nothing else. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mending.h"

static char folder[] = "/tmp/test_mending.XXXXXX";
static struct condition seen;
static const struct host host = {.folder = folder, .config_dir = folder};

static mode_t mode_of(const char *path) {
    struct stat st;

    cr_assert_eq(stat(path, &st), 0, "%s", path);
    return st.st_mode & 07777;
}

static void make(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);

    cr_assert_geq(fd, 0);
    cr_assert_eq(fchmod(fd, 0644), 0);
    close(fd);
}

static void begin(void) {
    char index[600];

    cr_assert_not_null(mkdtemp(folder));
    snprintf(seen.relay.map_path, sizeof seen.relay.map_path, "%s/sasl_passwd", folder);
    make(seen.relay.map_path);
    snprintf(index, sizeof index, "%s.db", seen.relay.map_path);
    make(index);
    cr_redirect_stdout();
    cr_redirect_stderr();
    cr_assert_eq(dup2(open("/dev/null", O_RDONLY), 0), 0); /* nobody to ask */
}

static void end(void) {
    char index[600];

    snprintf(index, sizeof index, "%s.db", seen.relay.map_path);
    unlink(index);
    unlink(seen.relay.map_path);
    cr_expect_eq(rmdir(folder), 0);
}

Test(mending, changes_nothing_unasked, .init = begin, .fini = end) {
    cr_expect_eq(mending_offer(MEND_MODE, "chmod", false, &seen, folder, &host), 0);
    cr_expect_eq(mode_of(seen.relay.map_path), 0644);
}

Test(mending, closes_the_password_file_or_its_index, .init = begin, .fini = end) {
    char index[600];

    if (geteuid() != 0)
        cr_skip_test("only root can");
    snprintf(index, sizeof index, "%s.db", seen.relay.map_path);
    cr_expect_eq(mending_offer(MEND_INDEX_MODE, "chmod", true, &seen, folder, &host), 1);
    cr_expect_eq(mode_of(index), 0600);
    cr_expect_eq(mode_of(seen.relay.map_path), 0644);
    cr_expect_eq(mending_offer(MEND_MODE, "chmod", true, &seen, folder, &host), 1);
    cr_expect_eq(mode_of(seen.relay.map_path), 0600);
}

Test(mending, follows_no_link, .init = begin, .fini = end) {
    char target[600];

    if (geteuid() != 0)
        cr_skip_test("only root can");
    snprintf(target, sizeof target, "%s/other", folder);
    cr_assert_eq(rename(seen.relay.map_path, target), 0);
    cr_assert_eq(symlink(target, seen.relay.map_path), 0);
    cr_expect_eq(mending_offer(MEND_MODE, "chmod", true, &seen, folder, &host), 0);
    cr_expect_eq(mode_of(target), 0644);
    unlink(target);
}
