/* The text of one failure, owned by the caller: no allocation, no question of ownership.
 *
 * A function that can fail for an outside reason takes `struct fault *why` as its last parameter,
 * fills it and returns -1. The caller logs it once, where the context is known. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include "attr.h"

struct fault {
    char text[384]; /* always terminated; cut, never overrun */
};

/* Fills `why` (which may be NULL). Always returns -1, so that a caller can `return fault_set(...)`.
 */
int fault_set(struct fault *why, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* As fault_set, with ": " and the text of errno after it. */
int fault_errno(struct fault *why, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Puts the formatted context and ": " before the text that `why` has. Always returns -1. */
int fault_wrap(struct fault *why, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
