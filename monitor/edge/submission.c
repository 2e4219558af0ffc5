/* See submission.h. The steps stand in the order of the dialogue; each waits for one reply. */
#include "submission.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "text.h"
#include "xmem.h"

#include "smtpreply.h"

#include "lookup.h"
#include "loop.h"

enum { IN_BYTES = 4096, OUT_BYTES = 4096 };

enum step { GREETING, EHLO, MAIL, RCPT, DATA, BODY, STEPS };

/* What a step is called, and the first digit of the reply that takes us on. */
static const struct {
    const char *name;
    int want;
} steps[STEPS] = {{"the connection", 2}, {"EHLO", 2}, {"MAIL FROM", 2},
                  {"RCPT TO", 2},        {"DATA", 3}, {"the message", 2}};

struct submission {
    struct loop *loop;
    struct lookup *lookup;
    struct loop_timer *timer; /* the deadline; then, at once, the end */
    struct loop_watch *watch;
    int fd; /* -1: none */
    bool busy, ended;
    enum step step;
    char host[256], port[8];
    char helo[256], recipient[256];
    char *text;
    char in[IN_BYTES];
    size_t in_n;
    char out[OUT_BYTES];
    size_t out_n, out_at;
    char trouble[400]; /* "": taken */
    void (*on_end)(const char *trouble, void *arg);
    void *arg;
};

static void hang_up(struct submission *s) {
    loop_watch_free(&s->watch);
    if (s->fd != -1)
        close(s->fd);
    s->fd = -1;
    free(s->text);
    s->text = NULL;
}

/* on_end comes from the loop, never from within a call of the owner's. */
static void end(struct submission *s, const char *trouble) {
    hang_up(s);
    s->ended = true;
    text_copy(s->trouble, sizeof s->trouble, trouble);
    loop_timer_set(s->timer, 0);
}

static void on_timer(void *arg) {
    struct submission *s = arg;
    char text[300];

    if (!s->ended) {
        text_format(text, sizeof text, "%s answered nothing to %s for %d s", s->host,
                    steps[s->step].name, SUBMISSION_MS / 1000);
        end(s, text);
        return;
    }
    s->busy = false;
    s->on_end(s->trouble[0] != '\0' ? s->trouble : NULL, s->arg);
}

