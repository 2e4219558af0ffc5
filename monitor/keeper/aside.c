/* See aside.h. */
#include "aside.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "text.h"
#include "xmem.h"

/* What the child sends before the result. */
struct outcome {
    int failed;
    struct fault why;
};

static bool drop(uid_t uid, gid_t gid) {
    return setgroups(0, NULL) == 0 && setresgid(gid, gid, gid) == 0 &&
           setresuid(uid, uid, uid) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           (uid == 0 || setuid(0) == -1);
}

static _Noreturn void run_child(int out, uid_t uid, gid_t gid, aside_fn *work, void *arg,
                                void *result, size_t size) {
    struct outcome outcome = {.failed = -1};

    if (!drop(uid, gid))
        fault_errno(&outcome.why, "giving up privileges");
    else
        outcome.failed = work(result, arg, &outcome.why);
    if (file_write_all(out, &outcome, sizeof outcome, NULL) == -1 ||
        file_write_all(out, result, size, NULL) == -1)
        _exit(1);
    _exit(0);
}

bool aside_read(int fd, void *out, size_t size, int64_t until_ms) {
    size_t have = 0;

    while (have < size) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int64_t left_ms = until_ms - clock_mono_ms();
        ssize_t n;

        if (left_ms <= 0 ||
            (poll(&ready, 1, left_ms < INT_MAX ? (int)left_ms : -1) == -1 && errno != EINTR))
            return false;
        if (ready.revents == 0)
            continue;
        n = read(fd, (char *)out + have, size - have);
        if (n <= 0)
            return false;
        have += (size_t)n;
    }
    return true;
}

void aside_end(pid_t child) {
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) == -1 && errno == EINTR)
        ;
}

int aside_run(uid_t uid, gid_t gid, aside_fn *work, void *arg, void *result, size_t size,
              int limit_ms, struct fault *why) {
    int64_t until_ms = clock_mono_ms() + limit_ms;
    struct outcome outcome = {.failed = -1};
    char *got;
    bool whole;
    int ends[2];
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) == -1)
        return fault_errno(why, "pipe");
    pid = fork();
    if (pid == 0)
        run_child(ends[1], uid, gid, work, arg, result, size);
    close(ends[1]);
    if (pid == -1) {
        close(ends[0]);
        return fault_errno(why, "fork");
    }
    got = xcalloc(1, size);
    whole = aside_read(ends[0], &outcome, sizeof outcome, until_ms) &&
            aside_read(ends[0], got, size, until_ms);
    close(ends[0]);
    aside_end(pid);
    if (whole && outcome.failed == 0)
        memcpy(result, got, size);
    free(got);
    if (!whole)
        return fault_set(why, "a child without privileges ended without an answer");
    outcome.why.text[sizeof outcome.why.text - 1] = '\0';
    return outcome.failed == 0 ? 0 : fault_set(why, "%s", outcome.why.text);
}
