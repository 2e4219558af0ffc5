/* http_sink [-a ADDRESS] [-p PORT] [-f PORT_FILE] OUT ANSWER...
 *
 * A receiver for tests: takes HTTP requests on loopback, many at once, one thread. Appends the body
 * of each as one line to OUT (line feeds in it become spaces) and "time_ms METHOD PATH ANSWER KEY
 * AUTHORIZATION" to OUT.head ("-": none), before it answers. The answers are used up in order, the
 * last one for ever: 200           this status, with a short body          429:7    with
 * Retry-After: 7 503*3         three times the same                    hang     never answers drip
 * status 200, then one byte a second      endless  status 200, a body without end silent reads the
 * request and closes            302      with a Location that leads to /redirected PORT 0 (the
 * default) takes a free one; PORT_FILE gets its number once the sink listens. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS = 64, REQUEST_MOST = 512 * 1024 };

enum mode { READING, HANGING, DRIPPING, ENDLESS };

struct connection {
    int fd; /* -1: free */
    enum mode mode;
    char *data;
    size_t size;
};

struct sink {
    const char *out_path;
    char **answers;
    int answer_count;
    int at;   /* the answer in use */
    int used; /* times */
    struct connection connection[CONNECTIONS];
};

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "http_sink: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void close_connection(struct connection *c) {
    close(c->fd);
    free(c->data);
    memset(c, 0, sizeof *c);
    c->fd = -1;
}

/* The answer for this request. */
static const char *next_answer(struct sink *s) {
    const char *answer = s->answers[s->at];
    const char *star = strchr(answer, '*');
    long times = star != NULL ? strtol(star + 1, NULL, 10) : 1;

    if (++s->used >= times && s->at + 1 < s->answer_count) {
        s->at++;
        s->used = 0;
    }
    return answer;
}

static void append(const char *path, const char *suffix, const char *text, size_t size) {
    char name[512];
    int fd;

    snprintf(name, sizeof name, "%s%s", path, suffix);
    fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd == -1 || write(fd, text, size) != (ssize_t)size)
        fail(name);
    close(fd);
}

/* The value of a header, or "-". */
static void find_header(const char *head, const char *name, char *out, size_t size) {
    size_t n = strlen(name);

    snprintf(out, size, "-");
    for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
            const char *value = line + n + 1 + strspn(line + n + 1, " ");

            snprintf(out, size, "%.*s", (int)strcspn(value, "\r\n"), value);
            return;
        }
    }
}

