/* struct exporter: what postfix_exporter counts of Postfix's log and our counters (counter.h) do
 * not, under its labels, so that the dashboards made for it go on. Kept in the totals, so exact
 * over restarts and replays, which that program is not.
 *
 * A series is counted from its first line on. Whoever writes into the log (a smarthost's replies,
 * the names of ciphers) can choose labels, so each family has so many places and no more; what
 * comes when they are taken, or is no plain word, counts as "other". Places are never given to
 * others: a series that was begun goes on. Pure; nothing is allocated. */
#ifndef LOGIC_EXPORTER_H
#define LOGIC_EXPORTER_H

#include <stddef.h>
#include <stdint.h>

#include "mailev.h"
#include "totals.h"

enum exporter_family {
    EXPORTER_SMTP_STATUS,      /* status */
    EXPORTER_SMTP_DEFERRED,    /* dsn */
    EXPORTER_SMTP_BOUNCED,     /* dsn */
    EXPORTER_SMTP_TLS,         /* trust, protocol, cipher, secret_bits, algorithm_bits */
    EXPORTER_SMTPD_TLS,        /* the same */
    EXPORTER_SMTPD_LOST,       /* after_stage */
    EXPORTER_SMTPD_CLIENT,     /* sasl_method; "": without login */
    EXPORTER_SMTPD_REJECTED,   /* code */
    EXPORTER_UNSUPPORTED,      /* service, level */
    EXPORTER_CLEANUP_REJECTED, /* this and what follows: no label */
    EXPORTER_CLEANUP_NOT_ACCEPTED,
    EXPORTER_SMTP_TIMED_OUT,
    EXPORTER_SMTPD_DISCONNECTS,
    EXPORTER_SMTPD_NAME_MISMATCH,
    EXPORTER_BOUNCE_NOTICES,
    EXPORTER_VIRTUAL_DELIVERED,
    EXPORTER_FAMILIES
};

enum exporter_histogram {
    EXPORTER_RECIPIENTS,                         /* of a message that came into the active queue */
    EXPORTER_SIZE,                               /* its bytes */
    EXPORTER_LMTP,                               /* delays of lmtp(8), STAGE_COUNT of them */
    EXPORTER_PIPE = EXPORTER_LMTP + STAGE_COUNT, /* of pipe(8), STAGE_COUNT for each relay */
    EXPORTER_PIPES = 4,                          /* relays with a place; the last is "other" */
    EXPORTER_HISTOGRAMS = EXPORTER_PIPE + EXPORTER_PIPES * STAGE_COUNT,
};

enum {
    EXPORTER_PLACES = 168, /* of all families together */
    EXPORTER_LABELS = 59,  /* the values with ',' between them, and NUL */
    EXPORTER_RELAY = 24,
    EXPORTER_BOUNDS = 9, /* of a histogram, at most */
};

struct exporter_place {
    char labels[EXPORTER_LABELS];
    uint64_t value; /* 0: the place is free */
    uint16_t field; /* in the totals, + 1; 0: none yet */
};

struct exporter_counts {
    uint64_t bucket[EXPORTER_BOUNDS + 1];    /* not cumulative */
    uint64_t sum;                            /* of delays in microseconds */
    uint16_t field[EXPORTER_BOUNDS + 1 + 1]; /* in the totals, + 1; the last is of the sum */
};

/* All zero: empty. */
struct exporter {
    struct exporter_place place[EXPORTER_PLACES];
    uint8_t last[EXPORTER_FAMILIES]; /* where the last one was found */
    struct exporter_counts histogram[EXPORTER_HISTOGRAMS];
    char pipe[EXPORTER_PIPES][EXPORTER_RELAY];            /* "": free */
    uint64_t changed_places[(EXPORTER_PLACES + 63) / 64]; /* since exporter_put; a bit each */
    uint32_t changed_histograms;
};

/* Upper bounds of the buckets of a histogram, ascending, without the last; of delays in seconds. */
size_t exporter_bounds(enum exporter_histogram h, const double **bounds_out);

/* What one line says. */
void exporter_note(struct exporter *e, const struct mailev *ev);

/* The series of a family, in the order of their beginning: place number i, NULL behind the last. */
const struct exporter_place *exporter_series(const struct exporter *e, enum exporter_family family,
                                             size_t i);

/* Goes on from totals, and puts in what has changed since the last time, into the same ones:
 * x.FAMILY.LABELS, x.q.BUCKET and x.q.sum of recipients, x.z. of sizes, x.l.PART. of lmtp(8),
 * x.p.RELAY.PART. of pipe(8). What is 0 has no field. */
void exporter_restore(struct exporter *e, const struct totals *from);
void exporter_put(struct exporter *e, struct totals *totals);

#endif
