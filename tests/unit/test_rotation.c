/* rotation.c: each way through a change of the login, and that a kill at any point loses none. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "rotation.h"

enum { OF_BEFORE = 7 }; /* a serial of long before our time */

static struct rotation r;
static struct health health;
static int64_t now;  /* both clocks */
static int last_ask; /* what was asked last */

static void begin(void) {
    rotation_init(&r);
    memset(&health, 0, sizeof health);
    now = 1000 * 1000;
    last_ask = 0;
}

/* As a kill would: only what is kept comes back. */
static void crash(void) {
    char *text = malloc(ROTATION_TEXT_MAX);
    size_t n = rotation_print(&r, text, ROTATION_TEXT_MAX);

    cr_assert_lt(n, ROTATION_TEXT_MAX - 1);
    cr_assert(rotation_parse(&r, (struct span){text, n}, now), "%s", text);
    free(text);
}

static void reply(enum keeper_verb verb, enum keeper_outcome outcome, uint64_t serial,
                  enum keeper_origin origin, bool held) {
    struct keeper_reply answer = {
        .version = KEEPERQ_VERSION, .verb = (uint32_t)verb, .outcome = (uint32_t)outcome};

    text_copy(answer.credential.user, sizeof answer.credential.user, "me@example.com");
    text_copy(answer.detail, sizeof answer.detail, outcome == KEEPER_DONE ? "" : "because");
    answer.credential.serial = serial;
    answer.credential.applied_ms = serial == OF_BEFORE  ? 1
                                   : serial == r.serial ? r.applied_ms
                                                        : now;
    answer.credential.origin = origin;
    answer.credential.has_previous = origin != KEEPER_ORIGIN_UNDO;
    answer.credential.held = held;
    rotation_on_reply(&r, verb, &answer, &health, now, now);
}

static void delivery_at(const char *relayhost, uint32_t pid, enum mailev_status status,
                        enum diagnosis diagnosis, int64_t took_ms) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .status = status,
                        .diagnosis = diagnosis,
                        .pid = pid,
                        .daemon = SPAN("smtp"),
                        .relayhost = span_of(relayhost),
                        .text = SPAN("535 5.7.8 no"),
                        .delays_us = {0, 0, took_ms * 500, took_ms * 500}};

    health_note(&health, &ev, now);
    rotation_note(&r, &ev, &health, now);
}

static void delivery(uint32_t pid, enum mailev_status status, enum diagnosis diagnosis,
                     int64_t took_ms) {
    delivery_at("", pid, status, diagnosis, took_ms);
}

static void sent(uint32_t pid) {
    delivery(pid, MAILEV_STATUS_SENT, DIAGNOSIS_NONE, 20);
}

static void refused(uint32_t pid) {
    delivery(pid, MAILEV_STATUS_DEFERRED, DIAGNOSIS_G01_BAD_CREDENTIALS, 20);
}

/* Lets time pass in steps of a second until something is asked. */
static int ask_within(int seconds) {
    for (int i = 0; i <= seconds; i++) {
        int verb = rotation_due(&r, now, now);

        if (verb != 0) {
            rotation_asked(&r, verb);
            last_ask = verb;
            return verb;
        }
        now += 1000;
    }
    return 0;
}

static void put_in_place(uint64_t serial) {
    reply(KEEPER_APPLY, KEEPER_DONE, serial, KEEPER_ORIGIN_EDIT, false);
    cr_assert_eq(r.state, ROTATION_CONFIRMING);
    now += 1000;
}

