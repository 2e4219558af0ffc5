/* The folders and sockets that `relaywatch run` makes, each with the owner that its program needs.
 * As root; blocks on the file system only. */
#ifndef CLI_RUNPLACE_H
#define CLI_RUNPLACE_H

#include "conf.h"
#include "fault.h"

enum { RUNPLACE_PATH = 320 };

/* The folders of all programs. */
MUSTCHECK int runplace_folders(const struct conf *conf, struct fault *why);

/* A listening socket NAME.sock in run_dir, for relaywatchd to connect to. Returns it, or -1. */
MUSTCHECK int runplace_socket(const struct conf *conf, const char *name, struct fault *why);

/* Where this program, of this user, shows signs of life (base/beat.h). Returns the socket, or -1.
 */
MUSTCHECK int runplace_beat(const struct conf *conf, const char *program, const char *user,
                            char path_out[RUNPLACE_PATH], struct fault *why);

#endif
