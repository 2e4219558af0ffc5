/* A private redis-server on a unix socket in a folder of its own, and one question at a time to it.
 * For tests only: blocks; every failure ends the program. Include in one file of a program. The
 * server dies with its parent. */
#ifndef SUPPORT_REDIS_SERVER_H
#define SUPPORT_REDIS_SERVER_H

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct redis_server {
    char folder[64];
    char socket[96];
    pid_t pid; /* 0: not running */
};

static inline void redis_server_fail(const char *what) {
    fprintf(stderr, "redis_server: %s: %s\n", what, strerror(errno));
    abort();
}

static inline void redis_server_pause(long ms) {
    struct timespec ts = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&ts, NULL);
}

static inline void redis_server_init(struct redis_server *server) {
    memset(server, 0, sizeof *server);
    snprintf(server->folder, sizeof server->folder, "/tmp/rw-redis-XXXXXX");
    if (mkdtemp(server->folder) == NULL)
        redis_server_fail("mkdtemp");
    snprintf(server->socket, sizeof server->socket, "%s/redis.sock", server->folder);
}

/* -1 when nobody listens. */
static inline int redis_server_connect(const struct redis_server *server) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval limit = {5, 0};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", server->socket);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == -1) {
        close(fd);
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return fd;
}

/* Sends `lines` (inline commands, one a line; the last should make the answers end) and puts all
 * that comes until `size` is full or QUIT closes the connection. Returns the length, -1 without a
 * server. */
static inline ssize_t redis_server_talk(const struct redis_server *server, const char *lines,
                                        char *out, size_t size) {
    int fd = redis_server_connect(server);
    size_t have = 0;
    ssize_t n = 0;

    out[0] = '\0';
    if (fd == -1)
        return -1;
    if (send(fd, lines, strlen(lines), MSG_NOSIGNAL) == -1 ||
        send(fd, "QUIT\r\n", 6, MSG_NOSIGNAL) == -1) {
        close(fd);
        return -1;
    }
    while (have < size - 1 && (n = recv(fd, out + have, size - 1 - have, 0)) > 0)
        have += (size_t)n;
    out[have] = '\0';
    close(fd);
    return n == -1 ? -1 : (ssize_t)have;
}

/* The text of a one-line or bulk answer to one command; "" for nil or without a server. */
static inline const char *redis_server_ask(const struct redis_server *server, const char *command) {
    static char out[8192];
    char line[1024];
    char *text = out;
    char *end;

    snprintf(line, sizeof line, "%s\r\n", command);
    if (redis_server_talk(server, line, out, sizeof out) <= 0 || strncmp(out, "$-1", 3) == 0)
        return "";
    if (out[0] == '$')
        text = strchr(out, '\n') + 1;
    else if (out[0] == '+' || out[0] == ':')
        text = out + 1;
    end = strstr(text, "\r\n");
    if (end != NULL)
        *end = '\0';
    return text;
}

/* The first number of its version; `password` may be NULL. */
static inline int redis_server_version(const struct redis_server *server, const char *password) {
    char lines[128], out[8192];
    const char *version;

    snprintf(lines, sizeof lines, "%s%s%sINFO server\r\n", password != NULL ? "AUTH " : "",
             password != NULL ? password : "", password != NULL ? "\r\n" : "");
    if (redis_server_talk(server, lines, out, sizeof out) <= 0)
        redis_server_fail("no answer");
    version = strstr(out, "redis_version:");
    return version != NULL ? (int)strtol(version + 14, NULL, 10) : 0;
}

/* Does it know users (ACL)? They came with version 6. */
static inline bool redis_server_has_users(const struct redis_server *server) {
    return redis_server_version(server, NULL) >= 6;
}

/* Starts it with these further arguments (NULL at the end) and waits until it answers. */
static inline void redis_server_start(struct redis_server *server, const char *const *more) {
    const char *argv[64] = {
        "redis-server", "--port",    "0",        "--unixsocket", server->socket, "--dir",
        server->folder, "--save",    "",         "--appendonly", "yes",          "--appendfsync",
        "everysec",     "--logfile", "redis.log"};
    size_t n = 15;
    char out[256];

    while (more != NULL && *more != NULL)
        argv[n++] = *more++;
    unlink(server->socket);
    server->pid = fork();
    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execvp(argv[0], (char *const *)(void *)argv);
        redis_server_fail("redis-server (package redis-server is needed for the tests)");
    }
    for (int i = 0; i < 2000; i++) {
        if (redis_server_talk(server, "PING\r\n", out, sizeof out) > 0 &&
            strstr(out, "LOADING") == NULL)
            return;
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid)
            break;
        redis_server_pause(5);
    }
    redis_server_fail("it does not answer");
}

static inline void redis_server_stop(struct redis_server *server) {
    if (server->pid == 0)
        return;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

static inline int redis_server_remove(const char *path, const struct stat *status, int type,
                                      struct FTW *at) {
    (void)status, (void)type;
    return at->level == 0 ? 0 : remove(path);
}

/* All data on its disk. */
static inline void redis_server_wipe(struct redis_server *server) {
    nftw(server->folder, redis_server_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void redis_server_clear(struct redis_server *server) {
    redis_server_stop(server);
    redis_server_wipe(server);
    rmdir(server->folder);
}

#endif
