/* See since.h. */
#include "since.h"

#include <string.h>
#include <time.h>

#include "logtime.h"

/* Two digits, or four for a year. */
static bool take_number(const char **at, size_t digits, uint64_t least, uint64_t most, int *out) {
    uint64_t value;

    if (strnlen(*at, digits) < digits || !text_u64((struct span){*at, digits}, least, most, &value))
        return false;
    *at += digits;
    *out = (int)value;
    return true;
}

static bool take_char(const char **at, const char *allowed) {
    if (**at == '\0' || strchr(allowed, **at) == NULL)
        return false;
    (*at)++;
    return true;
}

static bool take_date(const char **at, struct tm *tm) {
    if (!take_number(at, 4, 1970, 9999, &tm->tm_year) || !take_char(at, "-") ||
        !take_number(at, 2, 1, 12, &tm->tm_mon) || !take_char(at, "-") ||
        !take_number(at, 2, 1, 31, &tm->tm_mday))
        return false;
    tm->tm_year -= 1900;
    tm->tm_mon -= 1;
    return true;
}

/* HH:MM or HH:MM:SS */
static bool take_clock(const char **at, struct tm *tm) {
    if (!take_number(at, 2, 0, 23, &tm->tm_hour) || !take_char(at, ":") ||
        !take_number(at, 2, 0, 59, &tm->tm_min))
        return false;
    return !take_char(at, ":") || take_number(at, 2, 0, 60, &tm->tm_sec);
}

static bool parse_stamp(const char *text, int64_t now_s, struct tm *tm, bool *utc_out) {
    time_t now = (time_t)now_s;
    const char *at = text;

    memset(tm, 0, sizeof *tm);
    if (strlen(text) >= 10 && text[4] == '-') {
        if (!take_date(&at, tm) || (take_char(&at, "T ") && !take_clock(&at, tm)))
            return false;
    } else {
        if (localtime_r(&now, tm) == NULL)
            return false;
        tm->tm_sec = 0;
        if (!take_clock(&at, tm))
            return false;
    }
    tm->tm_isdst = -1;
    *utc_out = take_char(&at, "Z");
    return *at == '\0';
}

/* As it stands in a log: "Nov  3 04:10:00", "2026-11-03T04:10:00.123456+01:00". */
static bool parse_log_stamp(const char *text, int64_t now_ms, int64_t *out_ms) {
    struct span rest = span_of(text);
    struct logtime cache = {0};
    int64_t ms = 0;

    if (!logtime_parse(&rest, &cache, now_ms, &ms) || rest.n > 0 || ms <= 0 || ms > now_ms)
        return false;
    *out_ms = ms;
    return true;
}

bool since_parse(const char *text, int64_t now_ms, int64_t *out_ms) {
    uint64_t ago;
    struct tm tm, asked;
    bool utc;
    int64_t at;

    if (text_seconds(span_of(text), &ago)) {
        if (ago > (uint64_t)now_ms / 1000)
            return false;
        *out_ms = now_ms - (int64_t)ago * 1000;
        return true;
    }
    if (!parse_stamp(text, now_ms / 1000, &tm, &utc))
        return parse_log_stamp(text, now_ms, out_ms);
    asked = tm;
    at = utc ? (int64_t)timegm(&tm) : (int64_t)mktime(&tm);
    if (at < 0 || tm.tm_mday != asked.tm_mday) /* the 31st of a shorter month */
        return false;
    if (text[2] == ':' && at * 1000 > now_ms) { /* of yesterday */
        asked.tm_mday--;
        at = utc ? (int64_t)timegm(&asked) : (int64_t)mktime(&asked);
    }
    if (at * 1000 > now_ms)
        return false;
    *out_ms = at * 1000;
    return true;
}
