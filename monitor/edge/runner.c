/* See runner.h. */
#include "runner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "text.h"
#include "xmem.h"

#include "loop.h"

struct run {
    struct runner *runner;
    struct run *next;
    pid_t pid; /* 0: it never began */
    int in, out;
    struct loop_watch *watch_in, *watch_out;
    struct loop_timer *limit;
    char *input;
    size_t input_size, written;
    char output[RUNNER_OUTPUT_MOST];
    size_t output_size;
    bool timed_out;
    char why[160];
    void (*on_end)(const struct runner_end *end, void *arg); /* NULL: nobody waits any more */
    void *arg;
};

struct runner {
    struct loop *loop;
    struct loop_signal *on_child;
    struct run *first;
};

static void close_in(struct run *r) {
    loop_watch_free(&r->watch_in);
    if (r->in != -1)
        close(r->in);
    r->in = -1;
}

static void close_out(struct run *r) {
    loop_watch_free(&r->watch_out);
    if (r->out != -1)
        close(r->out);
    r->out = -1;
}

static void free_run(struct run *r) {
    struct run **at = &r->runner->first;

    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    close_in(r);
    close_out(r);
    loop_timer_free(&r->limit);
    if (r->input != NULL)
        wipe(r->input, r->input_size);
    free(r->input);
    free(r);
}

/* ---- its streams ---- */

static void on_writable(int what, void *arg) {
    struct run *r = arg;
    ssize_t n = write(r->in, r->input + r->written, r->input_size - r->written);

    (void)what;
    if (n == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0)
        r->written += (size_t)n;
    if (n == -1 || r->written == r->input_size)
        close_in(r); /* one that does not read its input is free to do so */
}

/* Returns whether there may be more. */
static bool read_some(struct run *r) {
    char dropped[4096];
    size_t room = sizeof r->output - 1 - r->output_size;
    ssize_t n = room > 0 ? read(r->out, r->output + r->output_size, room)
                         : read(r->out, dropped, sizeof dropped);

    if (n > 0 && room > 0)
        r->output_size += (size_t)n;
    if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
        close_out(r);
    return n > 0;
}

static void on_readable(int what, void *arg) {
    (void)what;
    (void)read_some(arg);
}

/* ---- its end ---- */

static void finish(struct run *r, int status) {
    struct runner_end end = {.status = -1, .timed_out = r->timed_out};
    void (*on_end)(const struct runner_end *, void *) = r->on_end;
    void *arg = r->arg;
    char output[sizeof r->output], why[sizeof r->why];

    for (int turns = 0; r->out != -1 && turns < 64 && read_some(r); turns++)
        ;
    r->output[r->output_size] = '\0';
    memcpy(output, r->output, r->output_size + 1);
    text_copy(why, sizeof why, r->why);
    end.output = output;
    end.why = why;
    if (r->pid != 0 && WIFEXITED(status))
        end.status = WEXITSTATUS(status);
    else if (r->pid != 0)
        end.signal = WTERMSIG(status);
    free_run(r);
    if (on_end != NULL)
        on_end(&end, arg);
}

/* Its group goes while its number is still its own, which is until it is waited for. */
static bool has_ended(struct run *r, int *status) {
    siginfo_t info = {.si_pid = 0};

    if (r->pid == 0 || waitid(P_PID, (id_t)r->pid, &info, WEXITED | WNOHANG | WNOWAIT) == -1 ||
        info.si_pid != r->pid)
        return false;
    kill(-r->pid, SIGKILL);
    return waitpid(r->pid, status, WNOHANG) == r->pid;
}

/* Looks again from the start after each one: a callback may have started or ended others. */
static void on_child(int number, void *arg) {
    struct runner *runner = arg;
    struct run *r = runner->first;
    int status;

    (void)number;
    while (r != NULL) {
        if (!has_ended(r, &status)) {
            r = r->next;
            continue;
        }
        finish(r, status);
        r = runner->first;
    }
}

static void on_limit(void *arg) {
    struct run *r = arg;

    if (r->pid == 0) {
        finish(r, 0);
        return;
    }
    r->timed_out = true;
    kill(-r->pid, SIGKILL);
}

