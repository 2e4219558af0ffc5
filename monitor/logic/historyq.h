/* What a request for the history asks: since=TIME, step=minute|hour. Pure. */
#ifndef LOGIC_HISTORYQ_H
#define LOGIC_HISTORYQ_H

#include <stddef.h>
#include <stdint.h>

#include "text.h"
#include "timeline.h"

struct historyq {
    uint64_t since_s; /* so long ago */
    enum timeline_step step;
};

/* Reads the query of a URL. Without `since` it is an hour; without `step`, minutes as far as they
 * reach, else hours. NULL, or one line for the person who asked. */
const char *historyq_parse(struct span query, struct historyq *out);

#endif
