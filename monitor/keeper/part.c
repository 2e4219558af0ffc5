/* See part.h. */
#include "part.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "xmem.h"

static bool give_up(uid_t uid, gid_t gid, pid_t root) {
    return setgroups(0, NULL) == 0 && setresgid(gid, gid, gid) == 0 &&
           setresuid(uid, uid, uid) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           (uid == 0 || setuid(0) == -1) && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 &&
           getppid() == root;
}

pid_t part_fork(uid_t uid, gid_t gid, struct fault *why) {
    pid_t root = getpid();
    pid_t part = fork();

    if (part == -1)
        return fault_errno(why, "fork");
    if (part == 0) {
        if (!give_up(uid, gid, root))
            _exit(1);
        xmem_forbid_dump(); /* after the change of user, which allows it again */
    }
    return part;
}

int part_end(pid_t part, int limit_ms) {
    const struct timespec step = {.tv_nsec = 1000000};
    int64_t until_ms = clock_mono_ms() + limit_ms;
    int status = -1;

    while (waitpid(part, &status, WNOHANG) == 0) {
        if (clock_mono_ms() >= until_ms)
            kill(part, SIGKILL);
        nanosleep(&step, NULL);
    }
    return status == 0 ? 0 : -1;
}
