/* See maintenance.h. */
#include "maintenance.h"

#include <string.h>

#include "text.h"

enum { DAY = 24 * 60, WEEK = 7 * DAY };

static const char *const day_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

/* "02:00" to minutes; false if it is none. */
static bool read_time(struct span s, int *out) {
    uint64_t hour, minute;

    if (s.n != 5 || s.p[2] != ':' || !text_u64((struct span){s.p, 2}, 0, 23, &hour) ||
        !text_u64((struct span){s.p + 3, 2}, 0, 59, &minute))
        return false;
    *out = (int)(hour * 60 + minute);
    return true;
}

static bool read_days(struct span s, unsigned *out) {
    if (span_is(s, "daily")) {
        *out = 0x7f;
        return true;
    }
    for (unsigned day = 0; day < 7; day++) {
        if (span_is(s, day_names[day])) {
            *out = 1u << day;
            return true;
        }
    }
    return false;
}

/* "sun 02:00-04:00" */
static bool read_window(struct span s, struct maintenance_window *out) {
    const char *blank = s.n > 0 ? memchr(s.p, ' ', s.n) : NULL;
    struct span times;

    if (blank == NULL || !read_days((struct span){s.p, (size_t)(blank - s.p)}, &out->days))
        return false;
    times = span_trim((struct span){blank, s.n - (size_t)(blank - s.p)});
    if (times.n != 11 || times.p[5] != '-' || !read_time((struct span){times.p, 5}, &out->from) ||
        !read_time((struct span){times.p + 6, 5}, &out->until) || out->from == out->until)
        return false;
    if (out->until < out->from)
        out->until += DAY;
    return true;
}

int maintenance_parse(const char *text, struct maintenance *out, struct fault *why) {
    struct span rest = span_trim(span_of(text));

    memset(out, 0, sizeof *out);
    while (rest.n > 0) {
        const char *comma = memchr(rest.p, ',', rest.n);
        size_t n = comma != NULL ? (size_t)(comma - rest.p) : rest.n;
        struct span one = span_trim((struct span){rest.p, n});

        if (out->count == MAINTENANCE_WINDOWS)
            return fault_set(why, "more than %d windows", MAINTENANCE_WINDOWS);
        if (!read_window(one, &out->window[out->count++]))
            return fault_set(why, "'%.*s' is no window", (int)(one.n < 60 ? one.n : 60), one.p);
        n += comma != NULL;
        rest = (struct span){rest.p + n, rest.n - n};
    }
    return 0;
}

int maintenance_left(const struct maintenance *m, int weekday, int minute) {
    int now = weekday * DAY + minute;
    int most = 0;

    for (int i = 0; i < m->count; i++) {
        for (int day = 0; day < 7; day++) {
            int length = m->window[i].until - m->window[i].from;
            int into = (now - day * DAY - m->window[i].from + WEEK) % WEEK;

            if ((m->window[i].days & 1u << day) != 0 && into < length && length - into > most)
                most = length - into;
        }
    }
    return most;
}
