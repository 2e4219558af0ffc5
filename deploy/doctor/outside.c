/* See outside.h. */
#include "outside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "spawn.h"
#include "xmem.h"
#include "cred.h"

enum { LIMIT_MS = 9000, PROBE_MS = 8000, CONNECT_MS = 4000, REPLY_MS = 2500, JOBS_MOST = 8 };

struct asking {
    struct condition *seen;
    const char *programs, *secret;
};

/* Connects within the time limit. -1 with errno. */
static int reach(const struct sockaddr *to, socklen_t size, const struct sockaddr *from,
                 socklen_t from_size, int limit_ms) {
    int fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    socklen_t n = sizeof(int);
    int error = 0;

    if (fd == -1)
        return -1;
    if (from != NULL && bind(fd, from, from_size) == -1)
        error = errno;
    else if (connect(fd, to, size) == -1 && errno != EINPROGRESS)
        error = errno;
    else if (poll(&wait, 1, limit_ms) != 1)
        error = ETIMEDOUT;
    else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) == -1)
        error = errno;
    if (error == 0)
        return fd;
    close(fd);
    errno = error;
    return -1;
}

/* Sends a line (NULL: none) and reads up to the end of the reply. Its code, 0: none. */
static int converse(int fd, const char *line) {
    char reply[2048] = "";
    size_t n = 0;
    struct pollfd wait = {.fd = fd, .events = POLLIN};

    if (line != NULL && send(fd, line, strlen(line), MSG_NOSIGNAL) == -1)
        return 0;
    while (n < sizeof reply - 1 && poll(&wait, 1, REPLY_MS) == 1) {
        ssize_t got = recv(fd, reply + n, sizeof reply - 1 - n, 0);
        const char *last;

        if (got <= 0)
            return 0;
        n += (size_t)got;
        reply[n] = '\0';
        if (reply[n - 1] != '\n')
            continue;
        reply[n - 1] = '\0';
        last = strrchr(reply, '\n');
        last = last != NULL ? last + 1 : reply;
        if (strlen(last) >= 3 && last[3] != '-')
            return (int)strtol(last, NULL, 10);
        reply[n - 1] = '\n';
    }
    return 0;
}

/* ---- the questions, each in a process of its own ---- */

static void ask_port(const struct asking *a, const struct addrinfo *found, int which, int family) {
    enum reach *out = &a->seen->outside->reach[which][family == AF_INET6];
    const struct addrinfo *at = found;
    struct sockaddr_storage to;
    int fd;

    while (at != NULL && at->ai_family != family)
        at = at->ai_next;
    if (at == NULL) {
        *out = REACH_NO_ADDRESS;
        return;
    }
    memcpy(&to, at->ai_addr, at->ai_addrlen);
    if (family == AF_INET)
        ((struct sockaddr_in *)(void *)&to)->sin_port = htons(which == 0 ? 587 : 465);
    else
        ((struct sockaddr_in6 *)(void *)&to)->sin6_port = htons(which == 0 ? 587 : 465);
    *out = REACH_SILENT;
    fd = reach((const struct sockaddr *)&to, at->ai_addrlen, NULL, 0, CONNECT_MS);
    if (fd != -1) {
        *out = REACH_OPEN;
        close(fd);
    } else if (errno != ETIMEDOUT) {
        *out = errno == ECONNREFUSED ? REACH_REFUSED : REACH_NO_WAY;
    }
}

/* The four ways at the same time. */
static void ask_dns(const struct asking *a) {
    struct condition_outside *o = a->seen->outside;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    int error = getaddrinfo(a->seen->relay.host, NULL, &hints, &found);

    if (error != 0) {
        text_copy(o->dns_error, sizeof o->dns_error, gai_strerror(error));
        o->resolved = SEEN_NO;
        return;
    }
    for (const struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        o->ipv4 += at->ai_family == AF_INET;
        o->ipv6 += at->ai_family == AF_INET6;
    }
    o->resolved = SEEN_YES;
    for (int i = 0; i < 4; i++) {
        if (fork() == 0) {
            ask_port(a, found, i / 2, i % 2 == 0 ? AF_INET : AF_INET6);
            _exit(0);
        }
    }
    while (wait(NULL) != -1 || errno == EINTR)
        continue;
    freeaddrinfo(found);
}

static void ask_helo(const struct asking *a) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;

    if (getaddrinfo(a->seen->relay.helo, NULL, &hints, &found) != 0) {
        a->seen->outside->helo_resolves = SEEN_NO;
        return;
    }
    a->seen->outside->helo_resolves = SEEN_YES;
    freeaddrinfo(found);
}

