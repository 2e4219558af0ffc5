/* fleetsight.c: when many hosts have one cause, who vanished, what is shared. */
#include <criterion/criterion.h>
#include <string.h>

#include "fleetsight.h"

static struct fleet fleet;
static struct fleetsight sight;
static struct fleetsight_limits limits = {50, 2};

static void set_up(void) {
    fleet.gone_after_ms = 60 * 1000;
    fleet.stopped_after_ms = 3600 * 1000;
    fleet.read_ms = 1;
}

static void clear(void) {
    fleet_clear(&fleet);
}

TestSuite(fleetsight, .init = set_up, .fini = clear);

static struct fleet_host *host(const char *name) {
    struct fleet_host *h =
        fleet_see(&fleet, span_of(name), SPAN("1764320000"), INT64_C(1764320000000));

    cr_assert_not_null(h);
    if (h->sum.state == HOSTSUM_UNKNOWN)
        h->sum.state = HOSTSUM_OK;
    return h;
}

static void hosts(int count) {
    char name[16];

    for (int i = 1; i <= count; i++) {
        text_format(name, sizeof name, "mx%02d", i);
        host(name);
    }
}

static void fire(const char *name, const char *id, bool told) {
    struct hostsum *sum = &host(name)->sum;
    struct hostsum_alert *a = &sum->alert[sum->count++];

    sum->queue_messages = 10;
    text_copy(a->id, sizeof a->id, id);
    text_copy(a->diagnosis, sizeof a->diagnosis, "G01 BAD_CREDENTIALS");
    text_format(a->summary, sizeof a->summary, "of %s", name);
    a->severity = SEVERITY_CRITICAL;
    a->told = told;
}

static void look(void) {
    fleetsight_look(&fleet, "mx01", &limits, &sight);
}

Test(fleetsight, half_of_the_hosts) {
    hosts(6);
    fire("mx02", "login-refused", true);
    fire("mx03", "login-refused", true);
    fire("mx05", "queue-growing", true);
    look();
    cr_expect(sight.known);
    cr_expect_eq(sight.alive, 6);
    cr_expect_str_eq(sight.cause, "login-refused");
    cr_expect_eq(sight.affected, 2);
    cr_expect_not(sight.many);
    fire("mx04", "login-refused", false);
    look();
    cr_expect(sight.many, "3 of 6");
    cr_expect_str_eq(sight.title, "of mx02");
    cr_expect_str_eq(sight.affected_names, "mx02, mx03, mx04");
    cr_expect_eq(sight.queue_messages, 30);
    fire("mx06", "login-refused", false);
    look();
    cr_expect_str_eq(sight.affected_names, "mx02, mx03, mx04 and 1 more");
    host("mx02")->sum.count = host("mx03")->sum.count = 0;
    look();
    cr_expect(sight.many, "2 of 6 are more than a quarter: it goes on");
    host("mx04")->sum.count = 0;
    look();
    cr_expect_not(sight.many);
}

Test(fleetsight, floors) {
    hosts(2);
    fire("mx01", "tls-broken", true);
    fire("mx02", "tls-broken", true);
    look();
    cr_expect_not(sight.many, "of two hosts each speaks for itself");
    hosts(3);
    look();
    cr_expect(sight.many, "2 of 3");
    limits.least = 3;
    sight.many = false;
    look();
    cr_expect_not(sight.many, "fleet_least");
}

Test(fleetsight, the_dead_do_not_count) {
    hosts(5);
    fire("mx02", "login-refused", true);
    fire("mx03", "login-refused", true);
    fire("mx04", "login-refused", true);
    host("mx03")->silent_ms = fleet.gone_after_ms;
    host("mx04")->sum.state = HOSTSUM_STOPPED;
    look();
    cr_expect_eq(sight.alive, 3);
    cr_expect_eq(sight.affected, 1);
    cr_expect_not(sight.many);
}

Test(fleetsight, a_cause_stays_while_it_lasts) {
    hosts(4);
    fire("mx01", "login-refused", true);
    fire("mx02", "login-refused", true);
    look();
    cr_expect(sight.many);
    for (int i = 1; i <= 4; i++) {
        char name[16];

        text_format(name, sizeof name, "mx%02d", i);
        fire(name, "queue-growing", true);
    }
    look();
    cr_expect_str_eq(sight.cause, "login-refused");
}

