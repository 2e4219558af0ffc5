/* See queuedir.h. */
#include "queuedir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "text.h"

enum {
    DEPTH_MAX = 8,   /* of hashed folders; Postfix: hash_queue_depth, 1 by default */
    SECONDS_MIN = 6, /* MQID_LG_SEC_PAD */
    USEC_DIGITS = 4, /* MQID_LG_USEC_PAD */
};

struct walk {
    uint64_t count;
    int64_t oldest_s; /* 0: none yet */
    uint32_t opened;
    bool want_age;
    bool partial;
};

bool queuedir_id_time(const char *id, int64_t *out) {
    static const char digits[] = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
    const char *z = strrchr(id, 'z');
    size_t n = z == NULL ? 0 : (size_t)(z - id);
    int64_t value = 0;

    if (n < SECONDS_MIN + USEC_DIGITS || n > 10 + USEC_DIGITS)
        return false;
    for (size_t i = 0; i < n - USEC_DIGITS; i++) {
        const char *digit = strchr(digits, id[i]);

        if (digit == NULL)
            return false;
        value = value * 52 + (digit - digits);
    }
    *out = value;
    return true;
}

bool queuedir_is_id(const char *name) {
    size_t n = strspn(name, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    return n >= 5 && n <= 63 && name[n] == '\0';
}

bool queuedir_head_time(const unsigned char *head, size_t n, int64_t *out) {
    size_t at = 0;

    while (at + 2 <= n) {
        unsigned char type = head[at++];
        size_t length = 0;
        unsigned shift = 0;
        struct span text;

        do {
            if (at == n || shift > 21)
                return false;
            length |= (size_t)(head[at] & 0x7f) << shift;
            shift += 7;
        } while (head[at++] & 0x80);
        if (length > n - at)
            return false;
        if (type == 'T') {
            const unsigned char *blank = memchr(head + at, ' ', length);

            text.p = (const char *)head + at;
            text.n = blank == NULL ? length : (size_t)(blank - (head + at));
            return text_i64(text, 1, INT64_C(1) << 40, out);
        }
        at += length;
    }
    return false;
}

static bool file_time(int folder, const char *name, int64_t *out) {
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    unsigned char head[512];
    struct stat st;
    ssize_t n = -1;

    if (fd == -1)
        return false;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        n = pread(fd, head, sizeof head, 0);
    close(fd);
    return n > 0 && queuedir_head_time(head, (size_t)n, out);
}

static void take_file(int folder, const char *name, struct walk *walk) {
    int64_t arrival;

    walk->count++;
    if (!walk->want_age)
        return;
    if (!queuedir_id_time(name, &arrival)) {
        if (walk->opened == QUEUEDIR_OPEN_MAX) {
            walk->partial = true;
            return;
        }
        walk->opened++;
        if (!file_time(folder, name, &arrival))
            return; /* gone meanwhile, or still being written */
    }
    if (walk->oldest_s == 0 || arrival < walk->oldest_s)
        walk->oldest_s = arrival;
}

/* Does not look at what is neither a queue file nor a hashed folder. A folder that is not there is
 * empty. */
static int walk_folder(int parent, const char *name, int depth, struct walk *walk,
                       struct fault *why) {
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd == -1 ? NULL : fdopendir(fd);
    struct dirent *entry;
    int failed = 0;

    if (dir == NULL) {
        if (fd != -1)
            close(fd);
        return errno == ENOENT ? 0 : fault_errno(why, "queue folder %s", name);
    }
    while (failed == 0 && (errno = 0, entry = readdir(dir)) != NULL) {
        unsigned type = entry->d_type;
        struct stat st;

        if (entry->d_name[0] == '.')
            continue;
        if (type == DT_UNKNOWN && fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            type = S_ISDIR(st.st_mode) ? DT_DIR : S_ISREG(st.st_mode) ? DT_REG : DT_UNKNOWN;
        if (type == DT_DIR && entry->d_name[1] == '\0' && depth < DEPTH_MAX)
            failed = walk_folder(fd, entry->d_name, depth + 1, walk, why);
        else if (type == DT_REG && queuedir_is_id(entry->d_name))
            take_file(fd, entry->d_name, walk);
    }
    if (failed == 0 && errno != 0)
        failed = fault_errno(why, "read queue folder %s", name);
    closedir(dir);
    return failed;
}

/* The master holds an exclusive flock on its pid file (Postfix util/myflock.c, master/master.c) for
 * as long as it lives. A shared one for a moment is how we see it; not even asked when no process
 * has that number, so that a master which starts just now never meets our lock. */
static bool postfix_runs(int queue) {
    int fd = openat(queue, "pid/master.pid", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char text[64];
    uint64_t pid;
    bool held = false;
    ssize_t n;

    if (fd == -1)
        return false;
    n = pread(fd, text, sizeof text, 0);
    if (n > 0 && text_u64(span_trim((struct span){text, (size_t)n}), 1, INT32_MAX, &pid) &&
        (kill((pid_t)pid, 0) == 0 || errno == EPERM))
        held = flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK;
    close(fd);
    return held;
}

static void older(int64_t *oldest, const struct walk *walk) {
    if (walk->oldest_s != 0 && (*oldest == 0 || walk->oldest_s < *oldest))
        *oldest = walk->oldest_s;
}

int queuedir_read(const char *queue_directory, struct keeper_queue *out, struct fault *why) {
    const struct {
        const char *name;
        uint64_t *count;
        bool age;
    } folders[] = {{"deferred", &out->deferred, true},  {"active", &out->active, true},
                   {"incoming", &out->incoming, true},  {"hold", &out->hold, false},
                   {"maildrop", &out->maildrop, false}, {"corrupt", &out->corrupt, false}};
    int queue = open(queue_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct walk walk = {0};
    struct statvfs fs;
    int failed = 0;

    memset(out, 0, sizeof *out);
    if (queue == -1)
        return fault_errno(why, "queue directory %s", queue_directory);
    for (size_t i = 0; failed == 0 && i < sizeof folders / sizeof folders[0]; i++) {
        walk.count = 0;
        walk.oldest_s = 0;
        walk.want_age = folders[i].age;
        failed = walk_folder(queue, folders[i].name, 0, &walk, why);
        *folders[i].count = walk.count;
        older(&out->oldest_s, &walk);
        if (i == 0)
            out->oldest_deferred_s = walk.oldest_s;
    }
    out->ages_partial = walk.partial;
    out->postfix_running = postfix_runs(queue);
    if (failed == 0 && fstatvfs(queue, &fs) == -1)
        failed = fault_errno(why, "file system of %s", queue_directory);
    if (failed == 0) {
        out->bytes_free = (uint64_t)fs.f_bavail * fs.f_frsize;
        /* A file system that does not count them (btrfs) never runs out of them. */
        out->inodes_free = fs.f_files == 0 ? UINT64_MAX : fs.f_favail;
    }
    close(queue);
    return failed;
}
