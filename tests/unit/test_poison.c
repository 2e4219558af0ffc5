/* A life is a child process that looks at lines of "the log" and crashes at some of them. */
#include <criterion/criterion.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "poison.h"

static char folder[] = "/tmp/test-poison-XXXXXX";
static char path[64];

static void set_up(void) {
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/line-in-hand", folder);
}

static void tear_down(void) {
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

static const char *const lines[] = {"first", "second", "third", "second", "last"};
enum { LINES = sizeof lines / sizeof lines[0] };

/* Ends at the end of the stack. */
static int dig(volatile int *up) {
    volatile int deeper[1024] = {*up};

    return *up < 0 ? 0 : dig(deeper) + deeper[1];
}

static void end_by(int number) {
    volatile int zero = 0;

    if (number == SIGSEGV)
        exit(dig(&zero));
    else if (number == SIGABRT)
        abort();
    raise(number);
}

/* Looks at all lines; at `number` ends by a signal (0: by none). Returns which were skipped, as
 * bits. */
static unsigned live(int at, int number, unsigned *crashes_out) {
    const struct rlimit no_core = {0, 0};
    struct poison_news news;
    struct poison poison;
    struct fault why;
    unsigned skipped = 0;
    int told[2], status;
    pid_t child;

    cr_assert_eq(pipe(told), 0);
    child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &no_core);
        for (int s = 1; s < 32; s++) /* Criterion's and the sanitizer's */
            signal(s, SIG_DFL);
        if (poison_open(&poison, path, &news, &why) == -1)
            _exit(1);
        skipped = news.crashes << 8;
        for (int i = 0; i < LINES; i++) {
            if (poison_begin(&poison, span_of(lines[i]), (uint64_t)i * 100)) {
                skipped |= 1u << i;
                continue;
            }
            if (i == at && number != 0) {
                if (write(told[1], &skipped, sizeof skipped) == -1)
                    _exit(1);
                end_by(number);
            }
            poison_end(&poison);
        }
        poison_close(&poison);
        if (write(told[1], &skipped, sizeof skipped) == -1)
            _exit(1);
        _exit(0);
    }
    cr_assert_eq(read(told[0], &skipped, sizeof skipped), (ssize_t)sizeof skipped);
    waitpid(child, &status, 0);
    if (number == 0 || (skipped >> at & 1) != 0)
        cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    else
        cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == number, "%d", status);
    close(told[0]);
    close(told[1]);
    *crashes_out = skipped >> 8;
    return skipped & 0xff;
}

static void expect(int at, int number, unsigned crashes, unsigned skipped) {
    unsigned got_crashes, got = live(at, number, &got_crashes);

    cr_expect_eq(got_crashes, crashes, "news: %u crashes, not %u", got_crashes, crashes);
    cr_expect_eq(got, skipped, "skipped: %x, not %x", got, skipped);
}

Test(poison, after_three_crashes_that_line_alone_is_skipped, .init = set_up, .fini = tear_down) {
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS};

    for (unsigned i = 0; i < 3; i++)
        expect(3, signals[i], i, 0);
    expect(3, SIGABRT, 3, 1u << 3); /* not the first "second": it stands elsewhere */
    expect(3, SIGABRT, 0, 1u << 3); /* also in the next life, which may have to read it again */
}

Test(poison, a_line_that_is_got_over_is_no_suspect, .init = set_up, .fini = tear_down) {
    expect(2, SIGABRT, 0, 0);
    expect(2, SIGABRT, 1, 0);
    expect(2, 0, 2, 0);
    expect(2, SIGABRT, 0, 0);
    expect(2, SIGABRT, 1, 0);
    expect(2, 0, 2, 0);
}

Test(poison, another_line_begins_anew, .init = set_up, .fini = tear_down) {
    expect(2, SIGABRT, 0, 0);
    expect(2, SIGABRT, 1, 0);
    expect(1, SIGABRT, 2, 0);
    expect(2, SIGABRT, 1, 0);
    expect(2, 0, 1, 0);
}

Test(poison, who_kills_us_makes_no_line_suspect, .init = set_up, .fini = tear_down) {
    for (int i = 0; i < 5; i++) {
        expect(2, SIGKILL, 0, 0);
        expect(2, SIGTERM, 0, 0);
    }
    expect(2, 0, 0, 0);
}

Test(poison, a_kill_between_crashes_changes_nothing, .init = set_up, .fini = tear_down) {
    expect(2, SIGABRT, 0, 0);
    expect(1, SIGKILL, 1, 0);
    expect(2, SIGABRT, 0, 0);
    expect(2, SIGABRT, 2, 0);
    expect(2, 0, 3, 1u << 2);
}

Test(poison, long_lines_and_a_strange_file, .init = set_up, .fini = tear_down) {
    static char big[3 * POISON_LINE];
    struct poison_news news;
    struct poison poison;
    struct stat st;
    struct fault why;

    memset(big, 0xff, sizeof big);
    cr_assert_eq(file_replace(path, big, sizeof big, 0600, &why), 0, "%s", why.text);
    cr_assert_eq(poison_open(&poison, path, &news, &why), 0, "%s", why.text);
    cr_expect_eq(news.crashes, 0);
    cr_expect(!poison_begin(&poison, (struct span){big, sizeof big}, POISON_ANYWHERE));
    poison_end(&poison);
    poison_close(&poison);
    cr_expect(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
}

Test(poison, without_its_file_nothing_is_skipped) {
    struct poison_news news;
    struct poison poison;
    struct fault why;

    cr_assert_eq(poison_open(&poison, "/nonexistent/file", &news, &why), -1);
    cr_expect_not_null(strstr(why.text, "/nonexistent/file"));
    cr_expect(!poison_begin(&poison, span_of("x"), 0));
    poison_end(&poison);
    poison_close(&poison);
}

Test(poison, a_copy_is_kept, .init = set_up, .fini = tear_down) {
    char copy[128], text[32];
    struct stat st;
    struct fault why;

    cr_assert_eq(poison_keep(folder, 18, SPAN("a line"), copy, sizeof copy, &why), 0);
    cr_expect(strcmp(strrchr(copy, '/'), "/poison-line.2") == 0, "%s", copy);
    cr_expect(stat(copy, &st) == 0 && (st.st_mode & 0777) == 0600);
    cr_expect_eq(file_read(copy, text, sizeof text, &why), 6);
    cr_expect_str_eq(text, "a line");
}
