/* busiest.c, as the destinations use it: that the great ones are found among any number of small
 * ones, that memory and fields stay fixed, and that totals carry all of it. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "destinations.h"
#include "text.h"

enum { SENT, DEFERRED, BOUNCED, MISSED };

static void note(struct busiest *d, const char *to, enum counter end) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .counters = COUNTER_BIT(COUNTER_LINES) | COUNTER_BIT(end),
                        .to = span_of(to)};

    destinations_note(d, &ev);
}

static const struct busiest_place *find(const struct busiest *d, const char *name) {
    const struct busiest_place *place[BUSIEST_PLACES];
    size_t count = busiest_list(d, &destinations_kind, place);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(place[i]->name, name) == 0)
            return place[i];
    }
    return NULL;
}

/* A million domains, each once, and among them three that take a tenth each: these are there, and
 * what is said of each holds. */
Test(busiest, great_ones_among_a_million) {
    static struct busiest d;
    static struct totals totals;
    static const char *const great[] = {"a.example", "b.example", "c.example"};
    uint64_t truth[3] = {0};
    char to[64];

    for (uint64_t i = 0; i < 1000000; i++) {
        text_format(to, sizeof to, "x@d%llu.example", (unsigned long long)i);
        note(&d, to, COUNTER_DEFERRED);
        if (i % 7 < 3) {
            text_format(to, sizeof to, "x@%s", great[i % 7]);
            note(&d, to, COUNTER_SENT);
            truth[i % 7]++;
        }
        if (i % 1000 == 0)
            busiest_put(&d, &destinations_kind, &totals);
    }
    busiest_put(&d, &destinations_kind, &totals);
    cr_expect_eq(totals.texts, BUSIEST_PLACES);
    cr_expect(totals.count <= BUSIEST_PLACES * (MISSED + 1), "%zu", totals.count);
    for (int g = 0; g < 3; g++) {
        const struct busiest_place *place = find(&d, great[g]);

        cr_assert_not_null(place, "%s", great[g]);
        cr_expect(place->figure[SENT] <= truth[g] &&
                      place->figure[SENT] + place->figure[MISSED] >= truth[g],
                  "%s: %llu of %llu, %llu missed", great[g],
                  (unsigned long long)place->figure[SENT], (unsigned long long)truth[g],
                  (unsigned long long)place->figure[MISSED]);
    }
}

/* The same lines, in one life or in many: the same totals. */
Test(busiest, same_across_lives) {
    static struct busiest one, many;
    static struct totals of_one, of_many;

    busiest_restore(&one, &destinations_kind, &of_one);
    busiest_restore(&many, &destinations_kind, &of_many);
    srand(5);
    for (int i = 0; i < 20000; i++) {
        static const enum counter ends[] = {COUNTER_SENT, COUNTER_DEFERRED, COUNTER_BOUNCED};
        enum counter end = ends[rand() % 3];
        char to[64];

        text_format(to, sizeof to, "x@d%d.example", rand() % (1 + rand() % 100));
        note(&one, to, end);
        note(&many, to, end);
        if (rand() % 50 == 0)
            busiest_put(&many, &destinations_kind, &of_many);
        if (rand() % 50 == 0) {
            busiest_put(&many, &destinations_kind, &of_many);
            busiest_restore(&many, &destinations_kind, &of_many);
        }
    }
    busiest_put(&one, &destinations_kind, &of_one);
    busiest_put(&many, &destinations_kind, &of_many);
    for (size_t i = 0; i < of_one.count; i++)
        cr_expect_eq(of_one.value[i], totals_get(&of_many, of_one.name[i]), "%s", of_one.name[i]);
    for (size_t i = 0; i < of_many.count; i++)
        cr_expect_eq(of_many.value[i], totals_get(&of_one, of_many.name[i]), "%s", of_many.name[i]);
    cr_assert_eq(of_one.texts, BUSIEST_PLACES);
    for (size_t i = 0; i < of_one.texts; i++)
        cr_expect_str_eq(of_one.text[i].value, totals_text(&of_many, of_one.text[i].name));
}

/* Figures without a name are of nobody. */
Test(busiest, strange_totals) {
    struct busiest d;
    struct totals t = {0};
    const struct busiest_place *place[BUSIEST_PLACES];

    totals_set(&t, "k.0.sent", 5);
    totals_set_text(&t, "k.1.name", SPAN("example.com"));
    busiest_restore(&d, &destinations_kind, &t);
    cr_expect_eq(busiest_list(&d, &destinations_kind, place), 0);
    note(&d, "x@example.net", COUNTER_SENT);
    busiest_put(&d, &destinations_kind, &t);
    cr_expect_eq(totals_get(&t, "k.0.sent"), 1);
    cr_expect_str_eq(totals_text(&t, "k.0.name"), "example.net");
}