Test(fleetsight, what_is_about_ourselves_has_no_place) {
    hosts(3);
    for (int i = 1; i <= 3; i++) {
        char name[16];

        text_format(name, sizeof name, "mx%02d", i);
        fire(name, "store-down", true);
        fire(name, "hosts-gone", true);
    }
    look();
    cr_expect_not(sight.many);
    cr_expect_str_eq(sight.cause, "");
    cr_expect(fleetsight_counts("login-refused"));
    cr_expect_not(fleetsight_counts("fleet-trouble"));
    cr_expect(fleetsight_is_fleets("fleet-trouble") && fleetsight_is_fleets("hosts-gone"));
    cr_expect_not(fleetsight_is_fleets("store-down"));
}

Test(fleetsight, in_doubt_nothing_is_known) {
    hosts(3);
    look();
    cr_expect(sight.known);
    fleet.read_ms = 0;
    look();
    cr_expect_not(sight.known, "Redis is gone");
    fleet.read_ms = 1;
    host("mx01")->silent_ms = fleet.gone_after_ms;
    look();
    cr_expect_not(sight.known, "our own signs of life do not arrive");
    fleetsight_look(&fleet, "elsewhere", &limits, &sight);
    cr_expect_not(sight.known, "we are not on the list");
}

static void silence(const char *name, int64_t silent_ms, int64_t watched_ms) {
    host(name)->silent_ms = silent_ms;
    host(name)->watched_ms = watched_ms;
}

Test(fleetsight, who_vanished) {
    hosts(5);
    silence("mx03", 90000, 10000);
    look();
    cr_expect_eq(sight.gone, 0, "not watched for long enough: its clock may be wrong");
    silence("mx03", 90000, FLEETSIGHT_WATCHED_MS);
    look();
    cr_expect_eq(sight.gone, 1);
    cr_expect_str_eq(sight.gone_names, "mx03");
    cr_expect_eq(sight.gone_ms, 90000);
    cr_expect_not(sight.joined, "the first");
    silence("mx04", 70000, 70000);
    look();
    cr_expect_eq(sight.gone, 2);
    cr_expect(sight.joined, "one more is news");
    look();
    cr_expect_not(sight.joined, "once");
    silence("mx03", 0, 0);
    look();
    cr_expect_eq(sight.gone, 1);
    cr_expect_not(sight.joined);
}

Test(fleetsight, who_was_stopped_too_long) {
    hosts(3);
    host("mx02")->sum.state = HOSTSUM_STOPPED;
    silence("mx02", 600 * 1000, 600 * 1000);
    look();
    cr_expect_eq(sight.gone, 0);
    cr_expect_eq(sight.stopped, 0);
    silence("mx02", fleet.stopped_after_ms, fleet.stopped_after_ms);
    look();
    cr_expect_eq(sight.gone, 0);
    cr_expect_eq(sight.stopped, 1);
    cr_expect_str_eq(sight.stopped_names, "mx02");
}

Test(fleetsight, shared_is_what_another_living_host_was_called_for) {
    hosts(3);
    fire("mx01", "login-refused", true);
    cr_expect_not(fleetsight_shared(&fleet, "mx01", "login-refused"), "that is us");
    fire("mx02", "login-refused", false);
    cr_expect_not(fleetsight_shared(&fleet, "mx01", "login-refused"), "nobody was called");
    host("mx02")->sum.alert[0].told = true;
    cr_expect(fleetsight_shared(&fleet, "mx01", "login-refused"));
    cr_expect_not(fleetsight_shared(&fleet, "mx01", "tls-broken"));
    host("mx02")->silent_ms = fleet.gone_after_ms;
    cr_expect_not(fleetsight_shared(&fleet, "mx01", "login-refused"), "it is gone");
}

Test(fleetsight, what_was_left_for_a_successor) {
    static const struct {
        const char *text, *id;
        int64_t want;
    } rows[] = {
        {"fleet-trouble 1732340000123", "fleet-trouble", 1732340000123},
        {"fleet-trouble 1732340000123 hosts-gone 1732340000999", "hosts-gone", 1732340000999},
        {"hosts-gone 5", "fleet-trouble", 0},
        {"", "hosts-gone", 0},
        {"hosts-gone", "hosts-gone", 0},
        {"hosts-gone ", "hosts-gone", 0},
        {"hosts-gone x", "hosts-gone", 0},
        {"hosts-gone -5", "hosts-gone", 0},
        {"hosts-gone 99999999999999999999", "hosts-gone", 0},
        {"hosts-gone2 5", "hosts-gone", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(fleetsight_open(rows[i].text, rows[i].id), rows[i].want, "row %zu", i);
}
