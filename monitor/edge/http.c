/* See http.h. A connection reads its head, writes its reply, then drains what the client still
 * sends until it closes, so that no unread byte turns our reply into a reset (RFC 9112
 * section 9.6). */
#include "http.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "text.h"
#include "xmem.h"
#include "httphead.h"
#include "httphost.h"

enum {
    CONNECTIONS = 64,
    CONNECTIONS_AN_ADDRESS = 16,
    HEAD_BYTES = 8192,
    DEADLINE_MS = 5000,
    SWEEP_MS = 250,
};

enum phase { READING, WRITING, DRAINING };

struct connection {
    TAILQ_ENTRY(connection) link; /* oldest first */
    struct http *http;
    struct loop_watch *watch;
    int fd;
    enum phase phase;
    int64_t accepted_ms;
    unsigned char address[16]; /* IPv4 as IPv4-mapped IPv6 */
    char head[HEAD_BYTES];
    size_t head_size;
    char reply_head[1024];
    size_t reply_head_size;
    char *body;
    size_t body_size;
    size_t sent; /* of head and body */
};
TAILQ_HEAD(connection_list, connection);

struct http {
    struct loop *loop;
    int fd;
    struct loop_watch *watch;
    struct loop_timer *sweep;
    char *names;
    http_answer_fn *answer;
    void *arg;
    struct connection_list connections;
    struct http_figures figures;
};

static void drop(struct connection *c) {
    TAILQ_REMOVE(&c->http->connections, c, link);
    c->http->figures.open--;
    loop_watch_free(&c->watch);
    close(c->fd);
    free(c->body);
    free(c);
}

static const char *reason(int status) {
    switch (status) {
    case 200:
        return "OK";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 421:
        return "Misdirected Request";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 431:
        return "Request Header Fields Too Large";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Bad Request";
    }
}

static void drain(struct connection *c) {
    char dropped[4096];
    ssize_t n;

    do {
        n = recv(c->fd, dropped, sizeof dropped, 0);
    } while (n > 0 || (n == -1 && errno == EINTR));
    if (n == 0 || errno != EAGAIN)
        drop(c);
}

static void send_more(struct connection *c) {
    while (c->sent < c->reply_head_size + c->body_size) {
        bool in_head = c->sent < c->reply_head_size;
        const char *from =
            in_head ? c->reply_head + c->sent : c->body + (c->sent - c->reply_head_size);
        size_t left =
            in_head ? c->reply_head_size - c->sent : c->reply_head_size + c->body_size - c->sent;
        ssize_t n = send(c->fd, from, left, MSG_NOSIGNAL);

        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1 && errno == EAGAIN) {
            loop_watch_want(c->watch, LOOP_WRITE);
            return;
        }
        if (n == -1) {
            drop(c);
            return;
        }
        c->sent += (size_t)n;
    }
    shutdown(c->fd, SHUT_WR);
    c->phase = DRAINING;
    loop_watch_want(c->watch, LOOP_READ);
    drain(c);
}

static void reply_to(struct connection *c, const struct http_reply *reply, bool head_only) {
    c->phase = WRITING;
    c->body = reply->body;
    c->body_size = reply->body == NULL || head_only ? 0 : reply->size;
    text_format(c->reply_head, sizeof c->reply_head,
                "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                "Referrer-Policy: no-referrer\r\n"
                "Content-Security-Policy: default-src 'none'; style-src 'self'; script-src 'self'; "
                "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
                "frame-ancestors 'none'\r\n%s\r\n",
                reply->status, reason(reply->status), reply->type,
                reply->body == NULL ? (size_t)0 : reply->size,
                reply->status == 405 ? "Allow: GET, HEAD\r\n" : "");
    c->reply_head_size = strlen(c->reply_head);
    send_more(c);
}

static void refuse(struct connection *c, int status, const char *text) {
    struct http_reply reply = {.status = status, .type = "text/plain; charset=utf-8"};

    if (text != NULL) {
        reply.body = xstrdup(text);
        reply.size = strlen(text);
    }
    c->http->figures.refused++;
    reply_to(c, &reply, false);
}

static void answer(struct connection *c, size_t head_size) {
    struct http_reply reply = {.status = 404, .type = "text/plain; charset=utf-8"};
    struct httphead head;
    struct http_request request;
    char path[1100];
    char query[1100];
    int status = httphead_parse((struct span){c->head, head_size}, &head);

    if (status != 200) {
        refuse(c, status, NULL);
        return;
    }
    if (!httphost_is_ours(head.host, c->http->names)) {
        refuse(c, 421,
               "This server does not go by that name: use its address, localhost or its host "
               "name, or add the name to http_hosts in relaywatch.conf.\n");
        return;
    }
    text_copy_span(path, sizeof path, head.path);
    text_copy_span(query, sizeof query, head.query);
    c->http->figures.requests++;
    request = (struct http_request){.path = path, .query = query, .accept = head.accept};
    c->http->answer(&request, &reply, c->http->arg);
    reply_to(c, &reply, head.head_only);
}

static void read_more(struct connection *c) {
    ssize_t n = recv(c->fd, c->head + c->head_size, sizeof c->head - c->head_size, 0);
    size_t head_size;

    if (n == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        drop(c);
        return;
    }
    c->head_size += (size_t)n;
    head_size = httphead_end((struct span){c->head, c->head_size});
    if (head_size > 0)
        answer(c, head_size);
    else if (c->head_size == sizeof c->head)
        refuse(c, 431, NULL);
}