Test(rotation, confirmed_by_a_process_of_after_it, .init = begin) {
    sent(10); /* of before */
    reply(KEEPER_APPLY, KEEPER_UNCHANGED, 4, KEEPER_ORIGIN_EDIT, false);
    put_in_place(5);
    sent(10);
    cr_expect_eq(r.confirmed_ms, 0, "an old process proves nothing");
    delivery(11, MAILEV_STATUS_SENT, DIAGNOSIS_NONE, 5000);
    cr_expect_eq(r.confirmed_ms, 0, "nor one that began its first delivery before the change");
    sent(12);
    cr_expect_eq(r.state, ROTATION_SETTLING);
    cr_expect_eq(r.confirmed_ms, now);
    cr_expect(r.tell && r.to_tell.what == ROTATION_CONFIRMED);
    cr_expect_eq(rotation_revocable_ms(&r), now + 900000);
    cr_expect_eq(ask_within(800), 0);
    cr_expect_eq(ask_within(200), KEEPER_FINISH);
    cr_expect_eq(r.state, ROTATION_IDLE);
    cr_expect(r.tell && r.to_tell.what == ROTATION_REVOCABLE);
    cr_expect_eq(ask_within(3600), 0);
}

static void reloaded(void) {
    struct mailev ev = {.kind = MAILEV_LIFECYCLE,
                        .daemon = SPAN("master"),
                        .message = SPAN("reload -- version 3.7.11, configuration /etc/postfix")};

    rotation_note(&r, &ev, &health, now);
}

/* What waited is sent at once, by a process that goes on for a hundred messages. */
Test(rotation, a_process_that_began_with_the_change_is_new_after_the_reload, .init = begin) {
    reloaded();
    now += 1000;
    put_in_place(1);
    now += 100 - 1000;
    sent(11);
    now += 2000;
    sent(11);
    cr_expect_eq(r.state, ROTATION_CONFIRMING, "the reload was before the change");
    reloaded();
    now += 100;
    sent(11);
    cr_expect_eq(r.state, ROTATION_CONFIRMING, "it may have begun before the reload");
    now += 2000;
    delivery(11, MAILEV_STATUS_SENT, DIAGNOSIS_NONE, 1900);
    cr_expect_eq(r.state, ROTATION_CONFIRMING, "and so may this");
    sent(11);
    cr_expect_eq(r.state, ROTATION_SETTLING);
}

Test(rotation, and_is_believed_when_it_is_refused, .init = begin) {
    put_in_place(1);
    now += 100 - 1000;
    reloaded();
    sent(11);
    now += 2000;
    refused(11);
    cr_expect_eq(ask_within(12), KEEPER_UNDO);
}

Test(rotation, not_confirmed_is_kept_and_never_forgotten, .init = begin) {
    put_in_place(1);
    cr_expect_eq(ask_within(7200), 0, "without mail there is no proof, and the old one is kept");
    cr_expect_eq(rotation_revocable_ms(&r), 0);
    crash();
    sent(99);
    cr_expect_eq(r.state, ROTATION_SETTLING);
}

Test(rotation, many_failures_of_new_processes_take_it_back, .init = begin) {
    sent(10);
    put_in_place(1);
    refused(10);
    refused(10);
    refused(10);
    cr_expect_eq(rotation_due(&r, now, now), 0, "an old process may fail with the old login");
    refused(20);
    refused(21);
    cr_expect_eq(rotation_due(&r, now, now), 0);
    refused(20);
    cr_expect_eq(ask_within(0), KEEPER_UNDO);
    reply(KEEPER_UNDO, KEEPER_DONE, 2, KEEPER_ORIGIN_UNDO, false);
    cr_expect_eq(r.problem, ROTATION_ROLLED_BACK);
    cr_expect_not_null(strstr(r.detail, "535"));
    cr_expect(r.tell && r.to_tell.what == ROTATION_PUT_BACK);
    cr_expect_eq(rotation_event(&r, 0)->what, ROTATION_PUT_BACK);
    cr_expect_eq(rotation_revocable_ms(&r), 0);
    /* The file still has it, then not. */
    reply(KEEPER_APPLY, KEEPER_UNCHANGED, 2, KEEPER_ORIGIN_UNDO, false);
    cr_expect_eq(r.problem, ROTATION_ROLLED_BACK);
    reply(KEEPER_APPLY, KEEPER_REFUSED, 2, KEEPER_ORIGIN_UNDO, false);
    reply(KEEPER_APPLY, KEEPER_UNCHANGED, 2, KEEPER_ORIGIN_UNDO, false);
    cr_expect_eq(r.problem, ROTATION_FINE);
}