static void fill_request(const struct asking *a, struct probe_request *request) {
    const struct facts *facts = &a->seen->relay;
    struct span user, secret;

    request->version = PROBEQ_VERSION;
    request->port = facts->port;
    request->implicit_tls = facts->implicit_tls;
    text_copy(request->host, sizeof request->host, facts->host);
    text_copy(request->helo, sizeof request->helo, facts->helo);
    text_copy(request->ca_file, sizeof request->ca_file, facts->ca_file);
    text_copy(request->tls_name, sizeof request->tls_name, facts->tls_name);
    text_copy(request->mechanisms, sizeof request->mechanisms, facts->mechanisms);
    request->forbid = facts_forbid(facts);
    if (facts->sasl && a->secret != NULL && cred_split(span_of(a->secret), &user, &secret)) {
        request->auth = 1;
        text_copy_span(request->user, sizeof request->user, user);
        text_copy_span(request->secret, sizeof request->secret, secret);
    }
}

static void ask_relay(const struct asking *a) {
    struct condition_outside *o = a->seen->outside;
    char program[PATH_MAX];
    const char *const argv[] = {program, NULL};
    struct probe_request *request = xcalloc(1, sizeof *request);
    struct probe_verdict verdict[2];
    struct spawn job = {.argv = argv,
                        .input = request,
                        .input_size = sizeof *request,
                        .output = (char *)verdict,
                        .output_size = sizeof verdict,
                        .timeout_ms = PROBE_MS,
                        .user = a->seen->conf.probe_user};
    struct fault why = {""};
    int failed;

    text_format(program, sizeof program, "%s/relaywatch-probe", a->programs);
    fill_request(a, request);
    failed = spawn_run(&job, &why);
    wipe(request, sizeof *request);
    free(request);
    if (failed == 0 && (job.status != 0 || job.output_length != sizeof verdict[0]))
        failed = fault_set(&why, "relaywatch-probe ended with status %d", job.status);
    text_copy(o->probe_error, sizeof o->probe_error, why.text);
    if (failed == 0) {
        o->verdict = verdict[0];
        o->probed = SEEN_YES;
    }
}

static bool find_address(struct sockaddr_in *out, char *text, size_t size) {
    struct ifaddrs *all = NULL;
    bool found = false;

    if (getifaddrs(&all) == -1)
        return false;
    for (const struct ifaddrs *i = all; i != NULL && !found; i = i->ifa_next) {
        if (i->ifa_addr == NULL || i->ifa_addr->sa_family != AF_INET)
            continue;
        memcpy(out, i->ifa_addr, sizeof *out);
        found = ntohl(out->sin_addr.s_addr) >> 24 != 127 &&
                inet_ntop(AF_INET, &out->sin_addr, text, (socklen_t)size) != NULL;
    }
    freeifaddrs(all);
    return found;
}

/* As a stranger would: RCPT, then RSET; never DATA. */
static void ask_strangers_way(struct condition_outside *o, int fd) {
    int code = converse(fd, NULL) == 220 ? converse(fd, "EHLO doctor.relaywatch.invalid\r\n") : 0;

    if (code == 250)
        code = converse(fd, "MAIL FROM:<doctor@example.com>\r\n");
    if (code == 250)
        code = converse(fd, "RCPT TO:<doctor@example.net>\r\n");
    if (code != 0)
        o->relays = code / 100 == 2 ? SEEN_YES : SEEN_NO;
    if (converse(fd, "RSET\r\n") != 0)
        converse(fd, "QUIT\r\n");
}

static void ask_entrance(const struct asking *a) {
    struct condition_outside *o = a->seen->outside;
    const char *colon = strrchr(a->seen->conf.submit, ':');
    uint32_t ports[] = {colon != NULL ? (uint32_t)strtoul(colon + 1, NULL, 10) : 25, 25};
    struct sockaddr_in us, to;

    if (!find_address(&us, o->our_address, sizeof o->our_address))
        return;
    us.sin_port = 0;
    for (int i = 0; i < 2 && o->entered != SEEN_YES; i++) {
        int fd;

        to = us;
        to.sin_port = htons((uint16_t)ports[i]);
        fd = reach((struct sockaddr *)&to, sizeof to, (struct sockaddr *)&us, sizeof us, REPLY_MS);
        if (fd == -1) {
            o->entered = SEEN_NO;
            continue;
        }
        o->entered_port = ports[i];
        o->entered = SEEN_YES;
        ask_strangers_way(o, fd);
        close(fd);
    }
}

static int reach_path(const char *path, int type) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd == -1 || !text_copy(to.sun_path, sizeof to.sun_path, path) ||
        connect(fd, (struct sockaddr *)&to, sizeof to) == -1) {
        if (fd != -1)
            close(fd);
        return -1;
    }
    return fd;
}

static int reach_name(const char *endpoint) {
    char host[256], port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    int fd = -1;

    if (!text_endpoint(endpoint, host, sizeof host, port, sizeof port) ||
        getaddrinfo(host, port, &hints, &found) != 0)
        return -1;
    for (const struct addrinfo *at = found; at != NULL && fd == -1; at = at->ai_next)
        fd = reach(at->ai_addr, at->ai_addrlen, NULL, 0, REPLY_MS);
    freeaddrinfo(found);
    return fd;
}

