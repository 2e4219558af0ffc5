/* See lockedit.h. */
#include "lockedit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "text.h"
#include "xmem.h"

int lockedit_resolve(const char *path, char *out, size_t size, struct fault *why) {
    char real[PATH_MAX];

    if (realpath(path, real) == NULL) {
        if (errno != ENOENT)
            return fault_errno(why, "%s", path);
        text_copy(real, sizeof real, path);
    }
    return text_copy(out, size, real) ? 0 : fault_set(why, "%s: path too long", path);
}

/* Opens and locks PATH.tmp; another that held it may have renamed it away meanwhile. */
static int open_locked(const char *temp, struct fault *why) {
    for (;;) {
        int fd = open(temp, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        struct stat here, there;

        if (fd == -1)
            return fault_errno(why, "create %s", temp);
        while (flock(fd, LOCK_EX) == -1) {
            if (errno != EINTR) {
                close(fd);
                return fault_errno(why, "lock %s", temp);
            }
        }
        if (fstat(fd, &here) == 0 && stat(temp, &there) == 0 && here.st_ino == there.st_ino &&
            here.st_dev == there.st_dev)
            return fd;
        close(fd);
    }
}

static bool is_as_expected(const char *path, const char *expected, size_t size) {
    char *now = xcalloc(1, size + 2);
    ssize_t n = file_read(path, now, size + 2, NULL);
    bool same;

    if (expected == NULL)
        same = access(path, F_OK) == -1 && errno == ENOENT;
    else
        same = n == (ssize_t)size && memcmp(now, expected, size) == 0;
    wipe(now, size + 2);
    free(now);
    return same;
}

static int fill(int fd, const char *path, const char *text, size_t size, const struct lockedit *how,
                struct fault *why) {
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_NOW}};
    struct stat st;
    bool as_before = how->force == 0 && stat(path, &st) == 0;

    if (ftruncate(fd, 0) == -1)
        return fault_errno(why, "truncate");
    if (file_write_all(fd, text, size, why) == -1)
        return -1;
    if (fchown(fd, as_before ? st.st_uid : how->uid, as_before ? st.st_gid : how->gid) == -1 ||
        fchmod(fd, (as_before ? st.st_mode : how->mode) & 07777) == -1)
        return fault_errno(why, "owner and mode");
    if (how->mtime != NULL)
        times[1] = *how->mtime;
    if (futimens(fd, times) == -1)
        return fault_errno(why, "time");
    return fsync(fd) == -1 ? fault_errno(why, "fsync") : 0;
}

int lockedit_replace(const char *path, const char *expected, size_t expected_size, const char *text,
                     size_t size, const struct lockedit *how, struct fault *why) {
    char real[PATH_MAX], temp[PATH_MAX + 8];
    int fd, failed;

    if (lockedit_resolve(path, real, sizeof real, why) == -1)
        return -1;
    text_format(temp, sizeof temp, "%s.tmp", real);
    fd = open_locked(temp, why);
    if (fd == -1)
        return -1;
    if (!is_as_expected(real, expected, expected_size))
        failed = fault_set(why, "%s was changed by somebody else meanwhile: run this again", real);
    else if (text == NULL)
        failed = unlink(real) == -1 && errno != ENOENT ? fault_errno(why, "remove %s", real) : 0;
    else if (fill(fd, real, text, size, how, why) == -1)
        failed = fault_wrap(why, "%s", temp);
    else
        failed = rename(temp, real) == -1 ? fault_errno(why, "rename to %s", real) : 0;
    if (failed != 0 || text == NULL)
        unlink(temp);
    close(fd);
    return failed == 0 ? file_sync_folder(real, why) : -1;
}

/* Not every file system has such marks. */
static bool is_immutable(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), flags = 0;
    bool marked = fd != -1 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 &&
                  ((unsigned)flags & (unsigned)(FS_IMMUTABLE_FL | FS_APPEND_FL)) != 0;

    if (fd != -1)
        close(fd);
    return marked;
}

int lockedit_may(const char *path, struct fault *why) {
    char real[PATH_MAX], *slash;

    if (lockedit_resolve(path, real, sizeof real, why) == -1)
        return -1;
    if (is_immutable(real))
        return fault_set(why, "%s is immutable: chattr -ia %s", real, real);
    slash = strrchr(real, '/');
    *(slash == real ? slash + 1 : slash) = '\0';
    return is_immutable(real)
               ? fault_set(why, "the folder %s is immutable: chattr -ia %s", real, real)
               : 0;
}

void lockedit_clean(const char *path) {
    char real[PATH_MAX], temp[PATH_MAX + 8];
    int fd;

    if (lockedit_resolve(path, real, sizeof real, NULL) == -1)
        return;
    text_format(temp, sizeof temp, "%s.tmp", real);
    fd = open(temp, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd == -1)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        unlink(temp);
    close(fd);
}