Test(rotation, one_failure_and_silence_take_it_back_within_a_minute, .init = begin) {
    int64_t since = now;

    put_in_place(1);
    refused(20);
    cr_expect_eq(ask_within(30), KEEPER_UNDO);
    cr_expect_leq(now - since, 20000);
}

Test(rotation, one_failure_and_a_success_do_not, .init = begin) {
    put_in_place(1);
    refused(20);
    now += 2000;
    sent(21);
    cr_expect_eq(ask_within(120), KEEPER_FLUSH, "what it put off is sent");
    cr_expect_eq(ask_within(120), 0);
    refused(20);
    refused(20);
    refused(20);
    cr_expect_eq(ask_within(0), KEEPER_UNDO, "within five minutes it may still go wrong");
}

Test(rotation, trouble_of_other_kinds_is_not_the_logins, .init = begin) {
    put_in_place(1);
    for (int i = 0; i < 9; i++)
        delivery(20, MAILEV_STATUS_DEFERRED, DIAGNOSIS_N01_CONNECT_TIMEOUT, 20);
    cr_expect_eq(ask_within(60), 0);
}

Test(rotation, it_swings_once, .init = begin) {
    put_in_place(1);
    refused(20);
    refused(20);
    refused(20);
    cr_expect_eq(ask_within(0), KEEPER_UNDO);
    reply(KEEPER_UNDO, KEEPER_UNCHANGED, 1, KEEPER_ORIGIN_EDIT, false);
    cr_expect_eq(r.state, ROTATION_CONFIRMING, "the old one is dead, the new one is not: it stays");
    for (int i = 0; i < 50; i++)
        refused(20);
    cr_expect_eq(ask_within(600), 0);
    put_in_place(2);
    refused(30);
    refused(30);
    refused(30);
    cr_expect_eq(ask_within(0), KEEPER_UNDO, "a new change has its own");
}

Test(rotation, both_dead_after_a_change, .init = begin) {
    put_in_place(1);
    refused(20);
    refused(20);
    refused(20);
    cr_expect_eq(ask_within(0), KEEPER_UNDO);
    reply(KEEPER_UNDO, KEEPER_REFUSED, 1, KEEPER_ORIGIN_EDIT, false);
    cr_expect_eq(r.problem, ROTATION_BOTH_DEAD);
    cr_expect_eq(ask_within(0), KEEPER_HOLD);
    reply(KEEPER_HOLD, KEEPER_DONE, 1, KEEPER_ORIGIN_EDIT, true);
    cr_expect_eq(r.state, ROTATION_HELD);
    cr_expect(r.tell && r.to_tell.what == ROTATION_HELD_BACK);
    for (int i = 0; i < 20; i++) {
        cr_expect_eq(ask_within(15), KEEPER_NUDGE, "looks, without trying a login");
        reply(KEEPER_NUDGE, KEEPER_UNCHANGED, 1, KEEPER_ORIGIN_EDIT, true);
        cr_expect_eq(r.state, ROTATION_HELD);
    }
    reply(KEEPER_APPLY, KEEPER_DONE, 2, KEEPER_ORIGIN_EDIT, false);
    cr_expect_eq(r.state, ROTATION_CONFIRMING);
    cr_expect_eq(r.problem, ROTATION_FINE);
    cr_expect_eq(rotation_event(&r, 1)->what, ROTATION_RELEASED);
}

Test(rotation, released_by_hand, .init = begin) {
    reply(KEEPER_APPLY, KEEPER_UNCHANGED, 1, KEEPER_ORIGIN_EDIT, false);
    r.state = ROTATION_HELD;
    r.problem = ROTATION_BOTH_DEAD;
    reply(KEEPER_NUDGE, KEEPER_UNCHANGED, 1, KEEPER_ORIGIN_EDIT, false);
    cr_expect_eq(r.state, ROTATION_IDLE);
    cr_expect_eq(r.problem, ROTATION_FINE);
}

