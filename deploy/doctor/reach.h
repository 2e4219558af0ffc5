/* Connections of the doctor's questions, each with a time limit. Blocks. */
#ifndef DOCTOR_REACH_H
#define DOCTOR_REACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* A descriptor, or -1 with errno; ETIMEDOUT at the limit. `from` may be NULL. */
int reach_address(const struct sockaddr *to, socklen_t size, const struct sockaddr *from,
                  socklen_t from_size, int limit_ms);
/* "host:port". */
int reach_endpoint(const char *endpoint, int limit_ms);
/* A socket in the file system, SOCK_STREAM or SOCK_SEQPACKET. */
int reach_path(const char *path, int type);

/* Sends a line (NULL: none) and reads up to the end of an SMTP reply. Its code, 0: none in time, or
 * none that is one. `text` (may be NULL) is what the reply says, each line. */
int reach_converse(int fd, const char *line, int limit_ms, char *text, size_t size);

/* Sends `question` and reads until the other side closes, the room is full, or the limit. How many
 * bytes came, -1: it could not be asked. `out` is terminated. */
ptrdiff_t reach_ask(int fd, const char *question, int limit_ms, char *out, size_t size);

/* The first address of this host beside the loopback and what is local to a link. */
bool reach_own(int family, struct sockaddr_storage *out, char *text, size_t size);

#endif
