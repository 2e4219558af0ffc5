/* Counts Postfix's queue by reading its directories: 0.4 us a message, where postqueue -j opens
 * every file. Blocks, for as long as the directories take; opens at most QUEUEDIR_OPEN_MAX queue
 * files. Symbolic links are not followed: the folders belong to Postfix's own user. */
#ifndef PROCEDURE_QUEUEDIR_H
#define PROCEDURE_QUEUEDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "hands.h"
#include "keeperq.h"
#include "queue.h"

enum { QUEUEDIR_OPEN_MAX = 2000, QUEUEDIR_SIZE_MAX = 500 };

/* The oldest of incoming, active and deferred (mail on hold is old by somebody's wish). Sizes are
 * those of the first QUEUEDIR_SIZE_MAX messages; the others count with the mean of their folder, as
 * do those whose age is not known. Root has it done by a child that has Postfix's rights only
 * (queue.h). */
MUSTCHECK int queuedir_read(const char *queue_directory, struct keeper_queue *out,
                            struct fault *why);

/* The count itself, for queue.h: of the messages alone, with the rights of whoever runs it. */
int queuedir_count(int queue, bool glance, struct keeper_queue *out, struct fault *why);

/* The same figures, or a glance, of main.cf's queue directory, by root's hands. */
MUSTCHECK int queuedir_ask(struct hands *hands, bool glance, struct keeper_queue *out,
                           struct fault *why);

/* Arrival, seconds since 1970, out of a long queue id (Postfix global/mail_queue.h: base 52
 * seconds, 4 digits of microseconds, 'z', inode). False for a short id. Pure. */
bool queuedir_id_time(const char *id, int64_t *out);

/* A name that a queue file may have: 5 to 63 of the characters of queue ids. Pure. */
bool queuedir_is_id(const char *name);

/* Arrival and size of the message out of the first records of a queue file (Postfix
 * global/record.c, rec_type.h: 'T', 'C'). Pure. */
bool queuedir_head_time(const unsigned char *head, size_t n, int64_t *out);
bool queuedir_head_size(const unsigned char *head, size_t n, uint64_t *out);

#endif
