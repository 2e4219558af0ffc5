/* See incoming.h. */
#include "incoming.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "cred.h"
#include "log.h"
#include "text.h"
#include "safepath.h"

enum { STILL_MS = 1000 };

static int read_all(int fd, const char *path, char *out, size_t *n_out, struct fault *why) {
    ssize_t n = -1;

    *n_out = 0;
    while (*n_out <= CRED_FILE_MAX && (n = read(fd, out + *n_out, CRED_FILE_MAX + 1 - *n_out)) > 0)
        *n_out += (size_t)n;
    if (n == -1)
        return fault_errno(why, "read %s", path);
    if (*n_out > CRED_FILE_MAX)
        return fault_set(why, "%s: larger than %d bytes", path, (int)CRED_FILE_MAX);
    return 0;
}

int incoming_file(const char *path, char *out, size_t *n_out, struct fault *why) {
    struct stat st;
    bool linked;
    int fd = safepath_open(path, &st, &linked, why);
    int failed;

    if (fd == -1)
        return -1;
    failed = read_all(fd, path, out, n_out, why);
    close(fd);
    return failed;
}

int incoming_sealed(int fd, char *out, size_t *n_out, struct fault *why) {
    const int wanted = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
    int seals = fcntl(fd, F_GET_SEALS);

    if (seals == -1 || (seals & wanted) != wanted)
        return fault_set(why, "the new login did not come in a sealed memfd");
    if (lseek(fd, 0, SEEK_SET) == -1)
        return fault_errno(why, "the new login");
    return read_all(fd, "the new login", out, n_out, why);
}

static bool ends_in(const char *name, const char *end) {
    size_t n = strlen(name), m = strlen(end);

    return n >= m && strcmp(name + n - m, end) == 0;
}

static bool is_wanted(const char *name) {
    return name[0] != '.' && !ends_in(name, "~") && !ends_in(name, ".tmp") &&
           !ends_in(name, ".new") && !ends_in(name, ".refused");
}

/* Perhaps still being written. */
static bool is_fresh(const struct stat *st) {
    int64_t age_ms =
        clock_wall_ms() - ((int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000);

    return age_ms >= 0 && age_ms < STILL_MS;
}

/* In its order; when the list is full the oldest goes. */
static void add(struct incoming_drop *drop, const char *name, const struct stat *st) {
    int64_t came_ns = (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec;
    unsigned at = drop->count;

    while (at > 0 &&
           (drop->file[at - 1].came_ns > came_ns ||
            (drop->file[at - 1].came_ns == came_ns && strcmp(drop->file[at - 1].name, name) > 0)))
        at--;
    if (drop->count == INCOMING_DROP_MOST) {
        if (at == 0)
            return;
        at--;
        drop->count--;
        memmove(&drop->file[0], &drop->file[1], drop->count * sizeof drop->file[0]);
    }
    memmove(&drop->file[at + 1], &drop->file[at], (drop->count - at) * sizeof drop->file[0]);
    drop->file[at].came_ns = came_ns;
    text_copy(drop->file[at].name, sizeof drop->file[at].name, name);
    drop->count++;
}

int incoming_drop_list(const char *folder, struct incoming_drop *drop, struct fault *why) {
    const struct dirent *entry;
    struct stat st;
    int fd = safepath_open_folder(folder, why);
    DIR *dir = fd == -1 ? NULL : fdopendir(fd);

    *drop = (struct incoming_drop){.folder = folder};
    if (dir == NULL) {
        if (fd == -1)
            return -1;
        fault_errno(why, "read folder %s", folder);
        close(fd);
        return -1;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (!is_wanted(entry->d_name) || fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
            continue;
        if (is_fresh(&st))
            drop->more = true;
        else
            add(drop, entry->d_name, &st);
    }
    closedir(dir);
    return 0;
}

void incoming_drop_path(const struct incoming_drop *drop, unsigned i, char *out, size_t size) {
    text_format(out, size, "%s/%s", drop->folder, drop->file[i].name);
}

void incoming_drop_done(const struct incoming_drop *drop, unsigned i) {
    char path[PATH_MAX];

    incoming_drop_path(drop, i, path, sizeof path);
    if (unlink(path) == -1 && errno != ENOENT)
        log_warn("drop", "%s cannot be removed: %s", path, strerror(errno));
}

void incoming_drop_aside(const struct incoming_drop *drop, unsigned i) {
    char path[PATH_MAX], aside[PATH_MAX];

    incoming_drop_path(drop, i, path, sizeof path);
    if (!text_format(aside, sizeof aside, "%s.refused", path) || rename(path, aside) == -1)
        log_warn("drop", "%s cannot be put aside: %s", path, strerror(errno));
}
