/* Thresholds, what ends lower than it begins, and what a diagnosis is refined to. */
#include "rulesmail.h"

#include <criterion/criterion.h>

#include "rules_world.h"

static struct world w;
static struct finding f;

static void begin(void) {
    world_begin(&w);
}

static void finish(void) {
    world_end(&w);
}

static enum verdict ask(rule_fn *rule, bool firing) {
    struct look look = {&w.s, &world_limits, w.now_ms, firing, 0};

    memset(&f, 0, sizeof f);
    return rule(&look, &f);
}

static void fail(enum diagnosis d) {
    health_note_probe(&w.health, d, SPAN("its words"), w.now_ms);
}

Test(rulesmail, a_login_that_passes_by_itself_waits, .init = begin, .fini = finish) {
    fail(DIAGNOSIS_G04_TEMP_AUTH_FAILURE);
    cr_expect_eq(ask(rulesmail_login_refused, false), VERDICT_YES);
    cr_expect_eq(f.wait_ms, world_limits.unreachable_after_ms);
    fail(DIAGNOSIS_G01_BAD_CREDENTIALS);
    cr_expect_eq(ask(rulesmail_login_refused, false), VERDICT_YES);
    cr_expect_eq(f.wait_ms, 0);
}

static void put_off_for(enum diagnosis d, const char *id, const char *words) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .status = MAILEV_STATUS_DEFERRED,
                        .diagnosis = d,
                        .daemon = SPAN("smtp"),
                        .relay_ip = SPAN("192.0.2.1"),
                        .dsn = SPAN("4.3.0"),
                        .queue_id = span_of(id),
                        .text = span_of(words)};

    health_note(&w.health, &ev, w.now_ms);
}

static void put_off(const char *id, const char *words) {
    put_off_for(DIAGNOSIS_G18_TEMP_SYSTEM, id, words);
}

/* Whether a relay that takes no mail for now has the short wait of one that is not reached. */
static bool is_urgent(void) {
    cr_expect_eq(ask(rulesmail_relay_unreachable, false), VERDICT_YES);
    return f.wait_ms == world_limits.unreachable_after_ms;
}

