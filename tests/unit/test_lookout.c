/* lookout.c: what counts as the relay's own fault, what is only about a message, clocks that jump
 * and are set right. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "state.h"

#define NOW INT64_C(1800000000000)

static struct daemon *d;
static const struct rules_limits no_limits;

static void begin(void) {
    d = calloc(1, sizeof *d);
    cr_assert_not_null(d);
    d->rules = rules_new(&no_limits);
    d->conf.failures_per_1000 = 1;
    d->conf.failures_least = 10;
    lookout_init(&d->lookout);
}

static void finish(void) {
    rules_free(&d->rules);
    free(d);
}

static void deliver(enum mailev_status status, enum diagnosis diagnosis) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .status = status,
                        .diagnosis = diagnosis,
                        .daemon = SPAN("smtp"),
                        .text = SPAN("its words\033")};

    lookout_note(&d->lookout, &ev, (struct ledger_noted){0}, NOW);
}

static void put_off(bool retried) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .status = MAILEV_STATUS_DEFERRED,
                        .diagnosis = DIAGNOSIS_G18_TEMP_SYSTEM,
                        .daemon = SPAN("smtp")};

    lookout_note(&d->lookout, &ev, (struct ledger_noted){.id = 1, .retried = retried}, NOW);
}

static void expire(bool ours) {
    struct mailev ev = {.kind = MAILEV_EXPIRED, .daemon = SPAN("qmgr")};

    lookout_note(&d->lookout, &ev, (struct ledger_noted){.id = 1, .ours = ours}, NOW);
}

static struct signals look(void) {
    struct signals s = {.health = &d->health};

    lookout_fill(d, &s, NOW, 1000);
    return s;
}

Test(lookout, whose_fault_it_is, .init = begin, .fini = finish) {
    struct signals s;

    deliver(MAILEV_STATUS_SENT, DIAGNOSIS_NONE);
    deliver(MAILEV_STATUS_BOUNCED, DIAGNOSIS_G27_RECIPIENT);
    deliver(MAILEV_STATUS_BOUNCED, DIAGNOSIS_G24_REPUTATION_POLICY);
    s = look();
    cr_expect_eq(s.burn->bad, 0u);
    cr_expect_eq(s.burn->all, 3u);
    cr_expect_eq(s.returned, 0u);
    cr_expect_eq(s.unwanted, 1u);
    cr_expect_eq(s.unwanted_returned, 1u);
    deliver(MAILEV_STATUS_DEFERRED, DIAGNOSIS_G24_REPUTATION_POLICY);
    s = look();
    cr_expect_eq(s.unwanted, 2u);
    cr_expect_eq(s.unwanted_returned, 1u, "a deferral is not lost");
    cr_expect_eq(s.judged, 4u);
    cr_expect_eq(s.unwanted_for, DIAGNOSIS_G24_REPUTATION_POLICY);
    cr_expect_str_eq(s.unwanted_evidence, "its words?");
    deliver(MAILEV_STATUS_DEFERRED, DIAGNOSIS_N02_CONNECT_REFUSED);
    deliver(MAILEV_STATUS_BOUNCED, DIAGNOSIS_G06_AUTH_REQUIRED);
    s = look();
    cr_expect_eq(s.burn->bad, 2u);
    cr_expect_eq(s.returned, 1u, "only what was returned");
    cr_expect_eq(s.returned_for, DIAGNOSIS_G06_AUTH_REQUIRED);
    cr_expect_str_eq(s.returned_evidence, "its words?");
}

Test(lookout, later_once_is_no_failure, .init = begin, .fini = finish) {
    put_off(false);
    cr_expect_eq(look().burn->bad, 0u);
    put_off(true);
    cr_expect_eq(look().burn->bad, 1u);
    cr_expect_eq(look().burn->all, 2u);
}

Test(lookout, a_full_mailbox_expires_quietly, .init = begin, .fini = finish) {
    expire(false);
    cr_expect_eq(look().expired, 0u);
    expire(true);
    cr_expect_eq(look().expired, 1u);
    cr_expect_eq(look().expired_ms, NOW);
}

/* As if the clock had been off by so much at the last look. */
static void was_off_by(int64_t ms) {
    d->lookout.clock_offset_ms = clock_wall_ms() - clock_mono_ms() + ms;
}

Test(lookout, a_clock_that_was_set_right, .init = begin, .fini = finish) {
    int64_t mono_ms = clock_mono_ms();
    struct signals s = {.health = &d->health};

    was_off_by(-3600 * 1000);
    lookout_tick(d, mono_ms);
    lookout_fill(d, &s, clock_wall_ms(), mono_ms);
    cr_expect_geq(s.clock_jumped_ms, 3599 * 1000);
    cr_expect_leq(s.clock_jumped_ms, 3601 * 1000);
    was_off_by(3600 * 1000);
    lookout_tick(d, mono_ms + 1000);
    lookout_fill(d, &s, clock_wall_ms(), mono_ms + 1000);
    cr_expect_lt(llabs(s.clock_jumped_ms), 2000, "there and back: %lld",
                 (long long)s.clock_jumped_ms);
}

Test(lookout, a_jump_is_told_for_ten_minutes, .init = begin, .fini = finish) {
    int64_t mono_ms = clock_mono_ms();
    struct signals s = {.health = &d->health};

    was_off_by(-3600 * 1000);
    lookout_tick(d, mono_ms);
    lookout_fill(d, &s, clock_wall_ms(), mono_ms + 601 * 1000);
    cr_expect_eq(s.clock_jumped_ms, 0);
}
