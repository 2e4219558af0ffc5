/* destinations.c: what is counted for which domain, that the great ones are found among any number
 * of small ones, that memory and fields stay fixed, and that totals carry all of it. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "destinations.h"
#include "text.h"

enum { SENT, DEFERRED, BOUNCED, MISSED };

static void note(struct destinations *d, const char *to, enum counter end) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .counters = COUNTER_BIT(COUNTER_LINES) | COUNTER_BIT(end),
                        .to = span_of(to)};

    destinations_note(d, &ev);
}

static const struct destination *find(const struct destinations *d, const char *name) {
    const struct destination *place[DESTINATIONS];
    size_t count = destinations_list(d, place);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(place[i]->name, name) == 0)
            return place[i];
    }
    return NULL;
}

Test(destinations, which_domain) {
    static const struct {
        const char *to, *want; /* NULL: none */
    } rows[] = {
        {"user@example.com", "example.com"},
        {"user@EXAMPLE.Com", "example.com"},
        {"\"a@b\"@example.com", "example.com"},
        {"user@[192.0.2.1]", "[192.0.2.1]"},
        {"user@m\xc3\xbcnchen.example", "m\xc3\xbcnchen.example"},
        {"user@a\x1b[31m\xff", "a?[31m?"},
        {"root", NULL},
        {"user@", NULL},
        {"", NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct destinations d = {0};
        const struct destination *place[DESTINATIONS];

        note(&d, rows[i].to, COUNTER_SENT);
        cr_assert_eq(destinations_list(&d, place), rows[i].want != NULL, "%s", rows[i].to);
        if (rows[i].want != NULL)
            cr_expect_str_eq(place[0]->name, rows[i].want);
    }
}

Test(destinations, what_is_counted) {
    struct mailev removed = {
        .kind = MAILEV_REMOVED, .counters = COUNTER_BIT(COUNTER_SENT), .to = SPAN("a@example.com")};
    struct destinations d = {0};
    const struct destination *place[DESTINATIONS];

    note(&d, "a@example.com", COUNTER_SENT);
    note(&d, "b@example.com", COUNTER_SENT);
    note(&d, "b@example.com", COUNTER_DEFERRED);
    note(&d, "a@example.net", COUNTER_BOUNCED);
    note(&d, "a@example.net", COUNTER_AUTH_FAILURES);
    destinations_note(&d, &removed);
    cr_assert_eq(destinations_list(&d, place), 2);
    cr_expect_str_eq(place[0]->name, "example.com", "the greater one first");
    cr_expect_eq(place[0]->figure[SENT], 2);
    cr_expect_eq(place[0]->figure[DEFERRED], 1);
    cr_expect_eq(place[0]->figure[BOUNCED], 0);
    cr_expect_eq(place[1]->figure[BOUNCED], 1);
    cr_expect_eq(place[1]->figure[MISSED], 0);
    cr_expect_str_eq(destination_word(BOUNCED), "bounced");
    cr_expect_str_eq(destination_word(MISSED), "missed");
}

/* A million domains, each once, and among them three that take a tenth each: these are there, and
 * what is said of each holds. */
Test(destinations, great_ones_among_a_million) {
    static struct destinations d;
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
            destinations_put(&d, &totals);
    }
    destinations_put(&d, &totals);
    cr_expect_eq(totals.texts, DESTINATIONS);
    cr_expect(totals.count <= DESTINATIONS * DESTINATION_FIGURES, "%zu", totals.count);
    for (int g = 0; g < 3; g++) {
        const struct destination *place = find(&d, great[g]);

        cr_assert_not_null(place, "%s", great[g]);
        cr_expect(place->figure[SENT] <= truth[g] &&
                      place->figure[SENT] + place->figure[MISSED] >= truth[g],
                  "%s: %llu of %llu, %llu missed", great[g],
                  (unsigned long long)place->figure[SENT], (unsigned long long)truth[g],
                  (unsigned long long)place->figure[MISSED]);
    }
}

/* The same lines, in one life or in many: the same totals. */
Test(destinations, same_across_lives) {
    static struct destinations one, many;
    static struct totals of_one, of_many;

    destinations_restore(&one, &of_one);
    destinations_restore(&many, &of_many);
    srand(5);
    for (int i = 0; i < 20000; i++) {
        static const enum counter ends[] = {COUNTER_SENT, COUNTER_DEFERRED, COUNTER_BOUNCED};
        enum counter end = ends[rand() % 3];
        char to[64];

        text_format(to, sizeof to, "x@d%d.example", rand() % (1 + rand() % 100));
        note(&one, to, end);
        note(&many, to, end);
        if (rand() % 50 == 0)
            destinations_put(&many, &of_many);
        if (rand() % 50 == 0) {
            destinations_put(&many, &of_many);
            destinations_restore(&many, &of_many);
        }
    }
    destinations_put(&one, &of_one);
    destinations_put(&many, &of_many);
    for (size_t i = 0; i < of_one.count; i++)
        cr_expect_eq(of_one.value[i], totals_get(&of_many, of_one.name[i]), "%s", of_one.name[i]);
    for (size_t i = 0; i < of_many.count; i++)
        cr_expect_eq(of_many.value[i], totals_get(&of_one, of_many.name[i]), "%s", of_many.name[i]);
    cr_assert_eq(of_one.texts, DESTINATIONS);
    for (size_t i = 0; i < of_one.texts; i++)
        cr_expect_str_eq(of_one.text[i].value, totals_text(&of_many, of_one.text[i].name));
}

/* Figures without a name are of nobody. */
Test(destinations, strange_totals) {
    struct destinations d;
    struct totals t = {0};
    const struct destination *place[DESTINATIONS];

    totals_set(&t, "k.0.sent", 5);
    totals_set_text(&t, "k.1.name", SPAN("example.com"));
    destinations_restore(&d, &t);
    cr_expect_eq(destinations_list(&d, place), 0);
    note(&d, "x@example.net", COUNTER_SENT);
    destinations_put(&d, &t);
    cr_expect_eq(totals_get(&t, "k.0.sent"), 1);
    cr_expect_str_eq(totals_text(&t, "k.0.name"), "example.net");
}
