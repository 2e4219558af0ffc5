/* A point in the past as people type it. Pure but for the time zone. */
#ifndef LOGIC_SINCE_H
#define LOGIC_SINCE_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

#define SINCE_FORMS "2h, 30m, 3d; 04:10, 2026-11-03, \"2026-11-03 04:10\", 2026-11-03T04:10:00Z"

/* How long ago (90, 90s, 30m, 2h, 3d), a time of day (the last one), a date, or a date and time of
 * day; local time, or UTC with Z behind it; or a stamp of a log. False: none of these, or in the
 * future. */
bool since_parse(const char *text, int64_t now_ms, int64_t *out_ms);

#endif
