#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "ledger.h"

static const struct hash_key key = {{1, 2}};

static void note(struct ledger *l, enum mailev_kind kind, enum mailev_status status,
                 const char *id) {
    struct mailev ev = {.kind = kind, .status = status, .queue_id = span_of(id)};

    ledger_note(l, &ev);
}

static void expect(const struct ledger *l, const char *name, uint64_t accepted, uint64_t sent,
                   uint64_t bounced, uint64_t expired, uint64_t unknown, uint64_t queued) {
    const struct ledger_totals *t = ledger_totals(l);

    cr_expect_eq(t->accepted, accepted, "%s", name);
    cr_expect_eq(t->sent, sent, "%s", name);
    cr_expect_eq(t->bounced, bounced, "%s", name);
    cr_expect_eq(t->expired, expired, "%s", name);
    cr_expect_eq(t->unknown, unknown, "%s", name);
    cr_expect_eq(ledger_queued(l), queued, "%s", name);
    cr_expect_eq(accepted, sent + bounced + expired + unknown + queued, "%s: the sum", name);
}

Test(ledger, each_way_a_message_can_end) {
    struct ledger *l = ledger_new(&key);

    note(l, MAILEV_ACCEPTED, 0, "A");
    expect(l, "accepted", 1, 0, 0, 0, 0, 1);
    note(l, MAILEV_DELIVERY, MAILEV_STATUS_DEFERRED, "A");
    note(l, MAILEV_DELIVERY, MAILEV_STATUS_SENT, "A");
    expect(l, "sent, not removed", 1, 0, 0, 0, 0, 1);
    note(l, MAILEV_REMOVED, 0, "A");
    expect(l, "sent", 1, 1, 0, 0, 0, 0);

    note(l, MAILEV_ACCEPTED, 0, "B");
    note(l, MAILEV_DELIVERY, MAILEV_STATUS_SENT, "B");
    note(l, MAILEV_DELIVERY, MAILEV_STATUS_BOUNCED, "B");
    note(l, MAILEV_REMOVED, 0, "B");
    expect(l, "partly bounced", 2, 1, 1, 0, 0, 0);

    note(l, MAILEV_ACCEPTED, 0, "C");
    note(l, MAILEV_EXPIRED, 0, "C");
    note(l, MAILEV_REMOVED, 0, "C");
    expect(l, "expired", 3, 1, 1, 1, 0, 0);

    note(l, MAILEV_ACCEPTED, 0, "D");
    note(l, MAILEV_REMOVED, 0, "D");
    expect(l, "deleted by hand", 4, 1, 1, 1, 1, 0);

    note(l, MAILEV_REJECTED, 0, "NOQUEUE");
    expect(l, "rejected", 4, 1, 1, 1, 1, 0);
    ledger_free(&l);
    cr_expect_null(l);
}

Test(ledger, a_queue_id_used_again_is_a_new_message) {
    struct ledger *l = ledger_new(&key);

    note(l, MAILEV_ACCEPTED, 0, "A");
    note(l, MAILEV_DELIVERY, MAILEV_STATUS_BOUNCED, "A");
    note(l, MAILEV_REMOVED, 0, "A");
    note(l, MAILEV_ACCEPTED, 0, "A");
    note(l, MAILEV_DELIVERY, MAILEV_STATUS_SENT, "A");
    note(l, MAILEV_REMOVED, 0, "A");
    expect(l, "again", 2, 1, 1, 0, 0, 0);
    ledger_free(&l);
}

Test(ledger, goes_on_after_a_restart) {
    const struct ledger_totals before = {.accepted = 10, .sent = 8};
    struct ledger *l = ledger_new(&key);

    ledger_restore(l, &before);
    note(l, MAILEV_DELIVERY, MAILEV_STATUS_SENT, "OLD");
    note(l, MAILEV_REMOVED, 0, "OLD");
    expect(l, "restored", 10, 9, 0, 0, 0, 1);
    ledger_free(&l);
}

Test(ledger, a_flood_keeps_the_sum) {
    struct ledger *l = ledger_new(&key);
    const struct ledger_totals *t;
    char id[16];

    for (int i = 0; i < 200000; i++) {
        snprintf(id, sizeof id, "%X", i);
        note(l, MAILEV_ACCEPTED, 0, id);
        note(l, MAILEV_DELIVERY, MAILEV_STATUS_SENT, id);
    }
    for (int i = 0; i < 200000; i++) {
        snprintf(id, sizeof id, "%X", i);
        note(l, MAILEV_REMOVED, 0, id);
    }
    t = ledger_totals(l);
    cr_expect_eq(t->sent + t->unknown, 200000u);
    cr_expect_gt(t->sent, 50000u, "the newest of the flood are still known");
    ledger_free(&l);
}
