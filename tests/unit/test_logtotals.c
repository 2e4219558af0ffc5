/* logtotals.c: what is put in comes out again; a publish after one line touches only its fields. */
#include <criterion/criterion.h>
#include <string.h>

#include "logtotals.h"

#define NOW (INT64_C(29800000) * 60000)

struct life {
    struct logtotals fields;
    struct counters counters;
    struct ledger_totals ledger;
    struct rings rings;
    struct busiest destinations;
    struct relayhosts relayhosts;
    struct totals totals;
};

static void restore(struct life *l) {
    logtotals_restore(&l->fields, &l->totals, &l->counters, &l->ledger, &l->rings, &l->destinations,
                      &l->relayhosts);
}

static void put(struct life *l) {
    logtotals_put(&l->fields, &l->counters, &l->ledger, &l->rings, &l->destinations, &l->relayhosts,
                  &l->totals);
}

static void deliver(struct life *l, const char *to) {
    struct mailev ev = {
        .kind = MAILEV_DELIVERY, .counters = COUNTER_BIT(COUNTER_SENT), .to = span_of(to)};

    destinations_note(&l->destinations, &ev);
}

Test(logtotals, goes_on_from_an_earlier_life) {
    static struct life first, second;

    restore(&first);
    cr_expect_eq(first.counters.value[COUNTER_SENT], 0);
    for (int c = 0; c < COUNTER_COUNT; c++)
        first.counters.value[c] = (uint64_t)c + 100;
    for (size_t i = 0; i < LOGTOTALS_LEDGER; i++)
        ((uint64_t *)&first.ledger)[i] = i + 1;
    rings_add(&first.rings, COUNTER_BIT(COUNTER_SENT), NOW, NOW);
    deliver(&first, "x@example.com");
    put(&first);
    cr_expect_eq(totals_get(&first.totals, "k.0.sent"), 1);
    cr_expect_str_eq(totals_text(&first.totals, "k.0.name"), "example.com");
    cr_expect_eq(totals_get(&first.totals, "c.lines"), 100);
    cr_expect_eq(totals_get(&first.totals, "l.unknown"), 5);
    cr_expect_eq(totals_get(&first.totals, "l.ring_lineage"), 13);
    cr_expect_eq(totals_get(&first.totals, "m.40.sent"), 1);

    second.totals = first.totals;
    restore(&second);
    cr_expect_eq(memcmp(&first.counters, &second.counters, sizeof first.counters), 0);
    cr_expect_eq(memcmp(&first.ledger, &second.ledger, sizeof first.ledger), 0);
    cr_expect_eq(rings_minute(&second.rings, NOW / 60000)->value[COUNTER_SENT], 1);
    put(&second);
    cr_expect_eq(second.totals.count, first.totals.count);
    cr_expect_eq(memcmp(first.totals.value, second.totals.value, sizeof first.totals.value), 0);
}

/* Foreign fields that leave no room: nothing breaks. */
Test(logtotals, no_room) {
    static struct life l;
    char name[TOTALS_NAME_SIZE];

    for (int i = 0; i < TOTALS_FIELDS; i++) {
        text_format(name, sizeof name, "x.%d", i);
        totals_set(&l.totals, name, 7);
    }
    restore(&l);
    l.counters.value[COUNTER_SENT] = 1;
    rings_add(&l.rings, COUNTER_BIT(COUNTER_SENT), NOW, NOW);
    deliver(&l, "x@example.com");
    put(&l);
    for (int i = 0; i < TOTALS_FIELDS; i++)
        cr_assert_eq(l.totals.value[i], 7);
}
