/* runner.c: real programs, their ends, and what is left of them. */
#include "runner.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "loop.h"
#include "text.h"
#include "xmem.h"

static const char *const bare[] = {"A=b", NULL};

struct result {
    struct loop *loop;
    int wanted; /* ends before the loop stops */
    int status, signal;
    bool timed_out;
    char why[160];
    char output[RUNNER_OUTPUT_MOST];
};

static void on_end(const struct runner_end *end, void *arg) {
    struct result *r = arg;

    r->status = end->status;
    r->signal = end->signal;
    r->timed_out = end->timed_out;
    text_copy(r->why, sizeof r->why, end->why);
    text_copy(r->output, sizeof r->output, end->output);
    if (--r->wanted == 0)
        loop_stop(r->loop);
}

/* Runs `sh -c script` to its end. */
static struct result run(const char *script, const char *input, int timeout_ms) {
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    struct fault why;
    struct result r = {.loop = loop_new(&why), .wanted = 1};
    struct runner *runner = runner_new(r.loop);
    struct runner_job job = {.argv = argv,
                             .environment = bare,
                             .input = input,
                             .input_size = strlen(input),
                             .timeout_ms = timeout_ms,
                             .on_end = on_end,
                             .arg = &r};

    signal(SIGPIPE, SIG_IGN);
    runner_start(runner, &job);
    loop_run(r.loop);
    runner_free(&runner);
    loop_free(&r.loop);
    return r;
}

Test(runner, ends) {
    static const struct {
        const char *script;
        int status, signal;
        const char *output;
    } rows[] = {
        {"cat", 0, 0, "the input"},
        {"echo out; echo err >&2; exit 3", 3, 0, "out\nerr\n"},
        {"exit 0", 0, 0, ""},
        {"kill -TERM $$", -1, SIGTERM, ""},
        {"echo \"$A $HOME\"", 0, 0, "b \n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct result r = run(rows[i].script, "the input", 10000);

        cr_expect_eq(r.status, rows[i].status, "%s: %d", rows[i].script, r.status);
        cr_expect_eq(r.signal, rows[i].signal, "%s: %d", rows[i].script, r.signal);
        cr_expect_str_eq(r.output, rows[i].output, "%s: %s", rows[i].script, r.output);
        cr_expect(!r.timed_out);
    }
}

Test(runner, no_such_program) {
    static const char *const argv[] = {"/no/such/program", NULL};
    struct fault why;
    struct result r = {.loop = loop_new(&why), .wanted = 1};
    struct runner *runner = runner_new(r.loop);

    runner_start(runner, &(struct runner_job){.argv = argv,
                                              .environment = bare,
                                              .input = "",
                                              .timeout_ms = 10000,
                                              .on_end = on_end,
                                              .arg = &r});
    loop_run(r.loop);
    cr_expect_eq(r.status, 127);
    runner_free(&runner);
    loop_free(&r.loop);
}

Test(runner, much_input_and_much_output) {
    char *input = xcalloc(1, 400001);
    struct result r;

    memset(input, 'x', 400000);
    r = run("wc -c; cat /dev/zero | head -c 1000000 | tr '\\0' y", input, 20000);
    cr_expect_eq(r.status, 0);
    cr_expect_eq(strlen(r.output), (size_t)RUNNER_OUTPUT_MOST - 1);
    cr_expect(strncmp(r.output, "400000\nyyy", 10) == 0, "%.12s", r.output);
    r = run("exec true", input, 10000);
    cr_expect_eq(r.status, 0, "it may leave its input unread");
    free(input);
}

static bool is_alive(const char *pid_file) {
    char text[32] = "";
    FILE *f = fopen(pid_file, "r");
    pid_t pid;

    cr_assert(f != NULL && fgets(text, sizeof text, f) != NULL, "%s", pid_file);
    fclose(f);
    pid = (pid_t)strtol(text, NULL, 10);
    for (int i = 0; i < 100 && kill(pid, 0) == 0; i++)
        usleep(20000);
    return kill(pid, 0) == 0;
}

Test(runner, time_limit_kills_the_group) {
    char path[] = "/tmp/test_runner.XXXXXX";
    char script[200];
    int64_t before_ms = clock_mono_ms();
    struct result r;

    close(mkstemp(path));
    snprintf(script, sizeof script, "sleep 60 & echo $! >%s; trap '' TERM; wait", path);
    r = run(script, "", 300);
    cr_expect(r.timed_out);
    cr_expect_eq(r.signal, SIGKILL);
    cr_expect_lt(clock_mono_ms() - before_ms, 10000);
    cr_expect(!is_alive(path), "its child");
    unlink(path);
}

Test(runner, what_is_left_at_the_end_is_killed) {
    char path[] = "/tmp/test_runner.XXXXXX";
    char script[200];
    struct result r;

    close(mkstemp(path));
    snprintf(script, sizeof script, "sleep 60 & echo $! >%s; echo done", path);
    r = run(script, "", 20000); /* the child holds stdout open: nobody waits for that */
    cr_expect_eq(r.status, 0);
    cr_expect_str_eq(r.output, "done\n");
    cr_expect(!is_alive(path), "its child");
    unlink(path);
}

Test(runner, several_at_once_and_a_cancelled_one) {
    static const char *const slow[] = {"/bin/sh", "-c", "sleep 0.2; echo slow", NULL};
    static const char *const never[] = {"/bin/sleep", "60", NULL};
    struct fault why;
    struct result r = {.loop = loop_new(&why), .wanted = 8}, none = {.status = 77};
    struct runner *runner = runner_new(r.loop);
    struct runner_job job = {.argv = slow,
                             .environment = bare,
                             .input = "",
                             .timeout_ms = 20000,
                             .on_end = on_end,
                             .arg = &r};
    struct run *cancelled;

    for (int i = 0; i < 8; i++)
        runner_start(runner, &job);
    job.argv = never;
    job.arg = &none;
    cancelled = runner_start(runner, &job);
    runner_cancel(&cancelled);
    cr_expect_null(cancelled);
    runner_start(runner, &job); /* ended by runner_free */
    loop_run(r.loop);
    cr_expect_eq(r.wanted, 0);
    cr_expect_str_eq(r.output, "slow\n");
    runner_free(&runner);
    loop_free(&r.loop);
    cr_expect_eq(none.status, 77, "no callback");
}

Test(runner, words) {
    char line[] = " /bin/prog  a;b\t$(id) \"c d\" ";
    const char *words[4];

    runner_words(line, words, 3);
    cr_expect_str_eq(words[0], "/bin/prog");
    cr_expect_str_eq(words[1], "a;b");
    cr_expect_str_eq(words[2], "$(id)");
    cr_expect_null(words[3], "no more than fit");
    line[0] = '\0';
    runner_words(line, words, 3);
    cr_expect_null(words[0]);
}
