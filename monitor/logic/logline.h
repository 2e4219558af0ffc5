/* One line of Postfix's log to a struct mailev: what kind of event it is, its fields, and which
 * counters it moves by one. One pass, no allocation. Pure apart from the time zone (logtime.h). */
#ifndef LOGIC_LOGLINE_H
#define LOGIC_LOGLINE_H

#include "loghead.h"
#include "mailev.h"

/* The reader's: set now_ms before each batch of lines; stamps without a year are read by it. */
struct logline_clock {
    int64_t now_ms;
    struct loghead_last last;
};

/* Zeroes it. now_ms is then to be set. */
void logline_clock_init(struct logline_clock *clock);

/* Reads `line` (a newline at its end does no harm). Never fails: a line that is not Postfix's is
 * MAILEV_FOREIGN, one of Postfix's that is not known MAILEV_OTHER, both with COUNTER_UNPARSED;
 * every line has COUNTER_LINES. The spans of *out point into `line`. */
void logline_parse(struct span line, struct logline_clock *clock, struct mailev *out);

#endif
