/* See queue.h. */
#include "queue.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "text.h"

enum { COUNT_LIMIT_MS = 15000 };

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

static int count_as_owner(struct queue_look *look, queue_count_fn *count, struct keeper_queue *out,
                          struct fault *why) {
    struct stat st;

    if (geteuid() != 0 || fstatat(look->queue, "active", &st, AT_SYMLINK_NOFOLLOW) == -1 ||
        st.st_uid == 0)
        return count(out, look, why);
    return aside_run(st.st_uid, st.st_gid, count, look, out, sizeof *out, COUNT_LIMIT_MS, why);
}

int queue_read(const char *queue_directory, bool glance, queue_count_fn *count,
               struct keeper_queue *out, struct fault *why) {
    struct queue_look look = {open(queue_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), glance};
    struct statvfs fs;
    int failed;

    memset(out, 0, sizeof *out);
    if (look.queue == -1)
        return fault_errno(why, "queue directory %s", queue_directory);
    failed = count_as_owner(&look, count, out, why);
    out->postfix_running = postfix_runs(look.queue); /* the pid file is root's */
    if (failed == 0 && !glance && fstatvfs(look.queue, &fs) == -1)
        failed = fault_errno(why, "file system of %s", queue_directory);
    if (failed == 0 && !glance) {
        out->bytes_free = (uint64_t)fs.f_bavail * fs.f_frsize;
        /* A file system that does not count them (btrfs) never runs out of them. */
        out->inodes_free = fs.f_files == 0 ? UINT64_MAX : fs.f_favail;
    }
    close(look.queue);
    return failed;
}
