/* told.json: the outbox on disk, so that a restart (or kill -9) tells nobody a second time and
 * forgets nothing that somebody has still to hear. Receivers appear as hashes. Pure but for memory;
 * the caller has the file. */
#ifndef NOTIFY_TOLD_H
#define NOTIFY_TOLD_H

#include <stddef.h>

#include "fault.h"
#include "outbox.h"

enum { TOLD_FILE_MOST = 8 * 1024 * 1024 };

/* free() it. */
char *told_print(const struct outbox *outbox);

/* Fills an empty outbox. On -1 it is to be thrown away. What is out of bounds in the file is left
 * out. */
MUSTCHECK int told_read(const char *text, size_t size, struct outbox *outbox, struct fault *why);

#endif
