/* reach.c: what comes over a connection, and the time limits. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "reach.h"

static int pair[2];

static void make_pair(void) {
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
}

static void say(const char *text) {
    cr_assert_eq(write(pair[1], text, strlen(text)), (ssize_t)strlen(text));
}

Test(reach, reads_a_reply_to_its_last_line, .init = make_pair) {
    char text[100], line[20] = "";

    say("250-relay.test\r\n250-SIZE\r\n250 DSN\r\n");
    cr_expect_eq(reach_converse(pair[0], "EHLO x\r\n", 5000, text, sizeof text), 250);
    cr_expect_str_eq(text, "250-relay.test\r\n250-SIZE\r\n250 DSN\r\n");
    cr_expect_eq(read(pair[1], line, sizeof line), 8);
    cr_expect_eq(memcmp(line, "EHLO x\r\n", 8), 0);
    say("220 hello\r\n");
    cr_expect_eq(reach_converse(pair[0], NULL, 5000, NULL, 0), 220);
    say("220\r\n");
    cr_expect_eq(reach_converse(pair[0], NULL, 5000, NULL, 0), 220);
}

Test(reach, what_is_no_reply_is_waited_for_and_no_more, .init = make_pair) {
    static const char *const rows[] = {"",     "220-more to come\r\n", "2\r\n",   "hello there\r\n",
                                       "\r\n", "220 no end",           "22x \r\n"};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        make_pair();
        say(rows[i]);
        cr_expect_eq(reach_converse(pair[0], NULL, 50, NULL, 0), 0, "%s", rows[i]);
    }
    make_pair();
    close(pair[1]);
    cr_expect_eq(reach_converse(pair[0], "QUIT\r\n", 60000, NULL, 0), 0);
}

Test(reach, a_server_that_drips_does_not_outlast_the_limit, .init = make_pair) {
    int64_t begun_ms = clock_mono_ms();
    char line[] = "220-x\r\n";

    if (fork() == 0) {
        close(pair[0]); /* so that it ends with the test */
        for (int i = 0; i < 600; i++) {
            if (write(pair[1], line, sizeof line - 1) == -1)
                break;
            usleep(20000);
        }
        _exit(0);
    }
    cr_expect_eq(reach_converse(pair[0], NULL, 300, NULL, 0), 0);
    cr_expect_lt(clock_mono_ms() - begun_ms, 10000);
}

Test(reach, asks_until_the_other_side_closes, .init = make_pair) {
    char out[8];

    say("abc");
    shutdown(pair[1], SHUT_WR);
    cr_expect_eq(reach_ask(pair[0], "?", 5000, out, sizeof out), 3);
    cr_expect_str_eq(out, "abc");
    make_pair();
    say("0123456789");
    cr_expect_eq(reach_ask(pair[0], "?", 5000, out, sizeof out), 7, "no more than there is room");
    cr_expect_str_eq(out, "0123456");
    cr_expect_eq(reach_ask(-1, "?", 5000, out, sizeof out), -1);
}

Test(reach, says_why_there_is_no_way) {
    cr_expect_eq(reach_path("/nonexistent/socket", SOCK_STREAM), -1);
    cr_expect_eq(errno, ENOENT);
    cr_expect_eq(reach_endpoint("no port", 1000), -1);
    cr_expect_eq(errno, EADDRNOTAVAIL);
}