Test(rotation, a_refused_new_one_asks_after_the_live_one, .init = begin) {
    reply(KEEPER_APPLY, KEEPER_UNCHANGED, OF_BEFORE, KEEPER_ORIGIN_EDIT, false);
    now += 3600 * 1000;
    reply(KEEPER_APPLY, KEEPER_REFUSED, OF_BEFORE, KEEPER_ORIGIN_EDIT, false);
    cr_expect(r.tell && r.to_tell.what == ROTATION_REFUSED);
    cr_expect_eq(ask_within(30), KEEPER_VERIFY);
    reply(KEEPER_VERIFY, KEEPER_INCONCLUSIVE, OF_BEFORE, KEEPER_ORIGIN_EDIT, false);
    cr_expect_eq(ask_within(60), KEEPER_VERIFY);
    reply(KEEPER_VERIFY, KEEPER_DONE, OF_BEFORE, KEEPER_ORIGIN_EDIT, false);
    cr_expect_eq(r.state, ROTATION_IDLE);
    reply(KEEPER_APPLY, KEEPER_REFUSED, OF_BEFORE, KEEPER_ORIGIN_EDIT, false);
    cr_expect_eq(ask_within(30), KEEPER_VERIFY);
    reply(KEEPER_VERIFY, KEEPER_REFUSED, OF_BEFORE, KEEPER_ORIGIN_EDIT, false);
    cr_expect_eq(ask_within(0), KEEPER_HOLD);
    reply(KEEPER_HOLD, KEEPER_NOT_ALLOWED, OF_BEFORE, KEEPER_ORIGIN_EDIT, false);
    cr_expect_eq(ask_within(0), KEEPER_VERIFY, "the proof was too old");
}

Test(rotation, a_live_one_that_delivers_is_not_asked_after, .init = begin) {
    health.last_success_ms = now - 10000;
    reply(KEEPER_APPLY, KEEPER_REFUSED, OF_BEFORE, KEEPER_ORIGIN_EDIT, false);
    cr_expect_eq(ask_within(600), 0);
}

Test(rotation, a_rejection_is_told_once, .init = begin) {
    for (int i = 0; i < 5; i++)
        reply(KEEPER_APPLY, KEEPER_BAD_SOURCE, OF_BEFORE, KEEPER_ORIGIN_EDIT, false);
    cr_expect_eq(r.events, 1);
    cr_expect_eq(rotation_event(&r, 0)->what, ROTATION_BAD);
    cr_expect_null(rotation_event(&r, 1));
}

Test(rotation, a_reload_that_is_owed_is_asked_for, .init = begin) {
    struct keeper_reply answer = {.outcome = KEEPER_DONE};

    answer.credential.serial = 1;
    answer.credential.reload_due_ms = 5000;
    rotation_on_reply(&r, KEEPER_APPLY, &answer, &health, now, now);
    cr_expect_eq(ask_within(3), 0);
    cr_expect_eq(ask_within(4), KEEPER_NUDGE);
    cr_expect_eq(ask_within(60), 0);
}

/* The keeper flushes when the new login is in place; an smtp process of before may put mail off
 * after that, and Postfix would let it wait for five minutes. */
