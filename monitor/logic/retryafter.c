/* See retryafter.h. The name of the day is not looked at: it says nothing that the date does not
 * say. */
#include "retryafter.h"

#include <string.h>
#include <time.h>

/* Takes what stands before the first of `stops` off the front of *rest, and the stop. */
static struct span take_word(struct span *rest, const char *stops) {
    struct span word = {rest->p, 0};

    while (word.n < rest->n && (rest->p[word.n] == '\0' || strchr(stops, rest->p[word.n]) == NULL))
        word.n++;
    *rest = word.n < rest->n ? (struct span){rest->p + word.n + 1, rest->n - word.n - 1}
                             : (struct span){rest->p + rest->n, 0};
    return word;
}

static struct span skip_blanks(struct span s) {
    while (s.n > 0 && s.p[0] == ' ')
        s = (struct span){s.p + 1, s.n - 1};
    return s;
}

static bool read_number(struct span word, size_t digits, uint64_t most, int *out) {
    uint64_t value;

    if (word.n > digits || !text_u64(word, 0, most, &value))
        return false;
    *out = (int)value;
    return true;
}

static bool read_month(struct span word, int *out) {
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int month = 0; word.n == 3 && month < 12; month++) {
        if (memcmp(names + (size_t)month * 3, word.p, 3) == 0) {
            *out = month;
            return true;
        }
    }
    return false;
}

/* "08:49:37"; 60 is a leap second. */
static bool read_clock(struct span word, struct tm *tm) {
    struct span hour = take_word(&word, ":");
    struct span minute = take_word(&word, ":");

    return read_number(hour, 2, 23, &tm->tm_hour) && read_number(minute, 2, 59, &tm->tm_min) &&
           read_number(word, 2, 60, &tm->tm_sec);
}

static bool read_year(struct span word, int64_t now_s, int *out) {
    time_t now = (time_t)now_s;
    struct tm today;
    int year;

    if (!read_number(word, 4, 9999, &year) || (word.n != 4 && word.n != 2))
        return false;
    if (word.n == 2 && gmtime_r(&now, &today) != NULL) {
        int this_year = today.tm_year + 1900;

        year += this_year / 100 * 100;
        if (year > this_year + 50)
            year -= 100;
    }
    *out = year - 1900;
    return true;
}

/* "06 Nov 1994 08:49:37 GMT" and "06-Nov-94 08:49:37 GMT" */
static bool read_usual(struct span s, int64_t now_s, struct tm *tm) {
    struct span day = take_word(&s, " -");
    struct span month = take_word(&s, " -");
    struct span year = take_word(&s, " ");
    struct span clock = take_word(&s, " ");

    return read_number(day, 2, 31, &tm->tm_mday) && read_month(month, &tm->tm_mon) &&
           read_year(year, now_s, &tm->tm_year) && read_clock(clock, tm) && span_is(s, "GMT");
}

/* "Nov  6 08:49:37 1994" */
static bool read_asctime(struct span s, int64_t now_s, struct tm *tm) {
    struct span month = take_word(&s, " ");
    struct span day, clock;

    s = skip_blanks(s);
    day = take_word(&s, " ");
    clock = take_word(&s, " ");
    return read_month(month, &tm->tm_mon) && read_number(day, 2, 31, &tm->tm_mday) &&
           read_clock(clock, tm) && s.n == 4 && read_year(s, now_s, &tm->tm_year);
}

bool retryafter_date(struct span text, int64_t now_s, int64_t *out_s) {
    struct span rest = span_trim(text);
    struct span day = take_word(&rest, " ");
    struct tm tm = {.tm_sec = 0};

    if (day.n < 3)
        return false;
    if (!(day.p[day.n - 1] == ',' ? read_usual(skip_blanks(rest), now_s, &tm)
                                  : read_asctime(skip_blanks(rest), now_s, &tm)) ||
        tm.tm_mday == 0)
        return false;
    *out_s = (int64_t)timegm(&tm);
    return true;
}

int64_t retryafter_seconds(struct span value, struct span date, int64_t now_s) {
    struct span word = span_trim(value);
    int64_t until_s, from_s = now_s, seconds;
    size_t digits = 0;

    while (digits < word.n && word.p[digits] >= '0' && word.p[digits] <= '9')
        digits++;
    if (digits > 0 && digits == word.n) {
        uint64_t number;

        return text_u64(word, 0, RETRYAFTER_MOST_S, &number) ? (int64_t)number : RETRYAFTER_MOST_S;
    }
    if (!retryafter_date(word, now_s, &until_s))
        return 0;
    if (date.n == 0 || !retryafter_date(date, now_s, &from_s))
        from_s = now_s;
    seconds = until_s - from_s;
    if (seconds < 0)
        return 0;
    return seconds < RETRYAFTER_MOST_S ? seconds : RETRYAFTER_MOST_S;
}
