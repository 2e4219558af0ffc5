/* slow_clients HOST PORT COUNT SECONDS [PAUSE_MS]: how long an honest client waits for /metrics,
 * one request after the other, while COUNT slow ones hold connections: a third send their request a
 * byte at a time, a third say nothing, a third ask for the page and do not read it. Whoever is cut
 * comes again after PAUSE_MS (1000). Prints one line: "requests=N failed=N p50_ms=X p99_ms=X
 * max_ms=X". */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS_MOST = 4000, BYTE_EVERY_MS = 100, REQUEST_EVERY_US = 5000, REQUESTS_MOST = 100000 };

static struct sockaddr_in server;
static int pause_ms = 1000;

struct client {
    int fd; /* -1: none */
    int64_t next_ms;
    size_t sent;
};

static int64_t now_us(void) {
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- the slow ones ---- */

static void cut(struct client *c, int64_t now_ms) {
    if (c->fd != -1)
        close(c->fd);
    c->fd = -1;
    c->next_ms = now_ms + pause_ms;
}

static void begin(struct client *c, int64_t now_ms) {
    int small = 2048;

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    c->sent = 0;
    c->next_ms = now_ms + BYTE_EVERY_MS;
    if (c->fd == -1)
        return;
    setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (connect(c->fd, (struct sockaddr *)&server, sizeof server) == -1 && errno != EINPROGRESS)
        cut(c, now_ms);
}

/* What the client does when its time has come. */
static void step(struct client *c, size_t number, int64_t now_ms) {
    static const char request[] =
        "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaa";
    static const char whole[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    ssize_t n = 0;

    if (c->fd == -1) {
        begin(c, now_ms);
        return;
    }
    c->next_ms = now_ms + BYTE_EVERY_MS;
    if (number % 3 == 0)
        n = send(c->fd, request + c->sent++ % (sizeof request - 1), 1, MSG_NOSIGNAL);
    else if (number % 3 == 1 && c->sent++ == 0)
        n = send(c->fd, whole, sizeof whole - 1, MSG_NOSIGNAL);
    if (n == -1 && errno != EAGAIN && errno != ENOTCONN)
        cut(c, now_ms);
}

/* Those that say nothing only notice by reading; those that do not read, not at all. */
static void notice_ends(struct client *clients, size_t count, int64_t now_ms) {
    char byte;

    for (size_t i = 0; i < count; i++) {
        struct client *c = &clients[i];
        ssize_t n = c->fd == -1 ? 1 : recv(c->fd, &byte, 1, MSG_PEEK);

        if (n == 0 || (n == -1 && errno != EAGAIN && errno != ENOTCONN))
            cut(c, now_ms);
    }
}

static void be_slow(size_t count) {
    struct client *clients = calloc(count, sizeof *clients);

    if (clients == NULL)
        exit(71);
    for (size_t i = 0; i < count; i++)
        clients[i].fd = -1;
    for (;;) {
        int64_t now_ms = now_us() / 1000;

        for (size_t i = 0; i < count; i++) {
            if (clients[i].next_ms <= now_ms)
                step(&clients[i], i, now_ms);
        }
        notice_ends(clients, count, now_ms);
        usleep(20 * 1000);
    }
}

/* ---- the honest one ---- */

/* Microseconds until the reply was there, or -1. */
static int64_t request_once(void) {
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int64_t begun = now_us();
    struct timeval limit = {.tv_sec = 10};
    char reply[65536];
    char first[16] = "";
    size_t all = 0;
    ssize_t n;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&server, sizeof server) == 0 &&
        send(fd, request, sizeof request - 1, MSG_NOSIGNAL) == (ssize_t)sizeof request - 1) {
        while ((n = recv(fd, reply, sizeof reply, 0)) > 0) {
            if (all == 0)
                memcpy(first, reply, n < 12 ? (size_t)n : 12);
            all += (size_t)n;
        }
    }
    close(fd);
    return strcmp(first, "HTTP/1.1 200") == 0 && all > 1000 ? now_us() - begun : -1;
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void be_honest(int64_t seconds) {
    static int64_t took[REQUESTS_MOST];
    int64_t end_us = now_us() + seconds * 1000000;
    size_t count = 0, failed = 0;

    while (now_us() < end_us && count < REQUESTS_MOST) {
        int64_t us = request_once();

        if (us == -1)
            failed++;
        else
            took[count++] = us;
        usleep(REQUEST_EVERY_US);
    }
    qsort(took, count, sizeof took[0], by_size);
    if (count == 0)
        took[count++] = 0;
    printf("requests=%zu failed=%zu p50_ms=%.1f p99_ms=%.1f max_ms=%.1f\n", count, failed,
           (double)took[count / 2] / 1000, (double)took[count * 99 / 100] / 1000,
           (double)took[count - 1] / 1000);
}

int main(int argc, char **argv) {
    struct rlimit files = {.rlim_cur = CLIENTS_MOST + 100, .rlim_max = CLIENTS_MOST + 100};
    size_t count;
    pid_t child;

    if (argc < 5 || inet_pton(AF_INET, argv[1], &server.sin_addr) != 1)
        return 64;
    server.sin_family = AF_INET;
    server.sin_port = htons((uint16_t)atoi(argv[2]));
    count = (size_t)atoi(argv[3]);
    pause_ms = argc > 5 ? atoi(argv[5]) : pause_ms;
    if (count > CLIENTS_MOST || setrlimit(RLIMIT_NOFILE, &files) == -1)
        return 71;
    child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        be_slow(count);
    }
    usleep(1000 * 1000); /* until they are there */
    be_honest(atoi(argv[4]));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return 0;
}
