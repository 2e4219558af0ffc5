/* See hook.h. */
#include "hook.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "text.h"
#include "xmem.h"

enum { LIMIT_MS = 30 * 1000, WAITING_MOST = 4, WORDS_MOST = 32, ENVIRONMENT_MOST = 16 };

struct job {
    char command[256];
    char *environment[ENVIRONMENT_MOST + 1];
};

struct hook {
    struct loop *loop;
    struct loop_signal *on_child;
    struct loop_timer *limit;
    pid_t pid; /* 0: none runs */
    struct job waiting[WAITING_MOST];
    int count;
};

static void clear_job(struct job *job) {
    for (int i = 0; job->environment[i] != NULL; i++)
        free(job->environment[i]);
    memset(job, 0, sizeof *job);
}

/* In the child. Never returns. */
static void become(char *command, char **environment) {
    char *words[WORDS_MOST + 1];
    int count = 0;
    int null = open("/dev/null", O_RDWR);
    sigset_t none;

    for (char *p = command; *p != '\0' && count < WORDS_MOST;) {
        p += strspn(p, " \t");
        if (*p == '\0')
            break;
        words[count++] = p;
        p += strcspn(p, " \t");
        if (*p != '\0')
            *p++ = '\0';
    }
    words[count] = NULL;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setpgid(0, 0);
    if (count == 0 || null == -1 || dup2(null, STDIN_FILENO) == -1)
        _exit(126);
    execve(words[0], words, environment);
    _exit(127);
}

static void start(struct hook *hook) {
    struct job *job = &hook->waiting[0];
    pid_t pid;

    if (hook->pid != 0 || hook->count == 0)
        return;
    pid = fork();
    if (pid == 0)
        become(job->command, job->environment);
    if (pid == -1) {
        log_warn("hook", "start %s: %s", job->command, strerror(errno));
    } else {
        setpgid(pid, pid);
        hook->pid = pid;
        loop_timer_set(hook->limit, LIMIT_MS);
        log_info("hook", "%s is process %ld", job->command, (long)pid);
    }
    clear_job(job);
    hook->count--;
    memmove(&hook->waiting[0], &hook->waiting[1], (size_t)hook->count * sizeof hook->waiting[0]);
    memset(&hook->waiting[hook->count], 0, sizeof hook->waiting[0]);
}

static void on_child(int number, void *arg) {
    struct hook *hook = arg;
    int status;

    (void)number;
    if (hook->pid == 0 || waitpid(hook->pid, &status, WNOHANG) != hook->pid)
        return;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        log_warn("hook", "process %ld ended with %s %d%s", (long)hook->pid,
                 WIFSIGNALED(status) ? "signal" : "status",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                 WIFEXITED(status) && WEXITSTATUS(status) == 127 ? " (it could not be started)"
                                                                 : "");
    hook->pid = 0;
    loop_timer_cancel(hook->limit);
    start(hook);
}

static void on_limit(void *arg) {
    struct hook *hook = arg;

    if (hook->pid == 0)
        return;
    log_warn("hook", "process %ld is not done after 30 s: killed", (long)hook->pid);
    kill(-hook->pid, SIGKILL);
}

struct hook *hook_new(struct loop *loop) {
    struct hook *hook = xcalloc(1, sizeof *hook);

    hook->loop = loop;
    hook->on_child = loop_signal_new(loop, SIGCHLD, on_child, hook);
    hook->limit = loop_timer_new(loop, on_limit, hook);
    return hook;
}

void hook_free(struct hook **pointer) {
    struct hook *hook = *pointer;

    if (hook == NULL)
        return;
    for (int i = 0; i < hook->count; i++)
        clear_job(&hook->waiting[i]);
    loop_timer_free(&hook->limit);
    loop_signal_free(&hook->on_child);
    free(hook);
    *pointer = NULL;
}

void hook_run(struct hook *hook, const char *command, const char *const *environment) {
    struct job *job;

    if (command[0] == '\0')
        return;
    if (hook->count == WAITING_MOST) {
        log_warn("hook", "%s: too many wait, left out", command);
        return;
    }
    job = &hook->waiting[hook->count++];
    text_copy(job->command, sizeof job->command, command);
    for (int i = 0; i < ENVIRONMENT_MOST && environment[i] != NULL; i++)
        job->environment[i] = xstrdup(environment[i]);
    start(hook);
}
