/* See maildate.h. */
#include "maildate.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int month_of(const char *word) {
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const char *found = strlen(word) == 3 ? strstr(names, word) : NULL;

    return found != NULL && (found - names) % 3 == 0 ? (int)(found - names) / 3 : -1;
}

/* "28 Nov 2026 09:34:40 +0000" */
static bool take(const char *text, int64_t *out) {
    struct tm tm = {0};
    char month[4], sign;
    unsigned hours, minutes;
    int n = sscanf(text, "%2d %3s %4d %2d:%2d:%2d %c%2u%2u", &tm.tm_mday, month, &tm.tm_year,
                   &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &sign, &hours, &minutes);
    int64_t east;

    if (n != 9 || (sign != '+' && sign != '-') || hours > 23 || minutes > 59)
        return false;
    tm.tm_mon = month_of(month);
    if (tm.tm_mon == -1 || tm.tm_year < 1970 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
        tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 ||
        tm.tm_sec > 60)
        return false;
    tm.tm_year -= 1900;
    east = (int64_t)(hours * 3600 + minutes * 60);
    *out = (int64_t)timegm(&tm) - (sign == '-' ? -east : east);
    return true;
}

bool maildate_find(const char *text, int64_t *out) {
    for (const char *at = text; *at != '\0'; at++) {
        bool begins = at == text || at[-1] == ' ' || at[-1] == ',';

        if (begins && *at >= '0' && *at <= '9' && take(at, out))
            return true;
    }
    return false;
}
