#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imagefile.h"

enum { SIZE = 3 * 4096 };

static char path[64];

static void place(void) {
    snprintf(path, sizeof path, "/tmp/test_imagefile.%d", (int)getpid());
    unlink(path);
}

static void leave(void) {
    unlink(path);
    rmdir(path);
}

Test(imagefile, what_was_written_comes_back, .init = place, .fini = leave) {
    static unsigned char block[SIZE], back[SIZE];
    struct stat status;
    struct fault why;
    int fd;

    cr_expect_not(imagefile_read(path, back, SIZE), "there is none");
    fd = imagefile_open(path, SIZE, &why);
    cr_assert_geq(fd, 0, "%s", why.text);
    memset(block, 7, SIZE);
    cr_expect_eq(imagefile_write(fd, block, 4096, 4096, &why), 0);
    close(fd);
    cr_assert_eq(stat(path, &status), 0);
    cr_expect_eq(status.st_mode & 0777, 0600u);
    cr_assert(imagefile_read(path, back, SIZE));
    cr_expect(back[4095] == 0 && back[4096] == 7 && back[8191] == 7 && back[8192] == 0);
    cr_expect_not(imagefile_read(path, back, SIZE + 4096), "another size");
    cr_expect_eq(back[4096], 7, "left as it was");
    fd = imagefile_open(path, SIZE, &why);
    cr_assert_geq(fd, 0);
    close(fd);
    cr_expect(imagefile_read(path, back, SIZE) && back[4096] == 7, "opened again it is kept");
}

Test(imagefile, not_everything_is_a_file, .init = place, .fini = leave) {
    static unsigned char block[SIZE];
    struct fault why;
    int fd = open("/dev/full", O_RDWR | O_CLOEXEC);

    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_expect_not(imagefile_read(path, block, SIZE));
    cr_expect_eq(imagefile_open(path, SIZE, &why), -1);
    cr_expect(strstr(why.text, "not a regular file") != NULL, "%s", why.text);
    unlink(path);
    cr_assert_eq(symlink("/etc/passwd", path), 0);
    cr_expect_eq(imagefile_open(path, SIZE, &why), -1);
    cr_expect_not(imagefile_read(path, block, SIZE));
    cr_assert_geq(fd, 0);
    cr_expect_eq(imagefile_write(fd, block, 0, 4096, &why), -1);
    cr_expect(strstr(why.text, "No space") != NULL, "%s", why.text);
    close(fd);
}