Test(rotation, mail_put_off_late_is_sent_once_the_login_delivers, .init = begin) {
    put_in_place(1);
    refused(10);
    now += 60 * 1000;
    put_in_place(2);
    now += 2000;
    cr_expect_eq(ask_within(5), 0, "what waited before is the keeper's to send");
    delivery(10, MAILEV_STATUS_DEFERRED, DIAGNOSIS_G01_BAD_CREDENTIALS, 20);
    cr_expect_eq(ask_within(3), KEEPER_FLUSH, "it may be all the mail there is");
    delivery(10, MAILEV_STATUS_DEFERRED, DIAGNOSIS_G01_BAD_CREDENTIALS, 20);
    cr_expect_eq(ask_within(5), 0, "a process that goes on with the old login gets it only once");
    sent(20);
    cr_expect_eq(r.state, ROTATION_SETTLING);
    cr_expect_eq(ask_within(3), KEEPER_FLUSH);
    cr_expect_eq(ask_within(60), 0, "once");
    refused(10);
    now += 1000;
    refused(10);
    cr_expect_eq(ask_within(1), 0, "not while it goes on");
    cr_expect_eq(ask_within(3), KEEPER_FLUSH);
    delivery(21, MAILEV_STATUS_DEFERRED, DIAGNOSIS_NONE, 20);
    cr_expect_eq(ask_within(60), 0, "what a recipient's server puts off is not ours");
    crash();
    cr_expect_eq(ask_within(3), KEEPER_FLUSH, "who was killed does not know");
}

Test(rotation, mail_that_the_new_login_does_not_deliver_is_not_hurried, .init = begin) {
    put_in_place(1);
    now += 1000;
    delivery(10, MAILEV_STATUS_DEFERRED, DIAGNOSIS_G01_BAD_CREDENTIALS, 20);
    refused(20);
    cr_expect_eq(ask_within(5), 0);
    cr_expect_eq(ask_within(60), KEEPER_UNDO);
}

Test(rotation, mail_that_was_held_is_sent_again_once_the_login_delivers, .init = begin) {
    put_in_place(1);
    r.state = ROTATION_HELD;
    put_in_place(2);
    sent(20);
    cr_expect_eq(ask_within(4), KEEPER_FLUSH);
}

Test(rotation, a_silent_keeper_is_asked_again, .init = begin) {
    put_in_place(1);
    refused(20);
    refused(20);
    refused(20);
    cr_expect_eq(ask_within(0), KEEPER_UNDO);
    rotation_on_reply(&r, KEEPER_UNDO, NULL, &health, now, now);
    cr_expect_eq(ask_within(10), KEEPER_UNDO);
}

Test(rotation, the_way_back_fails, .init = begin) {
    put_in_place(1);
    refused(20);
    refused(20);
    refused(20);
    cr_expect_eq(ask_within(0), KEEPER_UNDO);
    reply(KEEPER_UNDO, KEEPER_FAILED, 1, KEEPER_ORIGIN_EDIT, false);
    cr_expect_eq(r.problem, ROTATION_STUCK);
    cr_expect_str_eq(r.detail, "because");
    sent(21);
    cr_expect_eq(r.problem, ROTATION_FINE, "it works after all");
}

/* A keeper that does what it is asked, in a world that changes; the daemon is killed at any point.
 * Mail is held only while neither login works, and in the end the state follows the world. */
