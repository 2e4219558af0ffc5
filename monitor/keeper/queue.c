/* See queue.h. */
#include "queue.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "part.h"
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

/* In a part of that user; what it finds comes back in memory that is shared with it. */
static int count_as(uid_t uid, gid_t gid, int queue, bool glance, queue_count_fn *count,
                    struct keeper_queue *out, struct fault *why) {
    struct {
        struct keeper_queue queue;
        struct fault why;
    } *found = mmap(NULL, sizeof *found, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t part = found == MAP_FAILED ? fault_errno(why, "mmap") : part_fork(uid, gid, why);
    int failed = -1;

    if (part == 0)
        _exit(count(queue, glance, &found->queue, &found->why) == 0 ? 0 : 1);
    if (part != -1) {
        failed = part_end(part, COUNT_LIMIT_MS);
        found->why.text[sizeof found->why.text - 1] = '\0';
        if (failed == 0)
            *out = found->queue;
        else
            fault_set(why, "%s",
                      found->why.text[0] != '\0' ? found->why.text : "it was not counted");
    }
    if (found != MAP_FAILED)
        munmap(found, sizeof *found);
    return failed;
}

int queue_read(const char *queue_directory, bool glance, queue_count_fn *count,
               struct keeper_queue *out, struct fault *why) {
    int queue = open(queue_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct statvfs fs;
    struct stat st;
    int failed;

    memset(out, 0, sizeof *out);
    if (queue == -1)
        return fault_errno(why, "queue directory %s", queue_directory);
    if (geteuid() == 0 && fstatat(queue, "active", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid != 0)
        failed = count_as(st.st_uid, st.st_gid, queue, glance, count, out, why);
    else
        failed = count(queue, glance, out, why);
    out->postfix_running = postfix_runs(queue); /* the pid file is root's */
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
