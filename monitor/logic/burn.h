/* How fast failures burn what is allowed of them: deliveries that fail by the relay's fault, as a
 * share of all, over two pairs of windows, a long one that says that it matters and a short one
 * that says that it still goes on (the SRE workbook's multi-window alert). With a floor, as a share
 * of next to nothing says nothing. Minutes of six hours, fixed memory. Pure: `now_ms` is the wall
 * clock; minutes that the clock has not reached yet are left out. */
#ifndef LOGIC_BURN_H
#define LOGIC_BURN_H

#include <stdbool.h>
#include <stdint.h>

enum { BURN_MINUTES = 360 };

struct burn_minute {
    uint32_t minute; /* since 1970; 0: free */
    uint32_t good, bad;
};

/* All zero: empty. */
struct burn {
    struct burn_minute minute[BURN_MINUTES];
};

struct burn_limits {
    double allowed;    /* the share that may fail: 0.001 */
    uint64_t at_least; /* failures in the long window, else nothing is said */
};

enum burn_speed { BURN_FINE, BURN_SLOW, BURN_FAST };

struct burn_look {
    enum burn_speed speed;
    uint64_t bad, all; /* of the window that shows it; of the last hour when all is fine */
    unsigned window_s;
};

/* One delivery: of a recipient's mail, whose failures of the recipient's own are not `bad`. */
void burn_note(struct burn *b, bool bad, int64_t now_ms);

/* Failures since then are explained by an alert of their own. */
void burn_forgive(struct burn *b, int64_t since_ms);

/* FAST: 14.4 times what is allowed, in one hour and in 5 minutes; SLOW: 6 times, in 6 hours and in
 * 30 minutes. With `firing` half of that is enough in the short window. */
void burn_eval(const struct burn *b, const struct burn_limits *limits, bool firing, int64_t now_ms,
               struct burn_look *out);

#endif
