/* See askhost.h. */
#include "askhost.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "logsources.h"
#include "question.h"
#include "reach.h"
#include "spawn.h"
#include "text.h"
#include "xmem.h"

enum { REPLY_MS = 2500, ARRIVE_MS = 4000, LOOK_MS = 20, JOURNAL_MS = 300, CHUNK = 65536 };

/* ---- the doors ---- */

static void ask_strangers_way(struct condition_door *door, int fd) {
    int code = reach_converse(fd, NULL, REPLY_MS, NULL, 0);

    if (code == 220)
        code = reach_converse(fd, "EHLO doctor.relaywatch.invalid\r\n", REPLY_MS, NULL, 0);
    if (code == 250)
        code = reach_converse(fd, "MAIL FROM:<doctor@example.com>\r\n", REPLY_MS, NULL, 0);
    if (code == 250)
        code = reach_converse(fd, "RCPT TO:<doctor@example.net>\r\n", REPLY_MS, NULL, 0);
    if (code != 0)
        door->relays = code / 100 == 2 ? SEEN_YES : SEEN_NO;
    if (reach_converse(fd, "RSET\r\n", REPLY_MS, NULL, 0) != 0)
        reach_converse(fd, "QUIT\r\n", REPLY_MS, NULL, 0);
}

static void set_port(struct sockaddr_storage *at, uint32_t port) {
    if (at->ss_family == AF_INET)
        ((struct sockaddr_in *)(void *)at)->sin_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in6 *)(void *)at)->sin6_port = htons((uint16_t)port);
}

static void ask_door(const struct question *q, struct condition_door *door, int family) {
    const char *colon = strrchr(q->seen->conf.submit, ':');
    uint32_t ports[] = {colon != NULL ? (uint32_t)strtoul(colon + 1, NULL, 10) : 25, 25};
    const socklen_t size =
        family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    struct sockaddr_storage us, to;

    if (!reach_own(family, &us, door->address, sizeof door->address))
        return;
    set_port(&us, 0);
    for (int i = 0; i < 2 && door->entered != SEEN_YES; i++) {
        int fd;

        to = us;
        set_port(&to, ports[i]);
        fd = reach_address((struct sockaddr *)&to, size, (struct sockaddr *)&us, size, REPLY_MS);
        if (fd == -1) {
            door->entered = SEEN_NO;
            continue;
        }
        door->port = ports[i];
        door->entered = SEEN_YES;
        ask_strangers_way(door, fd);
        close(fd);
    }
}

void askhost_door4(const void *question) {
    const struct question *q = question;

    ask_door(q, &q->seen->outside->door[0], AF_INET);
}

void askhost_door6(const void *question) {
    const struct question *q = question;

    ask_door(q, &q->seen->outside->door[1], AF_INET6);
}

/* ---- as Postfix's own processes ---- */

static int become_postfix(const struct condition *c, bool chrooted) {
    const char *folder = c->relay.queue_directory;

    if (!chrooted && chdir(folder) == -1)
        return -1;
    return spawn_become_in("postfix", chrooted ? folder : NULL);
}

static int reach_milter(const struct condition *c) {
    const char *socket = c->conf.milter_socket, *at = strchr(socket, '@');
    char endpoint[300];

    if (strncmp(socket, "inet:", 5) == 0) { /* inet:port@host */
        text_format(endpoint, sizeof endpoint, "%s:%.*s", at != NULL ? at + 1 : "",
                    at != NULL ? (int)(at - socket - 5) : 0, socket + 5);
        return reach_endpoint(endpoint, REPLY_MS);
    }
    return reach_path(c->milter_path[0] != '\0' ? c->milter_path : socket + 5, SOCK_STREAM);
}

void askhost_milter(const void *question) {
    struct condition *c = ((const struct question *)question)->seen;
    struct condition_outside *o = c->outside;
    bool chrooted = c->chrooted_smtpd == SEEN_YES;
    int fd;

    if (become_postfix(c, chrooted) == -1)
        return;
    fd = reach_milter(c);
    o->milter_answers = fd != -1 ? SEEN_YES : SEEN_NO;
    if (fd == -1)
        text_format(o->milter_error, sizeof o->milter_error, "%s%s",
                    errno == EACCES         ? "user postfix may not open it"
                    : errno == ENOENT       ? "no such socket"
                    : errno == ECONNREFUSED ? "nobody listens there"
                                            : strerror(errno),
                    chrooted ? ", seen from its chroot" : "");
}

