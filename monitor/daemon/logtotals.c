/* See logtotals.h. */
#include "logtotals.h"

#include "text.h"

static const char *const end_name[LOGTOTALS_ENDS] = {"l.accepted", "l.sent", "l.bounced",
                                                     "l.expired", "l.unknown"};

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
                       struct destinations *destinations) {
    struct hash_key key = totals_hash_key(totals);
    uint64_t *const end[LOGTOTALS_ENDS] = {&ledger->accepted, &ledger->sent, &ledger->bounced,
                                           &ledger->expired, &ledger->unknown};
    char name[TOTALS_NAME_SIZE];

    for (int c = 0; c < COUNTER_COUNT; c++) {
        text_format(name, sizeof name, "c.%s", counter_name((enum counter)c));
        counters->value[c] = adopt(totals, name, &l->counter[c]);
    }
    for (int i = 0; i < LOGTOTALS_ENDS; i++)
        *end[i] = adopt(totals, end_name[i], &l->ledger[i]);
    rings_restore(rings, totals);
    destinations_restore(destinations, &key, totals);
}

void logtotals_put(const struct logtotals *l, const struct counters *counters,
                   const struct ledger_totals *ledger, struct rings *rings,
                   struct destinations *destinations, struct totals *totals) {
    const uint64_t end[LOGTOTALS_ENDS] = {ledger->accepted, ledger->sent, ledger->bounced,
                                          ledger->expired, ledger->unknown};

    for (int c = 0; c < COUNTER_COUNT; c++)
        put(totals, l->counter[c], counters->value[c]);
    for (int i = 0; i < LOGTOTALS_ENDS; i++)
        put(totals, l->ledger[i], end[i]);
    rings_put(rings, totals);
    destinations_put(destinations, totals);
}