static void send_more(struct submission *s) {
    ssize_t n = send(s->fd, s->out + s->out_at, s->out_n - s->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n >= 0)
        s->out_at += (size_t)n;
    else if (errno != EAGAIN && errno != EINTR) {
        end(s, strerror(errno));
        return;
    }
    loop_watch_want(s->watch, s->out_at < s->out_n ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

/* What is to be said now that `step` waits for its reply. */
static void say(struct submission *s) {
    bool fits = true;

    switch (s->step) {
    case EHLO:
        fits = text_format(s->out, sizeof s->out, "EHLO %s\r\n", s->helo);
        break;
    case MAIL:
        fits = text_format(s->out, sizeof s->out, "MAIL FROM:<>\r\n");
        break;
    case RCPT:
        fits = text_format(s->out, sizeof s->out, "RCPT TO:<%s>\r\n", s->recipient);
        break;
    case DATA:
        fits = text_format(s->out, sizeof s->out, "DATA\r\n");
        break;
    case BODY:
        fits = text_format(s->out, sizeof s->out, "%s.\r\n", s->text);
        break;
    case GREETING:
    case STEPS:
        return;
    }
    if (!fits) {
        end(s, "the message is too long");
        return;
    }
    s->out_at = 0;
    s->out_n = strlen(s->out);
    send_more(s);
}

static void on_reply(struct submission *s, int code, struct span reply) {
    static const char quit[] = "QUIT\r\n";
    char said[200];
    char text[400];

    text_copy_printable(said, sizeof said, reply);
    if (code / 100 != steps[s->step].want) {
        text_format(text, sizeof text, "%s refused %s: %d %s", s->host, steps[s->step].name, code,
                    said);
        end(s, text);
        return;
    }
    s->step++;
    if (s->step < STEPS) {
        say(s);
        return;
    }
    if (send(s->fd, quit, sizeof quit - 1, MSG_NOSIGNAL | MSG_DONTWAIT) == -1)
        errno = 0; /* it has the message: who leaves without a word is no worse */
    end(s, "");
}

static void take_replies(struct submission *s) {
    while (s->fd != -1 && s->in_n > 0) {
        struct span text;
        size_t used = 0;
        int code = smtpreply_take((struct span){s->in, s->in_n}, &used, &text);

        if (code == 0 && s->in_n < sizeof s->in)
            return;
        if (code <= 0) {
            end(s, "what answers there does not speak SMTP");
            return;
        }
        on_reply(s, code, text);
        s->in_n -= used;
        memmove(s->in, s->in + used, s->in_n);
    }
}

static void on_ready(int what, void *arg) {
    struct submission *s = arg;
    char text[300];
    ssize_t n;

    if ((what & LOOP_WRITE) != 0) {
        send_more(s);
        if (s->fd == -1)
            return;
    }
    if ((what & LOOP_READ) == 0)
        return;
    n = recv(s->fd, s->in + s->in_n, sizeof s->in - s->in_n, MSG_DONTWAIT);
    if (n == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        text_format(text, sizeof text, "%s %s", s->host,
                    n == 0 ? "closed the connection" : strerror(errno));
        end(s, text);
        return;
    }
    s->in_n += (size_t)n;
    take_replies(s);
}

static void on_connected(int what, void *arg) {
    struct submission *s = arg;
    char text[400];
    int error = 0;
    socklen_t size = sizeof error;

    (void)what;
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1)
        error = errno;
    if (error != 0) {
        text_format(text, sizeof text, "connect to %s:%s: %s", s->host, s->port, strerror(error));
        end(s, text);
        return;
    }
    loop_watch_free(&s->watch);
    s->watch = loop_watch_new(s->loop, s->fd, on_ready, s);
    loop_watch_want(s->watch, LOOP_READ);
}

static void connect_to(struct submission *s, const char *address) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *found = NULL;
    char text[400] = "";

    if (getaddrinfo(address, s->port, &hints, &found) != 0) {
        end(s, "no address");
        return;
    }
    s->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->fd == -1 ||
        (connect(s->fd, found->ai_addr, found->ai_addrlen) == -1 && errno != EINPROGRESS))
        text_format(text, sizeof text, "connect to %s:%s: %s", s->host, s->port, strerror(errno));
    freeaddrinfo(found);
    if (text[0] != '\0') {
        end(s, text);
        return;
    }
    s->watch = loop_watch_new(s->loop, s->fd, on_connected, s);
    loop_watch_want(s->watch, LOOP_WRITE);
}

static void look_up(void *arg) {
    struct submission *s = arg;
    char address[LOOKUP_ADDRESS];
    struct fault why;
    int got;

    if (!s->busy || s->ended || s->fd != -1)
        return; /* an answer that comes too late */
    got = lookup_ask(s->lookup, s->host, 0, address, &why);
    if (got == 1)
        connect_to(s, address);
    else if (got == -1)
        end(s, why.text);
}

struct submission *submission_new(struct loop *loop, void (*on_end)(const char *trouble, void *arg),
                                  void *arg) {
    struct submission *s = xcalloc(1, sizeof *s);

    s->loop = loop;
    s->fd = -1;
    s->on_end = on_end;
    s->arg = arg;
    s->timer = loop_timer_new(loop, on_timer, s);
    s->lookup = lookup_new(loop, look_up, s);
    return s;
}

void submission_free(struct submission **submission) {
    if (*submission == NULL)
        return;
    hang_up(*submission);
    lookup_free(&(*submission)->lookup);
    loop_timer_free(&(*submission)->timer);
    free(*submission);
    *submission = NULL;
}

bool submission_send(struct submission *s, const struct submission_letter *letter) {
    if (s->busy)
        return false;
    s->busy = true;
    s->ended = false;
    s->step = GREETING;
    s->in_n = 0;
    s->out_n = s->out_at = 0;
    text_copy(s->helo, sizeof s->helo, letter->helo);
    text_copy(s->recipient, sizeof s->recipient, letter->recipient);
    s->text = xstrdup(letter->text);
    loop_timer_set(s->timer, SUBMISSION_MS);
    if (text_endpoint(letter->server, s->host, sizeof s->host, s->port, sizeof s->port))
        look_up(s);
    else
        end(s, "submit is not of the form address:port");
    return true;
}