Test(rotation, random_worlds_with_kills, .init = begin) {
    unsigned seed = 7;

    for (int world = 0; world < 3000; world++) {
        bool new_works = rand_r(&seed) % 2, old_works = rand_r(&seed) % 2, held = false;
        bool on_old = false;
        uint64_t serial = 1;
        int undone = 0;

        begin();
        reply(KEEPER_APPLY, KEEPER_DONE, serial, KEEPER_ORIGIN_EDIT, false);
        for (int step = 0; step < 120; step++) {
            uint32_t pid = 100 + (uint32_t)(rand_r(&seed) % 3);
            int verb;

            now += 1000;
            if (!held && (on_old ? old_works : new_works))
                sent(pid);
            else if (!held)
                refused(pid);
            if (rand_r(&seed) % 4 == 0)
                crash();
            verb = rotation_due(&r, now, now);
            if (verb == 0)
                continue;
            rotation_asked(&r, verb);
            if (rand_r(&seed) % 4 == 0) {
                crash(); /* the keeper did it or not, nobody heard */
                if (rand_r(&seed) % 2 == 0)
                    continue;
            }
            if (verb == KEEPER_UNDO && !on_old && old_works) {
                on_old = true;
                serial++;
                undone++;
            } else if (verb == KEEPER_HOLD) {
                cr_assert_not(on_old ? old_works : new_works, "held though a login works");
                held = true;
            }
            if (rand_r(&seed) % 4 == 0) {
                crash(); /* it did, and nobody heard */
                continue;
            }
            if (verb == KEEPER_UNDO)
                reply(KEEPER_UNDO,
                      on_old      ? (undone == 1 ? KEEPER_DONE : KEEPER_UNCHANGED)
                      : new_works ? KEEPER_UNCHANGED
                                  : KEEPER_REFUSED,
                      serial, on_old ? KEEPER_ORIGIN_UNDO : KEEPER_ORIGIN_EDIT, held);
            else if (verb == KEEPER_VERIFY)
                reply(KEEPER_VERIFY,
                      (on_old ? old_works : new_works) ? KEEPER_DONE : KEEPER_REFUSED, serial,
                      on_old ? KEEPER_ORIGIN_UNDO : KEEPER_ORIGIN_EDIT, held);
            else
                reply((enum keeper_verb)verb, KEEPER_DONE, serial,
                      on_old ? KEEPER_ORIGIN_UNDO : KEEPER_ORIGIN_EDIT, held);
        }
        cr_assert_leq(undone, 1);
        if (new_works)
            cr_assert(!on_old && !held && r.state == ROTATION_SETTLING, "world %d: %s", world,
                      rotation_state_name(r.state));
        else if (old_works)
            cr_assert(on_old && !held && r.problem == ROTATION_ROLLED_BACK, "world %d: %s %d",
                      world, rotation_state_name(r.state), r.problem);
        else
            cr_assert(held && r.state == ROTATION_HELD && r.problem == ROTATION_BOTH_DEAD,
                      "world %d: %s %d", world, rotation_state_name(r.state), r.problem);
    }
}

Test(rotation, kept_text_is_checked, .init = begin) {
    char *text = malloc(ROTATION_TEXT_MAX);
    size_t n;

    for (uint64_t i = 1; i < 60; i++) {
        reply(KEEPER_APPLY, KEEPER_DONE, i, KEEPER_ORIGIN_SET, false);
        now += 1000;
    }
    n = rotation_print(&r, text, ROTATION_TEXT_MAX);
    for (size_t cut = 0; cut < n; cut++)
        cr_assert_not(rotation_parse(&r, (struct span){text, cut}, now), "cut at %zu", cut);
    cr_assert(rotation_parse(&r, (struct span){text, n}, now));
    cr_expect_eq(r.serial, 59);
    cr_expect_not_null(rotation_event(&r, ROTATION_HISTORY - 1));
    cr_expect_str_eq(rotation_origin_name(rotation_event(&r, 0)->origin), "set");
    free(text);
}

/* Several smarthosts: one whose login was refused all along is not why another one's is put back.
 */
Test(rotation, what_another_one_refused_before_is_not_of_the_change, .init = begin) {
    health_configure(&health, "a.example");
    delivery_at("a.example", 9, MAILEV_STATUS_SENT, DIAGNOSIS_NONE, 20);
    delivery_at("b.example", 10, MAILEV_STATUS_DEFERRED, DIAGNOSIS_G01_BAD_CREDENTIALS, 20);
    now += 1000;
    put_in_place(1);
    now += 5000;
    for (uint32_t pid = 20; pid < 40; pid++)
        delivery_at("b.example", pid, MAILEV_STATUS_DEFERRED, DIAGNOSIS_G01_BAD_CREDENTIALS, 20);
    cr_expect_neq(ask_within(60), KEEPER_UNDO);
    for (uint32_t pid = 50; pid < 60; pid++)
        delivery_at("a.example", pid, MAILEV_STATUS_DEFERRED, DIAGNOSIS_G01_BAD_CREDENTIALS, 20);
    cr_expect_eq(ask_within(60), KEEPER_UNDO);
}
