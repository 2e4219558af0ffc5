/* See desk.h. */
#include "desk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alertq.h"
#include "clock.h"
#include "log.h"
#include "sock.h"
#include "text.h"
#include "xmem.h"
#include "alertdoc.h"
#include "incidentdoc.h"
#include "json.h"
#include "judge.h"
#include "state.h"

enum { CLIENTS = 8 };

struct desk {
    struct daemon *d;
    int listen_fd;
    struct loop_watch *listening;
    struct client {
        struct desk *desk;
        int fd; /* -1: a free place */
        struct loop_watch *watch;
        uint64_t order;
    } client[CLIENTS];
    uint64_t clients;
};

static void drop(struct client *c) {
    loop_watch_free(&c->watch);
    if (c->fd != -1)
        close(c->fd);
    c->fd = -1;
}

/* ---- answers ---- */

static struct json_t *make_error(const char *what) {
    struct json_t *doc = json_make_object();

    json_put_text(doc, "error", what);
    return doc;
}

static struct json_t *begin_doc(const struct daemon *d) {
    struct json_t *doc = json_make_object();

    json_put_text(doc, "host", d->conf.host);
    json_put_real(doc, "now", (double)clock_wall_ms() / 1000.0);
    return doc;
}

static struct json_t *silences_array(const struct daemon *d) {
    struct json_t *array = json_make_array();

    for (int i = 0; i < SILENCES_MOST; i++) {
        const struct silence *s = &d->silences.silence[i];
        struct json_t *o;

        if (s->id[0] == '\0')
            continue;
        o = json_make_object();
        json_put_text(o, "id", s->id);
        json_put_real(o, "from", (double)s->from_ms / 1000.0);
        json_put_real(o, "until", (double)s->until_ms / 1000.0);
        json_put_text(o, "who", s->who);
        json_put_text(o, "why", s->why);
        json_add(array, o);
    }
    return array;
}

static struct json_t *list(const struct daemon *d) {
    struct json_t *doc = begin_doc(d);
    struct json_t *firing = json_make_array();
    struct json_t *ended = json_make_array();

    for (int i = 0; i < d->shown.count; i++)
        json_add(d->shown.alert[i].ended_ms == 0 ? firing : ended,
                 alertdoc_make(&d->shown.alert[i]));
    json_put(doc, "alerts", firing);
    json_put(doc, "ended_alerts", ended);
    json_put(doc, "silences", silences_array(d));
    return doc;
}

static bool is_alert(const char *id) {
    int rule = 0;

    while (rules_id(rule) != NULL && strcmp(rules_id(rule), id) != 0)
        rule++;
    return rules_id(rule) != NULL;
}

static struct json_t *silence(struct daemon *d, const struct alertq_request *r) {
    struct silence s = {.from_ms = clock_wall_ms()};

    if (!is_alert(r->id) && strcmp(r->id, SILENCES_ALL) != 0)
        return make_error("there is no alert of this id; relaywatchd(8), ALERTS, lists them");
    if (r->duration_ms < 1000 || r->duration_ms > SILENCES_LONGEST_MS)
        return make_error("a silence lasts from 1 second to 30 days");
    s.until_ms = s.from_ms + r->duration_ms;
    text_copy(s.id, sizeof s.id, r->id);
    text_copy_printable(s.who, sizeof s.who, span_of(r->who));
    text_copy_printable(s.why, sizeof s.why, span_of(r->why));
    if (!silences_add(&d->silences, &s))
        return make_error("there are as many silences as there may be");
    log_info("alert", "%s silenced for %lld s by %s: %s", s.id, (long long)(r->duration_ms / 1000),
             s.who, s.why);
    judge(d);
    return list(d);
}

static struct json_t *unsilence(struct daemon *d, const struct alertq_request *r) {
    if (!silences_remove(&d->silences, r->id))
        return make_error("there is no silence for this");
    log_info("alert", "silence of %s taken back by %s", r->id, r->who);
    judge(d);
    return list(d);
}

static struct json_t *incidents(const struct daemon *d) {
    struct json_t *doc = begin_doc(d);
    struct json_t *array = json_make_array();
    const struct incident *i;

