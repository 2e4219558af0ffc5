/* watch.c on a terminal (a pty; the program under test is a child) and on a pipe. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "clock.h"
#include "text.h"
#include "watch.h"

enum { EVERY_MS = 1000 };

static int master, child_pid;
static char got[200000];
static size_t have;

static unsigned looks;

/* One line that stays, one that moves, a command that takes two rows. */
static void look(struct sheet *sheet, char key[WATCH_KEY], char line[WATCH_KEY], void *arg) {
    char text[64];

    (void)arg;
    looks++;
    text_format(text, sizeof text, "look %u", looks);
    sheet_put(sheet, 0, SHEET_BAD, "RELAY CRITICAL", 0, " - a line that stays");
    sheet_put(sheet, 0, SHEET_PLAIN, "", 0, text);
    sheet_put_whole(sheet, 1, SHEET_PLAIN, "  do", 5,
                    "a-command-of-more-than-eighty-columns-that-goes-on-in-the-next-row-of-it-and-"
                    "ends-there");
    text_format(key, WATCH_KEY, "%u", looks / 2);
    text_format(line, WATCH_KEY, "line %u", looks);
}

static void set_size(unsigned short rows, unsigned short columns) {
    struct winsize size = {.ws_row = rows, .ws_col = columns};

    cr_assert_eq(ioctl(master, TIOCSWINSZ, &size), 0);
}

static void begin_child(const char *term) {
    const char *name;

    master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    cr_assert(master != -1 && grantpt(master) == 0 && unlockpt(master) == 0);
    name = ptsname(master);
    set_size(24, 80);
    child_pid = fork();
    if (child_pid != 0)
        return;
    close(master);
    setsid();
    for (int fd = 0; fd < 3; fd++)
        close(fd);
    if (open(name, O_RDWR) != 0 || dup(0) != 1 || dup(0) != 2)
        _exit(9);
    setenv("TERM", term, 1);
    unsetenv("NO_COLOR");
    watch_run(look, NULL, "  (more: see --full)", EVERY_MS);
    _exit(0);
}

/* Reads until `what` came since `from`, or for five seconds. Returns where it ends; 0: not. */
static size_t read_until(const char *what, size_t from) {
    int64_t end_ms = clock_mono_ms() + 5000;

    while (clock_mono_ms() < end_ms) {
        struct pollfd fd = {.fd = master, .events = POLLIN};
        const char *found = strstr(got + from, what);
        ssize_t n;

        if (found != NULL)
            return (size_t)(found - got) + strlen(what);
        if (poll(&fd, 1, 100) <= 0)
            continue;
        n = read(master, got + have, sizeof got - 1 - have);
        if (n > 0)
            have += (size_t)n;
        got[have] = '\0';
    }
    return 0;
}

static int end_status(void) {
    int status = -1;

    for (int i = 0; i < 500 && waitpid(child_pid, &status, WNOHANG) == 0; i++)
        usleep(10 * 1000);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static tcflag_t modes(void) {
    struct termios now;

    cr_assert_eq(tcgetattr(master, &now), 0); /* Linux tells the slave's */
    return now.c_lflag & (tcflag_t)(ICANON | ECHO);
}

Test(watch, draws_what_changed_and_leaves_the_terminal_as_it_was) {
    size_t first, second;

    begin_child("xterm");
    first = read_until("q ends\033[0m\033[K", 0);
    cr_assert_neq(first, 0);
    cr_expect_eq(strncmp(got, "\033[?1049h\033[?25l", 14), 0);
    cr_expect_not_null(strstr(got, "\033[1;1H\033[1;31mRELAY CRITICAL\033[0m - a line that stays"));
    cr_expect_not_null(strstr(got, "\033[5;1H"), "the command takes two rows");
    cr_expect_eq(modes(), 0u, "keys come at once");
    second = read_until("q ends\033[0m\033[K", first);
    cr_assert_neq(second, 0);
    cr_expect_null(strstr(got + first, "stays"), "what did not change is not drawn again");
    cr_expect_null(strstr(got + first, "a-command"));
    cr_expect_not_null(strstr(got + first, "\033[2;1Hlook 2\033[K"));
    cr_expect(second - first < 120, "%zu bytes a look", second - first);
    cr_expect_null(strstr(got, "--full"), "nothing is left out");
    set_size(4, 80);
    second = read_until("(more: see --full)", second);
    cr_assert_neq(second, 0, "what is left out is said");
    set_size(30, 100);
    cr_assert_neq(read_until("\033[2J", second), 0, "drawn anew after a resize");
    cr_assert_neq(read_until("stays", second), 0);
    cr_expect_eq(write(master, "xq", 2), 2);
    cr_assert_neq(read_until("\033[?25h\033[?1049l", second), 0);
    cr_expect_eq(end_status(), 0);
    cr_expect_eq(modes(), (tcflag_t)(ICANON | ECHO));
}

Test(watch, signals_end_it_tidily) {
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

    for (size_t i = 0; i < 3; i++) {
        have = 0;
        got[0] = '\0';
        begin_child("xterm");
        cr_assert_neq(read_until("q ends", 0), 0);
        kill(child_pid, signals[i]);
        cr_expect_neq(read_until("\033[?25h\033[?1049l", 0), 0, "%d", signals[i]);
        cr_expect_eq(end_status(), 0);
        cr_expect_eq(modes(), (tcflag_t)(ICANON | ECHO));
        close(master);
    }
}

Test(watch, ends_with_the_terminal) {
    begin_child("xterm");
    cr_assert_neq(read_until("q ends", 0), 0);
    close(master);
    cr_expect_eq(end_status(), 0);
}

Test(watch, one_line_a_change_where_it_cannot_draw) {
    size_t at;

    begin_child("dumb");
    at = read_until("line 1", 0);
    cr_assert_neq(at, 0);
    cr_expect_neq(read_until("line 2", at), 0);
    cr_expect_neq(read_until("line 4", at), 0);
    cr_expect_null(strstr(got, "line 3"), "no change, no line");
    cr_expect_null(strchr(got, '\033'));
    kill(child_pid, SIGTERM);
    cr_expect_eq(end_status(), 0);
}

Test(watch, size_of_no_terminal) {
    int columns, rows, fd = open("/dev/null", O_RDONLY);

    watch_size(fd, &columns, &rows);
    cr_expect_eq(columns, 80);
    cr_expect_eq(rows, 0);
    close(fd);
}
