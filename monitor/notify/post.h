/* One attempt to tell one receiver, of whatever kind: makes the body, reads the secrets out of
 * their files, sends it and says what the answer means. When to try again is deliver.c's to decide.
 *
 *     2xx                      taken
 *     408, 429, 5xx, none      later: the receiver may take it then
 *     3xx (never followed),
 *     other 4xx                refused: somebody must look at it
 *
 * A command has taken it when it ends with status 0; later is 75 (EX_TEMPFAIL), one that cannot be
 * started, and one that does not end in time; refused is any other end. On the loop's thread;
 * blocks on small files (URL, token, key) alone. */
#ifndef NOTIFY_POST_H
#define NOTIFY_POST_H

#include "outbox.h"
#include "receivers.h"

struct loop;
struct post;
struct request_pool;
struct runner;

/* What every attempt needs; lent. */
struct poster {
    struct loop *loop;
    struct request_pool *pool;
    struct runner *runner;
};

enum post_meaning { POST_TAKEN, POST_LATER, POST_REFUSED };

struct post_reply {
    enum post_meaning meaning;
    int status;             /* of HTTP, or of a command; 0: no answer came, or none was needed */
    int64_t retry_after_ms; /* what the receiver asks for; 0: nothing */
    const char *text;       /* for people: "it answered 404 (no_service)"; no secret in it */
};

typedef void post_reply_fn(const struct post_reply *reply, void *arg);

/* Tells of one incident. Never calls back before it has returned; the result is gone once on_reply
 * is called. Receiver, incident and notice are used only during the call. */
struct post *post_notice(const struct poster *poster, const struct receiver *receiver,
                         const struct incident *incident, const struct notice *notice,
                         post_reply_fn *on_reply, void *arg);

/* As post_notice, of a receiver that is reached by HTTP, with this body. `key`: its
 * Idempotency-Key; NULL: none. */
struct post *post_body(const struct poster *poster, const struct receiver *receiver,
                       const char *body, const char *key, post_reply_fn *on_reply, void *arg);

/* No callback will come. What the receiver has read already, it has. */
void post_cancel(struct post **post);

#endif