    for (int n = 0; (i = incidents_get(&d->chronicle.incidents, n)) != NULL; n++)
        json_add(array, incidentdoc_make(i, NULL));
    json_put(doc, "incidents", array);
    return doc;
}

static struct json_t *incident(const struct daemon *d, const struct alertq_request *r) {
    const struct incident *i = incidents_find(&d->chronicle.incidents, span_of(r->id));
    struct json_t *doc;

    if (i == NULL)
        return make_error("there is no such incident; `relaywatch alerts history` lists them");
    doc = begin_doc(d);
    json_put(doc, "incident", incidentdoc_make(i, &d->place));
    return doc;
}

static struct json_t *answer(struct daemon *d, const struct alertq_request *r) {
    switch (r->verb) {
    case ALERTQ_LIST:
        return list(d);
    case ALERTQ_SILENCE:
        return silence(d, r);
    case ALERTQ_UNSILENCE:
        return unsilence(d, r);
    case ALERTQ_HISTORY:
        return incidents(d);
    case ALERTQ_INCIDENT:
        return incident(d, r);
    default:
        return make_error("relaywatchd does not know this question");
    }
}

/* ---- clients ---- */

static void on_request(int what, void *arg) {
    struct client *c = arg;
    struct alertq_request r = {.version = 0};
    ssize_t n = recv(c->fd, &r, sizeof r, MSG_DONTWAIT);
    struct json_t *doc;
    char *text;

    (void)what;
    if (n == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        drop(c);
        return;
    }
    r.id[sizeof r.id - 1] = '\0';
    r.who[sizeof r.who - 1] = '\0';
    r.why[sizeof r.why - 1] = '\0';
    if (n != sizeof r || r.version != ALERTQ_VERSION)
        doc = make_error("relaywatch and relaywatchd are of different versions");
    else
        doc = answer(c->desk->d, &r);
    text = json_print(doc, false);
    if (send(c->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
        log_debug("desk", "reply: %s", strerror(errno));
    free(text);
    json_release(&doc);
    drop(c);
}

static bool may_ask(int fd) {
    struct fault why;
    uid_t uid;

    return sock_peer_uid(fd, &uid, &why) == 0 && (uid == 0 || uid == geteuid());
}

/* Who connects and says nothing is not waited for: the oldest gives way. */
static struct client *free_place(struct desk *desk) {
    struct client *oldest = &desk->client[0];

    for (int i = 0; i < CLIENTS; i++) {
        if (desk->client[i].fd == -1)
            return &desk->client[i];
        if (desk->client[i].order < oldest->order)
            oldest = &desk->client[i];
    }
    drop(oldest);
    return oldest;
}

static void on_connection(int what, void *arg) {
    struct desk *desk = arg;
    int fd = accept4(desk->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    int room = ALERTQ_REPLY_MOST;
    struct client *c;

    (void)what;
    if (fd == -1)
        return;
    if (!may_ask(fd)) {
        close(fd);
        return;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    c = free_place(desk);
    c->fd = fd;
    c->order = ++desk->clients;
    c->watch = loop_watch_new(desk->d->loop, fd, on_request, c);
    loop_watch_want(c->watch, LOOP_READ);
}

struct desk *desk_new(struct daemon *d) {
    struct desk *desk;
    struct fault why;
    char path[300];
    int fd;

    text_format(path, sizeof path, "%s/%s", d->conf.state_dir, ALERTQ_SOCKET);
    fd = sock_listen(path, 0600, (gid_t)-1, &why);
    if (fd == -1) {
        log_warn("desk", "`relaywatch alerts` will not work: %s", why.text);
        return NULL;
    }
    desk = xcalloc(1, sizeof *desk);
    desk->d = d;
    desk->listen_fd = fd;
    for (int i = 0; i < CLIENTS; i++) {
        desk->client[i].desk = desk;
        desk->client[i].fd = -1;
    }
    desk->listening = loop_watch_new(d->loop, fd, on_connection, desk);
    loop_watch_want(desk->listening, LOOP_READ);
    return desk;
}

void desk_free(struct desk **desk) {
    if (*desk == NULL)
        return;
    for (int i = 0; i < CLIENTS; i++)
        drop(&(*desk)->client[i]);
    loop_watch_free(&(*desk)->listening);
    close((*desk)->listen_fd);
    free(*desk);
    *desk = NULL;
}
