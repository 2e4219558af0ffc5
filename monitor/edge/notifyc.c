/* See notifyc.h. */
#include "notifyc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "sock.h"
#include "text.h"
#include "xmem.h"

#include "alertdoc.h"
#include "loop.h"
#include "receiverdoc.h"

enum { REPEAT_MS = 10000, RECONNECT_MS = 1000, ALIVE_MS = 25000 };

struct notifyc {
    struct loop *loop;
    char path[256];
    int fd; /* -1: not connected */
    struct loop_watch *watch;
    struct loop_timer *timer;
    struct alert_set set;
    char host[128];
    char url[256];
    bool given;       /* there is a set */
    bool complained;  /* the log has the present failure */
    int64_t alive_ms; /* last acknowledgement; 0: none */
    int64_t start_ms;
    int64_t proved_ms; /* 0: never */
    struct mailproof mail;
    char *packet; /* to read into */
    struct receiver_report *report;
    bool reported;
};

static void complain(struct notifyc *n, const char *text) {
    if (!n->complained)
        log_warn("notifyc", "%s: alerts are not being delivered, trying again: %s", n->path, text);
    n->complained = true;
}

static void disconnect(struct notifyc *n) {
    loop_watch_free(&n->watch);
    if (n->fd != -1)
        close(n->fd);
    n->fd = -1;
}

static void take_report(struct notifyc *n, size_t size) {
    struct fault why;

    if (size > RECEIVERDOC_PACKET_MOST || receiverdoc_read(n->packet, size, n->report, &why) == -1)
        return;
    n->reported = true;
}

/* An acknowledgement, a report, or the end. */
static void on_readable(int what, void *arg) {
    struct notifyc *n = arg;
    ssize_t size = recv(n->fd, n->packet, RECEIVERDOC_PACKET_MOST, MSG_DONTWAIT | MSG_TRUNC);

    (void)what;
    if (size > 0) {
        if (n->packet[0] == '{')
            take_report(n, (size_t)size);
        if (n->complained)
            log_info("notifyc", "%s: takes alerts again", n->path);
        n->complained = false;
        n->alive_ms = clock_mono_ms();
        return;
    }
    if (size == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    disconnect(n);
    n->reported = false;
    complain(n, "relaywatch-notify has closed the connection");
    loop_timer_set(n->timer, RECONNECT_MS);
}

static int connect_now(struct notifyc *n) {
    int wish =
        ALERTDOC_PACKET_MOST; /* a packet must fit in the buffer whole; the kernel doubles this */
    struct fault why;

    n->fd = sock_connect(n->path, &why);
    if (n->fd == -1) {
        complain(n, why.text);
        return -1;
    }
    if (setsockopt(n->fd, SOL_SOCKET, SO_SNDBUF, &wish, sizeof wish) == -1)
        log_warn("notifyc", "send buffer: %s", strerror(errno));
    n->watch = loop_watch_new(n->loop, n->fd, on_readable, n);
    loop_watch_want(n->watch, LOOP_READ);
    return 0;
}

/* Returns whether the peer is gone. */
static bool send_packet(struct notifyc *n) {
    char *packet =
        alertdoc_print_packet(&n->set, n->host, n->url,
                              n->proved_ms != 0 ? clock_mono_ms() - n->proved_ms : -1, &n->mail);
    size_t size = strlen(packet);
    ssize_t sent;
    bool gone = false;

    if (size > ALERTDOC_PACKET_MOST) {
        complain(n, "the set of alerts is larger than a packet may be");
    } else {
        sent = send(n->fd, packet, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent == -1 && errno == EAGAIN)
            complain(n, "relaywatch-notify does not read");
        else if (sent == -1 && errno != EINTR)
            gone = true;
    }
    free(packet);
    return gone;
}

/* A dead peer may be found out only by sending: then once more, to its successor. */
static void send_now(struct notifyc *n) {
    for (int attempt = 0; attempt < 2; attempt++) {
        if (n->fd == -1 && connect_now(n) == -1) {
            loop_timer_set(n->timer, RECONNECT_MS);
            return;
        }
        if (!send_packet(n)) {
            loop_timer_set(n->timer, REPEAT_MS);
            return;
        }
        disconnect(n);
    }
    complain(n, "the connection does not last");
    loop_timer_set(n->timer, RECONNECT_MS);
}

static void on_time(void *arg) {
    struct notifyc *n = arg;

    if (n->given)
        send_now(n);
}

struct notifyc *notifyc_new(struct loop *loop, const char *socket_path) {
    struct notifyc *n = xcalloc(1, sizeof *n);

    n->loop = loop;
    n->fd = -1;
    n->start_ms = clock_mono_ms();
    n->packet = xcalloc(1, RECEIVERDOC_PACKET_MOST);
    n->report = xcalloc(1, sizeof *n->report);
    text_copy(n->path, sizeof n->path, socket_path);
    n->timer = loop_timer_new(loop, on_time, n);
    return n;
}

void notifyc_free(struct notifyc **notifyc) {
    if (*notifyc == NULL)
        return;
    disconnect(*notifyc);
    loop_timer_free(&(*notifyc)->timer);
    free((*notifyc)->packet);
    free((*notifyc)->report);
    free(*notifyc);
    *notifyc = NULL;
}

void notifyc_set(struct notifyc *n, const struct alert_set *set, const char *host,
                 const char *url) {
    size_t used = (size_t)set->count * sizeof set->alert[0];

    if (n->given && set->count == n->set.count && memcmp(set->alert, n->set.alert, used) == 0 &&
        strcmp(host, n->host) == 0 && strcmp(url, n->url) == 0)
        return;
    memcpy(n->set.alert, set->alert, used);
    n->set.count = set->count;
    text_copy(n->host, sizeof n->host, host);
    text_copy(n->url, sizeof n->url, url);
    n->given = true;
    send_now(n);
}

void notifyc_prove(struct notifyc *n, int64_t mono_ms) {
    n->proved_ms = mono_ms;
}

void notifyc_mail(struct notifyc *n, const struct mailproof *mail) {
    bool news = mail->overdue != n->mail.overdue;

    n->mail = *mail;
    if (news && n->given)
        send_now(n);
}

bool notifyc_connected(const struct notifyc *n) {
    return n->fd != -1 && n->alive_ms != 0 && clock_mono_ms() - n->alive_ms < ALIVE_MS;
}

const struct receiver_report *notifyc_report(const struct notifyc *n) {
    return n->reported && notifyc_connected(n) ? n->report : NULL;
}

int64_t notifyc_silent_ms(const struct notifyc *n) {
    if (notifyc_connected(n) || access(n->path, F_OK) == -1)
        return 0;
    return clock_mono_ms() - (n->alive_ms != 0 ? n->alive_ms : n->start_ms);
}
