#include <criterion/criterion.h>
#include <string.h>

#include "login.h"
#include "healthlook.h"

static struct diagnoser *diagnoser;
static struct health health;
static struct login login;

static void begin(void) {
    diagnoser = diagnoser_new();
    memset(&health, 0, sizeof health);
    login_init(&login, 1000);
}

static void finish(void) {
    diagnoser_free(&diagnoser);
}

static void answer(enum keeper_verb verb, enum keeper_outcome outcome, enum probe_result result,
                   const char *text, int64_t now_ms) {
    struct keeper_reply reply = {
        .version = KEEPERQ_VERSION, .verb = (uint32_t)verb, .outcome = (uint32_t)outcome};

    text_copy(reply.credential.user, sizeof reply.credential.user, "me@example.com");
    text_copy(reply.credential.verdict.text, sizeof reply.credential.verdict.text, text);
    reply.credential.verdict.version = PROBEQ_VERSION;
    reply.credential.verdict.result = (uint32_t)result;
    reply.credential.verdict.certificate_expires_s = 1800000000;
    login_on_reply(&login, verb, &reply, "", diagnoser, &health, 1800, now_ms, now_ms);
}

Test(login, a_good_change, .init = begin, .fini = finish) {
    health_note_probe(&health, DIAGNOSIS_G01_BAD_CREDENTIALS, SPAN("535"), 2000);
    login_file_changed(&login, 3000);
    cr_expect_eq(login.state, LOGIN_PENDING);
    cr_expect_eq(login.apply_due_ms, 3000);
    answer(KEEPER_APPLY, KEEPER_DONE, PROBE_OK, "235 ok", 4000);
    cr_expect_eq(login.state, LOGIN_VERIFIED);
    cr_expect_eq(login.changed_ms, 4000);
    cr_expect_eq(login.verified_ms, 4000);
    cr_expect_eq(login.apply_due_ms, 0);
    cr_expect_str_eq(login.user, "me@example.com");
    cr_expect_eq(login.certificate_expires_ms, 1800000000000);
    cr_expect_not(health_is_broken(&health, AREA_LOGIN, 7000), "the proof mends the login's area");
}

Test(login, a_change_that_was_not_tried_proves_nothing, .init = begin, .fini = finish) {
    struct keeper_reply reply = {
        .version = KEEPERQ_VERSION, .verb = KEEPER_APPLY, .outcome = KEEPER_DONE};

    login_on_reply(&login, KEEPER_APPLY, &reply, "", diagnoser, &health, 1800, 4000, 4000);
    cr_expect_eq(login.verified_ms, 0);
    cr_expect_eq(login.state, LOGIN_UNKNOWN);
    answer(KEEPER_VERIFY, KEEPER_DONE, PROBE_OK, "", 5000);
    health_note_probe(&health, DIAGNOSIS_G01_BAD_CREDENTIALS, SPAN("535"), 6000);
    login_on_reply(&login, KEEPER_APPLY, &reply, "", diagnoser, &health, 1800, 7000, 7000);
    cr_expect_eq(login.changed_ms, 7000);
    cr_expect_eq(login.verified_ms, 5000);
    cr_expect_eq(login.state, LOGIN_VERIFIED);
    cr_expect(health_is_broken(&health, AREA_LOGIN, 8000), "another key mends nothing");
}

Test(login, a_refused_change_keeps_the_old_and_is_not_tried_again, .init = begin, .fini = finish) {
    answer(KEEPER_VERIFY, KEEPER_DONE, PROBE_OK, "", 1500);
    login_file_changed(&login, 2000);
    answer(KEEPER_APPLY, KEEPER_REFUSED, PROBE_REFUSED, "535 5.7.8 bad\r\n", 3000);
    cr_expect_eq(login.state, LOGIN_REJECTED);
    cr_expect_eq(login.credential, RULES_CREDENTIAL_REJECTED);
    cr_expect_eq(login.apply_due_ms, 0, "535 is never tried again with the same secret");
    cr_expect_not_null(strstr(login.detail, "535 5.7.8 bad"));
    cr_expect_not(health_is_broken(&health, AREA_LOGIN, 6000), "the live login is not in question");
    answer(KEEPER_VERIFY, KEEPER_DONE, PROBE_OK, "", 9000);
    cr_expect_eq(login.state, LOGIN_REJECTED, "a proof of the old one says nothing of the file");
    login_file_changed(&login, 10000);
    answer(KEEPER_APPLY, KEEPER_UNCHANGED, PROBE_OK, "", 11000);
    cr_expect_eq(login.credential, RULES_CREDENTIAL_FINE);
    cr_expect_eq(login.state, LOGIN_VERIFIED);
    cr_expect_str_eq(login.detail, "");
}

Test(login, no_verdict_is_tried_again_later_and_later, .init = begin, .fini = finish) {
    int64_t last = 0;

    for (int64_t now = 10000; now < 10000 + 8 * 1000; now += 1000) {
        answer(KEEPER_APPLY, KEEPER_INCONCLUSIVE, PROBE_TIMEOUT, "", now);
        cr_expect_eq(login.credential, RULES_CREDENTIAL_UNPROVEN);
        cr_expect_geq(login.apply_due_ms - now, last);
        last = login.apply_due_ms - now;
    }
    cr_expect_leq(last, 15 * 60 * 1000);
    cr_expect_geq(last, 5 * 60 * 1000);
}

Test(login, verify_tells_what_is_broken, .init = begin, .fini = finish) {
    static const struct {
        enum keeper_outcome outcome;
        enum probe_result result;
        enum health_area want;
    } rows[] = {
        {KEEPER_REFUSED, PROBE_REFUSED, AREA_LOGIN},
        {KEEPER_INCONCLUSIVE, PROBE_TLS, AREA_TLS},
        {KEEPER_INCONCLUSIVE, PROBE_TIMEOUT, AREA_NETWORK},
        {KEEPER_INCONCLUSIVE, PROBE_UNREACHABLE, AREA_NETWORK},
        {KEEPER_INCONCLUSIVE, PROBE_NO_MECHANISM, AREA_LOGIN},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(&health, 0, sizeof health);
        answer(KEEPER_VERIFY, rows[i].outcome, rows[i].result, "", 1000);
        cr_expect(health_is_broken(&health, rows[i].want, 1000), "row %zu", i);
    }
    cr_expect_eq(login.verify_due_ms, 1000 + 1800 * 1000);
}

Test(login, a_silent_keeper_is_asked_again, .init = begin, .fini = finish) {
    login_on_reply(&login, KEEPER_APPLY, NULL, "no keeper", diagnoser, &health, 1800, 5000, 5000);
    cr_expect_eq(login.apply_due_ms, 15000);
    cr_expect_str_eq(login.detail, "no keeper");
}
