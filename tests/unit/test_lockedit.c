/* lockedit.c: old or new, mode and owner kept, links followed, nobody's edit lost. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "lockedit.h"

static char folder[] = "/tmp/test_lockedit.XXXXXX";
static char path[64], temp[64];

static void begin(void) {
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/f", folder);
    snprintf(temp, sizeof temp, "%s/f.tmp", folder);
}

static void end(void) {
    char command[64];

    snprintf(command, sizeof command, "rm -r %s", folder);
    cr_assert_eq(system(command), 0);
}

static int replace(const char *expected, const char *text) {
    struct lockedit how = {.mode = 0644, .uid = geteuid(), .gid = getegid()};

    return lockedit_replace(path, expected, expected != NULL ? strlen(expected) : 0, text,
                            text != NULL ? strlen(text) : 0, &how, NULL);
}

static void expect_text(const char *want) {
    char text[100];

    cr_assert_geq(file_read(path, text, sizeof text, NULL), 0);
    cr_expect_str_eq(text, want);
    cr_expect_eq(access(temp, F_OK), -1, "%s is left", temp);
}

Test(lockedit, replaces_what_is_expected_only, .init = begin, .fini = end) {
    struct stat st;

    cr_expect_eq(replace("x", "y"), -1);
    cr_expect_eq(replace(NULL, "a"), 0);
    expect_text("a");
    cr_expect_eq(replace(NULL, "b"), -1);
    cr_expect_eq(replace("aa", "b"), -1);
    expect_text("a");
    cr_assert_eq(chmod(path, 0600), 0);
    cr_expect_eq(replace("a", "b"), 0);
    expect_text("b");
    cr_assert_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 07777, 0600);
    cr_expect_eq(replace("b", NULL), 0);
    cr_expect_eq(access(path, F_OK), -1);
}

Test(lockedit, follows_a_link, .init = begin, .fini = end) {
    char real[64];
    struct stat st;

    snprintf(real, sizeof real, "%s/real", folder);
    cr_assert_eq(file_replace(real, "a", 1, 0644, NULL), 0);
    cr_assert_eq(symlink("real", path), 0);
    cr_expect_eq(replace("a", "b"), 0);
    expect_text("b");
    cr_assert_eq(lstat(path, &st), 0);
    cr_expect(S_ISLNK(st.st_mode));
}

Test(lockedit, cleans_what_nobody_holds, .init = begin, .fini = end) {
    int fd = open(temp, O_RDWR | O_CREAT, 0600);

    cr_assert_neq(fd, -1);
    cr_assert_eq(flock(fd, LOCK_EX), 0);
    lockedit_clean(path);
    cr_expect_eq(access(temp, F_OK), 0);
    close(fd);
    lockedit_clean(path);
    cr_expect_eq(access(temp, F_OK), -1);
}

/* Four processes count up in one file: each increment that was accepted is there at the end. */
Test(lockedit, no_edit_is_lost, .init = begin, .fini = end) {
    enum { PROCESSES = 4, EDITS = 25 };
    pid_t pid[PROCESSES];
    char text[32];

    cr_assert_eq(replace(NULL, "0"), 0);
    for (int i = 0; i < PROCESSES; i++) {
        pid[i] = fork();
        if (pid[i] == 0) {
            for (int done = 0; done < EDITS;) {
                char next[32];

                if (file_read(path, text, sizeof text, NULL) == -1)
                    _exit(1);
                snprintf(next, sizeof next, "%d", (int)strtol(text, NULL, 10) + 1);
                done += replace(text, next) == 0;
            }
            _exit(0);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = 0;

        cr_assert_eq(waitpid(pid[i], &status, 0), pid[i]);
        cr_expect_eq(status, 0);
    }
    expect_text("100");
}
