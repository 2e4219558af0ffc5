/* prompt.c, at a terminal: a hidden line is not shown, and the terminal is left as it was, also by
 * Ctrl-C. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "prompt.h"

static bool shows(int fd) {
    struct termios t;

    cr_assert_eq(tcgetattr(fd, &t), 0);
    return (t.c_lflag & ECHO) != 0;
}

/* A terminal becomes stdin. Returns its other end. */
static int terminal(void) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    int slave;

    cr_assert(master != -1 && grantpt(master) == 0 && unlockpt(master) == 0);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    cr_assert_neq(slave, -1);
    cr_assert_eq(dup2(slave, STDIN_FILENO), STDIN_FILENO);
    close(slave);
    return master;
}

/* Types `keys` as soon as nothing is shown any more. */
static pid_t type(int master, const char *keys) {
    pid_t pid = fork();

    cr_assert_neq(pid, -1);
    if (pid == 0) {
        while (shows(STDIN_FILENO))
            usleep(1000);
        _exit(write(master, keys, strlen(keys)) == (ssize_t)strlen(keys) ? 0 : 1);
    }
    return pid;
}

static bool asked(const char *keys, char *out, size_t size) {
    int master = terminal();
    pid_t pid = type(master, keys);
    bool done;

    alarm(20);
    done = prompt_line("", true, out, size);
    alarm(0);
    waitpid(pid, NULL, 0);
    cr_expect(shows(STDIN_FILENO), "the terminal is as it was");
    close(master);
    return done;
}

Test(prompt, hidden_line) {
    char line[8];

    cr_expect(asked("secret1\n", line, sizeof line));
    cr_expect_str_eq(line, "secret1");
    cr_expect_not(asked("secret12\n", line, sizeof line), "too long");
    cr_expect_str_eq(line, "");
}

Test(prompt, ctrl_c_ends_it_at_once) {
    char line[8];

    cr_expect_not(asked("ab\x03", line, sizeof line));
    cr_expect_str_eq(line, "");
}
