/* Recipients of each envelope sender within 24 hours, as Google counts them against its limit of
 * 10,000. Fixed memory, whatever the log holds: QUOTA_SENDERS places, and a sender that finds none
 * takes over that with the least ("space saving", as in destinations.h) and begins at nothing: so
 * what is told is never too much. A sender with more than one in QUOTA_SENDERS of all recipients is
 * there. Hours in a ring: the hour in which the clock is and the 23 before it, so never more
 * than 24. Pure; nothing is allocated. */
#ifndef LOGIC_QUOTA_H
#define LOGIC_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sendername.h"

enum { QUOTA_SENDERS = 256, QUOTA_HOURS = 24, QUOTA_HINTS = 1024 };

struct quota_sender {
    char name[SENDERNAME_SIZE];  /* lower case, printable; "": the place is free */
    uint32_t hour;               /* of the newest count, since 1970 */
    uint32_t count[QUOTA_HOURS]; /* by hour % QUOTA_HOURS */
};

/* All zero: empty. */
struct quota {
    uint64_t hash[QUOTA_SENDERS];
    uint32_t weight[QUOTA_SENDERS]; /* of the last 24 hours; 0: free */
    uint32_t hour;                  /* that the weights are of */
    struct quota_sender sender[QUOTA_SENDERS];
    uint16_t hint[QUOTA_HINTS];
};

enum quota_by { QUOTA_BY_LOG, QUOTA_BY_MILTER };

struct quota_top {
    const char *sender;
    uint64_t recipients; /* within 24 hours */
    unsigned near;       /* senders above the share that was asked for */
    uint64_t all;        /* recipients of all senders that have a place */
    enum quota_by by;
};

/* `recipients` more of this sender; "" (a bounce) counts to nobody. */
void quota_note(struct quota *q, struct span sender, uint32_t recipients, int64_t now_ms);

/* The sender with the most, and how many have `near_at` or more. NULL sender: nobody sent. The name
 * lives until the next quota_note. */
void quota_look(struct quota *q, uint64_t near_at, int64_t now_ms, struct quota_top *out);

/* Which of the two counts of the same mail is told; never their sum. The milter's: it sees each
 * message once, where the log has it once more for each time that it comes back from a filter. But
 * where it was not there the whole 24 hours (milter_whole), or saw less than half of what the log
 * tells of, because Postfix does not ask it: that with more. */
const struct quota_top *quota_choose(const struct quota_top *log, const struct quota_top *milter,
                                     bool milter_whole);

/* "log", "milter". Static. */
const char *quota_by_name(enum quota_by by);

/* For what is kept on disk: takes over one hour of a sender. */
void quota_restore(struct quota *q, struct span sender, uint32_t hour, uint32_t recipients);

#endif
