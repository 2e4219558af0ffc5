/* request.c against small servers in this process (one thread each, as the loop under test must not
 * serve itself). */
#include "request.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "loop.h"
#include "text.h"

struct server {
    int fd;
    unsigned port;
    pthread_t thread;
    const char *reply; /* NULL: none, the connection is held until the end */
    size_t filler;     /* bytes after the reply */
    char got[4096];    /* the request */
};

static void *serve(void *arg) {
    struct server *s = arg;
    int fd = accept(s->fd, NULL, NULL);
    static const char block[4096] = {'y'};
    size_t n = 0;
    ssize_t got;

    while (fd != -1 && strstr(s->got, "END") == NULL &&
           (strstr(s->got, "\r\n\r\n") == NULL || strncmp(s->got, "POST", 4) == 0) &&
           (got = read(fd, s->got + n, sizeof s->got - 1 - n)) > 0)
        n += (size_t)got;
    if (fd == -1)
        return NULL;
    if (s->reply == NULL) {
        char c;

        while (read(fd, &c, 1) > 0)
            ;
    } else {
        send(fd, s->reply, strlen(s->reply), MSG_NOSIGNAL);
        for (size_t sent = 0; sent < s->filler; sent += sizeof block) {
            if (send(fd, block, sizeof block, MSG_NOSIGNAL) == -1)
                break;
        }
    }
    close(fd);
    return NULL;
}

