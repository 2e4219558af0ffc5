/* hook.c: argv without a shell, the environment as given, one at a time, never waited for. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "hook.h"
#include "text.h"

static struct loop *loop;
static struct hook *hook;
static char folder[] = "/tmp/relaywatch-hook.XXXXXX";
static char script[64], said[64];

static void begin(void) {
    static const char text[] = "#!/bin/sh\necho \"$# $1 $2 $WHAT $HOME\" >>\"$SAID\"\n";
    struct fault why = {""};

    loop = loop_new(&why);
    hook = hook_new(loop);
    cr_assert_not_null(mkdtemp(folder));
    text_format(script, sizeof script, "%s/script", folder);
    text_format(said, sizeof said, "%s/said", folder);
    cr_assert_eq(file_replace(script, text, sizeof text - 1, 0755, &why), 0, "%s", why.text);
}

static void finish(void) {
    hook_free(&hook);
    loop_free(&loop);
    unlink(script);
    unlink(said);
    rmdir(folder);
}

static void stop(void *arg) {
    (void)arg;
    loop_stop(loop);
}

/* Runs the loop until the file has so many lines, 20 s at most. */
static char *said_lines(int want) {
    static char text[4096];

    for (int i = 0; i < 400; i++) {
        struct loop_timer *timer = loop_timer_new(loop, stop, NULL);
        int lines = 0;

        loop_timer_set(timer, 50);
        loop_run(loop);
        loop_timer_free(&timer);
        if (file_read(said, text, sizeof text, NULL) == -1)
            text[0] = '\0';
        for (const char *p = text; *p != '\0'; p++)
            lines += *p == '\n';
        if (lines >= want)
            break;
    }
    return text;
}

Test(hook, argv_and_environment, .init = begin, .fini = finish) {
    char command[128], where[96];
    const char *const environment[] = {"PATH=/usr/bin:/bin", "WHAT=held; id", where, NULL};

    text_format(command, sizeof command, "%s  a;b\t$(id) ", script);
    text_format(where, sizeof where, "SAID=%s", said);
    setenv("HOME", "/not-inherited", 1);
    hook_run(hook, command, environment);
    hook_run(hook, "", environment);
    cr_expect_str_eq(said_lines(1), "2 a;b $(id) held; id \n");
}

Test(hook, several_come_one_after_the_other_and_a_missing_one_hinders_none, .init = begin,
     .fini = finish) {
    char command[128], where[96];
    const char *const environment[] = {"PATH=/usr/bin:/bin", where, NULL};

    text_format(where, sizeof where, "SAID=%s", said);
    hook_run(hook, "/nonexistent/program x", environment);
    for (int i = 0; i < 3; i++) {
        text_format(command, sizeof command, "%s %d", script, i);
        hook_run(hook, command, environment);
    }
    cr_expect_str_eq(said_lines(3), "1 0   \n1 1   \n1 2   \n");
}
