/* See logtime.h. Days are counted with the proleptic Gregorian calendar in whole numbers; the C
 * library is asked only for the offset of the time zone, as mktime for each line would cost more
 * than all the rest. */
#include "logtime.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    DAY_S = 86400,
    QUARTER_S = 900,
    LONG_LENGTH = 19, /* "2026-11-03T04:05:06" */
};

/* A civil time, of no zone yet. */
struct stamp {
    int64_t year;
    unsigned month, day; /* from 1 */
    unsigned second;     /* of the day; 86400 for a leap second at its end */
    unsigned ms;
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* `count` digits at p as a number, or -1. */
static int digits(const char *p, unsigned count) {
    int value = 0;

    for (unsigned i = 0; i < count; i++) {
        if (!is_digit(p[i]))
            return -1;
        value = value * 10 + (p[i] - '0');
    }
    return value;
}

/* Days since 1970-01-01. Years are counted from March, so that the leap day is the last one. */
static int64_t days_of(int64_t year, unsigned month, unsigned day) {
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static bool is_leap(int64_t year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool is_date(int64_t year, unsigned month, unsigned day) {
    static const unsigned char length[12] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (month < 1 || month > 12 || day < 1 || day > length[month - 1])
        return false;
    return month != 2 || day != 29 || is_leap(year);
}

/* "hh:mm:ss"; 60 is a leap second. */
static bool parse_clock(struct span s, struct stamp *stamp) {
    int hour, minute, second;

    if (s.n < 8 || s.p[2] != ':' || s.p[5] != ':')
        return false;
    hour = digits(s.p, 2);
    minute = digits(s.p + 3, 2);
    second = digits(s.p + 6, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return false;
    stamp->second = (unsigned)(hour * 3600 + minute * 60 + second);
    return true;
}

static int64_t offset_at(int64_t utc_s) {
    time_t t = (time_t)utc_s;
    struct tm tm;

    return localtime_r(&t, &tm) != NULL ? tm.tm_gmtoff : 0;
}

/* Fills the cache for the local time local_s (seconds since 1970 as if it were UTC). */
static void load_offsets(struct logtime *cache, int64_t local_s, int64_t quarter) {
    int64_t before = offset_at(local_s - DAY_S);
    int64_t after = offset_at(local_s + DAY_S);
    bool is_before = offset_at(local_s - before) == before;
    bool is_after = offset_at(local_s - after) == after;

    cache->quarter = quarter;
    cache->offset_s[0] = is_before || !is_after ? before : after;
    cache->offset_s[1] = is_after ? after : cache->offset_s[0];
}

static int64_t local_to_utc_ms(struct logtime *cache, int64_t local_s, unsigned ms,
                               int64_t now_ms) {
    int64_t quarter = local_s / QUARTER_S + 1;
    int64_t first, second;

    if (quarter != cache->quarter || local_s < 0)
        load_offsets(cache, local_s, quarter);
    first = (local_s - cache->offset_s[0]) * 1000 + ms;
    if (cache->offset_s[0] == cache->offset_s[1])
        return first;
    second = (local_s - cache->offset_s[1]) * 1000 + ms;
    return llabs(first - now_ms) <= llabs(second - now_ms) ? first : second;
}

/* The year of the day after `now_ms`, in UTC: no stamp belongs to a later one. */
static int64_t last_year(struct logtime *cache, int64_t now_ms) {
    int64_t day = now_ms / 1000 / DAY_S + 2;

    if (cache->now_day != day + 1) {
        int64_t year = 1970 + day * 400 / 146097;

        while (days_of(year + 1, 1, 1) <= day)
            year++;
        while (days_of(year, 1, 1) > day)
            year--;
        cache->now_day = day + 1;
        cache->now_year = year;
    }
    return cache->now_year;
}

/* RFC 3164 section 4.1.2 gives no year. */
static int64_t guess_year(struct logtime *cache, const struct stamp *stamp, int64_t now_ms) {
    int64_t limit_ms = now_ms + (int64_t)DAY_S * 1000;
    int64_t year = last_year(cache, now_ms);
    int64_t ms = 0;

    /* 12 years: over a year that has no 29 February though it is divisible by 4. */
    for (int i = 0; i < 12; i++, year--) {
        int64_t local_s;

        if (!is_date(year, stamp->month, stamp->day))
            continue;
        local_s = days_of(year, stamp->month, stamp->day) * DAY_S + stamp->second;
        if (local_s * 1000 > limit_ms + (int64_t)DAY_S * 1000)
            continue; /* later in any time zone: spare the cache */
        ms = local_to_utc_ms(cache, local_s, stamp->ms, now_ms);
        if (ms <= limit_ms)
            break;
    }
    return ms;
}

/* Month of "Jan" ... "Dec", from 1; 0 for other text. */
static unsigned month_of(const char *p) {
    switch ((unsigned char)p[0] << 16 | (unsigned char)p[1] << 8 | (unsigned char)p[2]) {
    case 'J' << 16 | 'a' << 8 | 'n':
        return 1;
    case 'F' << 16 | 'e' << 8 | 'b':
        return 2;
    case 'M' << 16 | 'a' << 8 | 'r':
        return 3;
    case 'A' << 16 | 'p' << 8 | 'r':
        return 4;
    case 'M' << 16 | 'a' << 8 | 'y':
        return 5;
    case 'J' << 16 | 'u' << 8 | 'n':
        return 6;
    case 'J' << 16 | 'u' << 8 | 'l':
        return 7;
    case 'A' << 16 | 'u' << 8 | 'g':
        return 8;
    case 'S' << 16 | 'e' << 8 | 'p':
        return 9;
    case 'O' << 16 | 'c' << 8 | 't':
        return 10;
    case 'N' << 16 | 'o' << 8 | 'v':
        return 11;
    case 'D' << 16 | 'e' << 8 | 'c':
        return 12;
    default:
        return 0;
    }
}

/* Inline, so that the length is a constant. */
static inline bool is_last_text(const struct logtime *cache, struct span s, size_t n) {
    return cache->text_length == n && s.n >= n && memcmp(cache->text, s.p, n) == 0;
}

static void keep_text(struct logtime *cache, struct span s, size_t n, int64_t ms, int64_t now_ms) {
    memcpy(cache->text, s.p, n);
    cache->text_length = (uint8_t)n;
    cache->text_ms = ms;
    cache->text_now_ms = now_ms;
}

/* The fraction of a second at the start of `s` in milliseconds; its length goes to *length_out. */
static unsigned parse_fraction(struct span s, size_t *length_out) {
    unsigned ms = 0, unit = 100;
    size_t n = 0;

    if (s.n > 1 && (s.p[0] == '.' || s.p[0] == ',') && is_digit(s.p[1])) {
        for (n = 1; n < s.n && is_digit(s.p[n]); n++) {
            if (n <= 3)
                ms += (unsigned)(s.p[n] - '0') * unit;
            unit /= 10;
        }
    }
    *length_out = n;
    return ms;
}

/* "2026 " at the start of `s`: the year, or 0. */
static int64_t parse_year(struct span s) {
    int year = s.n > 4 && s.p[4] == ' ' ? digits(s.p, 4) : -1;

    return year >= 1970 && year < 2100 ? year : 0;
}

/* Does a year stand behind the stamp that `s` begins with? */
static inline bool is_year_next(struct span s) {
    return s.n > LOGTIME_SHORT + 5 && s.p[LOGTIME_SHORT + 5] == ' ' &&
           parse_year((struct span){s.p + LOGTIME_SHORT + 1, s.n - LOGTIME_SHORT - 1}) != 0;
}

/* "Mon dd hh:mm:ss"; the day has one digit, two, or a space and one. A year may stand behind the
 * day or, as asctime(3) has it, at the end: no host has such a name. */
static NOINLINE bool parse_rfc3164(struct span *cursor, struct logtime *cache, int64_t now_ms,
                                   int64_t *ms_out) {
    struct span s = *cursor;
    struct stamp stamp = {0};
    size_t at = 4, n;

    if (s.n < 14 || s.p[3] != ' ' || (stamp.month = month_of(s.p)) == 0)
        return false;
    if (s.p[at] == ' ')
        at++;
    for (n = 0; n < 2 && is_digit(s.p[at]); n++, at++)
        stamp.day = stamp.day * 10 + (unsigned)(s.p[at] - '0');
    if (n == 0 || s.p[at] != ' ' || !is_date(2000, stamp.month, stamp.day))
        return false;
    at++;
    stamp.year = parse_year((struct span){s.p + at, s.n - at});
    if (stamp.year != 0)
        at += 5;
    if (!parse_clock((struct span){s.p + at, s.n - at}, &stamp))
        return false;
    at += 8;
    stamp.ms = parse_fraction((struct span){s.p + at, s.n - at}, &n);
    at += n;
    if (stamp.year == 0 && at < s.n && s.p[at] == ' ') {
        stamp.year = parse_year((struct span){s.p + at + 1, s.n - at - 1});
        if (stamp.year != 0)
            at += 5;
    }
    if (stamp.year == 0)
        *ms_out = guess_year(cache, &stamp, now_ms);
    else if (!is_date(stamp.year, stamp.month, stamp.day))
        return false;
    else
        *ms_out = local_to_utc_ms(
            cache, days_of(stamp.year, stamp.month, stamp.day) * DAY_S + stamp.second, stamp.ms,
            now_ms);
    if (at == LOGTIME_SHORT)
        keep_text(cache, s, LOGTIME_SHORT, *ms_out, now_ms);
    *cursor = (struct span){s.p + at, s.n - at};
    return true;
}

/* "Z", "+hh:mm", "+hhmm", "+hh". Returns the length, or 0 when there is none. */
static size_t parse_offset(struct span s, int64_t *offset_s_out) {
    int hour, minute = 0;
    size_t n = 3;

    if (s.n > 0 && (s.p[0] == 'Z' || s.p[0] == 'z')) {
        *offset_s_out = 0;
        return 1;
    }
    if (s.n < 3 || (s.p[0] != '+' && s.p[0] != '-') || (hour = digits(s.p + 1, 2)) < 0)
        return 0;
    if (s.n >= 6 && s.p[3] == ':' && (minute = digits(s.p + 4, 2)) >= 0)
        n = 6;
    else if (s.n >= 5 && (minute = digits(s.p + 3, 2)) >= 0)
        n = 5;
    if (hour > 23 || minute > 59)
        return 0;
    if (n == 3)
        minute = 0;
    *offset_s_out = (s.p[0] == '-' ? -1 : 1) * (hour * 3600 + minute * 60);
    return n;
}

/* "yyyy-mm-ddThh:mm:ss", also with a space for T. Seconds of local time go to *local_s_out. */
static bool parse_date_time(struct span s, int64_t *local_s_out) {
    struct stamp stamp = {0};
    int year, month, day;

    if (s.n < LONG_LENGTH || s.p[4] != '-' || s.p[7] != '-' ||
        (s.p[10] != 'T' && s.p[10] != ' ' && s.p[10] != 't'))
        return false;
    year = digits(s.p, 4);
    month = digits(s.p + 5, 2);
    day = digits(s.p + 8, 2);
    if (year < 1 || month < 1 || day < 1 || !is_date(year, (unsigned)month, (unsigned)day))
        return false;
    if (!parse_clock((struct span){s.p + 11, s.n - 11}, &stamp))
        return false;
    *local_s_out = days_of(year, (unsigned)month, (unsigned)day) * DAY_S + stamp.second;
    return true;
}

/* With fraction and offset; without offset it is local time. */
static NOINLINE bool parse_rfc3339(struct span *cursor, struct logtime *cache, int64_t now_ms,
                                   int64_t *ms_out) {
    struct span s = *cursor;
    int64_t local_s, offset_s;
    unsigned ms;
    size_t n;

    if (is_last_text(cache, s, LONG_LENGTH)) {
        local_s = cache->text_ms / 1000;
    } else {
        if (!parse_date_time(s, &local_s))
            return false;
        keep_text(cache, s, LONG_LENGTH, local_s * 1000, now_ms);
    }
    s = (struct span){s.p + LONG_LENGTH, s.n - LONG_LENGTH};
    ms = parse_fraction(s, &n);
    s = (struct span){s.p + n, s.n - n};
    n = parse_offset(s, &offset_s);
    if (n > 0)
        *ms_out = (local_s - offset_s) * 1000 + ms;
    else
        *ms_out = local_to_utc_ms(cache, local_s, ms, now_ms);
    *cursor = (struct span){s.p + n, s.n - n};
    return true;
}

/* "1795400521.250000 ": seconds since 1970 with a fraction, as journalctl -o short-unix has it. */
static NOINLINE bool parse_unix(struct span *cursor, int64_t *ms_out) {
    struct span s = *cursor;
    int64_t seconds = 0;
    size_t at = 0, n;
    unsigned ms;

    for (; at < s.n && at < 11 && is_digit(s.p[at]); at++)
        seconds = seconds * 10 + (s.p[at] - '0');
    ms = parse_fraction((struct span){s.p + at, s.n - at}, &n);
    if (at < 9 || n == 0 || s.p[at] != '.')
        return false;
    *ms_out = seconds * 1000 + ms;
    *cursor = (struct span){s.p + at + n, s.n - at - n};
    return true;
}

/* "[   12.345678]": time since the machine was started (journalctl -o short-monotonic and
 * short-delta), which is no time of day: 0. */
static NOINLINE bool parse_monotonic(struct span *cursor, int64_t *ms_out) {
    struct span s = *cursor;
    size_t at = 1;

    while (at < s.n && (is_digit(s.p[at]) || strchr(" .<>*", s.p[at]) != NULL) && s.p[at] != '\0')
        at++;
    if (at < 3 || at >= s.n || s.p[at] != ']')
        return false;
    *ms_out = 0;
    *cursor = (struct span){s.p + at + 1, s.n - at - 1};
    return true;
}

/* What journalctl -o short-full puts behind the time: " UTC", " CET", " -03", " +0530". Its length;
 * in *offset_s_out what it says, or -1 where it is the name of a local time. */
static size_t parse_zone(struct span s, int64_t *offset_s_out) {
    size_t n = 1;

    *offset_s_out = -1;
    if (s.n < 4 || s.p[0] != ' ')
        return 0;
    if (s.p[1] == '+' || s.p[1] == '-') {
        n += parse_offset((struct span){s.p + 1, s.n - 1}, offset_s_out);
    } else {
        while (n < s.n && n < 6 && s.p[n] >= 'A' && s.p[n] <= 'Z')
            n++;
        if (n == 4 && (memcmp(s.p, " UTC", 4) == 0 || memcmp(s.p, " GMT", 4) == 0))
            *offset_s_out = 0;
    }
    return n >= 4 && n < s.n && s.p[n] == ' ' ? n : 0;
}

/* "Mon 2026-11-23 03:56:08 UTC" of journalctl -o short-full, "Mon Nov 23 03:56:08 2026" of
 * asctime(3). */
static NOINLINE bool parse_weekday(struct span *cursor, struct logtime *cache, int64_t now_ms,
                                   int64_t *ms_out) {
    static const char days[] = "MonTueWedThuFriSatSun";
    struct span s = *cursor, rest;
    int64_t offset_s, local_s;
    size_t n;
    int day = 0;

    while (day < 7 && memcmp(s.p, days + 3 * day, 3) != 0)
        day++;
    rest = (struct span){s.p + 4, s.n - 4};
    if (day == 7 || rest.n == 0)
        return false;
    if (!is_digit(rest.p[0])) {
        if (!parse_rfc3164(&rest, cache, now_ms, ms_out))
            return false;
        *cursor = rest;
        return true;
    }
    s = rest;
    if (!parse_rfc3339(&rest, cache, now_ms, ms_out))
        return false;
    n = parse_zone(rest, &offset_s);
    if (n > 0 && offset_s != -1 && parse_date_time(s, &local_s))
        *ms_out = (local_s - offset_s) * 1000 + *ms_out % 1000;
    *cursor = (struct span){rest.p + n, rest.n - n};
    return true;
}

/* "авг 09 04:48:59": journalctl prints months in the language of who calls it. Which month it is
 * nobody here knows: 0. */
static NOINLINE bool parse_other_language(struct span *cursor, int64_t *ms_out) {
    enum { MONTH_MOST = 16 };
    struct span s = *cursor;
    struct stamp stamp;
    size_t at = 0, n;

    if (s.n > 3 && month_of(s.p) != 0)
        return false;
    while (at < s.n && at < MONTH_MOST && s.p[at] != ' ' && s.p[at] != ':' && !is_digit(s.p[at]))
        at++;
    if (at < 2 || at + 1 >= s.n || s.p[at++] != ' ')
        return false;
    at += s.p[at] == ' ';
    for (n = 0; n < 2 && at < s.n && is_digit(s.p[at]); n++)
        at++;
    if (n == 0 || at >= s.n || s.p[at++] != ' ')
        return false;
    if (!parse_clock((struct span){s.p + at, s.n - at}, &stamp))
        return false;
    *ms_out = 0;
    *cursor = (struct span){s.p + at + 8, s.n - at - 8};
    return true;
}

/* A stamp that is not the last one again. */
static NOINLINE bool parse_stamp(struct span *cursor, struct logtime *cache, int64_t now_ms,
                                 int64_t *ms_out) {
    struct span s = *cursor;

    if (s.n == 0)
        return false;
    if (is_digit(s.p[0]))
        return parse_rfc3339(cursor, cache, now_ms, ms_out) || parse_unix(cursor, ms_out);
    if (s.p[0] == '[')
        return parse_monotonic(cursor, ms_out);
    if (parse_rfc3164(cursor, cache, now_ms, ms_out))
        return true;
    if (s.n > 4 && s.p[3] == ' ' && parse_weekday(cursor, cache, now_ms, ms_out))
        return true;
    return parse_other_language(cursor, ms_out);
}

bool logtime_parse(struct span *cursor, struct logtime *cache, int64_t now_ms, int64_t *ms_out) {
    struct span s = *cursor;

    if (!is_last_text(cache, s, LOGTIME_SHORT) || cache->text_now_ms != now_ms ||
        (s.n > LOGTIME_SHORT && s.p[LOGTIME_SHORT] != ' ') || is_year_next(s))
        return parse_stamp(cursor, cache, now_ms, ms_out);
    *ms_out = cache->text_ms;
    *cursor = (struct span){s.p + LOGTIME_SHORT, s.n - LOGTIME_SHORT};
    return true;
}

bool logtime_names_zone(struct span stamp) {
    if (stamp.n <= LONG_LENGTH || !is_digit(stamp.p[0]))
        return false;
    for (size_t i = LONG_LENGTH; i < stamp.n; i++) {
        if (!is_digit(stamp.p[i]) && stamp.p[i] != '.' && stamp.p[i] != ',')
            return true;
    }
    return false;
}