static void server_start(struct server *s, const char *reply, size_t filler) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;

    memset(s, 0, sizeof *s);
    s->reply = reply;
    s->filler = filler;
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(s->fd, (struct sockaddr *)&at, sizeof at), 0);
    cr_assert_eq(listen(s->fd, 5), 0);
    cr_assert_eq(getsockname(s->fd, (struct sockaddr *)&at, &size), 0);
    s->port = ntohs(at.sin_port);
    cr_assert_eq(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_stop(struct server *s) {
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
}

struct result {
    struct loop *loop;
    int calls;
    int status;
    int64_t retry_after_s;
    char body[256];
    size_t body_size;
    char error[256];
};

static void on_reply(const struct request_reply *reply, void *arg) {
    struct result *r = arg;

    r->calls++;
    r->status = reply->status;
    r->retry_after_s = reply->retry_after_s;
    r->body_size = reply->body_size;
    text_copy(r->body, sizeof r->body, reply->body != NULL ? reply->body : "");
    text_copy(r->error, sizeof r->error, reply->error);
    loop_stop(r->loop);
}

static struct result ask(const char *url, const char *body, int total_ms) {
    static const char *const headers[] = {"X-Test: one", "Content-Type: text/plain", NULL};
    struct fault why;
    struct result r = {.loop = loop_new(&why)};
    struct request_pool *pool = request_pool_new(r.loop, "agent/1", &why);
    struct request_job job = {.url = url,
                              .headers = headers,
                              .body = body,
                              .body_size = body != NULL ? strlen(body) : 0,
                              .connect_ms = 1000,
                              .total_ms = total_ms,
                              .reply_most_bytes = 1000,
                              .on_reply = on_reply,
                              .arg = &r};

    cr_assert(pool != NULL, "%s", why.text);
    request_start(pool, &job);
    cr_expect_eq(r.calls, 0, "no call back before it has returned");
    loop_run(r.loop);
    request_pool_free(&pool);
    loop_free(&r.loop);
    cr_expect_eq(r.calls, 1);
    return r;
}

static struct result ask_server(struct server *s, const char *body, int total_ms) {
    char url[64];

    text_format(url, sizeof url, "http://127.0.0.1:%u/path?q=1", s->port);
    return ask(url, body, total_ms);
}

Test(request, get_and_post) {
    struct server s;
    struct result r;

    server_start(&s, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 0);
    r = ask_server(&s, NULL, 3000);
    server_stop(&s);
    cr_expect_eq(r.status, 200);
    cr_expect_str_eq(r.body, "hello");
    cr_expect_str_eq(r.error, "");
    cr_expect(strncmp(s.got, "GET /path?q=1 HTTP/1.1\r\n", 24) == 0, "%s", s.got);
    cr_expect(strstr(s.got, "User-Agent: agent/1\r\n") != NULL);
    cr_expect(strstr(s.got, "X-Test: one\r\n") != NULL);

    server_start(&s, "HTTP/1.1 204 No\r\n\r\n", 0);
    r = ask_server(&s, "body of it END", 3000);
    server_stop(&s);
    cr_expect_eq(r.status, 204);
    cr_expect(strncmp(s.got, "POST ", 5) == 0);
    cr_expect(strstr(s.got, "\r\n\r\nbody of it END") != NULL, "%s", s.got);
    cr_expect(strstr(s.got, "Expect") == NULL);
}

Test(request, answers) {
    static const struct {
        const char *name;
        const char *reply;
        size_t filler;
        int status;
        int64_t retry_after_s;
        const char *error; /* a part of it; "": none */
    } rows[] = {
        {"refusal", "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", 0, 404, 0, ""},
        {"redirect is not followed", "HTTP/1.1 302 F\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
         0, 302, 0, ""},
        {"wait", "HTTP/1.1 429 W\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n", 0, 429, 120,
         ""},
        {"wait until",
         "HTTP/1.1 503 W\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: Sun, "
         "06 Nov 1994 08:50:07 GMT\r\nContent-Length: 0\r\n\r\n",
         0, 503, 30, ""},
        {"wait of an interim reply",
         "HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\nHTTP/1.1 503 "
         "W\r\nContent-Length: 0\r\n\r\n",
         0, 503, 0, ""},
        {"odd wait", "HTTP/1.1 429 W\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n", 0, 429, 0,
         ""},
        {"too large", "HTTP/1.1 200 OK\r\n\r\n", 100000, 200, 0, "larger than 1000 bytes"},
        {"cut short", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nabc", 0, 200, 0, "?"},
        {"nothing", "", 0, 0, 0, "?"},
        {"no HTTP", "220 mail ESMTP\r\n\r\n", 0, 0, 0, "?"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct server s;
        struct result r;

        server_start(&s, rows[i].reply, rows[i].filler);
        r = ask_server(&s, NULL, 3000);
        server_stop(&s);
        cr_expect_eq(r.status, rows[i].status, "%s: %d", rows[i].name, r.status);
        cr_expect_eq(r.retry_after_s, rows[i].retry_after_s, "%s", rows[i].name);
        if (rows[i].error[0] == '\0')
            cr_expect_str_empty(r.error, "%s: %s", rows[i].name, r.error);
        else if (rows[i].error[0] == '?') /* libcurl's own words, another in each version */
            cr_expect_str_not_empty(r.error, "%s", rows[i].name);
        else
            cr_expect_not_null(strstr(r.error, rows[i].error), "%s: %s", rows[i].name, r.error);
        cr_expect(r.body_size <= 1000, "%s", rows[i].name);
    }
}

Test(request, what_cannot_be_asked) {
    static const char *const urls[] = {"http://127.0.0.1:1/", "ftp://127.0.0.1/",
                                       "file:///dev/null", "no url at all",
                                       "http://does-not-exist.invalid/"};

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct result r = ask(urls[i], NULL, 3000);

        cr_expect_eq(r.status, 0, "%s", urls[i]);
        cr_expect(r.error[0] != '\0', "%s", urls[i]);
        cr_expect(strstr(r.error, "/dev") == NULL, "%s", r.error);
    }
}

Test(request, deadline_of_the_whole) {
    struct server s;
    struct result r;
    int64_t begin_ms = clock_mono_ms();

    server_start(&s, NULL, 0);
    r = ask_server(&s, NULL, 300);
    cr_expect_eq(r.status, 0);
    cr_expect(strstr(r.error, "no whole answer within") != NULL, "%s", r.error);
    cr_expect(clock_mono_ms() - begin_ms < 2000);
    server_stop(&s);
}

Test(request, deadline_of_the_connection) {
    /* A TLS handshake with somebody who never answers belongs to the connection. */
    struct server s;
    struct result r;
    char url[64];
    int64_t begin_ms = clock_mono_ms();

    server_start(&s, NULL, 0);
    text_format(url, sizeof url, "https://127.0.0.1:%u/", s.port);
    r = ask(url, NULL, 5000);
    cr_expect(strstr(r.error, "not connected within") != NULL, "%s", r.error);
    cr_expect(clock_mono_ms() - begin_ms < 3000);
    server_stop(&s);
}

static void on_stop(void *arg) {
    loop_stop(arg);
}

Test(request, cancelled_ones_do_not_call_back) {
    struct fault why;
    struct result r = {.loop = loop_new(&why)};
    struct request_pool *pool = request_pool_new(r.loop, "a", &why);
    struct loop_timer *timer = loop_timer_new(r.loop, on_stop, r.loop);
    struct server s;
    char url[64];
    struct request_job job = {
        .url = url, .connect_ms = 100, .total_ms = 100, .on_reply = on_reply, .arg = &r};
    struct request *at_once, *later;

    server_start(&s, NULL, 0);
    text_format(url, sizeof url, "http://127.0.0.1:%u/", s.port);
    at_once = request_start(pool, &job);
    later = request_start(pool, &job);
    request_cancel(&at_once);
    cr_expect(at_once == NULL);
    request_cancel(&at_once);
    loop_timer_set(timer, 30);
    loop_run(r.loop);
    request_cancel(&later);
    loop_timer_set(timer, 200);
    loop_run(r.loop);
    cr_expect_eq(r.calls, 0);
    request_start(pool, &job); /* still under way at the end */
    loop_timer_set(timer, 10);
    loop_run(r.loop);
    loop_timer_free(&timer);
    request_pool_free(&pool);
    server_stop(&s);
    loop_free(&r.loop);
}

Test(request, get_waits) {
    struct server s;
    struct fault why;
    char url[64];
    char *body = NULL;

    server_start(&s, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 0);
    text_format(url, sizeof url, "http://127.0.0.1:%u/api/v1/status", s.port);
    cr_expect_eq(request_get(url, 2000, 1000, &body, &why), 200, "%s", why.text);
    cr_expect_str_eq(body, "{}");
    free(body);
    server_stop(&s);
    body = NULL;
    cr_expect_eq(request_get("http://127.0.0.1:1/", 2000, 1000, &body, &why), -1);
    cr_expect(why.text[0] != '\0' && body == NULL);
}
