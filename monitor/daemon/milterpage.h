/* What relaywatchd takes from relaywatch-milter's shared page: absolute figures that go on counting
 * over reboots (the page is on a tmpfs), and signs of life. Reads memory only. */
#ifndef DAEMON_MILTERPAGE_H
#define DAEMON_MILTERPAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "mltpage.h"
#include "totals.h"

struct milterpage {
    char path[256];
    const struct mltpage *page; /* NULL: not there */
    uint64_t device, inode;     /* of the mapped file: a new file under the name is noticed */
    uint64_t lineage;           /* of the page that `base` goes with */
    uint64_t base[MLTPAGE_COUNTER_COUNT];  /* counted before this page began */
    uint64_t value[MLTPAGE_COUNTER_COUNT]; /* base + page */
    int64_t alive_mono_ms;                 /* last sign of life; 0: none */
};

void milterpage_init(struct milterpage *m, const char *run_dir);
void milterpage_clear(struct milterpage *m);

/* Goes on from the totals of an earlier life. */
void milterpage_restore(struct milterpage *m, const struct totals *from);

/* Maps the page that is there now. */
void milterpage_attach(struct milterpage *m);

/* The same, and looks at its figures. Returns true when a figure changed. */
bool milterpage_read(struct milterpage *m);

/* When the milter saw the last message, wall clock; 0: none, or it is just being written. */
int64_t milterpage_last_ms(const struct milterpage *m);

/* Who sent to the most recipients within 24 hours; empty where there is no page. Returns whether
 * the milter is there and was there all that time. */
bool milterpage_senders(const struct milterpage *m, uint64_t near_at, int64_t now_ms,
                        int64_t mono_ms, struct mltsenders_look *out);

/* The totals to publish: c.NAME, and b.NAME for the next life. */
void milterpage_totals(const struct milterpage *m, struct totals *out);

#endif