Test(rulesmail, one_message_that_is_put_off_is_tried_again_first, .init = begin, .fini = finish) {
    static const struct {
        enum diagnosis d;
        const char *words;
    } rows[] = {
        {DIAGNOSIS_G18_TEMP_SYSTEM, "host h[192.0.2.1] said: 451 4.3.0 Mail server temporarily "
                                    "rejected message (in reply to RCPT TO command)"},
        {DIAGNOSIS_N05_LOST_CONNECTION, "lost connection with h[192.0.2.1] while sending RCPT TO"},
        {DIAGNOSIS_N06_CONVERSATION_TIMEOUT, "conversation with h[192.0.2.1] timed out while "
                                             "sending message body"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(&w.health, 0, sizeof w.health);
        put_off_for(rows[i].d, "A1", rows[i].words);
        put_off_for(rows[i].d, "A1", rows[i].words);
        put_off_for(rows[i].d, "A2", rows[i].words);
        cr_expect_not(is_urgent(), "%s", rows[i].words);
        cr_expect_gt(f.wait_ms, 600 * 1000, "a backoff and a queue run");
        put_off_for(rows[i].d, "A3", rows[i].words);
        cr_expect(is_urgent(), "message after message: %s", rows[i].words);
    }
}

Test(rulesmail, a_relay_that_closes_takes_nobodys_mail, .init = begin, .fini = finish) {
    static const struct {
        enum diagnosis d;
        const char *words;
    } rows[] = {
        {DIAGNOSIS_G18_TEMP_SYSTEM, "host h[192.0.2.1] refused to talk to me: 451 4.3.0 busy"},
        {DIAGNOSIS_G18_TEMP_SYSTEM, "host h[192.0.2.1] refused to talk to me: 421 4.3.0 busy"},
        {DIAGNOSIS_G18_TEMP_SYSTEM, "host h[192.0.2.1] said: 421 4.3.0 Temporary System Problem "
                                    "(in reply to MAIL FROM command)"},
        {DIAGNOSIS_N05_LOST_CONNECTION, "lost connection with h[192.0.2.1] while receiving the "
                                        "initial server greeting"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(&w.health, 0, sizeof w.health);
        put_off_for(rows[i].d, "A1", rows[i].words);
        cr_expect(is_urgent(), "%s", rows[i].words);
    }
    memset(&w.health, 0, sizeof w.health);
    put_off("A1", "host h[192.0.2.1] said: 451 4.3.0 later (in reply to RCPT TO command)");
    cr_expect_not(is_urgent());
    fail(DIAGNOSIS_N02_CONNECT_REFUSED);
    cr_expect(is_urgent());
}

Test(rulesmail, a_login_that_is_put_off_once_is_tried_again_first, .init = begin, .fini = finish) {
    static const char *ids[] = {"A1", "A1", "A2", "A3"};

    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        put_off_for(DIAGNOSIS_G04_TEMP_AUTH_FAILURE, ids[i],
                    "SASL authentication failed; server h[192.0.2.1] said: 454 4.7.0 later");
        cr_expect_eq(ask(rulesmail_login_refused, false), VERDICT_YES);
        cr_expect_eq(f.wait_ms == world_limits.unreachable_after_ms, i == 3, "%zu", i);
    }
    memset(&w.health, 0, sizeof w.health);
    put_off_for(DIAGNOSIS_S12_SASL_PROTOCOL, "A1", "SASL authentication failed; lost");
    cr_expect_eq(ask(rulesmail_login_refused, false), VERDICT_YES);
    cr_expect_eq(f.wait_ms, world_limits.unreachable_after_ms);
}

/* A probe looks in the meantime. */
Test(rulesmail, a_handshake_that_was_lost_waits, .init = begin, .fini = finish) {
    put_off_for(DIAGNOSIS_T09_TLS_HANDSHAKE, "A1", "SSL_connect error to h:587: lost connection");
    cr_expect_eq(ask(rulesmail_tls_broken, false), VERDICT_YES);
    cr_expect_eq(f.wait_ms, world_limits.unreachable_after_ms);
    put_off_for(DIAGNOSIS_T09_TLS_HANDSHAKE, "A1", "Cannot start TLS: handshake failure");
    cr_expect_eq(ask(rulesmail_tls_broken, false), VERDICT_YES);
    cr_expect_eq(f.wait_ms, 0);
}

Test(rulesmail, a_limit_that_passes_is_asked_again_first, .init = begin, .fini = finish) {
    static const struct {
        enum diagnosis d;
        const char *words;
        bool passes;
    } rows[] = {
        {DIAGNOSIS_G13_UNUSUAL_RATE, "host h[192.0.2.1] said: 421-4.7.28 unusual rate", false},
        {DIAGNOSIS_G15_CUSTOMER_LIMIT, "host h[192.0.2.1] said: 450 4.2.1 Peak SMTP relay", true},
        {DIAGNOSIS_G14_DAILY_USER_LIMIT, "host h[192.0.2.1] said: 550-5.4.5 Daily SMTP", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(&w.health, 0, sizeof w.health);
        put_off_for(rows[i].d, "A1", rows[i].words);
        put_off_for(rows[i].d, "A2", rows[i].words);
        cr_expect_eq(ask(rulesmail_limit_reached, false), VERDICT_YES);
        cr_expect_eq(f.wait_ms > 600 * 1000, rows[i].passes, "%s", rows[i].words);
        put_off_for(rows[i].d, "A3", rows[i].words);
        cr_expect_eq(ask(rulesmail_limit_reached, false), VERDICT_YES);
        cr_expect_eq(f.wait_ms, 0, "message after message: %s", rows[i].words);
    }
}

Test(rulesmail, refined_logins, .init = begin, .fini = finish) {
    static const struct {
        enum rules_credential credential;
        bool old_map;
        enum diagnosis want;
    } rows[] = {
        {RULES_CREDENTIAL_FINE, false, DIAGNOSIS_G01_BAD_CREDENTIALS},
        {RULES_CREDENTIAL_FINE, true, DIAGNOSIS_C03_NEW_MAP_NOT_PICKED_UP},
        {RULES_CREDENTIAL_UNPROVEN, false, DIAGNOSIS_C04_OLD_REVOKED_BEFORE_SWITCH},
        {RULES_CREDENTIAL_FAILED, false, DIAGNOSIS_C04_OLD_REVOKED_BEFORE_SWITCH},
        {RULES_CREDENTIAL_REJECTED, false, DIAGNOSIS_G01_BAD_CREDENTIALS},
    };

    fail(DIAGNOSIS_G01_BAD_CREDENTIALS);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        w.s.credential = rows[i].credential;
        w.s.old_map_in_use = rows[i].old_map;
        cr_expect_eq(ask(rulesmail_login_refused, false), VERDICT_YES);
        cr_expect_eq(f.diagnosis, rows[i].want, "row %zu", i);
        cr_expect_str_eq(f.evidence, "its words");
    }
}

/* What hinders mail hinders the trial of a new login, and is told for itself. */
Test(rulesmail, a_login_that_could_not_be_tried_is_no_alert_of_its_own, .init = begin,
     .fini = finish) {
    w.s.credential = RULES_CREDENTIAL_UNPROVEN;
    cr_expect_eq(ask(rulesmail_credential_rejected, false), VERDICT_YES);
    fail(DIAGNOSIS_N02_CONNECT_REFUSED);
    cr_expect_eq(ask(rulesmail_credential_rejected, false), VERDICT_NO);
    w.s.credential = RULES_CREDENTIAL_BAD_SOURCE;
    cr_expect_eq(ask(rulesmail_credential_rejected, false), VERDICT_YES);
    memset(&w.health, 0, sizeof w.health);
    w.s.credential = RULES_CREDENTIAL_UNPROVEN;
    fail(DIAGNOSIS_T06_CERT_NAME);
    cr_expect_eq(ask(rulesmail_credential_rejected, false), VERDICT_NO);
}

Test(rulesmail, limits_and_rules_are_two_things, .init = begin, .fini = finish) {
    fail(DIAGNOSIS_G15_CUSTOMER_LIMIT);
    cr_expect_eq(ask(rulesmail_limit_reached, false), VERDICT_YES);
    cr_expect_eq(ask(rulesmail_relay_refuses, false), VERDICT_NO);
    fail(DIAGNOSIS_G09_MAIL_RELAY_DENIED);
    cr_expect_eq(ask(rulesmail_limit_reached, false), VERDICT_NO);
    cr_expect_eq(ask(rulesmail_relay_refuses, false), VERDICT_YES);
}

Test(rulesmail, one_message_refused_ten_times_is_one, .init = begin, .fini = finish) {
    for (int i = 0; i < 10; i++) {
        world_refuse(&w);
        w.refused = 0;
    }
    cr_expect_eq(w.health.way[0].cause[AREA_REFUSED].count, 10u);
    cr_expect_eq(ask(rulesmail_nothing_accepted, false), VERDICT_NO);
    w.refused = 5;
    world_refuse(&w);
    world_refuse(&w);
    cr_expect_eq(ask(rulesmail_nothing_accepted, false), VERDICT_YES);
}

Test(rulesmail, old_mail_that_the_smarthost_answers_waits_for_its_recipient, .init = begin,
     .fini = finish) {
    w.s.queue_messages = 1;
    w.s.oldest_ms = 3 * 3600 * 1000;
    cr_expect_eq(ask(rulesmail_queue_growing, false), VERDICT_YES, "nobody has an answer to it");
    cr_expect_eq(f.severity, SEVERITY_CRITICAL);
    world_refuse(&w);
    cr_expect_eq(ask(rulesmail_queue_growing, false), VERDICT_NO, "greylisted");
    w.now_ms += 76 * 60 * 1000;
    cr_expect_eq(ask(rulesmail_queue_growing, false), VERDICT_YES, "not asked any more");
}

Test(rulesmail, the_queue_ends_lower_than_it_begins, .init = begin, .fini = finish) {
    w.s.queue_growth = 1;
    w.s.queue_messages = 99;
    cr_expect_eq(ask(rulesmail_queue_growing, false), VERDICT_NO);
    cr_expect_eq(ask(rulesmail_queue_growing, true), VERDICT_YES);
    w.s.queue_messages = 79;
    cr_expect_eq(ask(rulesmail_queue_growing, true), VERDICT_NO);
    w.s.queue_known = false;
    cr_expect_eq(ask(rulesmail_queue_growing, true), VERDICT_UNKNOWN);
}

Test(rulesmail, near_a_limit, .init = begin, .fini = finish) {
    w.quota = (struct quota_top){"app@example.com", 7999, 0};
    cr_expect_eq(ask(rulesmail_limit_near, false), VERDICT_NO);
    cr_expect_eq(ask(rulesmail_limit_near, true), VERDICT_YES);
    w.quota.recipients = 8000;
    cr_expect_eq(ask(rulesmail_limit_near, false), VERDICT_YES);
    cr_expect_str_eq(
        f.summary,
        "app@example.com has sent to 8000 recipients in 24 hours, 80 % of the smarthost's 10000");
    w.quota.recipients = 7599;
    cr_expect_eq(ask(rulesmail_limit_near, true), VERDICT_NO);
}

Test(rulesmail, a_canary_message_that_does_not_arrive, .init = begin, .fini = finish) {
    struct look look = {&w.s, &world_limits, WORLD_EPOCH, false, 0};

    w.s.canary_trouble = "host h said: 451 later";
    w.s.canary_unproved_ms = WORLD_EPOCH - 900000;
    cr_expect_eq(rulesmail_canary_overdue(&look, &f), VERDICT_NO, "none is sent");
    w.s.canary_overdue_ms = 900000;
    cr_expect_eq(rulesmail_canary_overdue(&look, &f), VERDICT_YES);
    cr_expect_str_eq(f.summary,
                     "No canary message was delivered for 15 min, and nothing else says why");
    cr_expect_str_eq(f.evidence, "host h said: 451 later");
    look.explained_ms = WORLD_EPOCH - 1000; /* its time begins anew behind another alert */
    cr_expect_eq(rulesmail_canary_overdue(&look, &f), VERDICT_NO);
    look.firing = true;
    cr_expect_eq(rulesmail_canary_overdue(&look, &f), VERDICT_YES);
    w.s.canary_unproved_ms = 0;
    cr_expect_eq(rulesmail_canary_overdue(&look, &f), VERDICT_NO, "delivered");
}

Test(rulesmail, certificate_has_two_thresholds, .init = begin, .fini = finish) {
    static const struct {
        int64_t left_ms;
        enum verdict want;
        enum severity severity;
    } rows[] = {
        {14 * WORLD_DAY_MS, VERDICT_NO, 0},
        {14 * WORLD_DAY_MS - 1, VERDICT_YES, SEVERITY_WARNING},
        {3 * WORLD_DAY_MS - 1, VERDICT_YES, SEVERITY_CRITICAL},
        {-1000, VERDICT_YES, SEVERITY_CRITICAL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        w.s.certificate_expires_ms = w.now_ms + rows[i].left_ms;
        cr_expect_eq(ask(rulesmail_certificate_expiring, false), rows[i].want, "row %zu", i);
        if (rows[i].want == VERDICT_YES)
            cr_expect_eq(f.severity, rows[i].severity, "row %zu", i);
    }
    w.s.certificate_expires_ms = 0;
    cr_expect_eq(ask(rulesmail_certificate_expiring, false), VERDICT_UNKNOWN);
}

Test(rulesmail, a_new_login_without_mail_is_no_trouble, .init = begin, .fini = finish) {
    w.s.unconfirmed_ms = 2 * 3600 * 1000;
    cr_expect_eq(ask(rulesmail_login_unconfirmed, false), VERDICT_NO);
    w.s.queue_messages = 1;
    cr_expect_eq(ask(rulesmail_login_unconfirmed, false), VERDICT_YES);
    cr_expect_eq(f.diagnosis, DIAGNOSIS_C08_CONFIRM_TIMEOUT);
}

Test(rulesmail, a_share_of_failures, .init = begin, .fini = finish) {
    cr_expect_eq(ask(rulesmail_deliveries_fail, false), VERDICT_NO);
    w.burn = (struct burn_look){BURN_SLOW, 12, 1000, 6 * 3600};
    cr_expect_eq(ask(rulesmail_deliveries_fail, false), VERDICT_YES);
    cr_expect_eq(f.severity, SEVERITY_WARNING);
    cr_expect_str_eq(
        f.summary, "12 of 1000 deliveries (1.2 %) of the last 6 h failed by the relay's own fault");
    w.burn.speed = BURN_FAST;
    ask(rulesmail_deliveries_fail, false);
    cr_expect_eq(f.severity, SEVERITY_CRITICAL);
}

Test(rulesmail, mail_that_the_relay_returned, .init = begin, .fini = finish) {
    w.s.returned = 2;
    w.s.returned_for = DIAGNOSIS_G09_MAIL_RELAY_DENIED;
    cr_expect_eq(ask(rulesmail_mail_returned, false), VERDICT_NO);
    cr_expect_eq(ask(rulesmail_mail_returned, true), VERDICT_YES);
    w.s.returned = 3;
    cr_expect_eq(ask(rulesmail_mail_returned, false), VERDICT_YES);
    cr_expect_eq(f.severity, SEVERITY_CRITICAL);
}

static void deliver(void) {
    struct mailev ev = {
        .kind = MAILEV_DELIVERY, .status = MAILEV_STATUS_SENT, .daemon = SPAN("smtp")};

    health_note(&w.health, &ev, w.now_ms);
}

/* Refused by the smarthost for its own sake. */
static void refuse_message(const char *id, const char *text) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .status = MAILEV_STATUS_BOUNCED,
                        .daemon = SPAN("smtp"),
                        .diagnosis = DIAGNOSIS_G24_REPUTATION_POLICY,
                        .relay_ip = SPAN("192.0.2.1"),
                        .queue_id = span_of(id),
                        .text = span_of(text)};

    health_note(&w.health, &ev, w.now_ms);
}

