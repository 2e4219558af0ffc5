/* Time stamps of log lines: RFC 3164 (local time without a year), RFC 3339 / ISO 8601, those of
 * asctime(3) and of journalctl -o short-full, short-unix and short-monotonic. Pure apart from the
 * system's time zone data, which is asked once for each quarter of an hour that the stamps touch.
 */
#ifndef LOGIC_LOGTIME_H
#define LOGIC_LOGTIME_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "text.h"

enum { LOGTIME_SHORT = 15 }; /* "Nov  3 04:05:06" */

/* What is remembered from line to line; zero it before the first. The caller keeps it. */
struct logtime {
    int64_t
        quarter; /* quarter of an hour of local time, counted from 1970, plus 1; 0: nothing yet */
    int64_t offset_s[2]; /* local time less UTC in that quarter; they differ where the hour comes
                            twice */
    int64_t now_day;     /* day of `now` plus 1 that now_year belongs to; 0: nothing yet */
    int64_t now_year;

    char text[19]; /* the last stamp up to the second, as many lines share it: its length... */
    uint8_t text_length; /* 15 or 19, 0: none yet; */
    int64_t text_ms;     /* ... what it means: local time for RFC 3339, UTC for RFC 3164, ... */
    int64_t text_now_ms; /* ... which also depends on `now` */
};

/* Reads a stamp from the start of *cursor and moves *cursor behind it (not over the space that
 * follows). Milliseconds since 1970 UTC go to *ms_out, 0 for one that is no time of day. False,
 * with nothing changed, when no stamp stands there.
 *
 * A stamp without a year belongs to the year that puts it nearest to now_ms from below, where a
 * clock that is ahead is allowed one day. A local time that comes twice (end of summer time) is the
 * one nearer to now_ms; one that never comes is read with the offset that was in force before. */
bool logtime_parse(struct span *cursor, struct logtime *cache, int64_t now_ms, int64_t *ms_out);

/* logtime_parse() for a stamp of RFC 3164 that is the last one again, as nearly all are; false:
 * call that. Inline, and what may be a year behind the stamp is left to it. */
static inline bool logtime_again(struct span *cursor, const struct logtime *cache, int64_t now_ms,
                                 int64_t *ms_out) {
    struct span s = *cursor;

    if (cache->text_length != LOGTIME_SHORT || s.n < LOGTIME_SHORT + 6 ||
        memcmp(cache->text, s.p, LOGTIME_SHORT) != 0 || cache->text_now_ms != now_ms ||
        s.p[LOGTIME_SHORT] != ' ' || s.p[LOGTIME_SHORT + 5] == ' ')
        return false;
    *ms_out = cache->text_ms;
    *cursor = (struct span){s.p + LOGTIME_SHORT, s.n - LOGTIME_SHORT};
    return true;
}

/* Does this stamp, which logtime_parse() took, name its offset from UTC? */
bool logtime_names_zone(struct span stamp);

#endif
