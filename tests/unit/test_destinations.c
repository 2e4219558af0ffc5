/* destinations.c: what is counted for which domain. */
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
        struct busiest d = {0};
        const struct busiest_place *place[BUSIEST_PLACES];

        note(&d, rows[i].to, COUNTER_SENT);
        cr_assert_eq(busiest_list(&d, &destinations_kind, place), rows[i].want != NULL, "%s",
                     rows[i].to);
        if (rows[i].want != NULL)
            cr_expect_str_eq(place[0]->name, rows[i].want);
    }
}

Test(destinations, what_is_counted) {
    struct mailev removed = {
        .kind = MAILEV_REMOVED, .counters = COUNTER_BIT(COUNTER_SENT), .to = SPAN("a@example.com")};
    struct busiest d = {0};
    const struct busiest_place *place[BUSIEST_PLACES];

    note(&d, "a@example.com", COUNTER_SENT);
    note(&d, "b@example.com", COUNTER_SENT);
    note(&d, "b@example.com", COUNTER_DEFERRED);
    note(&d, "a@example.net", COUNTER_BOUNCED);
    note(&d, "a@example.net", COUNTER_AUTH_FAILURES);
    destinations_note(&d, &removed);
    cr_assert_eq(busiest_list(&d, &destinations_kind, place), 2);
    cr_expect_str_eq(place[0]->name, "example.com", "the greater one first");
    cr_expect_eq(place[0]->figure[SENT], 2);
    cr_expect_eq(place[0]->figure[DEFERRED], 1);
    cr_expect_eq(place[0]->figure[BOUNCED], 0);
    cr_expect_eq(place[1]->figure[BOUNCED], 1);
    cr_expect_eq(place[1]->figure[MISSED], 0);
    cr_expect_str_eq(busiest_word(&destinations_kind, BOUNCED), "bounced");
    cr_expect_str_eq(busiest_word(&destinations_kind, MISSED), "missed");
}
