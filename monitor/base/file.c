/* See file.h. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

ssize_t file_read(const char *path, char *out, size_t size, struct fault *why) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n;

    if (fd == -1)
        return fault_errno(why, "open %s", path);
    n = file_read_fd(fd, path, out, size - 1, why);
    close(fd);
    if (n != -1)
        out[n] = '\0';
    return n;
}

ssize_t file_read_fd(int fd, const char *path, char *out, size_t most, struct fault *why) {
    size_t have = 0;

    for (;;) {
        ssize_t n = read(fd, out + have, most + 1 - have);

        if (n == 0)
            return (ssize_t)have;
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return fault_errno(why, "read %s", path);
        have += (size_t)n;
        if (have > most)
            return fault_set(why, "%s: larger than %zu bytes", path, most);
    }
}

int file_write_all(int fd, const void *data, size_t size, struct fault *why) {
    const char *p = data;

    while (size > 0) {
        ssize_t n = write(fd, p, size);

        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return fault_errno(why, "write");
        p += n;
        size -= (size_t)n;
    }
    return 0;
}

int file_sync_folder(const char *path, struct fault *why) {
    char folder[PATH_MAX];
    char *slash;
    int fd;
    int failed;

    if (!text_copy(folder, sizeof folder, path))
        return fault_set(why, "%s: path too long", path);
    slash = strrchr(folder, '/');
    if (slash == NULL)
        text_copy(folder, sizeof folder, ".");
    else if (slash == folder)
        folder[1] = '\0';
    else
        *slash = '\0';
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd == -1)
        return fault_errno(why, "open folder %s", folder);
    failed = fsync(fd);
    if (failed == -1)
        fault_errno(why, "fsync folder %s", folder);
    close(fd);
    return failed;
}

int file_replace(const char *path, const void *data, size_t size, mode_t mode, struct fault *why) {
    char beside[PATH_MAX];
    int failed;
    int fd;

    if (!text_format(beside, sizeof beside, "%s.new", path))
        return fault_set(why, "%s: path too long", path);
    if (unlink(beside) == -1 && errno != ENOENT)
        return fault_errno(why, "remove %s", beside);
    fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd == -1)
        return fault_errno(why, "create %s", beside);
    failed = file_write_all(fd, data, size, why);
    if (failed == 0 && fsync(fd) == -1)
        failed = fault_errno(why, "fsync");
    if (close(fd) == -1 && failed == 0)
        failed = fault_errno(why, "close");
    if (failed == 0 && rename(beside, path) == -1)
        failed = fault_errno(why, "rename to %s", path);
    if (failed != 0) {
        unlink(beside);
        return fault_wrap(why, "%s", beside);
    }
    return file_sync_folder(path, why);
}
