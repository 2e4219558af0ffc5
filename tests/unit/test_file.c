#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "text.h"

static char folder[64];

static void make_folder(void) {
    text_copy(folder, sizeof folder, "/tmp/rw-test-file-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void) {
    char path[128];

    text_format(path, sizeof path, "%s/a", folder);
    unlink(path);
    text_format(path, sizeof path, "%s/a.new", folder);
    unlink(path);
    rmdir(folder);
}

Test(file, replace_and_read, .init = make_folder, .fini = remove_folder) {
    char path[128];
    char beside[136];
    char out[8];
    struct stat st;
    struct fault why;

    text_format(path, sizeof path, "%s/a", folder);
    text_format(beside, sizeof beside, "%s.new", path);
    cr_assert_eq(file_replace(path, "one", 3, 0600, &why), 0, "%s", why.text);
    cr_assert_eq(file_replace(path, "two2", 4, 0640, &why), 0, "%s", why.text);
    cr_expect_eq(file_read(path, out, sizeof out, &why), 4);
    cr_expect_str_eq(out, "two2");
    cr_assert_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0640u);
    cr_expect_eq(access(beside, F_OK), -1);
}

Test(file, read_refuses_what_does_not_fit, .init = make_folder, .fini = remove_folder) {
    char path[128];
    char out[4];
    struct fault why;

    text_format(path, sizeof path, "%s/a", folder);
    cr_expect_eq(file_read(path, out, sizeof out, &why), -1);
    cr_expect_not_null(strstr(why.text, "No such file"), "%s", why.text);
    cr_assert_eq(file_replace(path, "abc", 3, 0600, &why), 0);
    cr_expect_eq(file_read(path, out, sizeof out, &why), 3);
    cr_assert_eq(file_replace(path, "abcd", 4, 0600, &why), 0);
    cr_expect_eq(file_read(path, out, sizeof out, &why), -1);
    cr_expect_not_null(strstr(why.text, "larger than 3 bytes"), "%s", why.text);
}

Test(file, replace_never_follows_a_link_left_beside, .init = make_folder, .fini = remove_folder) {
    char path[128];
    char beside[136];
    struct fault why;

    text_format(path, sizeof path, "%s/a", folder);
    text_format(beside, sizeof beside, "%s.new", path);
    cr_assert_eq(symlink("/nonexistent/target", beside), 0);
    cr_expect_eq(file_replace(path, "x", 1, 0600, &why), 0, "%s", why.text);
    cr_expect_eq(access(path, F_OK), 0);
}

Test(file, failure_leaves_the_old, .init = make_folder, .fini = remove_folder) {
    struct fault why;

    cr_expect_eq(file_replace("/nonexistent/a", "x", 1, 0600, &why), -1);
    cr_expect_not_null(strstr(why.text, "/nonexistent/a"), "%s", why.text);
}
