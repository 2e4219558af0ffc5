/* submission.c against servers of one script each: what is said, what comes of each answer. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop.h"
#include "submission.h"
#include "text.h"

static struct loop *loop;
static struct submission *submission;
static char trouble[400];
static int ends;

static void on_end(const char *why, void *arg) {
    (void)arg;
    ends++;
    text_copy(trouble, sizeof trouble, why != NULL ? why : "");
    loop_stop(loop);
}

static int listen_on(char endpoint[64]) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert(fd != -1 && bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 1) == 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    text_format(endpoint, 64, "127.0.0.1:%u", ntohs(address.sin_port));
    return fd;
}

/* Answers with the parts of `script`, each after one line, that of BODY after the lone dot; what it
 * read goes into the pipe. */
static void serve(int listener, const char *const *script, int heard) {
    int fd = accept(listener, NULL, NULL);
    FILE *in = fdopen(fd, "r");
    char line[1000];

    for (size_t i = 0; in != NULL && script[i] != NULL; i++) {
        if (send(fd, script[i], strlen(script[i]), MSG_NOSIGNAL) == -1)
            break;
        do {
            if (fgets(line, sizeof line, in) == NULL)
                _exit(0);
            if (write(heard, line, strlen(line)) == -1)
                _exit(1);
        } while (strncmp(script[i], "354", 3) == 0 && strcmp(line, ".\r\n") != 0);
    }
    _exit(0);
}

/* Sends one letter there; what the server heard is in `heard`. */
static void send_one(const char *const *script, char *heard, size_t size) {
    char endpoint[64];
    int listener = listen_on(endpoint);
    const struct submission_letter letter = {.server = endpoint,
                                             .helo = "relay1",
                                             .recipient = "canary@example.com",
                                             .text = "Subject: x\r\n\r\nhello\r\n"};
    size_t n = 0;
    ssize_t got;
    int pipes[2];
    pid_t child;
    struct fault why;

    cr_assert_eq(pipe(pipes), 0);
    child = fork();
    if (child == 0)
        serve(listener, script, pipes[1]);
    close(pipes[1]);
    close(listener);
    loop = loop_new(&why);
    submission = submission_new(loop, on_end, NULL);
    ends = 0;
    cr_assert(submission_send(submission, &letter));
    cr_expect_not(submission_send(submission, &letter), "one at a time");
    cr_expect_eq(ends, 0, "never from within the call");
    loop_run(loop);
    submission_free(&submission);
    loop_free(&loop);
    while (n + 1 < size && (got = read(pipes[0], heard + n, size - 1 - n)) > 0)
        n += (size_t)got;
    heard[n] = '\0';
    close(pipes[0]);
    waitpid(child, NULL, 0);
    cr_expect_eq(ends, 1);
}

Test(submission, is_taken, .timeout = 20) {
    static const char *const script[] = {
        "220-mx\r\n220 hi\r\n", "250-mx\r\n250 DSN\r\n",         "250 ok\r\n", "250 ok\r\n",
        "354 go\r\n",           "250 2.0.0 Ok: queued as A\r\n", NULL};
    char heard[2000];

    send_one(script, heard, sizeof heard);
    cr_expect_str_eq(trouble, "");
    cr_expect_str_eq(heard,
                     "EHLO relay1\r\nMAIL FROM:<>\r\nRCPT TO:<canary@example.com>\r\nDATA\r\n"
                     "Subject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n");
}

Test(submission, troubles, .timeout = 60) {
    static const struct {
        const char *script[7];
        const char *want;
    } rows[] = {
        {{"554 no\r\n"}, "127.0.0.1 refused the connection: 554 no"},
        {{"220 hi\r\n", "250 mx\r\n", "250 ok\r\n", "554 5.7.1 <x>: Relay access denied\r\n"},
         "127.0.0.1 refused RCPT TO: 554 5.7.1 <x>: Relay access denied"},
        {{"220 hi\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n",
          "451 4.3.0 queue file write error\r\n"},
         "127.0.0.1 refused the message: 451 4.3.0 queue file write error"},
        {{"220 hi\r\n", "250 mx\r\n"}, "127.0.0.1 closed the connection"},
        {{"220 \033[31mhi\r\n", "\033[31mno\r\n"}, "what answers there does not speak SMTP"},
    };
    char heard[2000];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        send_one(rows[i].script, heard, sizeof heard);
        cr_expect_str_eq(trouble, rows[i].want, "row %zu: %s", i, trouble);
    }
}

Test(submission, nobody_is_there, .timeout = 20) {
    struct submission_letter letter = {
        .helo = "relay1", .recipient = "canary@example.com", .text = "\r\n"};
    static const char *const want[] = {"Connection refused", "not of the form"};
    char endpoint[2][64] = {"", "nonsense"};
    struct fault why;

    close(listen_on(endpoint[0]));
    loop = loop_new(&why);
    submission = submission_new(loop, on_end, NULL);
    for (int i = 0; i < 2; i++) {
        letter.server = endpoint[i];
        cr_assert(submission_send(submission, &letter));
        loop_run(loop);
        cr_expect_not_null(strstr(trouble, want[i]), "%s", trouble);
    }
    cr_expect_eq(ends, 2);
    submission_free(&submission);
    loop_free(&loop);
}