static enum seen answers(int fd, const char *question, const char *wanted) {
    char reply[256] = "";
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    bool good = fd != -1 && send(fd, question, strlen(question), MSG_NOSIGNAL) != -1 &&
                poll(&wait, 1, REPLY_MS) == 1 && recv(fd, reply, sizeof reply - 1, 0) > 0 &&
                strstr(reply, wanted) == reply;

    if (fd != -1)
        close(fd);
    return good ? SEEN_YES : SEEN_NO;
}

static void ask_ours(const struct asking *a) {
    const struct conf *conf = &a->seen->conf;
    struct condition_outside *o = a->seen->outside;
    char path[300];
    int fd;

    o->daemon = answers(reach_name(conf->http_listen), "GET /healthz HTTP/1.0\r\n\r\n", "HTTP/1.");
    text_format(path, sizeof path, "%s/keeper.sock", conf->run_dir);
    fd = reach_path(path, SOCK_SEQPACKET);
    o->keeper = fd != -1 ? SEEN_YES : SEEN_NO;
    if (fd != -1)
        close(fd);
    text_format(path, sizeof path, "%s/notify.sock", conf->run_dir);
    fd = reach_path(path, SOCK_SEQPACKET);
    o->notify = fd != -1 ? SEEN_YES : SEEN_NO;
    if (fd != -1)
        close(fd);
}

/* A server that wants a password first is alive, too. */
static void ask_redis(const struct asking *a) {
    const char *where = a->seen->conf.redis;
    bool local = strncmp(where, "unix:", 5) == 0;

    a->seen->outside->redis =
        answers(local ? reach_path(where + 5, SOCK_STREAM) : reach_name(where), "PING\r\n", "");
}

/* As smtpd would: its user, its folder, its chroot. The result is the exit status. */
static void ask_milter(const struct asking *a) {
    struct condition *c = a->seen;
    const char *socket = c->conf.milter_socket, *at = strchr(socket, '@');
    char endpoint[300];
    int fd;

    if (strncmp(socket, "unix:", 5) == 0) {
        if (spawn_become("postfix") == -1)
            _exit(2);
        fd = reach_path(socket + 5, SOCK_STREAM);
    } else {
        text_format(endpoint, sizeof endpoint, "%s:%.*s", at != NULL ? at + 1 : "",
                    at != NULL ? (int)(at - socket - 5) : 0, socket + 5);
        fd = reach_name(endpoint);
    }
    _exit(fd != -1 ? 0 : errno == EACCES ? 3 : 1);
}

static void milter_ended(struct condition *c, int status) {
    if (!WIFEXITED(status) || WEXITSTATUS(status) == 2)
        return;
    c->milter_answers = WEXITSTATUS(status) == 0 ? SEEN_YES : SEEN_NO;
    text_copy(c->milter_error, sizeof c->milter_error,
              WEXITSTATUS(status) == 3 ? "user postfix may not open it" : "nobody listens there");
}

void outside_ask(struct condition *seen, const char *programs, const char *secret) {
    const struct asking a = {.seen = seen, .programs = programs, .secret = secret};
    struct {
        bool wanted;
        void (*ask)(const struct asking *a);
        pid_t pid;
    } jobs[] = {
        {seen->root, ask_milter, 0},
        {seen->relay.host[0] != '\0', ask_dns, 0},
        {seen->relay.host[0] != '\0' && seen->root, ask_relay, 0},
        {seen->relay.helo[0] != '\0', ask_helo, 0},
        {true, ask_entrance, 0},
        {true, ask_ours, 0},
        {seen->conf.redis[0] != '\0', ask_redis, 0},
    };
    enum { JOBS = sizeof jobs / sizeof jobs[0] };
    int64_t end = clock_mono_ms() + LIMIT_MS;
    int left = 0, status;

    for (size_t i = 0; i < JOBS; i++) {
        jobs[i].pid = jobs[i].wanted ? fork() : -1;
        left += jobs[i].pid > 0;
        if (jobs[i].pid == 0) {
            setpgid(0, 0);
            jobs[i].ask(&a);
            _exit(0);
        }
    }
    while (left > 0) {
        for (size_t i = 0; i < JOBS; i++) {
            if (jobs[i].pid <= 0)
                continue;
            if (clock_mono_ms() > end) {
                kill(-jobs[i].pid, SIGKILL);
                kill(jobs[i].pid, SIGKILL);
            }
            if (waitpid(jobs[i].pid, &status, WNOHANG) == jobs[i].pid) {
                if (i == 0)
                    milter_ended(seen, status);
                jobs[i].pid = -1;
                left--;
            }
        }
        poll(NULL, 0, 10);
    }
}