static void on_ready(int what, void *arg) {
    struct connection *c = arg;

    (void)what;
    switch (c->phase) {
    case READING:
        read_more(c);
        break;
    case WRITING:
        send_more(c);
        break;
    case DRAINING:
        drain(c);
        break;
    }
}

static void read_address(const struct sockaddr_storage *peer, unsigned char *out) {
    memset(out, 0, 16);
    if (peer->ss_family == AF_INET6)
        memcpy(out, &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, 16);
    else if (peer->ss_family == AF_INET)
        memcpy(out + 12, &((const struct sockaddr_in *)(const void *)peer)->sin_addr, 4);
}

static bool is_of(const struct connection *c, const unsigned char *address) {
    return address == NULL || memcmp(c->address, address, 16) == 0;
}

/* While more than `most` share `address` (NULL: all do), drops the oldest: those first that have
 * their reply and do not close, then those whose request is not finished, then those that do not
 * read. Never the one that just came: it may be in earnest. */
static void hold_limit(struct http *http, const unsigned char *address, unsigned most,
                       const struct connection *fresh) {
    static const enum phase order[] = {DRAINING, READING, WRITING};
    struct connection *c;
    struct connection *next;
    unsigned open = 0;

    TAILQ_FOREACH(c, &http->connections, link)
    open += is_of(c, address);
    for (size_t pass = 0; pass < sizeof order / sizeof order[0]; pass++) {
        for (c = TAILQ_FIRST(&http->connections); c != NULL && open > most; c = next) {
            next = TAILQ_NEXT(c, link);
            if (c == fresh || !is_of(c, address) || c->phase != order[pass])
                continue;
            http->figures.evicted++;
            open--;
            drop(c);
        }
    }
}

static void on_accept(int what, void *arg) {
    struct http *http = arg;
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    int fd = accept4(http->fd, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    unsigned char address[16];
    struct connection *c;

    (void)what;
    if (fd == -1)
        return;
    c = xcalloc(1, sizeof *c);
    c->http = http;
    c->fd = fd;
    c->accepted_ms = clock_mono_ms();
    read_address(&peer, c->address);
    memcpy(address, c->address, sizeof address);
    c->watch = loop_watch_new(http->loop, fd, on_ready, c);
    loop_watch_want(c->watch, LOOP_READ);
    TAILQ_INSERT_TAIL(&http->connections, c, link);
    http->figures.open++;
    hold_limit(http, address, CONNECTIONS_AN_ADDRESS, c);
    hold_limit(http, NULL, CONNECTIONS, c);
    read_more(c); /* the request is there already, where the kernel waited for it */
}

static void on_sweep(void *arg) {
    struct http *http = arg;
    int64_t now_ms = clock_mono_ms();
    struct connection *c;

    while ((c = TAILQ_FIRST(&http->connections)) != NULL &&
           now_ms - c->accepted_ms >= DEADLINE_MS) {
        http->figures.timed_out += c->phase != DRAINING;
        drop(c);
    }
    loop_timer_set(http->sweep, SWEEP_MS);
}

static int listen_at(const char *listen_on, struct fault *why) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found;
    char address[64];
    char port[8];
    int deferred_s = DEADLINE_MS / 1000;
    int on = 1;
    int fd;

    if (!text_endpoint(listen_on, address, sizeof address, port, sizeof port) ||
        getaddrinfo(address, port, &hints, &found) != 0)
        return fault_set(why, "%s: not of the form address:port, as in 127.0.0.1:9154", listen_on);
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
        bind(fd, found->ai_addr, found->ai_addrlen) == -1 || listen(fd, 1024) == -1) {
        fault_errno(why, "listen on %s", listen_on);
        if (fd != -1)
            close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    if (fd !=
        -1) /* not accepted before it has something to say; where that is not to be had, later */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &deferred_s, sizeof deferred_s);
    return fd;
}

struct http *http_new(struct loop *loop, const char *listen_on, const char *names,
                      http_answer_fn *answer_fn, void *arg, struct fault *why) {
    int fd = listen_at(listen_on, why);
    struct http *http;

    if (fd == -1)
        return NULL;
    http = xcalloc(1, sizeof *http);
    TAILQ_INIT(&http->connections);
    http->loop = loop;
    http->fd = fd;
    http->names = xstrdup(names);
    http->answer = answer_fn;
    http->arg = arg;
    http->watch = loop_watch_new(loop, fd, on_accept, http);
    loop_watch_want(http->watch, LOOP_READ);
    http->sweep = loop_timer_new(loop, on_sweep, http);
    loop_timer_set(http->sweep, SWEEP_MS);
    return http;
}

void http_free(struct http **http) {
    struct connection *c;

    if (*http == NULL)
        return;
    while ((c = TAILQ_FIRST(&(*http)->connections)) != NULL)
        drop(c);
    loop_watch_free(&(*http)->watch);
    loop_timer_free(&(*http)->sweep);
    close((*http)->fd);
    free((*http)->names);
    free(*http);
    *http = NULL;
}

struct http_figures http_figures(const struct http *http) {
    return http->figures;
}
