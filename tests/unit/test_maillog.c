/* The file that postlogd left for root alone becomes readable for one group; anything else stays as
 * it is. Needs root. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "maillog.h"
#include "text.h"

enum { GROUP = 54321, OTHER = 54322 };

static char folder[64];
static char path[96];

static void begin(void) {
    text_copy(folder, sizeof folder, "/tmp/rw-test-maillog-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    text_format(path, sizeof path, "%s/log", folder);
}

static void finish(void) {
    char command[96];

    unlink(path);
    text_format(command, sizeof command, "%s/other", folder);
    unlink(command);
    rmdir(folder);
}

static void make(mode_t mode, uid_t user, gid_t group) {
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);

    cr_assert_neq(fd, -1);
    cr_assert_eq(fchown(fd, user, group), 0);
    cr_assert_eq(fchmod(fd, mode), 0);
    close(fd);
}

Test(maillog, who_may_read_afterwards, .init = begin, .fini = finish) {
    static const struct {
        const char *name;
        mode_t mode;
        uid_t user;
        gid_t group;
        int want;
        mode_t mode_after;
        gid_t group_after;
    } rows[] = {
        {"as postlogd makes it", 0600, 0, 0, 0, 0640, GROUP},
        {"in a setgid folder", 0600, 0, GROUP, 0, 0640, GROUP},
        {"group root may read", 0640, 0, 0, 0, 0640, GROUP},
        {"already", 0640, 0, GROUP, 0, 0640, GROUP},
        {"everybody may", 0644, 0, GROUP, 0, 0644, GROUP},
        {"of another group", 0640, 0, OTHER, -1, 0640, OTHER},
        {"of another user", 0600, OTHER, 0, -1, 0600, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stat st;
        struct fault why = {""};

        make(rows[i].mode, rows[i].user, rows[i].group);
        cr_expect_eq(maillog_share(path, GROUP, &why), rows[i].want, "%s: %s", rows[i].name,
                     why.text);
        cr_assert_eq(stat(path, &st), 0);
        cr_expect_eq(st.st_mode & 0777, rows[i].mode_after, "%s: mode", rows[i].name);
        cr_expect_eq(st.st_gid, rows[i].group_after, "%s: group", rows[i].name);
        cr_expect_eq(st.st_uid, rows[i].user, "%s: user", rows[i].name);
        cr_assert_eq(unlink(path), 0);
    }
}

Test(maillog, links_and_pipes_are_refused, .init = begin, .fini = finish) {
    char other[96];
    struct fault why;

    text_format(other, sizeof other, "%s/other", folder);
    make(0600, 0, 0);
    cr_assert_eq(link(path, other), 0);
    cr_expect_eq(maillog_share(path, GROUP, &why), -1);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(symlink(other, path), 0);
    cr_expect_eq(maillog_share(path, GROUP, &why), -1);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_expect_eq(maillog_share(path, GROUP, &why), -1);
    cr_assert_eq(unlink(path), 0);
    cr_expect_eq(maillog_share(path, GROUP, &why), -1);
    cr_expect_not_null(strstr(why.text, "No such file"), "%s", why.text);
}
