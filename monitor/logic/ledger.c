/* See ledger.h. A message's outcome is noted at its delivery lines and booked at "removed"
 * (qmgr(8), src/qmgr/qmgr_active.c), so that one which is partly delivered and partly bounced is
 * booked once, as bounced. */
#include "ledger.h"

#include <stdlib.h>

#include "xmem.h"

enum { BUCKETS = 8192, WAYS = 8 };
enum { OUTCOME_SENT = 1, OUTCOME_BOUNCED = 2, OUTCOME_EXPIRED = 4 };

struct entry {
    uint64_t id;   /* hash of the queue id; 0: free */
    uint32_t used; /* when it was last touched, in steps */
    uint32_t outcome;
};

struct ledger {
    struct hash_key key;
    struct ledger_totals totals;
    uint32_t step;
    struct entry entry[BUCKETS][WAYS];
};

struct ledger *ledger_new(const struct hash_key *key) {
    struct ledger *ledger = xcalloc(1, sizeof *ledger);

    ledger->key = *key;
    return ledger;
}

void ledger_free(struct ledger **ledger) {
    free(*ledger);
    *ledger = NULL;
}

void ledger_restore(struct ledger *ledger, const struct ledger_totals *totals) {
    ledger->totals = *totals;
}

/* The entry of this queue id; made, in place of the bucket's oldest, when `make`. */
static struct entry *find(struct ledger *ledger, struct span queue_id, bool make) {
    uint64_t id = hash_quick(&ledger->key, queue_id.p, queue_id.n) | 1;
    struct entry *bucket = ledger->entry[(id >> 1) % BUCKETS];
    struct entry *oldest = bucket;

    for (int i = 0; i < WAYS; i++) {
        if (bucket[i].id == id)
            return &bucket[i];
    }
    if (!make)
        return NULL;
    for (int i = 1; i < WAYS; i++) {
        if (oldest->id != 0 && (bucket[i].id == 0 || bucket[i].used < oldest->used))
            oldest = &bucket[i];
    }
    *oldest = (struct entry){.id = id};
    return oldest;
}

static void note_outcome(struct ledger *ledger, struct span queue_id, uint32_t outcome) {
    struct entry *entry = find(ledger, queue_id, true);

    entry->used = ++ledger->step;
    entry->outcome |= outcome;
}

static void book(struct ledger *ledger, struct span queue_id) {
    struct entry *entry = find(ledger, queue_id, false);
    uint32_t outcome = entry != NULL ? entry->outcome : 0;

    if ((outcome & OUTCOME_EXPIRED) != 0)
        ledger->totals.expired++;
    else if ((outcome & OUTCOME_BOUNCED) != 0)
        ledger->totals.bounced++;
    else if ((outcome & OUTCOME_SENT) != 0)
        ledger->totals.sent++;
    else
        ledger->totals.unknown++;
    if (entry != NULL)
        entry->id = 0;
}

void ledger_note(struct ledger *ledger, const struct mailev *ev) {
    if (ev->queue_id.n == 0 || (ev->queue_id.p[0] == 'N' && span_is(ev->queue_id, "NOQUEUE")))
        return;
    switch (ev->kind) {
    case MAILEV_ACCEPTED:
        ledger->totals.accepted++;
        break;
    case MAILEV_DELIVERY:
        if (ev->status == MAILEV_STATUS_SENT)
            note_outcome(ledger, ev->queue_id, OUTCOME_SENT);
        else if (ev->status == MAILEV_STATUS_BOUNCED)
            note_outcome(ledger, ev->queue_id, OUTCOME_BOUNCED);
        break;
    case MAILEV_EXPIRED:
        note_outcome(ledger, ev->queue_id, OUTCOME_EXPIRED);
        break;
    case MAILEV_REMOVED:
        book(ledger, ev->queue_id);
        break;
    default:
        break;
    }
}

const struct ledger_totals *ledger_totals(const struct ledger *ledger) {
    return &ledger->totals;
}

uint64_t ledger_queued(const struct ledger *ledger) {
    const struct ledger_totals *t = &ledger->totals;
    uint64_t ended = t->sent + t->bounced + t->expired + t->unknown;

    return t->accepted > ended ? t->accepted - ended : 0;
}
