/* The server under real clients: good ones, slow ones, too many. The clients are in children; the
 * loop runs here. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "http.h"
#include "text.h"
#include "xmem.h"

static struct loop *loop;
static struct http *http;
static uint16_t port;

static void answer(const struct http_request *request, struct http_reply *reply, void *arg) {
    const char *path = request->path;

    (void)arg;
    if (strcmp(path, "/big") == 0 || strcmp(path, "/huge") == 0) {
        reply->status = 200;
        reply->size = (path[1] == 'b' ? 3 : 24) * 1024 * 1024; /* the latter fits into no buffer */
        reply->body = xcalloc(1, reply->size);
        memset(reply->body, 'x', reply->size);
    } else if (strcmp(path, "/") == 0) {
        char text[64];

        text_format(text, sizeof text, "hello %s%.*s", request->query, (int)request->accept.n,
                    request->accept.p);
        reply->status = 200;
        reply->body = xstrdup(text);
        reply->size = strlen(text);
    }
}

static void begin(void) {
    struct fault why;
    char listen_on[32];

    loop = loop_new(&why);
    for (int i = 0; i < 50 && http == NULL; i++) {
        port = (uint16_t)(20000 + (getpid() * 7 + i * 131) % 20000);
        text_format(listen_on, sizeof listen_on, "127.0.0.1:%u", port);
        http = http_new(loop, listen_on, "x mon.example.com", answer, NULL, &why);
    }
    cr_assert_not_null(http, "%s", why.text);
}

static void finish(void) {
    http_free(&http);
    loop_free(&loop);
}

static int dial(void) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    if (fd == -1 || connect(fd, (struct sockaddr *)&to, sizeof to) == -1)
        _exit(99);
    return fd;
}

/* Sends `request`, reads to the end. Returns the number of bytes; `out` has the first of them. */
static size_t exchange(int fd, const char *request, char *out, size_t size) {
    char chunk[65536];
    size_t have = 0;
    ssize_t n;

    if (write(fd, request, strlen(request)) == -1)
        return 0;
    while ((n = read(fd, chunk, sizeof chunk)) > 0) {
        for (ssize_t i = 0; i < n && have + (size_t)i + 1 < size; i++)
            out[have + (size_t)i] = chunk[i];
        have += (size_t)n;
    }
    out[have < size ? have : size - 1] = '\0';
    close(fd);
    return have;
}

static void on_child(int number, void *arg) {
    (void)number;
    (void)arg;
    loop_stop(loop);
}

/* Runs the loop while a child runs `client`; returns the child's exit status: the step that failed,
 * 0: none. */
