/* The header Retry-After (RFC 9110, 10.2.3): seconds, or a date in one of the three forms that HTTP
 * knows. The other side's clock need not be ours: a date is measured against the header Date of the
 * same reply, where it has one. Pure. */
#ifndef LOGIC_RETRYAFTER_H
#define LOGIC_RETRYAFTER_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

/* More is cut to this. */
enum { RETRYAFTER_MOST_S = 30 * 86400 };

/* Seconds to wait; 0: nothing that can be understood, or a time that is over. `date`: the value of
 * Date, or empty. */
int64_t retryafter_seconds(struct span value, struct span date, int64_t now_s);

/* "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994" to
 * seconds since 1970; false if it is none of these. A year of two digits is at most 50 years ahead
 * of now. */
bool retryafter_date(struct span text, int64_t now_s, int64_t *out_s);

#endif
