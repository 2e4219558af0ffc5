/* Windows of maintenance, as the parameter of that name lists them: "sun 02:00-04:00, daily
 * 03:30-03:45", by the clock of this host. One that ends before it begins goes on past midnight.
 * Pure. */
#ifndef CONFIG_MAINTENANCE_H
#define CONFIG_MAINTENANCE_H

#include "fault.h"

enum { MAINTENANCE_WINDOWS = 16 };

struct maintenance {
    int count;
    struct maintenance_window {
        unsigned days;   /* on which it begins: bit 0 is Sunday */
        int from, until; /* minutes of the day; until may be above a day */
    } window[MAINTENANCE_WINDOWS];
};

/* Empty text: none. `why` says what is wrong with which window. */
MUSTCHECK int maintenance_parse(const char *text, struct maintenance *out, struct fault *why);

/* How many minutes a window goes on at this weekday (0: Sunday) and minute of the day; the longest;
 * 0: none is open. */
int maintenance_left(const struct maintenance *m, int weekday, int minute);

#endif
