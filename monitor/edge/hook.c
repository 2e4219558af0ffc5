/* See hook.h. */
#include "hook.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "runner.h"
#include "text.h"
#include "xmem.h"

enum { LIMIT_MS = 30 * 1000, WAITING_MOST = 4, WORDS_MOST = 32, ENVIRONMENT_MOST = 16 };

struct job {
    char command[256];
    char *environment[ENVIRONMENT_MOST + 1];
};

struct hook {
    struct runner *runner;
    struct run *run;                  /* NULL: none runs */
    struct job job[1 + WAITING_MOST]; /* the first is the one that runs, or is next */
    int count;
};

static void clear_job(struct job *job) {
    for (int i = 0; job->environment[i] != NULL; i++)
        free(job->environment[i]);
    memset(job, 0, sizeof *job);
}

static void start(struct hook *hook);

static void on_end(const struct runner_end *end, void *arg) {
    struct hook *hook = arg;
    struct job *job = &hook->job[0];
    char said[200];

    text_copy_printable(said, sizeof said, (struct span){end->output, strcspn(end->output, "\n")});
    if (end->timed_out)
        log_warn("hook", "%s: not done after 30 s: killed", job->command);
    else if (end->why[0] != '\0')
        log_warn("hook", "%s: %s", job->command, end->why);
    else if (end->status == -1)
        log_warn("hook", "%s: ended with signal %d", job->command, end->signal);
    else if (end->status != 0)
        log_warn("hook", "%s: ended with status %d%s: %s", job->command, end->status,
                 end->status == 127 ? " (it could not be started)" : "", said);
    else if (said[0] != '\0')
        log_info("hook", "%s: %s", job->command, said);
    clear_job(job);
    hook->run = NULL;
    hook->count--;
    memmove(&hook->job[0], &hook->job[1], (size_t)hook->count * sizeof hook->job[0]);
    memset(&hook->job[hook->count], 0, sizeof hook->job[0]);
    start(hook);
}

static void start(struct hook *hook) {
    struct job *job = &hook->job[0];
    char line[sizeof job->command];
    const char *words[WORDS_MOST + 1];
    struct runner_job run = {.argv = words,
                             .environment = (const char *const *)job->environment,
                             .input = "",
                             .timeout_ms = LIMIT_MS,
                             .on_end = on_end,
                             .arg = hook};

    if (hook->run != NULL || hook->count == 0)
        return;
    text_copy(line, sizeof line, job->command);
    runner_words(line, words, WORDS_MOST);
    log_info("hook", "%s", job->command);
    hook->run = runner_start(hook->runner, &run);
}

struct hook *hook_new(struct loop *loop) {
    struct hook *hook = xcalloc(1, sizeof *hook);

    hook->runner = runner_new(loop);
    return hook;
}

void hook_free(struct hook **pointer) {
    struct hook *hook = *pointer;

    if (hook == NULL)
        return;
    runner_free(&hook->runner);
    for (int i = 0; i < hook->count; i++)
        clear_job(&hook->job[i]);
    free(hook);
    *pointer = NULL;
}

void hook_run(struct hook *hook, const char *command, const char *const *environment) {
    struct job *job;

    if (command[0] == '\0')
        return;
    if (hook->count == 1 + WAITING_MOST) {
        log_warn("hook", "%s: too many wait, left out", command);
        return;
    }
    job = &hook->job[hook->count++];
    text_copy(job->command, sizeof job->command, command);
    for (int i = 0; i < ENVIRONMENT_MOST && environment[i] != NULL; i++)
        job->environment[i] = xstrdup(environment[i]);
    start(hook);
}
