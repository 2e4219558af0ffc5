/* The status document of relaywatchd as a screen for people, worst first; and in one line. Pure. */
#ifndef CLI_STATUSVIEW_H
#define CLI_STATUSVIEW_H

#include "json.h"
#include "sheet.h"

/* The ranks: what of it stays on a small screen. */
enum statusview_rank {
    STATUSVIEW_HEAD, /* state, what is wrong, what to do */
    STATUSVIEW_IMPACT,
    STATUSVIEW_FLOW,
    STATUSVIEW_NEXT_ALERTS,
    STATUSVIEW_WHY,
    STATUSVIEW_DETAILS,
    STATUSVIEW_EVIDENCE,
    STATUSVIEW_PAST
};

/* `short_head`: the first line is broken to the width, and is not said again below; else it is one
 * line whatever its length, with performance data, as monitoring wants it. */
void statusview_fill(struct sheet *sheet, const struct json_t *doc, bool short_head);

/* "RELAY CRITICAL - what is wrong" */
void statusview_headline(const struct json_t *doc, char *out, size_t size);

/* What the status says, apart from figures that always move: state and alerts by name. Who sees it
 * change has something to tell. */
void statusview_key(const struct json_t *doc, char *out, size_t size);

/* "relaywatchd does not answer" as a screen. */
void statusview_fill_unknown(struct sheet *sheet, const char *where, const char *why);

/* A time of the document in the zone of who reads it. */
void statusview_time(const char *rfc3339, char *out, size_t size);

/* "half within 0.4 s, 90 % within 1.2 s, 99 % within 3 s (1,203 deliveries)", from an object with
 * count, p50, p90 and p99. */
void statusview_delay(const struct json_t *delay, const struct json_t *count, char *out,
                      size_t size);

#endif
