/* Signs of life from a program to who supervises it, as systemd wants them (sd_notify(3)):
 * datagrams to the AF_UNIX socket that $NOTIFY_SOCKET names. `relaywatch run` is the supervisor
 * where systemd is not. Nothing here blocks; a supervisor that is not there costs nothing. */
#ifndef BASE_BEAT_H
#define BASE_BEAT_H

#include <stdbool.h>
#include <sys/types.h>

#include "fault.h"

#define BEAT_READY "READY=1"    /* once: the start is done */
#define BEAT_ALIVE "WATCHDOG=1" /* each second, from where a hang would be noticed */

/* Tells the supervisor, if there is one. A beat that finds its queue full is dropped. */
void beat_send(const char *word);

/* Replaces the path by a socket to which `uid` alone (and root) can send. The descriptor is
 * close-on-exec and non-blocking. Returns it, or -1. Needs the right to chown. */
MUSTCHECK int beat_listen(const char *path, uid_t uid, struct fault *why);

/* Takes all that has come. Was there a sign of life? */
bool beat_take(int fd);

#endif
