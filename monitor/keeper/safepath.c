/* See safepath.h. */
#include "safepath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

enum { LINKS_MOST = 8 };

/* A sticky folder (/tmp) will do on the way: others cannot touch what is root's there, and the next
 * step checks that it is. Not as the last one, where files are yet to be made. */
static int folder_is_safe(int fd, const char *name, bool last, struct fault *why) {
    struct stat st;

    if (fstat(fd, &st) == -1)
        return fault_errno(why, "folder %s", name);
    if (st.st_uid != 0)
        return fault_set(why, "folder %s: not owned by root", name);
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (last || (st.st_mode & S_ISVTX) == 0))
        return fault_set(why, "folder %s: others than root may write there", name);
    return 0;
}

/* Puts what the link `name` in `folder` says before `rest`, into `path` (PATH_MAX). */
static int follow(int folder, const char *name, const char *rest, const char *folder_path,
                  char *path, struct fault *why) {
    char target[PATH_MAX], joined[PATH_MAX];
    struct stat st;
    ssize_t n;

    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
        return fault_errno(why, "%s", name);
    if (st.st_uid != 0)
        return fault_set(why, "%s: a symbolic link that is not root's", name);
    n = readlinkat(folder, name, target, sizeof target - 1);
    if (n == -1)
        return fault_errno(why, "symbolic link %s", name);
    target[n] = '\0';
    if (!text_format(joined, sizeof joined, "%s%s%s%s", target[0] == '/' ? "" : folder_path, target,
                     rest[0] != '\0' ? "/" : "", rest))
        return fault_set(why, "symbolic link %s: too long", name);
    text_copy(path, PATH_MAX, joined);
    return 0;
}

/* Walks along `path`. At its end *name holds the last part and the result is its folder; with
 * `links`, a link on the way (or at the end) makes it begin again with the path that the link
 * gives, which is then in `path`. -1: failed; -2: begin again. */
static int walk(char *path, bool links, char *name, struct fault *why) {
    int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const char *part = path + 1;
    const char *slash;
    struct stat st;

    if (fd == -1 || folder_is_safe(fd, "/", strchr(part, '/') == NULL, why) == -1)
        return fd == -1 ? fault_errno(why, "open /") : (close(fd), -1);
    for (;; part = slash + 1) {
        struct span one;
        int next;

        slash = strchr(part, '/');
        one = (struct span){part, slash == NULL ? strlen(part) : (size_t)(slash - part)};
        if (one.n == 0 || span_is(one, ".") || span_is(one, "..") ||
            !text_copy_span(name, NAME_MAX + 1, one)) {
            close(fd);
            return fault_set(why, "%s: not a plain path", path);
        }
        if (links && fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode)) {
            char folder[PATH_MAX];
            int followed;

            text_copy_span(folder, sizeof folder, (struct span){path, (size_t)(part - path)});
            followed = follow(fd, name, slash == NULL ? "" : slash + 1, folder, path, why);
            close(fd);
            return followed == -1 ? -1 : -2;
        }
        if (slash == NULL)
            return fd;
        next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next == -1)
            fault_errno(why, "folder %s of %s%s", name, path,
                        errno == ENOTDIR || errno == ELOOP ? " (no symbolic links)" : "");
        close(fd);
        if (next == -1)
            return -1;
        if (folder_is_safe(next, name, strchr(slash + 1, '/') == NULL, why) == -1) {
            close(next);
            return -1;
        }
        fd = next;
    }
}

int safepath_folder(const char *path, struct fault *why) {
    char copy[PATH_MAX], name[NAME_MAX + 1];

    if (path[0] != '/' || !text_copy(copy, sizeof copy, path))
        return fault_set(why, "%s: not an absolute path", path);
    return walk(copy, false, name, why);
}

static int check_file(int fd, const char *path, struct stat *st, struct fault *why) {
    if (fstat(fd, st) == -1)
        return fault_errno(why, "%s", path);
    if (!S_ISREG(st->st_mode))
        return fault_set(why, "%s: not a regular file", path);
    if (st->st_uid != 0)
        return fault_set(why, "%s: not owned by root", path);
    if (st->st_nlink != 1)
        return fault_set(why, "%s: has more than one name (hard link)", path);
    return 0;
}

/* The folder of what `path` names in the end, whose name there goes into `name`. */
static int walk_links(const char *path, char *name, bool *linked_out, struct fault *why) {
    char way[PATH_MAX];
    int folder = -2;

    if (path[0] != '/' || !text_copy(way, sizeof way, path))
        return fault_set(why, "%s: not an absolute path", path);
    for (int links = 0; folder == -2; links++) {
        *linked_out = links > 0;
        folder = links > LINKS_MOST ? fault_set(why, "%s: too many symbolic links", path)
                                    : walk(way, true, name, why);
    }
    return folder;
}

int safepath_open_folder(const char *path, struct fault *why) {
    char name[NAME_MAX + 1];
    bool linked;
    int parent = walk_links(path, name, &linked, why);
    int fd;

    if (parent == -1)
        return -1;
    fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd == -1)
        fault_errno(why, "open folder %s", path);
    close(parent);
    if (fd != -1 && folder_is_safe(fd, path, true, why) == -1) {
        close(fd);
        return -1;
    }
    return fd;
}

int safepath_open(const char *path, struct stat *st_out, bool *linked_out, struct fault *why) {
    char name[NAME_MAX + 1];
    int folder = walk_links(path, name, linked_out, why);
    int fd;

    if (folder == -1)
        return -1;
    fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd == -1)
        fault_errno(why, "open %s", path);
    close(folder);
    if (fd != -1 && check_file(fd, path, st_out, why) == -1) {
        close(fd);
        return -1;
    }
    return fd;
}

int safepath_read(int fd, const char *path, char *out, size_t most, size_t *n_out,
                  struct fault *why) {
    ssize_t n = -1;

    *n_out = 0;
    while (*n_out <= most && (n = read(fd, out + *n_out, most + 1 - *n_out)) > 0)
        *n_out += (size_t)n;
    if (n == -1)
        return fault_errno(why, "read %s", path);
    if (*n_out > most)
        return fault_set(why, "%s: larger than %zu bytes", path, most);
    return 0;
}
