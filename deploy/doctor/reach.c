/* See reach.h. */
#include "reach.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "text.h"

int reach_address(const struct sockaddr *to, socklen_t size, const struct sockaddr *from,
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

int reach_endpoint(const char *endpoint, int limit_ms) {
    char host[256], port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    int fd = -1;

    if (!text_endpoint(endpoint, host, sizeof host, port, sizeof port) ||
        getaddrinfo(host, port, &hints, &found) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    for (const struct addrinfo *at = found; at != NULL && fd == -1; at = at->ai_next)
        fd = reach_address(at->ai_addr, at->ai_addrlen, NULL, 0, limit_ms);
    freeaddrinfo(found);
    return fd;
}

int reach_path(const char *path, int type) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error;

    if (fd == -1)
        return -1;
    if (!text_copy(to.sun_path, sizeof to.sun_path, path))
        errno = ENAMETOOLONG;
    else if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* Milliseconds left, 0 at the end. */
static int left(int64_t end_ms) {
    int64_t ms = end_ms - clock_mono_ms();

    return ms > 0 ? (int)ms : 0;
}

/* The last whole line of it, without its end; NULL: it does not end with a line. */
static const char *last_line(char *reply, size_t n) {
    const char *last;

    if (n == 0 || reply[n - 1] != '\n')
        return NULL;
    reply[n - 1] = '\0';
    last = strrchr(reply, '\n');
    reply[n - 1] = '\n';
    return last != NULL ? last + 1 : reply;
}

int reach_converse(int fd, const char *line, int limit_ms, char *text, size_t size) {
    int64_t end_ms = clock_mono_ms() + limit_ms;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    char reply[2048] = "";
    size_t n = 0;

    if (line != NULL && send(fd, line, strlen(line), MSG_NOSIGNAL) == -1)
        return 0;
    while (n < sizeof reply - 1 && poll(&wait, 1, left(end_ms)) == 1) {
        ssize_t got = recv(fd, reply + n, sizeof reply - 1 - n, 0);
        const char *last;

        if (got <= 0)
            return 0;
        n += (size_t)got;
        reply[n] = '\0';
        last = last_line(reply, n);
        if (last == NULL || strspn(last, "0123456789") != 3 || last[3] == '-')
            continue;
        if (text != NULL)
            text_copy(text, size, reply);
        return (int)strtol(last, NULL, 10);
    }
    return 0;
}

ptrdiff_t reach_ask(int fd, const char *question, int limit_ms, char *out, size_t size) {
    int64_t end_ms = clock_mono_ms() + limit_ms;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    size_t n = 0;

    out[0] = '\0';
    if (fd == -1 || send(fd, question, strlen(question), MSG_NOSIGNAL) == -1)
        return -1;
    while (n < size - 1 && poll(&wait, 1, left(end_ms)) == 1) {
        ssize_t got = recv(fd, out + n, size - 1 - n, 0);

        if (got <= 0)
            break;
        n += (size_t)got;
        out[n] = '\0';
    }
    return (ptrdiff_t)n;
}

static bool is_public(const struct sockaddr *sa) {
    const struct in6_addr *six = &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;

    if (sa->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr) >> 24 != 127;
    return !IN6_IS_ADDR_LOOPBACK(six) && !IN6_IS_ADDR_LINKLOCAL(six);
}

bool reach_own(int family, struct sockaddr_storage *out, char *text, size_t size) {
    socklen_t length = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    struct ifaddrs *all = NULL;
    bool found = false;

    text[0] = '\0';
    if (getifaddrs(&all) == -1)
        return false;
    for (const struct ifaddrs *i = all; i != NULL && !found; i = i->ifa_next) {
        if (i->ifa_addr == NULL || i->ifa_addr->sa_family != family || !is_public(i->ifa_addr))
            continue;
        memset(out, 0, sizeof *out);
        memcpy(out, i->ifa_addr, length);
        found =
            getnameinfo(i->ifa_addr, length, text, (socklen_t)size, NULL, 0, NI_NUMERICHOST) == 0;
    }
    freeifaddrs(all);
    return found;
}
