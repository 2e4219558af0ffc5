/* Will Postal reach this relay? What is wrong with it, in words, as Postal itself would find: it
 * looks names up in the DNS alone. Blocks for the DNS. */
#ifndef DOCTOR_POSTAL_CHECK_H
#define DOCTOR_POSTAL_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "postalyaml.h"

enum { POSTAL_PROBLEMS = 8 };

struct postal_check {
    char addresses[200]; /* what the DNS says, with blanks between */
    size_t count;
    char problem[POSTAL_PROBLEMS][300];
};

/* `listener`: where Postfix takes mail, "address:port". `resolver`: NULL for the system's. The
 * DNS is given `deadline_ms` in all. */
void postal_check(const struct postal_relay *relay, const struct postal_config *config,
                  const char *listener, const char *resolver, int deadline_ms,
                  struct postal_check *out);

#endif
