/* Programs that are run on the loop, several at once: argv, no shell, an environment of their own,
 * bytes on stdin, stdout and stderr caught together up to a limit. One that is not done at its time
 * limit is killed; with each one's end what is left of its process group is, too. Never blocks. One
 * runner a process: it owns SIGCHLD. */
#ifndef EDGE_RUNNER_H
#define EDGE_RUNNER_H

#include <stdbool.h>
#include <stddef.h>

struct loop;
struct run;
struct runner;

enum { RUNNER_OUTPUT_MOST = 4096 };

struct runner_end {
    int status;      /* exit status; 127: it could not be started; -1: ended by a signal, or never
                        began */
    bool timed_out;  /* killed by us */
    int signal;      /* that ended it; 0: none */
    const char *why; /* it never began: "" otherwise */
    const char *output; /* terminated; what came beyond the limit is dropped */
};

struct runner_job {
    const char *const *argv;        /* [0] is an absolute path, NULL at the end */
    const char *const *environment; /* "NAME=value", NULL at the end: all that it gets */
    const void *input;              /* all of the job is copied by runner_start */
    size_t input_size;
    int timeout_ms;
    void (*on_end)(const struct runner_end *end, void *arg);
    void *arg;
};

/* Cuts a line of the configuration into `most` words at most, parted by blanks as they stand: no
 * quotes, no shell. `words` has room for most + 1, the last is NULL; they stand in `line`. */
void runner_words(char *line, const char **words, size_t most);

struct runner *runner_new(struct loop *loop);
/* Kills what runs; no callback comes. */
void runner_free(struct runner **runner);

/* Never calls back before it has returned. The result belongs to the runner and is gone once on_end
 * is called. */
struct run *runner_start(struct runner *runner, const struct runner_job *job);

/* Kills it and its group; no callback comes. */
void runner_cancel(struct run **run);

#endif
