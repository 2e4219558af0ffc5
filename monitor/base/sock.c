/* See sock.h. */
#include "sock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "text.h"

static int fill_address(struct sockaddr_un *address, const char *path, struct fault *why) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (!text_copy(address->sun_path, sizeof address->sun_path, path))
        return fault_set(why, "socket path %s: longer than %zu characters", path,
                         sizeof address->sun_path - 1);
    return 0;
}

static int fail_close(int fd, struct fault *why, const char *verb, const char *path) {
    fault_errno(why, "%s %s", verb, path);
    close(fd);
    return -1;
}

int sock_listen(const char *path, mode_t mode, gid_t group, struct fault *why) {
    struct sockaddr_un address;
    int fd;

    if (fill_address(&address, path, why) == -1)
        return -1;
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd == -1)
        return fault_errno(why, "socket for %s", path);
    if (unlink(path) == -1 && errno != ENOENT)
        return fail_close(fd, why, "remove", path);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) == -1)
        return fail_close(fd, why, "bind", path);
    if (chmod(path, mode) == -1)
        return fail_close(fd, why, "chmod", path);
    if (group != (gid_t)-1 && chown(path, (uid_t)-1, group) == -1)
        return fail_close(fd, why, "chown", path);
    if (listen(fd, 64) == -1)
        return fail_close(fd, why, "listen", path);
    return fd;
}

int sock_connect(const char *path, struct fault *why) {
    struct sockaddr_un address;
    int fd;

    if (fill_address(&address, path, why) == -1)
        return -1;
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd == -1)
        return fault_errno(why, "socket for %s", path);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == -1)
        return fail_close(fd, why, "connect", path);
    return fd;
}

ssize_t sock_receive(int fd, void *buffer, size_t size, int timeout_ms, struct fault *why) {
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    ssize_t n;
    int ready;

    do {
        ready = poll(&waiting, 1, timeout_ms);
    } while (ready == -1 && errno == EINTR);
    if (ready == 0)
        return fault_set(why, "no answer within %d ms", timeout_ms);
    if (ready == -1)
        return fault_errno(why, "poll");
    n = recv(fd, buffer, size, 0);
    return n == -1 ? fault_errno(why, "receive") : n;
}

/* One descriptor, or none. */
static int taken_fd(struct msghdr *message) {
    int got = -1;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        size_t count = c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS
                           ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int)
                           : 0;

        for (size_t i = 0; i < count; i++) {
            int one;

            memcpy(&one, CMSG_DATA(c) + i * sizeof one, sizeof one);
            if (got == -1 && count == 1)
                got = one;
            else
                close(one);
        }
    }
    return got;
}

ssize_t sock_receive_fd(int fd, void *buffer, size_t size, int *fd_out, int timeout_ms,
                        struct fault *why) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(4 * sizeof(int))];
    } control;
    struct iovec part = {.iov_base = buffer, .iov_len = size};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    ssize_t n;
    int ready;

    *fd_out = -1;
    do {
        ready = poll(&waiting, 1, timeout_ms);
    } while (ready == -1 && errno == EINTR);
    if (ready == 0)
        return fault_set(why, "no answer within %d ms", timeout_ms);
    if (ready == -1)
        return fault_errno(why, "poll");
    n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    if (n == -1)
        return fault_errno(why, "receive");
    *fd_out = taken_fd(&message);
    return n;
}

int sock_send_fd(int fd, const void *data, size_t size, int handed, struct fault *why) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    struct iovec part = {.iov_base = (void *)(size_t)data, .iov_len = size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (handed != -1) {
        struct cmsghdr *c;

        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof handed);
        memcpy(CMSG_DATA(c), &handed, sizeof handed);
    }
    if (sendmsg(fd, &message, MSG_NOSIGNAL) != (ssize_t)size)
        return fault_errno(why, "send");
    return 0;
}

int sock_peer_uid(int fd, uid_t *uid_out, struct fault *why) {
    struct ucred peer;
    socklen_t size = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == -1)
        return fault_errno(why, "peer of the socket");
    *uid_out = peer.uid;
    return 0;
}

int sock_inherited(void) {
    const char *count = getenv("LISTEN_FDS");
    const char *pid = getenv("LISTEN_PID");
    uint64_t value;

    if (count == NULL || !text_u64(span_of(count), 1, 1, &value))
        return -1;
    if (pid == NULL || !text_u64(span_of(pid), 1, UINT32_MAX, &value) || (pid_t)value != getpid())
        return -1;
    if (fcntl(3, F_SETFD, FD_CLOEXEC) == -1)
        return -1;
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_PID");
    return 3;
}
