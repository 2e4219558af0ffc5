/* See beat.h. */
#include "beat.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "text.h"

/* '@' begins the name of an abstract socket, as systemd writes it. Returns the length, 0: none. */
static socklen_t fill_address(struct sockaddr_un *address, const char *path) {
    size_t n = strlen(path);

    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if ((path[0] != '/' && path[0] != '@') ||
        !text_copy(address->sun_path, sizeof address->sun_path, path))
        return 0;
    if (path[0] == '@')
        address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (path[0] == '/'));
}

static int open_datagram(void) {
    return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

void beat_send(const char *word) {
    static int fd = -1; /* kept: later there may be none to be had */
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address;
    socklen_t n = path != NULL ? fill_address(&address, path) : 0;

    if (n == 0)
        return;
    if (fd == -1)
        fd = open_datagram();
    if (sendto(fd, word, strlen(word), MSG_NOSIGNAL, (const struct sockaddr *)&address, n) == -1)
        return; /* full, or gone: the next beat tries again */
}

static int bind_for(int fd, const char *path, uid_t uid, struct fault *why) {
    struct sockaddr_un address;
    socklen_t n = fill_address(&address, path);

    if (n == 0 || path[0] != '/')
        return fault_set(why, "socket path %s: want an absolute path of less than %zu characters",
                         path, sizeof address.sun_path);
    if (unlink(path) == -1 && errno != ENOENT)
        return fault_errno(why, "remove %s", path);
    if (bind(fd, (const struct sockaddr *)&address, n) == -1 || chmod(path, 0600) == -1 ||
        chown(path, uid, (gid_t)-1) == -1)
        return fault_errno(why, "make socket %s", path);
    return 0;
}

int beat_listen(const char *path, uid_t uid, struct fault *why) {
    int fd = open_datagram();

    if (fd == -1)
        return fault_errno(why, "socket for %s", path);
    if (bind_for(fd, path, uid, why) == 0)
        return fd;
    close(fd);
    return -1;
}

bool beat_take(int fd) {
    char word[64];
    bool alive = false;
    ssize_t n;

    while ((n = recv(fd, word, sizeof word, 0)) != -1)
        alive |= span_is((struct span){word, (size_t)n}, BEAT_ALIVE) ||
                 span_is((struct span){word, (size_t)n}, BEAT_READY);
    return alive;
}
