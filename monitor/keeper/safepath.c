/* See safepath.h. */
#include "safepath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

enum { LINKS_MOST = 8, AGAIN = -2 };

static int give_back(int fd) {
    int error = errno;

    close(fd);
    errno = error;
    return -1;
}

/* A sticky folder (/tmp) will do on the way: others cannot touch what is root's there, and the next
 * step checks that it is. Not as the last one, where files are yet to be made. */
static int check_folder(int fd, const char *name, bool last, struct fault *why) {
    struct stat st;

    if (fstat(fd, &st) == -1)
        return fault_errno(why, "folder %s", name);
    if (st.st_uid != 0)
        return fault_set(why, "folder %s: not owned by root", name);
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (last || (st.st_mode & S_ISVTX) == 0))
        return fault_set(why, "folder %s: others than root may write there", name);
    return 0;
}

static int check_file(int fd, const char *path, struct fault *why) {
    struct stat st;

    if (fstat(fd, &st) == -1)
        return fault_errno(why, "%s", path);
    if (!S_ISREG(st.st_mode))
        return fault_set(why, "%s: not a regular file", path);
    if (st.st_uid != 0)
        return fault_set(why, "%s: not owned by root", path);
    if (st.st_nlink != 1)
        return fault_set(why, "%s: has more than one name (hard link)", path);
    return 0;
}

/* When `name` in the folder is a link, what it says takes the place of way[begin..end). Returns
 * AGAIN then, 0 when it is none, -1. */
static int follow(int folder, const char *name, char *way, size_t begin, size_t end,
                  struct fault *why) {
    char target[PATH_MAX], joined[PATH_MAX];
    ssize_t n = readlinkat(folder, name, target, sizeof target - 1);
    struct stat st;

    if (n == -1)
        return 0;
    target[n] = '\0';
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == -1 || st.st_uid != 0)
        return fault_set(why, "%s: a symbolic link that is not root's", name);
    if (!text_format(joined, sizeof joined, "%.*s%s%s", target[0] == '/' ? 0 : (int)begin, way,
                     target, way + end))
        return fault_set(why, "symbolic link %s: too long", name);
    text_copy(way, PATH_MAX, joined);
    return AGAIN;
}

/* Walks from / along `way`. Returns the folder of its last part, which goes into `name`; -1; AGAIN
 * when a link was met, and `way` is now what it says. */
static int walk(char *way, bool links, char *name, struct fault *why) {
    int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    size_t begin = 1, n;

    text_copy(name, NAME_MAX + 1, "/");
    for (; fd != -1; begin += n + 1) {
        struct span part = {way + begin, n = strcspn(way + begin, "/")};
        bool last = part.p[n] == '\0';
        int next;

        if (check_folder(fd, name, last, why) == -1)
            return give_back(fd);
        if (n == 0 || span_is(part, ".") || span_is(part, "..") ||
            !text_copy_span(name, NAME_MAX + 1, part)) {
            fault_set(why, "%s: not a plain path", way);
            return give_back(fd);
        }
        next = links ? follow(fd, name, way, begin, begin + n, why) : 0;
        if (next == 0 && last)
            return fd;
        if (next != 0) {
            give_back(fd);
            return next;
        }
        next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next == -1)
            fault_errno(why, "folder %s of %s%s", name, way,
                        errno == ENOTDIR || errno == ELOOP ? " (no symbolic links)" : "");
        give_back(fd);
        fd = next;
    }
    return -1;
}

int safepath_folder(const char *path, struct fault *why) {
    char way[PATH_MAX], name[NAME_MAX + 1];

    if (path[0] != '/' || !text_copy(way, sizeof way, path))
        return fault_set(why, "%s: not an absolute path", path);
    return walk(way, false, name, why);
}

int safepath_open(const char *path, bool folder, bool *linked_out, struct fault *why) {
    char way[PATH_MAX], name[NAME_MAX + 1];
    int at = AGAIN, fd = -1;

    errno = 0;
    if (path[0] != '/' || !text_copy(way, sizeof way, path))
        return fault_set(why, "%s: not an absolute path", path);
    for (int links = 0; at == AGAIN; links++) {
        *linked_out = links > 0;
        at = links > LINKS_MOST ? fault_set(why, "%s: too many symbolic links", path)
                                : walk(way, true, name, why);
    }
    if (at == -1)
        return -1;
    fd = openat(at, name,
                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC |
                    (folder ? O_DIRECTORY : 0));
    if (fd == -1)
        fault_errno(why, "open %s", path);
    give_back(at);
    if (fd != -1 && (folder ? check_folder(fd, path, true, why) : check_file(fd, path, why)) == -1)
        return give_back(fd);
    return fd;
}
