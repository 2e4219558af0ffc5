/* See fault.h. */
#include "fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int fault_set(struct fault *why, const char *fmt, ...) {
    va_list args;

    if (why == NULL)
        return -1;
    va_start(args, fmt);
    vsnprintf(why->text, sizeof why->text, fmt, args);
    va_end(args);
    return -1;
}

int fault_errno(struct fault *why, const char *fmt, ...) {
    int error = errno;
    va_list args;
    size_t n;

    if (why == NULL)
        return -1;
    va_start(args, fmt);
    vsnprintf(why->text, sizeof why->text, fmt, args);
    va_end(args);
    n = strlen(why->text);
    snprintf(why->text + n, sizeof why->text - n, ": %s", strerror(error));
    errno = error;
    return -1;
}

int fault_wrap(struct fault *why, const char *fmt, ...) {
    struct fault inner;
    va_list args;
    size_t n;

    if (why == NULL)
        return -1;
    inner = *why;
    va_start(args, fmt);
    vsnprintf(why->text, sizeof why->text, fmt, args);
    va_end(args);
    n = strlen(why->text);
    snprintf(why->text + n, sizeof why->text - n, ": %s", inner.text);
    return -1;
}
