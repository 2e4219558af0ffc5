#include "incidents.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct incidents *all;
static struct alert_set *set;
static struct changes changes;
static struct incident_figures figures;
static char *room;

enum { ROOM = 512 * 1024 };

static void begin(void) {
    all = calloc(1, sizeof *all);
    set = calloc(1, sizeof *set);
    room = calloc(1, ROOM);
    memset(&changes, 0, sizeof changes);
    memset(&figures, 0, sizeof figures);
}

static void finish(void) {
    free(all);
    free(set);
    free(room);
}

static struct alert *fire(int64_t since_ms) {
    struct alert *a = &set->alert[0];

    memset(a, 0, sizeof *a);
    set->count = 1;
    text_copy(a->id, sizeof a->id, "login-refused");
    a->diagnosis = DIAGNOSIS_G01_BAD_CREDENTIALS;
    a->severity = SEVERITY_WARNING;
    a->party = PARTY_OURS;
    text_copy(a->relayhost, sizeof a->relayhost, "b.example");
    a->since_ms = since_ms;
    text_copy(a->summary, sizeof a->summary, "refused");
    text_copy(a->evidence, sizeof a->evidence, "535 no");
    return a;
}

static bool follow(int64_t now_ms) {
    return incidents_follow(all, set, &figures, &changes, now_ms);
}

Test(incidents, from_beginning_to_end, .init = begin, .fini = finish) {
    struct alert *a = fire(10000000);
    const struct incident *i;

    changes_note(&changes, 9990000, "main.cf was changed");
    changes_note(&changes, 1000000, "long ago");
    figures.sent = 100;
    cr_expect(follow(10000000));
    cr_expect_not(follow(10001000), "nothing new");
    a->severity = SEVERITY_CRITICAL;
    cr_expect(follow(10002000), "worse");
    a->severity = SEVERITY_WARNING;
    a->count = 9;
    figures = (struct incident_figures){.sent = 110, .deferred = 7, .bounced = 1, .waiting = 12};
    follow(10003000);
    figures.waiting = 3;
    a->ended_ms = 10005000;
    cr_expect(follow(10005000));
    cr_expect_not(follow(10006000));
    i = incidents_find(all, SPAN("login-refused"));
    cr_assert_not_null(i);
    cr_expect_eq(i, incidents_find(all, SPAN("1")));
    cr_expect_eq(i->since_ms, 10000000);
    cr_expect_eq(i->ended_ms, 10005000);
    cr_expect_eq(i->severity, SEVERITY_CRITICAL, "the worst");
    cr_expect_eq(i->count, 9u);
    cr_expect_eq(i->after.sent - i->before.sent, 10u);
    cr_expect_eq(i->after.deferred, 7u);
    cr_expect_eq(i->after.waiting, 12u, "the most");
    cr_assert_eq(i->changes, 1);
    cr_expect_str_eq(i->change[0].text, "main.cf was changed");
    cr_expect_null(incidents_find(all, SPAN("2")));
    cr_expect_null(incidents_get(all, 1));
}

Test(incidents, what_made_it_fire_is_in_its_figures, .init = begin, .fini = finish) {
    follow(9000000);
    fire(10000000);
    figures.deferred = 5;
    follow(10000000);
    cr_expect_eq(incidents_get(all, 0)->before.deferred, 0u);
    cr_expect_eq(incidents_get(all, 0)->after.deferred, 5u);
}

/* relay-unreachable waits 10 seconds, "later" to one message 11 minutes: since_ms is before that.
 */
Test(incidents, what_failed_while_a_rule_waited_is_in_its_figures, .init = begin, .fini = finish) {
    static const int64_t waits_s[] = {10, 60, 660};

    for (size_t n = 0; n < sizeof waits_s / sizeof waits_s[0]; n++) {
        int64_t began_ms = 10000000 + (int64_t)n * 7200000;

        set->count = 0;
        for (int64_t s = -700; s < waits_s[n]; s++) {
            figures.sent += s == -300;
            figures.deferred += s == 0 ? 3 : 0;
            follow(began_ms + s * 1000);
        }
        fire(began_ms);
        follow(began_ms + waits_s[n] * 1000);
        cr_expect_eq(incidents_get(all, 0)->after.deferred - incidents_get(all, 0)->before.deferred,
                     3u, "%zu", n);
        cr_expect_eq(incidents_get(all, 0)->before.sent, incidents_get(all, 0)->after.sent, "%zu",
                     n);
    }
}

Test(incidents, taken_back_and_lost, .init = begin, .fini = finish) {
    struct alert *a = fire(10000000);

    follow(10000000);
    a->ended_ms = 10005000;
    follow(10005000);
    a->ended_ms = 0;
    cr_expect(follow(10006000), "it goes on under the same beginning");
    cr_expect_eq(incidents_get(all, 0)->ended_ms, 0);
    set->count = 0;
    cr_expect(follow(20000000), "ended while we were down");
    cr_expect_eq(incidents_get(all, 0)->ended_ms, 20000000);
    fire(30000000)->ended_ms = 30001000;
    cr_expect_not(follow(30001000), "of one that nobody saw fire there is nothing");
}

Test(incidents, kept_bounded_and_taken, .init = begin, .fini = finish) {
    struct keptout out = {room, 0, ROOM, false};
    struct incidents *again = calloc(1, sizeof *again);
    struct span text, line;

    changes_note(&changes, 10000000, "main.cf was changed");
    for (int n = 0; n < INCIDENTS + 6; n++) {
        struct alert *a = fire(10000000 + n * 1000);

        text_copy(a->silenced_who, sizeof a->silenced_who, "ann");
        text_copy(a->silenced_why, sizeof a->silenced_why, "known");
        follow(10000000 + n * 1000);
        a->ended_ms = a->since_ms + 500;
        follow(a->ended_ms);
    }
    cr_expect_eq(incidents_get(all, 0)->number, INCIDENTS + 6u);
    cr_expect_eq(incidents_get(all, INCIDENTS - 1)->number, 7u);
    cr_expect_null(incidents_get(all, INCIDENTS));
    incidents_print(all, &out);
    cr_assert_not(out.full);
    text = (struct span){room, out.n};
    while (keptline_next(&text, &line))
        cr_expect(incidents_take(again, line), "%.*s", (int)line.n, line.p);
    cr_expect_eq(memcmp(again->incident, all->incident, sizeof all->incident), 0);
    cr_expect_eq(again->last, all->last);
    cr_expect_not(incidents_take(again, SPAN("incident 3 a G01 1 1 0 1")), "older than the last");
    cr_expect_not(incidents_take(again, SPAN("summary 3 of another")));
    cr_expect_not(incidents_take(again, SPAN("")));
    free(again);
}
