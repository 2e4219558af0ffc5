/* The query of a URL: name=value&name=value, with %XX (RFC 3986 section 2.1). A `+` is a plus:
 * addresses and message-ids have them, and no form sends to us. Pure. */
#ifndef LOGIC_HTTPQUERY_H
#define LOGIC_HTTPQUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

enum httpquery_result {
    HTTPQUERY_ABSENT,
    HTTPQUERY_OK,
    HTTPQUERY_BAD, /* given twice, too long, a % that is none, or a control character */
};

/* The value of `name`, decoded and terminated; "" unless HTTPQUERY_OK. */
enum httpquery_result httpquery_get(struct span query, const char *name, char *out, size_t size);

/* Writes `value` as it has to stand in a query. False if it did not fit. */
bool httpquery_encode(struct span value, char *out, size_t size);

#endif
