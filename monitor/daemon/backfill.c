/* See backfill.h. One client at a time, one log at a time: on_request -> turn, again and again ->
 * reply. */
#include "backfill.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backfillq.h"
#include "clock.h"
#include "log.h"
#include "logsources.h"
#include "oldlog.h"
#include "sock.h"
#include "text.h"
#include "xmem.h"

enum { SETTLE_MS = 10 * 1000, SETTLE_LOOK_MS = 50, WORKING_MS = 1000, PAUSE_MS = 1000 };

struct backfill {
    struct loop *loop;
    struct counted *counted;
    struct hash_key key;
    bool distinct;
    struct backfill_calls calls;
    int listen_fd;
    struct loop_watch *listening;
    int fd; /* of the client; -1: none */
    struct loop_watch *watch;
    struct loop_timer *timer;
    struct loop_timer *pause; /* until the next accept after a failed one */
    struct oldlog *old;       /* NULL: none under way */
    char name[256];
    int64_t settle_by_ms; /* 0: no need to wait any more */
    int64_t told_ms;
};

/* ---- replies ---- */

static void reply(struct backfill *b, enum backfill_outcome outcome, const char *detail) {
    struct backfill_reply packet = {.version = BACKFILLQ_VERSION, .outcome = outcome};

    if (b->old != NULL) {
        const struct oldlog_result *result = oldlog_result(b->old);

        packet.counted = result->counted;
        packet.live = result->live;
        packet.before = result->before;
        packet.reached_live = result->reached_live;
    }
    text_copy(packet.detail, sizeof packet.detail, detail);
    if (send(b->fd, &packet, sizeof packet, MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
        log_debug("backfill", "reply: %s", strerror(errno)); /* the end of the client shows it */
}

static void end_log(struct backfill *b, enum backfill_outcome outcome, const char *detail) {
    struct fault why;

    if (!b->calls.keep(&why, b->calls.arg)) {
        log_warn("backfill", "%s", why.text);
        outcome = BACKFILL_FAILED;
        detail = why.text;
    }
    log_info("backfill", "%s: %" PRIu64 " lines of the past counted%s%s", b->name,
             b->old != NULL ? oldlog_result(b->old)->counted : 0, detail[0] != '\0' ? "; " : "",
             detail);
    reply(b, outcome, detail);
    oldlog_free(&b->old);
}

/* ---- work ---- */

static bool waits_to_settle(struct backfill *b, int64_t now_ms) {
    if (b->settle_by_ms != 0 && (now_ms >= b->settle_by_ms || b->calls.is_settled(b->calls.arg)))
        b->settle_by_ms = 0;
    return b->settle_by_ms != 0;
}

static void turn(void *arg) {
    struct backfill *b = arg;
    int64_t now_ms = clock_mono_ms();
    enum oldlog_step step;
    struct fault why = {.text = ""};

    if (b->old == NULL)
        return;
    if (waits_to_settle(b, now_ms)) {
        loop_timer_set(b->timer, SETTLE_LOOK_MS);
        return;
    }
    step = oldlog_turn(b->old, &why);
    b->calls.on_turn(b->calls.arg);
    if (step == OLDLOG_MORE) {
        if (now_ms - b->told_ms >= WORKING_MS) {
            b->told_ms = now_ms;
            reply(b, BACKFILL_WORKING, "");
        }
        loop_timer_set(b->timer, 0);
    } else {
        end_log(b, step == OLDLOG_END ? BACKFILL_DONE : BACKFILL_FAILED, why.text);
    }
}

/* rsyslog's files hold what the journal holds: see conf.c. */
static bool would_count_twice(const struct backfill *b, bool is_journal) {
    return !b->distinct && counted_has(b->counted, is_journal ? COUNTED_FILE : COUNTED_JOURNAL);
}

/* Takes the descriptor where it needs it: then *fd is -1. */
static struct oldlog *open_old(struct backfill *b, const struct backfill_request *request, int *fd,
                               struct fault *why) {
    const struct oldlog_calls *calls = &b->calls.lines;
    bool is_journal = request->is_journal != 0;
    struct logsource source = {.is_journal = true};
    int taken = *fd;

    text_copy(source.name, sizeof source.name, request->name);
    if (would_count_twice(b, is_journal)) {
        fault_set(why,
                  "%s were counted before, and may hold the same lines: where they do not, say "
                  "mail_log_distinct = yes",
                  is_journal ? "old files" : "journals");
        return NULL;
    }
    if (is_journal && logsource_is_journal(request->name))
        return oldlog_open_journal(logsource_path(&source), b->counted, &b->key, calls, why);
    if (is_journal || taken == -1) {
        fault_set(why, "not a request");
        return NULL;
    }
    *fd = -1;
    return oldlog_open_file(taken, b->counted, &b->key, calls, why);
}

static void start(struct backfill *b, const struct backfill_request *request, int *fd) {
    int64_t now_ms = clock_mono_ms();
    struct fault why;

    text_copy_printable(b->name, sizeof b->name, span_of(request->name));
    counted_begin(b->counted, clock_wall_ms()); /* no line came yet: all are older than now */
    b->old = open_old(b, request, fd, &why);
    if (b->old == NULL) {
        reply(b, BACKFILL_FAILED, why.text);
        return;
    }
    b->settle_by_ms = now_ms + SETTLE_MS;
    b->told_ms = now_ms;
    if (waits_to_settle(b, now_ms))
        reply(b, BACKFILL_WAITING, "");
    loop_timer_set(b->timer, 0);
}

/* ---- the client ---- */

static void drop_client(struct backfill *b) {
    struct fault why;

    if (b->old != NULL && !b->calls.keep(&why, b->calls.arg))
        log_warn("backfill", "%s", why.text);
    oldlog_free(&b->old);
    loop_timer_cancel(b->timer);
    loop_watch_free(&b->watch);
    if (b->fd != -1)
        close(b->fd);
    b->fd = -1;
    b->calls.on_over(b->calls.arg);
}

static void on_request(int what, void *arg) {
    struct backfill *b = arg;
    struct backfill_request request = {.version = 0};
    struct fault why;
    int fd;
    ssize_t n = sock_receive_fd(b->fd, &request, sizeof request, &fd, 0, &why);

    (void)what;
    if (n <= 0) {
        drop_client(b);
        return;
    }
    request.name[sizeof request.name - 1] = '\0';
    if (n != sizeof request || request.version != BACKFILLQ_VERSION)
        reply(b, BACKFILL_FAILED, "relaywatch and relaywatchd are of different versions");
    else if (b->old != NULL)
        reply(b, BACKFILL_FAILED, "the log before is not finished");
    else
        start(b, &request, &fd);
    if (fd != -1)
        close(fd);
}

static bool may_ask(int fd) {
    struct fault why;
    uid_t uid;

    if (sock_peer_uid(fd, &uid, &why) == 0 && (uid == 0 || uid == geteuid()))
        return true;
    log_warn("backfill", "refused: neither root nor our own user");
    return false;
}

/* Who was killed and runs again at once may be here before the end of the first is told. */
static bool is_gone(int fd) {
    struct pollfd p = {.fd = fd};

    return poll(&p, 1, 0) == 1 && (p.revents & POLLHUP) != 0;
}

static void on_pause_over(void *arg) {
    struct backfill *b = arg;

    loop_watch_want(b->listening, LOOP_READ);
}

/* A request that we close unread would take our answer away with it: ECONNRESET. */
static void drain(int fd) {
    char unread[64];

    shutdown(fd, SHUT_RD);
    while (recv(fd, unread, sizeof unread, MSG_DONTWAIT) > 0)
        ;
}

static void on_connection(int what, void *arg) {
    struct backfill *b = arg;
    int fd = accept4(b->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)what;
    if (fd == -1) {
        if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
            return;
        /* No descriptor is free: the connection stays pending, and asking on would burn a core. */
        log_warn("backfill", "accept: %s", strerror(errno));
        loop_watch_want(b->listening, 0);
        loop_timer_set(b->pause, PAUSE_MS);
        return;
    }
    if (b->fd != -1 && is_gone(b->fd))
        drop_client(b);
    if (b->fd != -1 || !may_ask(fd)) {
        const struct backfill_reply busy = {.version = BACKFILLQ_VERSION,
                                            .outcome = BACKFILL_BUSY,
                                            .detail = "another one is under way"};

        drain(fd);
        (void)send(fd, &busy, sizeof busy, MSG_DONTWAIT | MSG_NOSIGNAL);
        close(fd);
        return;
    }
    b->fd = fd;
    b->watch = loop_watch_new(b->loop, fd, on_request, b);
    loop_watch_want(b->watch, LOOP_READ);
}

/* ---- begin and end ---- */

struct backfill *backfill_new(struct loop *loop, const char *socket_path, struct counted *counted,
                              const struct hash_key *key, bool distinct,
                              const struct backfill_calls *calls, struct fault *why) {
    int listen_fd = sock_listen(socket_path, 0600, (gid_t)-1, why);
    struct backfill *b;

    if (listen_fd == -1)
        return NULL;
    b = xcalloc(1, sizeof *b);
    b->loop = loop;
    b->counted = counted;
    b->key = *key;
    b->distinct = distinct;
    b->calls = *calls;
    b->calls.lines.arg = calls->arg;
    b->fd = -1;
    b->listen_fd = listen_fd;
    b->timer = loop_timer_new(loop, turn, b);
    b->pause = loop_timer_new(loop, on_pause_over, b);
    b->listening = loop_watch_new(loop, listen_fd, on_connection, b);
    loop_watch_want(b->listening, LOOP_READ);
    return b;
}

void backfill_free(struct backfill **backfill) {
    struct backfill *b = *backfill;

    if (b == NULL)
        return;
    *backfill = NULL;
    if (b->fd != -1)
        drop_client(b);
    loop_timer_free(&b->timer);
    loop_timer_free(&b->pause);
    loop_watch_free(&b->listening);
    close(b->listen_fd);
    free(b);
}
