/* AF_UNIX SEQPACKET: one packet is one message, a dead peer is seen, the peer's user is known. */
#ifndef BASE_SOCK_H
#define BASE_SOCK_H

#include <stddef.h>
#include <sys/types.h>

#include "fault.h"

/* Replaces the path by a listening socket with this mode and group ((gid_t)-1: as it comes). The
 * descriptor is close-on-exec and non-blocking. Returns it, or -1. Needs the right to chown. */
MUSTCHECK int sock_listen(const char *path, mode_t mode, gid_t group, struct fault *why);

/* Connects without waiting (an AF_UNIX connect either succeeds or fails at once). Returns a
 * close-on-exec, non-blocking descriptor, or -1. */
MUSTCHECK int sock_connect(const char *path, struct fault *why);

/* Waits up to timeout_ms for one packet. Returns its length (cut to size), 0 when the peer has
 * closed, -1 on time-out or error. Blocks: not for a program with a loop. */
MUSTCHECK ssize_t sock_receive(int fd, void *buffer, size_t size, int timeout_ms,
                               struct fault *why);

/* The same, with the descriptor that came along (SCM_RIGHTS; close-on-exec) or -1. Several, or one
 * of another kind, are closed. */
MUSTCHECK ssize_t sock_receive_fd(int fd, void *buffer, size_t size, int *fd_out, int timeout_ms,
                                  struct fault *why);
/* Sends one packet with a descriptor, -1: without. Returns 0 or -1. */
MUSTCHECK int sock_send_fd(int fd, const void *data, size_t size, int handed, struct fault *why);

/* The user id of the peer, or -1. */
MUSTCHECK int sock_peer_uid(int fd, uid_t *uid_out, struct fault *why);

/* The first descriptor handed over by a supervisor (LISTEN_FDS, LISTEN_PID of sd_listen_fds(3)), or
 * -1 when there is none. It becomes close-on-exec. */
int sock_inherited(void);

#endif
