/* fleet.c: who is silent, by our own clock alone; who was forgotten; worst first; sums. */
#include <criterion/criterion.h>
#include <string.h>

#include "fleet.h"

static struct fleet fleet;
static const int64_t wall_ms = INT64_C(1764320000000);

static void set_up(void) {
    fleet.gone_after_ms = 60 * 1000;
    fleet.stopped_after_ms = 3600 * 1000;
}

static void clear(void) {
    fleet_clear(&fleet);
}

TestSuite(fleet, .init = set_up, .fini = clear);

/* One reading: "name score" pairs. */
static void read_index(int64_t mono_ms, const char *const *pair, size_t count) {
    fleet_begin(&fleet, mono_ms);
    for (size_t i = 0; i < count; i++) {
        const char *blank = strchr(pair[i], ' ');

        (void)fleet_see(&fleet, (struct span){pair[i], (size_t)(blank - pair[i])},
                        span_of(blank + 1), wall_ms);
    }
    fleet_end(&fleet);
}

#define READ(mono_ms, ...)                                                                         \
    read_index(mono_ms, (const char *const[]){__VA_ARGS__},                                        \
               sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static struct fleet_host *host(const char *name) {
    return (struct fleet_host *)(void *)fleet_find(&fleet, name);
}

Test(fleet, silence_is_what_we_watched) {
    READ(1000, "a 1764320000.000", "b 1764320000.000");
    cr_expect(host("a")->wanted, "a new host's summary is read");
    host("a")->sum.state = host("b")->sum.state = HOSTSUM_OK;
    host("a")->wanted = host("b")->wanted = false;
    for (int64_t t = 2000; t <= 61000; t += 1000)
        READ(t, "a 1764320000.000", "b 1764320009.5");
    cr_expect_eq(fleet_state(&fleet, host("a")), FLEET_GONE);
    cr_expect_eq(host("a")->silent_ms, 60000);
    cr_expect_eq(host("b")->silent_ms, 59000, "its sign of life was seen at 2 s");
    cr_expect_eq(fleet_state(&fleet, host("b")), FLEET_OK);
    cr_expect(host("b")->wanted && !host("a")->wanted);
    READ(62000, "a 1764319999.000", "b 1764320009.5");
    cr_expect_eq(fleet_state(&fleet, host("a")), FLEET_OK,
                 "any other score is a sign of life, also after a clock was set back");
}

Test(fleet, time_that_was_not_watched_does_not_count) {
    READ(1000, "a 1764320000");
    host("a")->sum.state = HOSTSUM_OK;
    READ(31000, "a 1764320000");
    cr_expect_eq(host("a")->silent_ms, FLEET_STEP_MOST_MS, "a pause of ours is no silence of it");
    fleet_interrupt(&fleet);
    READ(91000, "a 1764320000");
    cr_expect_eq(host("a")->silent_ms, FLEET_STEP_MOST_MS, "nor is a Redis that was away");
    cr_expect_eq(host("a")->watched_ms, FLEET_STEP_MOST_MS);
}

Test(fleet, the_first_look_believes_the_score) {
    READ(1000, "old 1764319900", "ahead 1764329999", "strange nan", "none inf");
    cr_expect_eq(host("old")->silent_ms, 100 * 1000);
    cr_expect_eq(host("old")->watched_ms, 0, "but that was not watched");
    cr_expect_eq(fleet_state(&fleet, host("old")), FLEET_GONE);
    cr_expect_eq(host("ahead")->silent_ms, 0);
    cr_expect_eq(host("strange")->silent_ms, 0);
    cr_expect_eq(host("none")->silent_ms, 0);
}

Test(fleet, the_forgotten_leave) {
    READ(1000, "c 1", "a 1", "b 1");
    cr_expect_eq(fleet.count, 3);
    cr_expect_str_eq(fleet.host[0]->name, "a");
    cr_expect_str_eq(fleet.host[2]->name, "c");
    READ(2000, "c 1", "a 1");
    cr_expect_eq(fleet.count, 2);
    cr_expect_null(fleet_find(&fleet, "b"));
    cr_expect_not_null(fleet_find(&fleet, "c"));
    READ(3000, "b 2", "c 1", "a 1");
    cr_expect(host("b")->wanted, "who comes back is a new one");
}

Test(fleet, no_more_than_there_are_places) {
    char name[16];

    fleet_begin(&fleet, 1);
    for (int i = 0; i < FLEET_HOSTS + 3; i++) {
        text_format(name, sizeof name, "h%03d", i);
        cr_expect_eq(fleet_see(&fleet, span_of(name), SPAN("1"), wall_ms) != NULL, i < FLEET_HOSTS);
    }
    fleet_end(&fleet);
    cr_expect_eq(fleet.count, FLEET_HOSTS);
    cr_expect(fleet.more);
    cr_expect_null(fleet_see(&fleet, (struct span){"", 0}, SPAN("1"), wall_ms));
}

Test(fleet, worst_first) {
    static const char *const want[] = {"crit-old", "crit-new", "away", "warn",
                                       "stopped",  "ok-a",     "ok-b"};
    const struct fleet_host *sorted[FLEET_HOSTS];

    READ(1000, "ok-b 1764320000", "ok-a 1764320000", "stopped 1764310000", "crit-new 1764320000",
         "crit-old 1764320000", "away 1764319000", "warn 1764320000");
    host("ok-a")->sum.state = host("ok-b")->sum.state = HOSTSUM_OK;
    host("ok-a")->sum.since_ms = 2;
    host("ok-b")->sum.since_ms = 1;
    host("away")->sum.state = HOSTSUM_OK;
    host("warn")->sum.state = HOSTSUM_WARNING;
    host("stopped")->sum.state = HOSTSUM_STOPPED;
    host("crit-new")->sum.state = host("crit-old")->sum.state = HOSTSUM_CRITICAL;
    host("crit-new")->sum.since_ms = 9;
    host("crit-old")->sum.since_ms = 5;
    cr_assert_eq(fleet_sort(&fleet, sorted), 7);
    for (int i = 0; i < 7; i++)
        cr_expect_str_eq(sorted[i]->name, want[i]);
}

Test(fleet, sums_of_all_and_rates_of_the_living) {
    char text[160];
    struct fleet_figures f;

    fleet_headline(&fleet, text, sizeof text);
    cr_expect_str_eq(text, "0 hosts");
    cr_expect_eq(fleet_sum(&fleet).worst, FLEET_UNKNOWN);
    READ(1000, "a 1764320000", "b 1764319000", "s 1764319990");
    host("a")->sum = (struct hostsum){
        .state = HOSTSUM_OK, .queue_messages = 3, .rate = {5}, .figure = {100, 90}};
    host("b")->sum =
        (struct hostsum){.state = HOSTSUM_OK, .queue_messages = 7, .rate = {1}, .figure = {10, 9}};
    host("s")->sum = (struct hostsum){.state = HOSTSUM_STOPPED, .rate = {1}, .figure = {1, 1}};
    f = fleet_sum(&fleet);
    cr_expect_eq(f.figure[0], 111);
    cr_expect_eq(f.figure[1], 100);
    cr_expect_float_eq(f.rate[0], 5, 0.001, "what a host that is gone does is not known");
    cr_expect_eq(f.queue_messages, 3);
    cr_expect_eq(f.worst, FLEET_GONE);
    fleet_headline(&fleet, text, sizeof text);
    cr_expect_str_eq(text, "3 hosts: 1 gone, 1 stopped, 1 ok");
}

Test(fleet, a_stop_is_well_for_a_while) {
    READ(1000, "a 1764319990", "b 1764320000");
    host("a")->sum.state = HOSTSUM_STOPPED;
    host("b")->sum.state = HOSTSUM_OK;
    cr_expect_eq(fleet_sum(&fleet).worst, FLEET_OK);
    host("a")->silent_ms = fleet.stopped_after_ms;
    cr_expect_eq(fleet_sum(&fleet).worst, FLEET_WARNING);
    cr_expect_eq(fleet_state(&fleet, host("a")), FLEET_STOPPED, "never gone");
}
