/* One HTTP or HTTPS request on our loop: started, answered once by a callback, never waited for. A
 * thin skin over libcurl's multi socket interface, whose header is included by request.c alone.
 * What every request has: a deadline for the connection (name look-up and TLS in it) and one for
 * the whole, a limit on the reply, certificates verified, no redirects, no proxy, no cookies, no
 * second use of a connection. Everything runs on the loop's thread; libcurl looks names up in a
 * thread of its own, and a look-up that hangs delays nobody: see request_cancel. */
#ifndef EDGE_REQUEST_H
#define EDGE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

struct loop;
struct request;
struct request_pool;

/* What came back. `status` is the HTTP status, or 0 when no head of a reply came. `error` is ""
 * when the reply came whole, else what was wrong: with a status and an error the head came and the
 * body did not (all). The texts live until the callback returns. No text holds the URL's path or a
 * header. */
struct request_reply {
    int status;
    const char *body; /* terminated; NULL: no body */
    size_t body_size;
    int64_t retry_after_s; /* of Retry-After, in seconds from now; 0: none, or over */
    const char *error;
};

struct request_job {
    const char *url; /* http:// or https://; everything here is copied by request_start */
    const char *const *headers; /* "Name: value" lines, NULL at the end; NULL: none */
    const char *body;           /* NULL: GET, else POST */
    size_t body_size;
    const char
        *ca_file; /* certificates to trust instead of the system's; NULL or "": the system's */
    int connect_ms;
    int total_ms;
    size_t reply_most_bytes;
    void (*on_reply)(const struct request_reply *reply, void *arg);
    void *arg;
};

/* `agent` is the User-Agent. NULL on failure. */
MUSTCHECK struct request_pool *request_pool_new(struct loop *loop, const char *agent,
                                                struct fault *why);
/* Cancels what is under way; no callback comes. */
void request_pool_free(struct request_pool **pool);

/* Never fails and never calls back before it has returned: what cannot even be started is an
 * answer with an error. The result belongs to the pool and is gone once on_reply is called. */
struct request *request_start(struct request_pool *pool, const struct request_job *job);

/* No callback will come. A name look-up cannot be stopped and waiting for it would stop the loop,
 * so its request lives on, mute, until the look-up ends; then it ends before it opens a connection.
 */
void request_cancel(struct request **request);

/* For a program without a loop: GET, and wait. Returns the status with the reply in *body_out
 * (free() it), or -1. Blocks for up to timeout_ms, and for the look-up of the name. */
MUSTCHECK int request_get(const char *url, int timeout_ms, size_t most_bytes, char **body_out,
                          struct fault *why);

#endif
