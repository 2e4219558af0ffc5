/* See incoming.h. */
#include "incoming.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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
           !ends_in(name, ".new");
}

/* The first name, and whether there is another. */
static int first_name(const char *folder, char *name, bool *more_out, struct fault *why) {
    int fd;
    DIR *dir;
    struct dirent *entry;
    char some[PATH_MAX];

    name[0] = '\0';
    *more_out = false;
    if (!text_format(some, sizeof some, "%s/x", folder))
        return fault_set(why, "%s: path too long", folder);
    fd = safepath_folder(some, why);
    if (fd == -1)
        return -1;
    dir = fdopendir(fd);
    if (dir == NULL) {
        close(fd);
        return fault_errno(why, "read folder %s", folder);
    }
    while ((entry = readdir(dir)) != NULL) {
        if (!is_wanted(entry->d_name))
            continue;
        *more_out = *more_out || name[0] != '\0';
        if (name[0] == '\0' || strcmp(entry->d_name, name) < 0)
            text_copy(name, NAME_MAX + 1, entry->d_name);
    }
    closedir(dir);
    return 0;
}

int incoming_drop_next(const char *folder, char *out, size_t *n_out, struct incoming_drop *drop,
                       struct fault *why) {
    char name[NAME_MAX + 1];
    struct stat st;
    int64_t age_ms;

    drop->more = false;
    if (first_name(folder, name, &drop->more, why) == -1)
        return -1;
    if (name[0] == '\0')
        return 0;
    if (!text_format(drop->path, sizeof drop->path, "%s/%s", folder, name))
        return fault_set(why, "%s: path too long", folder);
    if (lstat(drop->path, &st) == 0) {
        age_ms =
            clock_wall_ms() - ((int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000);
        if (age_ms >= 0 && age_ms < STILL_MS) { /* perhaps still being written */
            drop->more = true;
            return 0;
        }
    }
    return incoming_file(drop->path, out, n_out, why) == -1 ? -1 : 1;
}

void incoming_drop_done(const struct incoming_drop *drop) {
    if (unlink(drop->path) == -1 && errno != ENOENT)
        log_warn("drop", "%s cannot be removed: %s", drop->path, strerror(errno));
}
