/* ledgerbook.c: however an entry stands and ends, the sum holds. */
#include <criterion/criterion.h>

#include "ledgerbook.h"

static uint64_t told_id;
static int told_end = -1;

static void on_end(uint64_t id, enum ledger_end end, int64_t time_ms, void *arg) {
    (void)time_ms;
    (void)arg;
    told_id = id;
    told_end = (int)end;
}

static struct open_message *open_with(struct ledgerbook *book, unsigned flags) {
    struct open_message *m = openset_add(book->open, 7);

    told_end = -1;
    ledgerbook_flag(book, m, flags);
    return m;
}

static void expect_sum(const struct ledgerbook *book, const char *name) {
    const struct ledger_totals *t = &book->totals;

    cr_expect_eq(t->accepted, t->sent + t->bounced + t->expired + t->unknown + book->counted, "%s",
                 name);
    cr_expect_eq(book->counted + book->arriving, openset_count(book->open), "%s", name);
}

Test(ledgerbook, comes_into_the_totals_once) {
    struct ledgerbook book = {.open = openset_new(), .on_end = on_end};
    struct open_message *m = open_with(&book, ENTRY_LOGGED);

    cr_expect_eq(book.arriving, 1u);
    for (int i = 0; i < 2; i++) {
        ledgerbook_confirm(&book, m);
        cr_expect_eq(book.totals.accepted, 1u);
        cr_expect_eq(book.counted, 1u);
        cr_expect_eq(book.arriving, 0u);
    }
    expect_sum(&book, "confirmed");
    ledgerbook_drop(&book, m);
    cr_expect_eq(book.counted, 0u);
    cr_expect_eq(told_end, -1);
    openset_free(&book.open);
}

Test(ledgerbook, ends) {
    static const struct {
        const char *name;
        unsigned flags;
        bool confirm, lose; /* else it is booked with its outcome */
        int want;           /* -1: no end is told */
        uint64_t accepted, sent, bounced, expired, unknown;
    } rows[] = {
        {"sent", ENTRY_LOGGED | ENTRY_SENT, true, false, LEDGER_SENT, 1, 1, 0, 0, 0},
        {"some bounced", ENTRY_SENT | ENTRY_BOUNCED, true, false, LEDGER_BOUNCED, 1, 0, 1, 0, 0},
        {"expired", ENTRY_SENT | ENTRY_EXPIRED, true, false, LEDGER_EXPIRED, 1, 0, 0, 1, 0},
        {"nobody said", ENTRY_LOGGED, true, false, LEDGER_UNKNOWN, 1, 0, 0, 0, 1},
        {"lost, not in the queue yet", ENTRY_LOGGED, false, true, LEDGER_ABORTED, 0, 0, 0, 0, 0},
        {"lost, the milter saw it", ENTRY_MILTER, false, true, LEDGER_SPILLED, 1, 0, 0, 0, 1},
        {"lost, all is sent", ENTRY_MILTER | ENTRY_SENT, true, true, LEDGER_SENT, 1, 1, 0, 0, 0},
        {"lost, cut off", ENTRY_LOGGED | ENTRY_CUT, false, true, LEDGER_ABORTED, 0, 0, 0, 0, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ledgerbook book = {.open = openset_new(), .on_end = on_end};
        struct open_message *m = open_with(&book, rows[i].flags);

        if (rows[i].confirm)
            ledgerbook_confirm(&book, m);
        if (rows[i].lose)
            ledgerbook_lose(&book, m, LEDGER_SPILLED, 1000);
        else
            ledgerbook_end(&book, m, ledgerbook_outcome(m), 1000);
        cr_expect_eq(told_end, rows[i].want, "%s: %d", rows[i].name, told_end);
        cr_expect_eq(told_id, 7u);
        cr_expect_eq(book.totals.accepted, rows[i].accepted, "%s", rows[i].name);
        cr_expect_eq(book.totals.sent, rows[i].sent, "%s", rows[i].name);
        cr_expect_eq(book.totals.bounced, rows[i].bounced, "%s", rows[i].name);
        cr_expect_eq(book.totals.expired, rows[i].expired, "%s", rows[i].name);
        cr_expect_eq(book.totals.unknown, rows[i].unknown, "%s", rows[i].name);
        cr_expect_eq(book.totals.unknown_ms, rows[i].unknown * 1000, "%s", rows[i].name);
        expect_sum(&book, rows[i].name);
        openset_free(&book.open);
    }
}

/* Given up before, and in the totals as unknown: a late line changes nothing of that. */
Test(ledgerbook, a_lost_one_that_comes_back_stays_unknown) {
    struct ledgerbook book = {.open = openset_new(), .on_end = on_end, .totals = {.accepted = 1}};
    struct open_message *m = open_with(&book, ENTRY_MILTER | ENTRY_LOST);

    ledgerbook_count_unknown(&book, LEDGER_UNKNOWN, 5);
    ledgerbook_confirm(&book, m);
    ledgerbook_flag(&book, m, m->flags | ENTRY_SENT);
    ledgerbook_end(&book, m, LEDGER_SENT, 9);
    cr_expect_eq(told_end, LEDGER_SENT);
    cr_expect_eq(book.totals.accepted, 1u);
    cr_expect_eq(book.totals.unknown, 1u);
    cr_expect_eq(book.totals.sent, 0u);
    expect_sum(&book, "late");
    openset_free(&book.open);
}

Test(ledgerbook, complete_is_who_has_an_outcome_for_each_recipient) {
    static const struct {
        unsigned flags;
        uint16_t recipients, finals;
        bool want;
    } rows[] = {
        {ENTRY_SENT, 2, 2, true},    {ENTRY_SENT, 2, 1, false},
        {ENTRY_SENT, 0, 1, true},    {ENTRY_SENT | ENTRY_ACTIVE, 0, 1, false},
        {ENTRY_EXPIRED, 2, 0, true}, {ENTRY_LOGGED, 0, 0, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct open_message m = {.flags = (uint16_t)rows[i].flags,
                                 .recipients = rows[i].recipients,
                                 .finals = rows[i].finals};

        cr_expect_eq(ledgerbook_is_complete(&m), rows[i].want, "row %zu", i);
    }
}