void askhost_own_name(const void *question) {
    struct condition *c = ((const struct question *)question)->seen;
    struct condition_outside *o = c->outside;
    struct addrinfo hints = {.ai_flags = AI_CANONNAME}, *found = NULL;
    int64_t begun_ms = clock_mono_ms();
    char name[sizeof o->own_name] = "";
    int error;

    if (gethostname(name, sizeof name - 1) == -1 ||
        (c->root && become_postfix(c, c->chrooted_smtp == SEEN_YES) == -1))
        return;
    text_copy(o->own_name, sizeof o->own_name, name);
    error = getaddrinfo(name, NULL, &hints, &found);
    o->own_ms = clock_mono_ms() - begun_ms;
    o->own_resolves = error == 0 ? SEEN_YES : SEEN_NO;
    if (found != NULL)
        freeaddrinfo(found);
}

/* ---- a line's way into the log ---- */

/* A log file from where it ended before the line was written. */
struct follow {
    int fd;
    size_t kept; /* of what was read last: a mark may come in two pieces */
    char chunk[CHUNK + 1];
};

static bool in_file(struct follow *f, const char *mark) {
    ssize_t n;

    while ((n = read(f->fd, f->chunk + f->kept, CHUNK - f->kept)) > 0) {
        size_t have = f->kept + (size_t)n, keep = strlen(mark);

        if (memmem(f->chunk, have, mark, strlen(mark)) != NULL)
            return true;
        keep = have < keep ? have : keep;
        memmove(f->chunk, f->chunk + have - keep, keep);
        f->kept = keep;
    }
    return false;
}

/* postlog(1)'s own, whatever syslog_name says: relaywatchd knows the line (lognote.c). */
static const char LOG_TAG[] = "postfix/postlog";

static bool in_journal(const struct logsource *source, const char *mark) {
    char folder[300], said[CHUNK];
    const char *const argv[] = {
        "/usr/bin/journalctl", "-q", "-o", "cat", "-n", "50", "-t", LOG_TAG, folder, NULL};
    struct spawn job = {
        .argv = argv, .output = said, .output_size = sizeof said, .timeout_ms = ARRIVE_MS};

    text_format(folder, sizeof folder, "--directory=%s", logsource_path(source));
    if (logsource_path(source)[0] == '\0')
        text_copy(folder, sizeof folder, "--system");
    return spawn_run(&job, NULL) == 0 && strstr(said, mark) != NULL;
}

static bool write_line(const struct conf *conf, const char *line) {
    const char *const argv[] = {
        "/usr/sbin/postlog", "-c", conf->postfix_config_dir, "-t", LOG_TAG, line, NULL};
    char errors[256];
    struct spawn job = {
        .argv = argv, .errors = errors, .errors_size = sizeof errors, .timeout_ms = ARRIVE_MS};

    return spawn_run(&job, NULL) == 0 && job.status == 0;
}

static void wait_for_line(const struct logsources *sources, struct follow *follow, const char *mark,
                          struct condition_outside *o) {
    int64_t begun_ms = clock_mono_ms(), journal_ms = begun_ms;

    o->log_mark = SEEN_NO;
    while (o->log_mark == SEEN_NO && clock_mono_ms() - begun_ms < ARRIVE_MS) {
        bool journal = clock_mono_ms() >= journal_ms;

        for (size_t i = 0; i < sources->count; i++) {
            const struct logsource *source = &sources->item[i];

            if (source->is_journal ? journal && in_journal(source, mark)
                                   : in_file(&follow[i], mark))
                o->log_mark = SEEN_YES;
        }
        if (journal)
            journal_ms = clock_mono_ms() + JOURNAL_MS;
        poll(NULL, 0, o->log_mark == SEEN_NO ? LOOK_MS : 0);
    }
    o->log_mark_ms = clock_mono_ms() - begun_ms;
}

void askhost_log(const void *question) {
    struct condition *c = ((const struct question *)question)->seen;
    struct follow *follow;
    struct logsources sources;
    char mark[80];
    struct fault why;

    if (logsources_parse(c->conf.mail_log, &sources, &why) == -1)
        return;
    follow = xcalloc(sources.count, sizeof *follow);
    for (size_t i = 0; i < sources.count; i++) {
        const char *path = logsource_path(&sources.item[i]);

        follow[i].fd = -1;
        if (!sources.item[i].is_journal)
            follow[i].fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (follow[i].fd != -1)
            lseek(follow[i].fd, 0, SEEK_END);
    }
    text_format(mark, sizeof mark, "relaywatch doctor: a line to see whether it arrives (%d)",
                (int)getpid());
    if (write_line(&c->conf, mark))
        wait_for_line(&sources, follow, mark, c->outside);
    for (size_t i = 0; i < sources.count; i++) {
        if (follow[i].fd != -1)
            close(follow[i].fd);
    }
    free(follow);
}
