/* See keeperc.h. */
#include "keeperc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sock.h"
#include "text.h"
#include "xmem.h"

struct request {
    struct keeperc *keeperc;
    enum keeper_verb verb;
    int64_t limit_ms;
    int fd; /* -1: none under way */
    struct loop_watch *watch;
    struct loop_timer *timer;
    char failure[192]; /* told at the next turn when the connection failed at once */
};

enum { REQUESTS = 12 };

struct keeperc {
    struct loop *loop;
    char path[256];
    keeperc_reply_fn *on_reply;
    void *arg;
    struct request request[REQUESTS];
    bool busy[REQUESTS];
};

static void finish(struct request *r, const struct keeper_reply *reply, const char *why) {
    struct keeperc *k = r->keeperc;

    loop_watch_free(&r->watch);
    loop_timer_cancel(r->timer);
    if (r->fd != -1)
        close(r->fd);
    r->fd = -1;
    k->busy[r - k->request] = false;
    k->on_reply(r->verb, reply, why, k->arg);
}

static void on_ready(int what, void *arg) {
    struct request *r = arg;
    struct keeper_reply reply;
    ssize_t n = recv(r->fd, &reply, sizeof reply, 0);

    (void)what;
    if (n == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n == (ssize_t)sizeof reply && reply.version == KEEPERQ_VERSION) {
        reply.detail[sizeof reply.detail - 1] = '\0';
        finish(r, &reply, "");
    } else {
        finish(r, NULL,
               n == (ssize_t)sizeof reply ? "relaywatch-keeper is of another version"
                                          : "relaywatch-keeper ended without an answer");
    }
}

static void on_time(void *arg) {
    struct request *r = arg;

    finish(r, NULL,
           r->failure[0] != '\0' ? r->failure : "relaywatch-keeper did not answer in time");
}

static void start(struct request *r) {
    struct fault why;
    unsigned char byte = (unsigned char)r->verb;

    r->failure[0] = '\0';
    r->fd = sock_connect(r->keeperc->path, &why);
    if (r->fd != -1 && send(r->fd, &byte, 1, MSG_NOSIGNAL) != 1) {
        fault_errno(&why, "send to %s", r->keeperc->path);
        close(r->fd);
        r->fd = -1;
    }
    if (r->fd == -1) {
        text_copy(r->failure, sizeof r->failure, why.text);
        loop_timer_set(r->timer, 0);
        return;
    }
    r->watch = loop_watch_new(r->keeperc->loop, r->fd, on_ready, r);
    loop_watch_want(r->watch, LOOP_READ);
    loop_timer_set(r->timer, r->limit_ms);
}

struct keeperc *keeperc_new(struct loop *loop, const char *socket_path, keeperc_reply_fn *on_reply,
                            void *arg) {
    static const struct {
        enum keeper_verb verb;
        int64_t limit_ms;
    } verbs[REQUESTS] = {
        {KEEPER_FACTS, 20 * 1000}, {KEEPER_QUEUE, 20 * 1000},    {KEEPER_APPLY, 180 * 1000},
        {KEEPER_LOG, 20 * 1000},   {KEEPER_VERIFY, 60 * 1000},   {KEEPER_UNDO, 180 * 1000},
        {KEEPER_HOLD, 90 * 1000},  {KEEPER_RELEASE, 120 * 1000}, {KEEPER_NUDGE, 90 * 1000},
        {KEEPER_FLUSH, 90 * 1000}, {KEEPER_FINISH, 20 * 1000},   {KEEPER_CANARY, 20 * 1000},
    };
    struct keeperc *k = xcalloc(1, sizeof *k);

    k->loop = loop;
    text_copy(k->path, sizeof k->path, socket_path);
    k->on_reply = on_reply;
    k->arg = arg;
    for (int i = 0; i < REQUESTS; i++) {
        k->request[i] = (struct request){
            .keeperc = k, .verb = verbs[i].verb, .limit_ms = verbs[i].limit_ms, .fd = -1};
        k->request[i].timer = loop_timer_new(loop, on_time, &k->request[i]);
    }
    return k;
}

void keeperc_free(struct keeperc **keeperc) {
    struct keeperc *k = *keeperc;

    if (k == NULL)
        return;
    for (int i = 0; i < REQUESTS; i++) {
        loop_watch_free(&k->request[i].watch);
        loop_timer_free(&k->request[i].timer);
        if (k->request[i].fd != -1)
            close(k->request[i].fd);
    }
    free(k);
    *keeperc = NULL;
}

bool keeperc_ask(struct keeperc *k, enum keeper_verb verb) {
    for (int i = 0; i < REQUESTS; i++) {
        if (k->request[i].verb != verb)
            continue;
        if (k->busy[i])
            return false;
        k->busy[i] = true;
        start(&k->request[i]);
        return true;
    }
    return false;
}