/* ---- its beginning ---- */

/* In the child. Never returns. */
static void become(const struct runner_job *job, int in, int out) {
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setpgid(0, 0);
    if (dup2(in, STDIN_FILENO) == -1 || dup2(out, STDOUT_FILENO) == -1 ||
        dup2(out, STDERR_FILENO) == -1)
        _exit(126);
    execve(job->argv[0], (char *const *)(const void *)job->argv,
           (char *const *)(const void *)job->environment);
    _exit(127);
}

static void close_pair(int pair[2]) {
    if (pair[0] != -1)
        close(pair[0]);
    if (pair[1] != -1)
        close(pair[1]);
}

/* Only our ends do not wait: the program's are as it knows them. */
static int begin(struct run *r, const struct runner_job *job, struct fault *why) {
    int in[2] = {-1, -1}, out[2] = {-1, -1};

    if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1 ||
        fcntl(in[1], F_SETFL, O_NONBLOCK) == -1 || fcntl(out[0], F_SETFL, O_NONBLOCK) == -1) {
        fault_errno(why, "pipes for %s", job->argv[0]);
        close_pair(in);
        close_pair(out);
        return -1;
    }
    r->pid = fork();
    if (r->pid == 0)
        become(job, in[0], out[1]);
    if (r->pid == -1) {
        r->pid = 0;
        fault_errno(why, "start %s", job->argv[0]);
        close_pair(in);
        close_pair(out);
        return -1;
    }
    setpgid(r->pid, r->pid);
    close(in[0]);
    close(out[1]);
    r->in = in[1];
    r->out = out[0];
    return 0;
}

struct run *runner_start(struct runner *runner, const struct runner_job *job) {
    struct run *r = xcalloc(1, sizeof *r);
    struct fault why;

    r->runner = runner;
    r->next = runner->first;
    runner->first = r;
    r->in = r->out = -1;
    r->on_end = job->on_end;
    r->arg = job->arg;
    r->limit = loop_timer_new(runner->loop, on_limit, r);
    if (begin(r, job, &why) == -1) {
        text_copy(r->why, sizeof r->why, why.text);
        loop_timer_set(r->limit, 0);
        return r;
    }
    r->input = xcalloc(1, job->input_size + 1);
    r->input_size = job->input_size;
    memcpy(r->input, job->input, job->input_size);
    r->watch_in = loop_watch_new(runner->loop, r->in, on_writable, r);
    loop_watch_want(r->watch_in, LOOP_WRITE);
    r->watch_out = loop_watch_new(runner->loop, r->out, on_readable, r);
    loop_watch_want(r->watch_out, LOOP_READ);
    loop_timer_set(r->limit, job->timeout_ms);
    return r;
}

void runner_cancel(struct run **run) {
    struct run *r = *run;

    if (r == NULL)
        return;
    *run = NULL;
    r->on_end = NULL;
    if (r->pid != 0)
        kill(-r->pid, SIGKILL); /* on_child sees its end */
    else
        loop_timer_set(r->limit, 0);
}

void runner_words(char *line, const char **words, size_t most) {
    size_t count = 0;

    for (char *at = line; *at != '\0' && count < most;) {
        at += strspn(at, " \t");
        if (*at == '\0')
            break;
        words[count++] = at;
        at += strcspn(at, " \t");
        if (*at != '\0')
            *at++ = '\0';
    }
    words[count] = NULL;
}

struct runner *runner_new(struct loop *loop) {
    struct runner *runner = xcalloc(1, sizeof *runner);

    runner->loop = loop;
    runner->on_child = loop_signal_new(loop, SIGCHLD, on_child, runner);
    return runner;
}

void runner_free(struct runner **runner) {
    if (*runner == NULL)
        return;
    while ((*runner)->first != NULL) {
        struct run *r = (*runner)->first;

        if (r->pid != 0)
            kill(-r->pid, SIGKILL);
        free_run(r);
    }
    loop_signal_free(&(*runner)->on_child);
    free(*runner);
    *runner = NULL;
}
