#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "spawn.h"

static struct spawn shell(const char *const *argv, char *output, size_t size) {
    return (struct spawn){.argv = argv, .output = output, .output_size = size, .timeout_ms = 10000};
}

Test(spawn, input_output_status) {
    const char *const argv[] = {"/bin/sh", "-c", "cat; echo err >&2; exit 3", NULL};
    char out[64];
    char err[64];
    struct spawn job = shell(argv, out, sizeof out);
    struct fault why;

    job.input = "hello";
    job.input_size = 5;
    job.errors = err;
    job.errors_size = sizeof err;
    cr_assert_eq(spawn_run(&job, &why), 0, "%s", why.text);
    cr_expect_eq(job.status, 3);
    cr_expect_str_eq(out, "hello");
    cr_expect_str_eq(err, "err\n");
}

Test(spawn, output_is_cut_not_waited_for) {
    const char *const argv[] = {"/bin/sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x", NULL};
    char out[10];
    struct spawn job = shell(argv, out, sizeof out);
    struct fault why;

    cr_assert_eq(spawn_run(&job, &why), 0, "%s", why.text);
    cr_expect_eq(job.status, 0);
    cr_expect_str_eq(out, "xxxxxxxxx");
}

static void add_up(const char *bytes, size_t n, void *arg) {
    size_t *total = arg;

    cr_expect_eq(bytes[0], 'x');
    *total += n;
}

Test(spawn, output_of_any_size_is_handed_over_in_pieces) {
    const char *const argv[] = {"/bin/sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x", NULL};
    size_t total = 0;
    struct spawn job = {.argv = argv, .on_output = add_up, .arg = &total, .timeout_ms = 10000};
    struct fault why;

    cr_assert_eq(spawn_run(&job, &why), 0, "%s", why.text);
    cr_expect_eq(job.status, 0);
    cr_expect_eq(total, 300000);
}

Test(spawn, who_goes_on_talking_may_take_longer) {
    const char *const argv[] = {"/bin/sh", "-c", "for i in 1 2 3 4; do echo x; sleep 1; done",
                                NULL};
    const char *const mute[] = {"/bin/sh", "-c", "echo x; sleep 60", NULL};
    size_t total = 0;
    struct spawn job = {.argv = argv, .on_output = add_up, .arg = &total, .timeout_ms = 3000};
    struct fault why;

    cr_assert_eq(spawn_run(&job, &why), 0, "%s", why.text);
    cr_expect_eq(total, 8);
    job.argv = mute;
    job.timeout_ms = 300;
    cr_expect_eq(spawn_run(&job, &why), -1);
    cr_expect_not_null(strstr(why.text, "silent for 300 ms"), "%s", why.text);
}

Test(spawn, time_limit_kills_the_group) {
    const char *const argv[] = {"/bin/sh", "-c", "sleep 60 & sleep 60", NULL};
    struct spawn job = shell(argv, NULL, 0);
    int64_t began_ms = clock_mono_ms();
    struct fault why;

    job.timeout_ms = 200;
    cr_expect_eq(spawn_run(&job, &why), -1);
    cr_expect_not_null(strstr(why.text, "killed"), "%s", why.text);
    cr_expect_lt(clock_mono_ms() - began_ms, 30000);
}

Test(spawn, a_grandchild_with_the_stream_is_not_waited_for) {
    const char *const argv[] = {"/bin/sh", "-c", "sleep 60 & echo done", NULL};
    char out[16];
    struct spawn job = shell(argv, out, sizeof out);
    struct fault why;

    cr_assert_eq(spawn_run(&job, &why), 0, "%s", why.text);
    cr_expect_str_eq(out, "done\n");
}

Test(spawn, missing_program_is_status_127) {
    const char *const argv[] = {"/nonexistent", NULL};
    struct spawn job = shell(argv, NULL, 0);
    struct fault why;

    cr_assert_eq(spawn_run(&job, &why), 0);
    cr_expect_eq(job.status, 127);
}

Test(spawn, environment_is_small_and_user_is_changed) {
    const char *const argv[] = {"/bin/sh", "-c", "echo $SECRET_OF_PARENT; id -u; id -G", NULL};
    char out[128];
    struct spawn job = shell(argv, out, sizeof out);
    struct fault why;

    cr_assert_eq(setenv("SECRET_OF_PARENT", "x", 1), 0);
    job.user = geteuid() == 0 ? "nobody" : NULL;
    cr_assert_eq(spawn_run(&job, &why), 0, "%s", why.text);
    cr_expect_eq(job.status, 0);
    cr_expect_eq(out[0], '\n', "the parent's environment came through: %s", out);
    if (geteuid() == 0)
        cr_expect_str_eq(out, "\n65534\n65534\n");
}
