/* postlogd(8) makes its file (maillog_file) readable for root alone after a rotation, and before
 * Postfix 3.9 no parameter changes that. This gives relaywatchd's group the right to read it, and
 * nothing else. */
#ifndef KEEPER_MAILLOG_H
#define KEEPER_MAILLOG_H

#include <sys/types.h>

#include "fault.h"

/* Lets `group` read the file: a regular one, root's, with one name, of group root or `group`. Does
 * nothing where it may already. -1 where the file is another's to share. Blocks for a few system
 * calls. */
MUSTCHECK int maillog_share(const char *path, gid_t group, struct fault *why);

#endif
