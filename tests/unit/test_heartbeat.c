/* heartbeat.c: what is held back, and how it stands then. That it is sent:
 * tests/process/heartbeat.sh.
 */
#include "heartbeat.h"

#include <criterion/criterion.h>

static int states;

static void on_state(void *arg) {
    (void)arg;
    states++;
}

static struct heartbeat *make(void) {
    static struct receivers receivers;
    struct fault why;
    struct heartbeat *h = heartbeat_new(NULL, on_state, NULL);

    cr_assert_eq(receivers_parse("f",
                                 SPAN("webhook = https://h/1\n"
                                      "heartbeat = https://h/2\nname = deadman\n"),
                                 &receivers, NULL, NULL, &why),
                 0, "%s", why.text);
    heartbeat_list(h, &receivers);
    return h;
}

static struct receiver_report report_of(const struct heartbeat *h) {
    struct receiver_report report = {.count = 0};

    heartbeat_report(h, &report);
    return report;
}

Test(heartbeat, waits_for_the_first_proof) {
    struct heartbeat *h = make();
    struct receiver_report report;

    heartbeat_kick(h, "mx", NULL);
    report = report_of(h);
    cr_assert_eq(report.count, 1, "the webhook is none");
    cr_expect_str_eq(report.receiver[0].name, "deadman");
    cr_expect_str_eq(report.receiver[0].kind, "heartbeat");
    cr_expect_not(report.receiver[0].tells);
    cr_expect_eq(report.receiver[0].condition, RECEIVER_IDLE);
    cr_expect_eq(states, 0);
    heartbeat_free(&h);
}

Test(heartbeat, is_held_back) {
    struct heartbeat *h = make();
    struct receiver_report report;

    heartbeat_prove(h, 1000);
    heartbeat_kick(h, "mx", "held back: a reason");
    heartbeat_kick(h, "mx", "held back: a reason");
    report = report_of(h);
    cr_expect_eq(report.receiver[0].condition, RECEIVER_FAILING);
    cr_expect_str_eq(report.receiver[0].last_error, "held back: a reason");
    cr_expect_neq(report.receiver[0].since_ms, 0);
    cr_expect_eq(states, 1, "told once");
    heartbeat_free(&h);
}

Test(heartbeat, a_message_that_is_overdue) {
    struct heartbeat *h = make();

    heartbeat_prove(h, 1000);
    heartbeat_mail(h, &(struct mailproof){.wanted = true, .overdue = true});
    heartbeat_kick(h, "mx", NULL);
    cr_expect_eq(report_of(h).receiver[0].condition, RECEIVER_FAILING);
    cr_expect_str_eq(report_of(h).receiver[0].last_error,
                     "held back: no canary message was delivered for canary_overdue");
    heartbeat_free(&h);
}

Test(heartbeat, an_old_proof_is_none) {
    struct heartbeat *h = make();

    heartbeat_prove(h, HEARTBEAT_PROOF_MS + 1);
    heartbeat_prove(h, -1);
    heartbeat_kick(h, "mx", NULL);
    cr_expect_eq(report_of(h).receiver[0].condition, RECEIVER_FAILING);
    cr_expect_eq(states, 1);
    heartbeat_free(&h);
}
