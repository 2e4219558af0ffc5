/* What only the rules want to know, gathered beside the counting: how many deliveries fail by the
 * relay's own fault, who sends to how many, what was returned or is not accounted for, whether the
 * clock is right, whether others can read the password. lookout_tick looks at two files' metadata a
 * minute; nothing else touches the outside. */
#ifndef DAEMON_LOOKOUT_H
#define DAEMON_LOOKOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "alert.h"
#include "burn.h"
#include "lately.h"
#include "ledger.h"
#include "mailev.h"
#include "mltsenders.h"
#include "quota.h"
#include "rules.h"

struct daemon;

struct lookout {
    struct burn burn;
    struct burn_look burned;
    struct quota quota;             /* as the log tells */
    struct mltsenders_look senders; /* as the milter counted */
    bool senders_whole;             /* it did so for 24 hours */
    struct quota_top counted[2];    /* enum quota_by */
    const struct quota_top *top;    /* one of these */
    struct lately returned;
    enum diagnosis returned_for;
    char returned_evidence[256];
    struct lately expired; /* messages that waited for the relay's own fault until they went back */
    int64_t expired_ms;    /* the last of these, wall clock */
    struct lately unwanted, judged;  /* deliveries refused for the message's own sake; all */
    struct lately unwanted_returned; /* of the unwanted: bounced */
    enum diagnosis unwanted_for;
    char unwanted_evidence[256];
    struct lately unaccounted;
    /* By whose fault: deliveries that the relay failed in, and all that were put off. */
    struct lately failed[PARTY_COUNT], put_off[PARTY_COUNT];
    uint64_t unaccounted_total; /* as it was last; to see what is new */
    bool unaccounted_known;
    int64_t silent_mono_ms; /* when the log was silent last; 0: never */

    int64_t clock_offset_ms; /* wall - monotonic, as it was last; 0: not looked yet */
    int64_t jump_ms;         /* what the jumps of the last minutes came to ... */
    int64_t jumped_mono_ms;  /* ... and when the last one was */
    bool caught_up;          /* the log was read to its end: lines that come now were written now */
    int64_t ahead_ms, ahead_mono_ms; /* the stamp of such a line, against our clock */

    int64_t secrets_due_ms; /* monotonic */
    char readable[300];     /* "": none */
};

void lookout_init(struct lookout *l);

/* One event of now, and what the ledger made of it. */
void lookout_note(struct lookout *l, const struct mailev *ev, struct ledger_noted noted,
                  int64_t time_ms);

/* The stamp of a line, and what our clock says; the end of a batch of lines. */
void lookout_stamp(struct lookout *l, int64_t stamp_ms, int64_t now_ms);
void lookout_batch(struct daemon *d);

/* Once a second. */
void lookout_tick(struct daemon *d, int64_t mono_ms);

/* For the rules. */
void lookout_fill(struct daemon *d, struct signals *s, int64_t wall_ms, int64_t mono_ms);

/* What fires now explains the mail that was returned, and the deliveries that failed: they are no
 * alert of their own afterwards. */
void lookout_explained(struct lookout *l, const struct alert_set *set);

#endif
