/* rulesfleet.c: who speaks for the fleet has its alerts; who does not, or cannot see, says nothing
 * new. */
#include <criterion/criterion.h>

#include "fleetsight.h"
#include "rules_world.h"

static struct world w;
static struct fleetsight sight;

static void begin(void) {
    world_begin(&w);
    w.s.fleet = &sight;
    sight = (struct fleetsight){.known = true, .leads = true, .alive = 6};
}

static void end(void) {
    rules_free(&w.rules);
}

TestSuite(rulesfleet, .init = begin, .fini = end);

static const struct alert *eval(const char *id) {
    const struct alert_set *set;

    w.now_ms += 1000;
    rules_eval(w.rules, &w.s, w.now_ms);
    set = rules_alerts(w.rules);
    for (int i = 0; i < set->count; i++) {
        if (strcmp(set->alert[i].id, id) == 0 && set->alert[i].ended_ms == 0)
            return &set->alert[i];
    }
    return NULL;
}

static void many(void) {
    sight.many = true;
    sight.affected = 4;
    sight.severity = SEVERITY_CRITICAL;
    sight.queue_messages = 812;
    text_copy(sight.cause, sizeof sight.cause, "login-refused");
    text_copy(sight.diagnosis, sizeof sight.diagnosis, "G01 BAD_CREDENTIALS");
    text_copy(sight.title, sizeof sight.title, "The smarthost refuses our login.");
    text_copy(sight.affected_names, sizeof sight.affected_names, "a, b, c and 1 more");
}

Test(rulesfleet, one_alert_for_many) {
    const struct alert *a;

    cr_expect_null(eval("fleet-trouble"));
    many();
    a = eval("fleet-trouble");
    cr_assert_not_null(a);
    cr_expect_str_eq(a->summary, "4 of 6 hosts: The smarthost refuses our login.");
    cr_expect_str_eq(a->evidence, "login-refused on a, b, c and 1 more");
    cr_expect_eq(a->diagnosis, DIAGNOSIS_G01_BAD_CREDENTIALS);
    cr_expect_eq(a->severity, SEVERITY_CRITICAL);
    cr_expect_not_null(strstr(a->impact, "812 messages wait on these hosts"));
    sight.many = false;
    cr_expect_null(eval("fleet-trouble"));
}

Test(rulesfleet, who_cannot_see_goes_on_but_begins_nothing) {
    many();
    sight.known = false;
    cr_expect_null(eval("fleet-trouble"));
    sight.known = true;
    cr_expect_not_null(eval("fleet-trouble"));
    sight.known = false;
    sight.many = false;
    cr_expect_not_null(eval("fleet-trouble"));
    sight.known = true;
    sight.leads = false;
    sight.many = true;
    cr_expect_null(eval("fleet-trouble"), "somebody else speaks now");
    w.s.fleet = NULL;
    cr_expect_null(eval("fleet-trouble"), "no Redis, no fleet");
}

Test(rulesfleet, a_host_that_is_gone) {
    const struct alert *a;

    sight.gone = 1;
    sight.gone_ms = 75000;
    text_copy(sight.gone_names, sizeof sight.gone_names, "mx3");
    a = eval("hosts-gone");
    cr_assert_not_null(a);
    cr_expect_str_eq(a->summary, "No sign of life from mx3 for 75 s");
    cr_expect_eq(a->severity, SEVERITY_CRITICAL);
    cr_expect_eq(a->diagnosis, DIAGNOSIS_W20_HOST_GONE);
    sight.gone = 2;
    sight.joined = true;
    text_copy(sight.gone_names, sizeof sight.gone_names, "mx3, mx4");
    cr_expect_null(eval("hosts-gone"), "one more: it ends and begins anew");
    sight.joined = false;
    a = eval("hosts-gone");
    cr_assert_not_null(a);
    cr_expect_str_eq(a->summary, "No sign of life from 2 hosts: mx3, mx4");
    sight.gone = 0;
    cr_expect_null(eval("hosts-gone"));
}

Test(rulesfleet, a_stop_that_lasts) {
    const struct alert *a;

    sight.stopped = 1;
    text_copy(sight.stopped_names, sizeof sight.stopped_names, "mx3");
    a = eval("hosts-gone");
    cr_assert_not_null(a);
    cr_expect_eq(a->severity, SEVERITY_WARNING);
    cr_expect_str_eq(a->summary, "relaywatchd was stopped and not started again on mx3");
}

/* The host that spoke died, and the trouble was over before another one began to speak. */
Test(rulesfleet, what_a_predecessor_left_fires_once_and_ends) {
    sight.trouble_open = true;
    cr_assert_not_null(eval("fleet-trouble"));
    cr_expect_null(eval("fleet-trouble"));
    sight.trouble_open = false;
    sight.gone_open = true;
    cr_assert_not_null(eval("hosts-gone"));
    cr_expect_null(eval("hosts-gone"));
    sight.trouble_open = true;
    sight.leads = false;
    cr_expect_null(eval("fleet-trouble"), "another host's business");
}
