/* What relaywatchd counts from the log as fields of its totals, and back: c.COUNTER, l.NAME of the
 * ledger, the rings (m. h. r., see rings.h), the destinations (k., see destinations.h), the relay
 * hosts (s., see relayhosts.h). Pure; keeps the numbers of the fields, so that a publish after each
 * line costs next to nothing. */
#ifndef DAEMON_LOGTOTALS_H
#define DAEMON_LOGTOTALS_H

#include "counter.h"
#include "totals.h"
#include "destinations.h"
#include "ledger.h"
#include "relayhosts.h"
#include "rings.h"

enum { LOGTOTALS_LEDGER = sizeof(struct ledger_totals) / sizeof(uint64_t) };

struct logtotals {
    int counter[COUNTER_COUNT]; /* numbers of fields; -1: no room */
    int ledger[LOGTOTALS_LEDGER];
};

/* Takes the figures out of the totals of an earlier life and adds the fields that are new. */
void logtotals_restore(struct logtotals *l, struct totals *totals, struct counters *counters,
                       struct ledger_totals *ledger, struct rings *rings,
                       struct busiest *destinations, struct relayhosts *relayhosts);

/* Puts them in; always into the same totals, those of logtotals_restore. */
void logtotals_put(const struct logtotals *l, const struct counters *counters,
                   const struct ledger_totals *ledger, struct rings *rings,
                   struct busiest *destinations, struct relayhosts *relayhosts,
                   struct totals *totals);

#endif
