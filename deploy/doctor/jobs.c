/* See jobs.h. */
#include "jobs.h"

#include <assert.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "text.h"

enum { LOOK_MS = 10, TELL_MS = 200 };

static void start(const struct job *job, const void *arg, pid_t *pid) {
    *pid = fork();
    if (*pid == 0) {
        setpgid(0, 0);
        job->ask(arg);
        _exit(0);
    }
    if (*pid > 0)
        setpgid(*pid, *pid); /* whoever comes first */
}

/* Reaps what is done. Returns how many are left. */
static size_t look(pid_t *pid, size_t count) {
    size_t left = 0;

    for (size_t i = 0; i < count; i++) {
        if (pid[i] > 0 && waitpid(pid[i], NULL, WNOHANG) == pid[i]) {
            kill(-pid[i], SIGKILL); /* what it started */
            pid[i] = -1;
        }
        left += pid[i] > 0;
    }
    return left;
}

static void tell(const struct job *jobs, const pid_t *pid, size_t count,
                 void (*on_wait)(const char *waiting)) {
    char waiting[256] = "";

    for (size_t i = 0; i < count; i++) {
        size_t n = 0;

        while (waiting[n] != '\0')
            n++;
        if (pid[i] > 0)
            text_format(waiting + n, sizeof waiting - n, "%s%s", n > 0 ? ", " : "", jobs[i].what);
    }
    on_wait(waiting);
}

void jobs_run(const struct job *jobs, size_t count, const void *arg, int limit_ms,
              void (*on_wait)(const char *waiting)) {
    int64_t end_ms = clock_mono_ms() + limit_ms, tell_ms = clock_mono_ms() + TELL_MS;
    pid_t pid[JOBS_MOST];

    assert(count <= JOBS_MOST);
    for (size_t i = 0; i < count; i++) {
        pid[i] = -1;
        if (jobs[i].wanted)
            start(&jobs[i], arg, &pid[i]);
    }
    while (look(pid, count) > 0 && clock_mono_ms() < end_ms) {
        if (on_wait != NULL && clock_mono_ms() >= tell_ms) {
            tell(jobs, pid, count, on_wait);
            tell_ms += TELL_MS;
        }
        poll(NULL, 0, LOOK_MS);
    }
    for (size_t i = 0; i < count; i++) {
        if (pid[i] > 0) {
            kill(-pid[i], SIGKILL);
            waitpid(pid[i], NULL, 0);
        }
    }
}
