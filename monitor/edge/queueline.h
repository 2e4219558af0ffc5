/* One line of `postqueue -j`: a message in the queue (Postfix 3.1; showq(8), postqueue(1)). Pure
 * but for the memory of one line. */
#ifndef EDGE_QUEUELINE_H
#define EDGE_QUEUELINE_H

#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "text.h"

struct queueline; /* its texts live until it is freed */

/* NULL with `why` when it is no such line. */
MUSTCHECK struct queueline *queueline_parse(struct span line, struct fault *why);
void queueline_free(struct queueline **line);

/* Never NULL. */
const char *queueline_id(const struct queueline *line);
const char *queueline_queue(const struct queueline *line); /* "deferred", "active", ... */
const char *queueline_sender(const struct queueline *line);
int64_t queueline_arrived_s(const struct queueline *line); /* 0: not told */
uint64_t queueline_size(const struct queueline *line);

size_t queueline_recipients(const struct queueline *line);
const char *queueline_address(const struct queueline *line, size_t i);
const char *queueline_reason(const struct queueline *line, size_t i); /* "": no failure yet */

#endif
