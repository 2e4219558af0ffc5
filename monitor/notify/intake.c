/* See intake.h. */
#include "intake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "xmem.h"

#include "loop.h"
#include "testdoc.h"

enum { PEERS_MOST = 16, PAUSE_MS = 1000, COMPLAIN_MS = 60000 };

struct peer {
    struct intake *intake;
    struct loop_watch *watch; /* NULL: a free place */
    int fd;
    uint64_t number; /* no two connections ever have one */
};

struct intake {
    struct loop *loop;
    int fd;
    struct loop_watch *watch;
    struct loop_timer *pause; /* until the next accept after a failed one */
    struct peer peer[PEERS_MOST];
    uint64_t connections;
    void (*on_test)(uint64_t asker, const char *name, void *arg); /* or NULL */
    void (*on_set)(const struct alertset *set, void *arg);
    void *arg;
    uint64_t bad; /* packets dropped */
    int64_t complained_ms;
    char *buffer;
};

/* A bad sender may be bad often: one line a minute. */
static void complain(struct intake *in, const char *what, const char *why) {
    int64_t now_ms = clock_mono_ms();

    if (in->complained_ms != 0 && now_ms - in->complained_ms < COMPLAIN_MS)
        return;
    in->complained_ms = now_ms;
    log_warn("intake", "%s: %s (%llu bad packets so far)", what, why, (unsigned long long)in->bad);
}

static void close_peer(struct peer *p) {
    loop_watch_free(&p->watch);
    close(p->fd);
}

static void say(const struct peer *p, const char *packet) {
    if (send(p->fd, packet, strlen(packet), MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
        log_debug("intake", "answer: %s", strerror(errno)); /* its next packet shows it */
}

/* Returns whether it was a question. */
static bool take_question(const struct peer *p, size_t size) {
    struct intake *in = p->intake;
    char name[TESTDOC_NAME];

    if (in->on_test == NULL || !testdoc_read_question(in->buffer, size, name))
        return false;
    in->on_test(p->number, name, in->arg);
    return true;
}

static void on_packet(int what, void *arg) {
    struct peer *p = arg;
    struct intake *in = p->intake;
    struct alertset *set;
    struct fault why;
    ssize_t n = recv(p->fd, in->buffer, ALERTSET_PACKET_MOST, MSG_DONTWAIT | MSG_TRUNC);

    (void)what;
    if (n == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        close_peer(p);
        return;
    }
    if (n <= ALERTSET_PACKET_MOST && take_question(p, (size_t)n))
        return;
    if (n > ALERTSET_PACKET_MOST) {
        fault_set(&why, "larger than %d bytes", ALERTSET_PACKET_MOST);
        set = NULL;
    } else {
        set = alertset_read(in->buffer, (size_t)n, &why);
    }
    if (set == NULL) {
        in->bad++;
        complain(in, "packet dropped", why.text);
        say(p, "no");
        return;
    }
    say(p, "ok");
    in->on_set(set, in->arg);
    alertset_free(&set);
}

static void on_pause_over(void *arg) {
    struct intake *in = arg;

    loop_watch_want(in->watch, LOOP_READ);
}

static void on_connection(int what, void *arg) {
    struct intake *in = arg;
    int fd = accept4(in->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)what;
    if (fd == -1) {
        if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
            return;
        /* No descriptor is free: the connection stays pending, and asking on would burn a core. */
        complain(in, "accept", strerror(errno));
        loop_watch_want(in->watch, 0);
        loop_timer_set(in->pause, PAUSE_MS);
        return;
    }
    for (int i = 0; i < PEERS_MOST; i++) {
        struct peer *p = &in->peer[i];

        if (p->watch != NULL)
            continue;
        p->intake = in;
        p->fd = fd;
        p->number = ++in->connections;
        p->watch = loop_watch_new(in->loop, fd, on_packet, p);
        loop_watch_want(p->watch, LOOP_READ);
        return;
    }
    complain(in, "connection refused", "too many senders");
    close(fd);
}

struct intake *intake_new(struct loop *loop, int listen_fd,
                          void (*on_set)(const struct alertset *set, void *arg), void *arg) {
    struct intake *in = xcalloc(1, sizeof *in);
    int flags = fcntl(listen_fd, F_GETFL);

    if (flags == -1 || fcntl(listen_fd, F_SETFL, flags | O_NONBLOCK) == -1)
        log_warn("intake", "descriptor %d: %s", listen_fd, strerror(errno));
    in->loop = loop;
    in->fd = listen_fd;
    in->on_set = on_set;
    in->arg = arg;
    in->buffer = xcalloc(1, ALERTSET_PACKET_MOST);
    in->pause = loop_timer_new(loop, on_pause_over, in);
    in->watch = loop_watch_new(loop, listen_fd, on_connection, in);
    loop_watch_want(in->watch, LOOP_READ);
    return in;
}

void intake_free(struct intake **intake) {
    struct intake *in = *intake;

    if (in == NULL)
        return;
    for (int i = 0; i < PEERS_MOST; i++) {
        if (in->peer[i].watch != NULL)
            close_peer(&in->peer[i]);
    }
    loop_watch_free(&in->watch);
    loop_timer_free(&in->pause);
    close(in->fd);
    free(in->buffer);
    free(in);
    *intake = NULL;
}

void intake_tell(struct intake *in, const char *packet) {
    for (int i = 0; i < PEERS_MOST; i++) {
        if (in->peer[i].watch != NULL)
            say(&in->peer[i], packet);
    }
}

void intake_serve_tests(struct intake *in,
                        void (*on_test)(uint64_t asker, const char *name, void *arg)) {
    in->on_test = on_test;
}

void intake_answer(struct intake *in, uint64_t asker, const char *packet) {
    for (int i = 0; i < PEERS_MOST; i++) {
        if (in->peer[i].watch != NULL && in->peer[i].number == asker)
            say(&in->peer[i], packet);
    }
}
