/* Questions asked side by side, each in a process of its own, since a look-up of a name or a
 * server that is a black hole cannot be given a time limit otherwise. What they find goes into
 * memory that they share with the caller. Blocks until the last is done, at most `limit_ms`. */
#ifndef DOCTOR_JOBS_H
#define DOCTOR_JOBS_H

#include <stdbool.h>
#include <stddef.h>

struct job {
    const char *what; /* for people: "the relay" */
    bool wanted;
    void (*ask)(const void *arg);
};

enum { JOBS_MOST = 16 };

/* `on_wait`, if any, is called now and then with what is still waited for, "DNS, the relay". Those
 * that are not done at the limit are killed, with all that they started. */
void jobs_run(const struct job *jobs, size_t count, const void *arg, int limit_ms,
              void (*on_wait)(const char *waiting));

#endif
