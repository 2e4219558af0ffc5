/* safepath.c: each way in which a path can be somebody else's. Needs root, as the keeper does. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "safepath.h"
#include "text.h"

static char base[] = "/var/lib/relaywatch-safepath.XXXXXX";

static const char *at(const char *name) {
    static char path[4][256];
    static int turn;

    turn = (turn + 1) % 4;
    text_format(path[turn], sizeof path[turn], "%s/%s", base, name);
    return path[turn];
}

static void make_file(const char *name) {
    int fd = open(at(name), O_WRONLY | O_CREAT, 0600);

    cr_assert_neq(fd, -1);
    close(fd);
}

/* Opens it; "" or what is wrong. */
static const char *try(const char *name, bool want_linked) {
    static struct fault why;
    bool linked = !want_linked;
    int fd;

    why.text[0] = '\0';
    fd = safepath_open(name[0] == '/' ? name : at(name), false, &linked, &why);
    if (fd == -1)
        return why.text;
    close(fd);
    cr_expect_eq(linked, want_linked, "%s", name);
    return "";
}

#define REFUSED(name, words)                                                                       \
    cr_expect_not_null(strstr(try(name, false), words), "%s: %s", name, try(name, false))

static void begin(void) {
    cr_assert_not_null(mkdtemp(base));
    cr_assert_eq(chmod(base, 0755), 0);
    cr_assert_eq(mkdir(at("d"), 0755), 0);
    cr_assert_eq(mkdir(at("open"), 0777) | chmod(at("open"), 0777), 0);
    cr_assert_eq(mkdir(at("sticky"), 0777) | chmod(at("sticky"), 01777), 0);
    cr_assert_eq(mkdir(at("sticky/d"), 0755), 0);
    make_file("d/f");
    make_file("open/f");
    make_file("sticky/f");
    make_file("sticky/d/f");
}

static void finish(void) {
    char command[300];

    text_format(command, sizeof command, "%s", base);
    if (fork() == 0) {
        execl("/bin/rm", "rm", "-rf", command, (char *)NULL);
        _exit(127);
    }
}

Test(safepath, files, .init = begin, .fini = finish) {
    if (geteuid() != 0)
        return;
    cr_expect_str_eq(try("d/f", false), "");
    cr_expect_str_eq(try("sticky/d/f", false), "");
    REFUSED("sticky/f", "others than root may write");
    REFUSED("open/f", "others than root may write");
    REFUSED("d", "not a regular file");
    REFUSED("d/none", "No such file");
    REFUSED("d/../d/f", "not a plain path");
    REFUSED("d//f", "not a plain path");
    cr_expect_not_null(strstr(try("relative", false), "No such file"));
    cr_assert_eq(link(at("d/f"), at("d/g")), 0);
    REFUSED("d/f", "more than one name");
    cr_assert_eq(unlink(at("d/g")), 0);
    cr_assert_eq(chown(at("d/f"), 1, 0), 0);
    REFUSED("d/f", "not owned by root");
    cr_assert_eq(mkfifo(at("d/p"), 0600), 0);
    REFUSED("d/p", "not a regular file");
    cr_assert_eq(chown(at("d"), 1, 0), 0);
    REFUSED("d/f", "not owned by root");
}

Test(safepath, links, .init = begin, .fini = finish) {
    if (geteuid() != 0)
        return;
    cr_assert_eq(symlink("d/f", at("l")), 0);
    cr_expect_str_eq(try("l", true), "");
    cr_assert_eq(symlink(at("d"), at("dl")), 0);
    cr_expect_str_eq(try("dl/f", true), "");
    cr_assert_eq(symlink("l", at("ll")), 0);
    cr_expect_str_eq(try("ll", true), "");
    cr_assert_eq(symlink("round", at("round")), 0);
    REFUSED("round", "too many symbolic links");
    cr_assert_eq(symlink("../d/f", at("d/up")), 0);
    REFUSED("d/up", "not a plain path");
    cr_assert_eq(symlink("open/f", at("o")), 0);
    REFUSED("o", "others than root may write");
    cr_assert_eq(symlink("d/f", at("theirs")), 0);
    cr_assert_eq(lchown(at("theirs"), 1, 1), 0);
    REFUSED("theirs", "not root's");
}

Test(safepath, folders, .init = begin, .fini = finish) {
    struct fault why;
    bool linked;
    int fd;

    if (geteuid() != 0)
        return;
    fd = safepath_folder(at("d/f"), &why);
    cr_expect_neq(fd, -1, "%s", why.text);
    close(fd);
    cr_assert_eq(symlink(at("d"), at("dl")), 0);
    cr_expect_eq(safepath_folder(at("dl/f"), &why), -1);
    cr_expect_eq(safepath_folder(at("sticky/f"), &why), -1);
    fd = safepath_open(at("dl"), true, &linked, &why);
    cr_expect_neq(fd, -1, "%s", why.text);
    cr_expect(linked);
    close(fd);
    cr_expect_eq(safepath_open(at("open"), true, &linked, &why), -1, "others may write there");
    cr_expect_eq(safepath_open(at("sticky"), true, &linked, &why), -1, "likewise");
    cr_expect_eq(safepath_open(at("d/f"), true, &linked, &why), -1, "no folder");
    cr_expect_neq(errno, ENOENT);
    cr_expect_eq(safepath_open(at("none"), true, &linked, &why), -1);
    cr_expect_eq(errno, ENOENT);
    cr_expect_eq(safepath_open(at("none/f"), false, &linked, &why), -1);
    cr_expect_eq(errno, ENOENT);
    cr_expect_eq(safepath_open(at("open/f"), false, &linked, &why), -1);
    cr_expect_neq(errno, ENOENT);
    cr_expect_eq(safepath_folder("x", &why), -1);
}