static int with_client(int (*client)(void)) {
    struct loop_signal *ended = loop_signal_new(loop, SIGCHLD, on_child, NULL);
    pid_t child = fork();
    int status;

    if (child == 0) {
        alarm(60); /* it has our listening socket, too: without us it would wait for ever */
        signal(SIGPIPE, SIG_IGN); /* a connection that is cut is part of the play */
        _exit(client());
    }
    loop_run(loop);
    cr_assert_eq(waitpid(child, &status, 0), child);
    loop_signal_free(&ended);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

static int good_clients(void) {
    static char out[4096];

    exchange(dial(), "GET /?a=b HTTP/1.1\r\nHost: x\r\n\r\n", out, sizeof out);
    if (strncmp(out, "HTTP/1.1 200", 12) != 0 || strstr(out, "hello a=b") == NULL)
        return 1;
    exchange(dial(), "GET / HTTP/1.1\r\nHost: x\r\nAccept: text/x\r\n\r\n", out, sizeof out);
    if (strstr(out, "hello text/x") == NULL)
        return 7;
    exchange(dial(), "GET /?a=b HTTP/1.1\r\nHost: x\r\n\r\n", out, sizeof out);
    if (strstr(out, "Content-Security-Policy: default-src 'none'") == NULL)
        return 2;
    exchange(dial(), "GET /nothing HTTP/1.0\r\n\r\n", out, sizeof out);
    if (strstr(out, " 404 ") == NULL)
        return 3;
    exchange(dial(), "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", out, sizeof out);
    if (strstr(out, " 200 ") == NULL || strstr(out, "hello") != NULL)
        return 4;
    if (exchange(dial(), "GET /big HTTP/1.1\r\nHost: x\r\n\r\n", out, sizeof out) < 3 * 1024 * 1024)
        return 5;
    exchange(dial(), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab", out, sizeof out);
    if (strstr(out, " 200 ") != NULL || strstr(out, "hello") != NULL)
        return 6;
    return 0;
}

static int by_another_name(void) {
    static const char *const bad[] = {
        "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: evil.example:9154\r\n\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n",
    };
    static const char *const good[] = {
        "GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: mon.example.com\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
    };
    static char out[4096];

    for (int i = 0; i < 3; i++) {
        exchange(dial(), bad[i], out, sizeof out);
        if (strncmp(out, "HTTP/1.1 421 ", 13) != 0 || strstr(out, "http_hosts") == NULL ||
            strstr(out, "hello") != NULL)
            return 1 + i;
        exchange(dial(), good[i], out, sizeof out);
        if (strstr(out, "hello") == NULL)
            return 11 + i;
    }
    return 0;
}

Test(http, answers_to_its_own_names, .init = begin, .fini = finish) {
    cr_expect_eq(with_client(by_another_name), 0);
    cr_expect_eq(http_figures(http).refused, 3u);
}

Test(http, answers, .init = begin, .fini = finish) {
    cr_expect_eq(with_client(good_clients), 0);
    cr_expect_eq(http_figures(http).open, 0u);
}

static int hostile_heads(void) {
    static char big[20000];
    static char out[4096];
    int64_t began_ms = clock_mono_ms();

    memset(big, 'x', sizeof big - 1);
    memcpy(big, "GET /", 5);
    exchange(dial(), big, out, sizeof out); /* 20 kB without an end: cut, not answered with 200 */
    if (strstr(out, " 200 ") != NULL)
        return 1;
    exchange(dial(), "\x16\x03\x01 this is not HTTP\r\n\r\n", out, sizeof out);
    if (strstr(out, " 200 ") != NULL)
        return 2;
    exchange(dial(), "GET / HT", out, sizeof out); /* never finished: ended by the deadline */
    if (out[0] != '\0' || clock_mono_ms() - began_ms > 30000)
        return 3;
    return 0;
}

Test(http, hostile_heads_end, .init = begin, .fini = finish) {
    cr_expect_eq(with_client(hostile_heads), 0);
    cr_expect_geq(http_figures(http).timed_out, 1u);
}

static int slow_crowd(void) {
    static char out[4096];
    int fd[100];

    for (int i = 0; i < 100; i++) {
        fd[i] = dial();
        if (write(fd[i], "GET / ", 6) != 6)
            continue; /* cut already */
        if (i % 10 == 0) {
            exchange(dial(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n", out, sizeof out);
            if (strstr(out, "hello") == NULL)
                return 1 + i;
        }
    }
    return 0;
}

Test(http, a_crowd_of_slow_ones_does_not_keep_others_out, .init = begin, .fini = finish) {
    cr_expect_eq(with_client(slow_crowd), 0);
    cr_expect_geq(http_figures(http).evicted, 50u); /* the last may still wait to be accepted */
}

/* They asked and do not go away: the answered ones by not closing, the others by not reading. */
static int crowd_that_stays(void) {
    static char out[4096];
    static const char *const asked[] = {"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                                        "GET /huge HTTP/1.1\r\nHost: x\r\n\r\n"};

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 40; i++) {
            int fd = dial();

            if (write(fd, asked[round], strlen(asked[round])) == -1)
                continue;
            usleep(1000);
            if (i < 20)
                continue;
            exchange(dial(), asked[0], out, sizeof out);
            if (strstr(out, "hello") == NULL)
                return 1 + round * 100 + i;
        }
    }
    return 0;
}

Test(http, who_comes_is_not_who_gives_way, .init = begin, .fini = finish) {
    cr_expect_eq(with_client(crowd_that_stays), 0);
    cr_expect_geq(http_figures(http).evicted, 40u);
}
