/* See incoming.h. */
#include "incoming.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "cred.h"
#include "log.h"
#include "text.h"
#include "errand.h"
#include "file.h"

enum { STILL_MS = 1000 };

static int read_file(struct hands *hands, enum hand_file file, const char *name, char *out,
                     size_t *n_out, struct fault *why) {
    struct errand e = {
        .hand = HAND_READ, .which = file, .name = name, .out = out, .room = CRED_FILE_MAX + 1};
    int failed = errand_run(hands, &e);

    *n_out = e.got;
    return failed == 0 ? 0 : fault_set(why, "%s", e.answer.why.text);
}

int incoming_source(struct hands *hands, char *out, size_t *n_out, struct fault *why) {
    return read_file(hands, FILE_SOURCE, NULL, out, n_out, why);
}

int incoming_dropped(struct hands *hands, const struct incoming_drop *drop, unsigned i, char *out,
                     size_t *n_out, struct fault *why) {
    return read_file(hands, FILE_DROPPED, drop->file[i].name, out, n_out, why);
}

int incoming_sealed(int fd, char *out, size_t *n_out, struct fault *why) {
    const int wanted = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
    int seals = fcntl(fd, F_GET_SEALS);
    ssize_t n;

    if (seals == -1 || (seals & wanted) != wanted)
        return fault_set(why, "the new login did not come in a sealed memfd");
    if (lseek(fd, 0, SEEK_SET) == -1)
        return fault_errno(why, "the new login");
    n = file_read_fd(fd, "the new login", out, CRED_FILE_MAX, why);
    *n_out = n == -1 ? 0 : (size_t)n;
    return n == -1 ? -1 : 0;
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
static bool is_fresh(const struct incoming_file *file) {
    int64_t age_ms = clock_wall_ms() - file->mtime_ms;

    return age_ms >= 0 && age_ms < STILL_MS;
}

static bool comes_before(const struct incoming_file *a, const struct incoming_file *b) {
    return a->ctime_ns != b->ctime_ns ? a->ctime_ns < b->ctime_ns : strcmp(a->name, b->name) < 0;
}

/* In its order; when the list is full the oldest goes. */
static void add(struct incoming_drop *drop, const struct incoming_file *file) {
    unsigned at = drop->count;

    while (at > 0 && comes_before(file, &drop->file[at - 1]))
        at--;
    if (drop->count == INCOMING_DROP_MOST) {
        if (at == 0)
            return;
        at--;
        drop->count--;
        memmove(&drop->file[0], &drop->file[1], drop->count * sizeof drop->file[0]);
    }
    memmove(&drop->file[at + 1], &drop->file[at], (drop->count - at) * sizeof drop->file[0]);
    drop->file[at] = *file;
    drop->count++;
}

/* Its times; of one that cannot be opened, and will be complained of when it is to be read, none.
 */
static void look_at(struct hands *hands, struct incoming_file *file) {
    int fd = errand_open(hands, FILE_DROPPED, file->name, NULL);
    struct stat st;

    if (fd == -1)
        return;
    if (fstat(fd, &st) == 0) {
        file->mtime_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
        file->ctime_ns = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
    }
    close(fd);
}

int incoming_drop_list(struct hands *hands, struct incoming_drop *drop, struct fault *why) {
    int fd = errand_open(hands, FILE_DROP, NULL, why);
    DIR *dir = fd == -1 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    *drop = (struct incoming_drop){.count = 0};
    if (dir == NULL)
        return fd == -1 ? -1 : (close(fd), fault_errno(why, "the drop folder"));
    while ((entry = readdir(dir)) != NULL) {
        struct incoming_file one = {.name = ""};

        if (!is_wanted(entry->d_name))
            continue;
        text_copy(one.name, sizeof one.name, entry->d_name);
        look_at(hands, &one);
        if (is_fresh(&one))
            drop->more = true;
        else
            add(drop, &one);
    }
    closedir(dir);
    return 0;
}

void incoming_drop_done(struct hands *hands, const struct incoming_drop *drop, unsigned i) {
    struct fault why = {""};

    if (errand_for(hands, HAND_REMOVE, FILE_DROPPED, drop->file[i].name, &why) == -1)
        log_warn("drop", "%s", why.text);
}

void incoming_drop_aside(struct hands *hands, const struct incoming_drop *drop, unsigned i) {
    struct fault why = {""};

    if (errand_for(hands, HAND_ASIDE, FILE_DROPPED, drop->file[i].name, &why) == -1)
        log_warn("drop", "%s", why.text);
}