static void keep(const struct sink *s, const char *head, char *body, size_t size,
                 const char *answer) {
    struct timespec now;
    char key[300], authorization[300], line[1200];
    size_t method, path;

    clock_gettime(CLOCK_REALTIME, &now);
    find_header(head, "Idempotency-Key", key, sizeof key);
    find_header(head, "Authorization", authorization, sizeof authorization);
    method = strcspn(head, " \r\n");
    path = head[method] == ' ' ? strcspn(head + method + 1, " \r\n") : 0;
    snprintf(line, sizeof line, "%lld %.*s %.*s %s %s %s\n",
             (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000, (int)method, head,
             path > 300 ? 300 : (int)path, head + method + 1, answer, key, authorization);
    append(s->out_path, ".head", line, strlen(line));
    for (size_t i = 0; i < size; i++) {
        if (body[i] == '\n' || body[i] == '\0')
            body[i] = ' ';
    }
    body[size] = '\n'; /* there is room: see read_some */
    append(s->out_path, "", body, size + 1);
}

static void say(struct connection *c, const char *text) {
    if (send(c->fd, text, strlen(text), MSG_NOSIGNAL) == -1)
        close_connection(c);
}

static void answer_request(struct connection *c, const char *answer) {
    char reply[400];
    const char *colon = strchr(answer, ':');
    long status = strtol(answer, NULL, 10);
    char extra[100] = "";

    if (strncmp(answer, "hang", 4) == 0) {
        c->mode = HANGING;
    } else if (strncmp(answer, "drip", 4) == 0) {
        c->mode = DRIPPING;
        say(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    } else if (strncmp(answer, "endless", 7) == 0) {
        c->mode = ENDLESS;
        say(c, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    } else if (strncmp(answer, "silent", 6) == 0) {
        close_connection(c);
    } else {
        if (colon != NULL)
            snprintf(extra, sizeof extra, "Retry-After: %s\r\n", colon + 1);
        if (status >= 300 && status <= 399)
            snprintf(extra, sizeof extra, "Location: /redirected\r\n");
        snprintf(reply, sizeof reply,
                 "HTTP/1.1 %ld Answer\r\nContent-Length: 3\r\nConnection: close\r\n%s\r\nok\n",
                 status, extra);
        say(c, reply);
        if (c->fd != -1)
            close_connection(c);
    }
}

/* Returns the size of head and body once both are there, else 0. */
static size_t whole_request(const struct connection *c, size_t *head_out) {
    char length[32];
    const char *end = strstr(c->data, "\r\n\r\n");
    size_t head, body = 0;

    if (end == NULL)
        return 0;
    head = (size_t)(end - c->data) + 4;
    find_header(c->data, "Content-Length", length, sizeof length);
    if (length[0] != '-')
        body = strtoul(length, NULL, 10);
    *head_out = head;
    return body < REQUEST_MOST && c->size >= head + body ? head + body : 0;
}

static void read_some(struct sink *s, struct connection *c) {
    char dropped[4096];
    ssize_t n;
    size_t head, size;

    if (c->mode != READING) {
        n = read(c->fd, dropped, sizeof dropped);
        if (n <= 0)
            close_connection(c);
        return;
    }
    if (c->data == NULL)
        c->data = calloc(1, REQUEST_MOST + 2);
    if (c->data == NULL)
        fail("memory");
    n = read(c->fd, c->data + c->size, REQUEST_MOST - c->size);
    if (n <= 0) {
        close_connection(c);
        return;
    }
    c->size += (size_t)n;
    size = whole_request(c, &head);
    if (size != 0) {
        const char *answer = next_answer(s);

        keep(s, c->data, c->data + head, size - head, answer);
        answer_request(c, answer);
    }
}

static void write_some(struct connection *c, bool second_over) {
    static const char block[8192] = {'x'};

    if (c->mode == DRIPPING && second_over)
        say(c, "x");
    if (c->mode == ENDLESS && send(c->fd, block, sizeof block, MSG_NOSIGNAL | MSG_DONTWAIT) == -1 &&
        errno != EAGAIN)
        close_connection(c);
}

static int listen_on(const char *address, unsigned port, const char *port_file) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    socklen_t size = sizeof at;
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd == -1 || inet_pton(AF_INET, address, &at.sin_addr) != 1 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == -1 ||
        bind(fd, (struct sockaddr *)&at, sizeof at) == -1 || listen(fd, 64) == -1 ||
        getsockname(fd, (struct sockaddr *)&at, &size) == -1)
        fail("listen");
    if (port_file != NULL) {
        char beside[512];
        FILE *f;

        snprintf(beside, sizeof beside, "%s.new", port_file);
        f = fopen(beside, "we");
        if (f == NULL || fprintf(f, "%u\n", (unsigned)ntohs(at.sin_port)) < 0 || fclose(f) != 0 ||
            rename(beside, port_file) == -1)
            fail(port_file);
    }
    return fd;
}

static void accept_one(struct sink *s, int listening) {
    int fd = accept(listening, NULL, NULL);

    for (int i = 0; i < CONNECTIONS && fd != -1; i++) {
        if (s->connection[i].fd == -1) {
            s->connection[i].fd = fd;
            return;
        }
    }
    if (fd != -1)
        close(fd);
}

static void serve(struct sink *s, int listening) {
    time_t last = 0;

    for (;;) {
        struct pollfd fds[CONNECTIONS + 1] = {{.fd = listening, .events = POLLIN}};
        time_t now;
        bool second_over;

        for (int i = 0; i < CONNECTIONS; i++) {
            fds[i + 1].fd = s->connection[i].fd;
            fds[i + 1].events = (short)(POLLIN | (s->connection[i].mode == ENDLESS ? POLLOUT : 0));
        }
        if (poll(fds, CONNECTIONS + 1, 200) == -1 && errno != EINTR)
            fail("poll");
        now = time(NULL);
        second_over = now != last;
        last = now;
        for (int i = 0; i < CONNECTIONS; i++) {
            if (fds[i + 1].fd == -1)
                continue;
            if ((fds[i + 1].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
                read_some(s, &s->connection[i]);
            if (s->connection[i].fd != -1)
                write_some(&s->connection[i], second_over);
        }
        if ((fds[0].revents & POLLIN) != 0)
            accept_one(s, listening);
    }
}

int main(int argc, char **argv) {
    static struct sink s;
    const char *address = "127.0.0.1";
    const char *port_file = NULL;
    unsigned port = 0;
    int c;

    while ((c = getopt(argc, argv, "+a:p:f:")) != -1) {
        if (c == 'a')
            address = optarg;
        else if (c == 'p')
            port = (unsigned)strtoul(optarg, NULL, 10);
        else if (c == 'f')
            port_file = optarg;
        else
            return 64;
    }
    if (argc - optind < 2) {
        fprintf(stderr, "usage: http_sink [-a ADDRESS] [-p PORT] [-f PORT_FILE] OUT ANSWER...\n");
        return 64;
    }
    s.out_path = argv[optind];
    s.answers = &argv[optind + 1];
    s.answer_count = argc - optind - 1;
    for (int i = 0; i < CONNECTIONS; i++)
        s.connection[i].fd = -1;
    signal(SIGPIPE, SIG_IGN);
    serve(&s, listen_on(address, port, port_file));
}
