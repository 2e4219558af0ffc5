/* See dial.h. */
#include "dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "talk.h"
#include "text.h"

enum { STEP_MS = 10000, CONNECT_MS = 5000, EACH_FAMILY = 2 };

int dial_wait(int fd, short events, int64_t deadline_ms, struct fault *why) {
    int64_t step_ms = clock_mono_ms() + STEP_MS;

    if (deadline_ms > step_ms)
        deadline_ms = step_ms;
    for (;;) {
        struct pollfd one = {.fd = fd, .events = events};
        int64_t left = deadline_ms - clock_mono_ms();
        int ready = left <= 0 ? 0 : poll(&one, 1, (int)left);

        if (ready == 1)
            return 0;
        if (ready == 0)
            return TALK_TIMEOUT;
        if (errno != EINTR)
            return fault_errno(why, "poll");
    }
}

static int connect_one(const struct addrinfo *one, int64_t deadline_ms, struct fault *why) {
    int64_t limit_ms = clock_mono_ms() + CONNECT_MS;
    int fd = socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    socklen_t size = sizeof(int);
    int error = 0;
    int waited = 0;

    if (fd == -1)
        return fault_errno(why, "socket");
    if (connect(fd, one->ai_addr, one->ai_addrlen) == -1) {
        error = errno;
        if (error == EINPROGRESS) {
            waited = dial_wait(fd, POLLOUT, limit_ms < deadline_ms ? limit_ms : deadline_ms, why);
            if (waited == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1)
                error = errno;
        }
    }
    if (waited == 0 && error == 0)
        return fd;
    close(fd);
    if (waited == TALK_TIMEOUT) {
        fault_set(why, "no answer in time");
        return TALK_TIMEOUT;
    }
    return waited != 0 ? waited : fault_set(why, "%s", strerror(error));
}

int dial_open(const char *host, uint32_t port, int64_t deadline_ms, char *address, size_t size,
              struct fault *why) {
    const struct addrinfo hints = {.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV,
                                   .ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    int tried4 = 0, tried6 = 0;
    int fd = TALK_ERROR;
    char service[8];
    int got;

    text_format(service, sizeof service, "%u", port);
    got = getaddrinfo(host, service, &hints, &list);
    if (got != 0)
        return fault_set(why, "look-up of %s: %s", host, gai_strerror(got));
    fault_set(why, "%s: no usable address", host);
    for (const struct addrinfo *one = list; one != NULL && fd < 0; one = one->ai_next) {
        int *tried = one->ai_family == AF_INET6 ? &tried6 : &tried4;

        if (++*tried > EACH_FAMILY)
            continue;
        if (getnameinfo(one->ai_addr, one->ai_addrlen, address, (socklen_t)size, NULL, 0,
                        NI_NUMERICHOST) != 0)
            address[0] = '\0';
        fd = connect_one(one, deadline_ms, why);
        if (fd < 0)
            fault_wrap(why, "connect to %s port %u", address, port);
    }
    freeaddrinfo(list);
    return fd;
}

ssize_t dial_receive(int fd, void *out, size_t size, int64_t deadline_ms, struct fault *why) {
    for (;;) {
        ssize_t n = recv(fd, out, size, 0);
        int waited;

        if (n >= 0)
            return n;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            return fault_errno(why, "receive");
        waited = dial_wait(fd, POLLIN, deadline_ms, why);
        if (waited != 0)
            return waited;
    }
}

int dial_send(int fd, const void *data, size_t size, int64_t deadline_ms, struct fault *why) {
    const char *p = data;

    while (size > 0) {
        ssize_t n = send(fd, p, size, MSG_NOSIGNAL);
        int waited;

        if (n > 0) {
            p += n;
            size -= (size_t)n;
            continue;
        }
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1 && errno != EAGAIN && errno != EWOULDBLOCK)
            return fault_errno(why, "send");
        waited = dial_wait(fd, POLLOUT, deadline_ms, why);
        if (waited != 0)
            return waited;
    }
    return 0;
}
