/* The delays of a delivery, delay=0.35 and delays=0.05/0.01/0.2/0.09, in microseconds; Postfix
 * prints them with src/global/format_tv.c. Pure. */
#ifndef LOGIC_LOGDELAY_H
#define LOGIC_LOGDELAY_H

#include "logscan.h"
#include "mailev.h"

/* "12", "0.35", "1.1e+05" (what "%g" of old and of patched programs writes); -1 for other text. */
int64_t logdelay_parse(struct span s);

/* "a/b/c/d": each as above. */
void logdelay_parse_all(struct span s, int64_t delays_us[STAGE_COUNT]);

/* The quick way for the usual: reads "0.35" at the start of `s` and returns what is behind the
 * `end` that follows. An absent span for anything else and for more than a few digits: that is for
 * logdelay_parse(). */
struct span logdelay_behind(struct span s, char end, int64_t *us_out);

/* The same for "a/b/c/d,". */
struct span logdelay_behind_all(struct span s, int64_t us_out[STAGE_COUNT]);

#endif
