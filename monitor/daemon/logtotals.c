/* See logtotals.h. */
#include "logtotals.h"

#include <stddef.h>
#include <string.h>

#include "text.h"

/* Where each figure of the ledger stands in the struct. */
static const struct {
    const char *name;
    size_t offset;
} of_ledger[] = {
    {"l.accepted", offsetof(struct ledger_totals, accepted)},
    {"l.sent", offsetof(struct ledger_totals, sent)},
    {"l.bounced", offsetof(struct ledger_totals, bounced)},
    {"l.expired", offsetof(struct ledger_totals, expired)},
    {"l.unknown", offsetof(struct ledger_totals, unknown)},
    {"l.deleted", offsetof(struct ledger_totals, deleted)},
    {"l.spilled", offsetof(struct ledger_totals, spilled)},
    {"l.unlogged", offsetof(struct ledger_totals, unlogged)},
    {"l.stray", offsetof(struct ledger_totals, stray)},
    {"l.unknown_ms", offsetof(struct ledger_totals, unknown_ms)},
    {"l.step", offsetof(struct ledger_totals, step)},
    {"l.ring", offsetof(struct ledger_totals, ring)},
    {"l.ring_lineage", offsetof(struct ledger_totals, ring_lineage)},
};

_Static_assert(sizeof of_ledger / sizeof of_ledger[0] == LOGTOTALS_LEDGER,
               "each figure of the ledger has a field");

/* The value of a field, which is added where it is new. */
static uint64_t adopt(struct totals *totals, const char *name, int *field_out) {
    *field_out = totals_field(totals, name);
    return *field_out >= 0 ? totals->value[*field_out] : 0;
}

static void put(struct totals *totals, int field, uint64_t value) {
    if (field >= 0) /* full only where somebody else filled it */
        totals->value[field] = value;
}

void logtotals_restore(struct logtotals *l, struct totals *totals, struct counters *counters,
                       struct ledger_totals *ledger, struct rings *rings,
                       struct busiest *destinations, struct relayhosts *relayhosts) {
    char name[TOTALS_NAME_SIZE];

    for (int c = 0; c < COUNTER_COUNT; c++) {
        text_format(name, sizeof name, "c.%s", counter_name((enum counter)c));
        counters->value[c] = adopt(totals, name, &l->counter[c]);
    }
    for (size_t i = 0; i < LOGTOTALS_LEDGER; i++) {
        uint64_t value = adopt(totals, of_ledger[i].name, &l->ledger[i]);

        memcpy((char *)ledger + of_ledger[i].offset, &value, sizeof value);
    }
    rings_restore(rings, totals);
    busiest_restore(destinations, &destinations_kind, totals);
    busiest_restore(&relayhosts->all, &relayhosts_kind, totals);
}

void logtotals_put(const struct logtotals *l, const struct counters *counters,
                   const struct ledger_totals *ledger, struct rings *rings,
                   struct busiest *destinations, struct relayhosts *relayhosts,
                   struct totals *totals) {
    for (int c = 0; c < COUNTER_COUNT; c++)
        put(totals, l->counter[c], counters->value[c]);
    for (size_t i = 0; i < LOGTOTALS_LEDGER; i++) {
        uint64_t value;

        memcpy(&value, (const char *)ledger + of_ledger[i].offset, sizeof value);
        put(totals, l->ledger[i], value);
    }
    rings_put(rings, totals);
    busiest_put(destinations, &destinations_kind, totals);
    busiest_put(&relayhosts->all, &relayhosts_kind, totals);
}
