/* See spawn.h. */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdbool.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

struct catcher {
    int fd; /* -1: closed */
    char *out;
    size_t size;
    size_t length;
    void (*on_output)(const char *bytes, size_t n, void *arg);
    void *arg;
};

int spawn_become(const char *user) {
    return spawn_become_in(user, NULL);
}

int spawn_become_in(const char *user, const char *root) {
    const struct passwd *who = getpwnam(user);

    if (who == NULL) {
        errno = errno != 0 ? errno : ENOENT;
        return -1;
    }
    if (initgroups(user, who->pw_gid) == -1 ||
        (root != NULL && (chroot(root) == -1 || chdir("/") == -1)) ||
        setresgid(who->pw_gid, who->pw_gid, who->pw_gid) == -1 ||
        setresuid(who->pw_uid, who->pw_uid, who->pw_uid) == -1)
        return -1;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void run_child(const struct spawn *job, int in, int out, int err) {
    static char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", "LC_ALL=C",
                                        NULL};
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setpgid(0, 0);
    if (dup2(in, STDIN_FILENO) == -1 || dup2(out, STDOUT_FILENO) == -1 ||
        (err != -1 && dup2(err, STDERR_FILENO) == -1))
        _exit(126);
    if (job->user != NULL && spawn_become(job->user) == -1)
        _exit(125);
    execve(job->argv[0], (char *const *)(const void *)job->argv, environment);
    _exit(127);
}

/* Reads what is there; closes at end of file. */
static void catch_some(struct catcher *c) {
    char dropped[16384];
    bool room = c->out != NULL && c->length + 1 < c->size;
    ssize_t n = room ? read(c->fd, c->out + c->length, c->size - 1 - c->length)
                     : read(c->fd, dropped, sizeof dropped);

    if (n > 0 && room)
        c->length += (size_t)n;
    else if (n > 0 && c->on_output != NULL)
        c->on_output(dropped, (size_t)n, c->arg);
    if (n == 0 || (n == -1 && errno != EINTR && errno != EAGAIN)) {
        close(c->fd);
        c->fd = -1;
    }
}

/* Catches both streams and waits for the end. Returns the wait status, or -1 at the time limit. */
static int wait_child(pid_t pid, struct catcher *streams, int timeout_ms) {
    int64_t deadline_ms = clock_mono_ms() + timeout_ms;
    int status;

    for (;;) {
        struct pollfd fds[2] = {{.fd = streams[0].fd, .events = POLLIN},
                                {.fd = streams[1].fd, .events = POLLIN}};
        int64_t left = deadline_ms - clock_mono_ms();
        pid_t ended;

        if (left <= 0)
            return -1;
        if (streams[0].fd == -1 && streams[1].fd == -1) {
            ended = waitpid(pid, &status, WNOHANG);
            if (ended == pid)
                return status;
            poll(NULL, 0, 2); /* closed its streams and lives on for a moment */
            continue;
        }
        if (poll(fds, 2, (int)(left < 20 ? left : 20)) == -1 && errno != EINTR)
            return -1;
        for (int i = 0; i < 2; i++) {
            if (fds[i].revents == 0)
                continue;
            catch_some(&streams[i]);
            if (streams[i].on_output != NULL)
                deadline_ms = clock_mono_ms() + timeout_ms;
        }
        /* A grandchild may hold the streams open: the child's own end is what counts. */
        ended = waitpid(pid, &status, WNOHANG);
        if (ended == pid) {
            for (int i = 0; i < 2; i++) {
                while (streams[i].fd != -1 &&
                       poll(&(struct pollfd){.fd = streams[i].fd, .events = POLLIN}, 1, 0) == 1)
                    catch_some(&streams[i]);
            }
            return status;
        }
    }
}

static int open_pipes(const struct spawn *job, int in[2], int out[2], int err[2]) {
    in[0] = in[1] = out[0] = out[1] = err[0] = err[1] = -1;
    if (job->input == NULL)
        in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    else if (pipe2(in, O_CLOEXEC) == -1)
        return -1;
    if (job->output == NULL && job->on_output == NULL)
        out[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
    else if (pipe2(out, O_CLOEXEC) == -1)
        return -1;
    if (job->errors != NULL && pipe2(err, O_CLOEXEC) == -1)
        return -1;
    return in[0] == -1 || out[1] == -1 ? -1 : 0;
}

static void close_open(int fd) {
    if (fd != -1)
        close(fd);
}

int spawn_run(struct spawn *job, struct fault *why) {
    int in[2], out[2], err[2];
    struct catcher streams[2];
    int status;
    pid_t pid;

    if (open_pipes(job, in, out, err) == -1)
        return fault_errno(why, "pipes for %s", job->argv[0]);
    pid = fork();
    if (pid == 0)
        run_child(job, in[0], out[1], err[1]);
    close_open(in[0]);
    close_open(out[1]);
    close_open(err[1]);
    streams[0] = (struct catcher){.fd = out[0],
                                  .out = job->on_output == NULL ? job->output : NULL,
                                  .size = job->output_size,
                                  .on_output = job->on_output,
                                  .arg = job->arg};
    streams[1] = (struct catcher){.fd = err[0], .out = job->errors, .size = job->errors_size};
    if (pid == -1) {
        close_open(in[1]);
        close_open(out[0]);
        close_open(err[0]);
        return fault_errno(why, "start %s", job->argv[0]);
    }
    setpgid(pid, pid);
    if (in[1] != -1) {
        /* Within one pipe buffer, so this cannot block; the child may have ended (EPIPE, ignored).
         */
        ssize_t n = write(in[1], job->input, job->input_size);

        (void)n;
        close(in[1]);
    }
    status = wait_child(pid, streams, job->timeout_ms);
    if (status == -1) {
        kill(-pid, SIGKILL);
        while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
            ;
    }
    close_open(streams[0].fd);
    close_open(streams[1].fd);
    job->output_length = streams[0].length;
    job->errors_length = streams[1].length;
    if (job->output != NULL)
        job->output[job->output_length] = '\0';
    if (job->errors != NULL)
        job->errors[job->errors_length] = '\0';
    if (status == -1)
        return fault_set(why, "%s: %s %d ms, killed", job->argv[0],
                         job->on_output != NULL ? "silent for" : "not finished within",
                         job->timeout_ms);
    job->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return 0;
}