Test(rulesmail, one_message_taken_for_spam_is_no_news, .init = begin, .fini = finish) {
    refuse_message("A1", "said: 550 5.7.1 likely unsolicited mail");
    refuse_message("A1", "said: 550 5.7.1 likely unsolicited mail");
    refuse_message("A2", "said: 550 5.7.1 likely unsolicited mail");
    cr_expect_eq(ask(rulesmail_relay_refuses, false), VERDICT_NO);
    deliver();
    refuse_message("A3", "said: 550 5.7.1 likely unsolicited mail");
    cr_expect_eq(ask(rulesmail_relay_refuses, false), VERDICT_NO, "in between one went through");
    refuse_message("A4", "said: 550 5.7.1 likely unsolicited mail");
    refuse_message("A5", "said: 550 5.7.1 likely unsolicited mail");
    cr_expect_eq(ask(rulesmail_relay_refuses, false), VERDICT_YES);
}

Test(rulesmail, a_smarthost_that_does_not_talk_to_us_is, .init = begin, .fini = finish) {
    refuse_message("A1", "host h[192.0.2.1] refused to talk to me: 554 no");
    cr_expect_eq(ask(rulesmail_relay_refuses, false), VERDICT_YES);
}

Test(rulesmail, a_third_taken_for_spam_among_mail_that_goes_through, .init = begin,
     .fini = finish) {
    w.s.unwanted_for = DIAGNOSIS_G24_REPUTATION_POLICY;
    w.s.unwanted_evidence = "its words";
    w.s.unwanted = 9;
    w.s.judged = 9;
    cr_expect_eq(ask(rulesmail_relay_refuses, false), VERDICT_NO, "a few");
    w.s.unwanted = 10;
    w.s.judged = 31;
    cr_expect_eq(ask(rulesmail_relay_refuses, false), VERDICT_NO, "less than a third");
    cr_expect_eq(ask(rulesmail_relay_refuses, true), VERDICT_YES, "ends lower");
    w.s.judged = 30;
    cr_expect_eq(ask(rulesmail_relay_refuses, false), VERDICT_YES);
    cr_expect_eq(f.diagnosis, DIAGNOSIS_G24_REPUTATION_POLICY);
    cr_expect_str_eq(f.summary,
                     "10 of 30 deliveries of the last 10 minutes were refused as unwanted");
}

Test(rulesmail, mail_that_waited_for_our_fault_until_it_expired, .init = begin, .fini = finish) {
    struct look look = {&w.s, &world_limits, w.now_ms, false, w.now_ms - 1000};

    w.s.expired = 1;
    w.s.expired_ms = w.now_ms - 2000;
    memset(&f, 0, sizeof f);
    cr_expect_eq(rulesmail_mail_returned(&look, &f), VERDICT_NO, "another alert said why");
    w.s.expired_ms = w.now_ms;
    cr_expect_eq(rulesmail_mail_returned(&look, &f), VERDICT_YES);
    cr_expect_eq(f.diagnosis, DIAGNOSIS_Q09_EXPIRED);
    cr_expect_str_eq(f.summary,
                     "1 message waited too long, by the relay's own fault, and went back");
}
