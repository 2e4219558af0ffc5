/* What the name of a file says of it beside a log: whether it can be that log, rotated, and which
 * of several is older. Known are the names that logrotate makes: mail.log.1, mail.log-20260903,
 * mail.1.log (with `extension .log`), each also with .gz. Pure. */
#ifndef LOGIC_ROTNAME_H
#define LOGIC_ROTNAME_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

enum rotname_kind {
    ROTNAME_STRANGER, /* nothing to do with the log, or the log itself */
    ROTNAME_NUMBER,   /* mail.log.2: the higher is the older */
    ROTNAME_DATE,     /* mail.log-20260903 */
    ROTNAME_OTHER,    /* mail.log.old: begins as the log does; may be anything */
    ROTNAME_SEALED    /* rotated, and compressed by something that is not gzip */
};

struct rotname {
    enum rotname_kind kind;
    bool compressed;   /* by gzip */
    struct span stamp; /* the number or date, in the name; absent where there is none */
    uint64_t number;   /* of ROTNAME_NUMBER */
};

/* `log`: the name of the log, without folder, not empty. */
struct rotname rotname_parse(struct span log, struct span name);

/* Which of two files whose names tell is the older: < 0: a. Both numbers or both dates. */
int rotname_compare(const struct rotname *a, const struct rotname *b);

#endif
