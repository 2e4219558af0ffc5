/* A small HTTP server for page, metrics and API: one request a connection, GET and HEAD, no body,
 * head up to 8 KiB, 5 s from accept to the last byte, 64 connections in all and 16 an address. Who
 * comes over a limit does not wait: the oldest connection gives way, first of those that have their
 * reply, then of those that have not finished their request, as a client in earnest is done within
 * milliseconds. Who calls the server by a name that is
 * not its own (logic/httphost.h) gets 421. Never blocks.
 *
 * Our own, not evhttp: that has neither a total deadline nor a limit on connections, and the one
 * way to learn when it is done with a connection (a filtering bufferevent with a free callback)
 * crashes in libevent 2.1.12 when the client breaks off. */
#ifndef EDGE_HTTP_H
#define EDGE_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "loop.h"
#include "text.h"

struct http;

/* Lent for the time of the answer. */
struct http_request {
    const char *path;
    const char *query;  /* "": none */
    struct span accept; /* the Accept field; absent: none */
};

struct http_reply {
    int status;       /* 200, 404, ... */
    const char *type; /* Content-Type; static */
    char *body;       /* malloc'ed; the server frees it; NULL: none */
    size_t size;
};

/* Fills the reply (preset to 404 without body). */
typedef void http_answer_fn(const struct http_request *request, struct http_reply *reply,
                            void *arg);

/* `listen_on`: "address:port", IPv6 addresses in brackets; `names`: the server's own names beside
 * addresses and localhost, see httphost.h. NULL on failure. */
MUSTCHECK struct http *http_new(struct loop *loop, const char *listen_on, const char *names,
                                http_answer_fn *answer, void *arg, struct fault *why);
void http_free(struct http **http);

struct http_figures {
    uint64_t requests, refused, evicted, timed_out;
    unsigned open;
};
struct http_figures http_figures(const struct http *http);

#endif
