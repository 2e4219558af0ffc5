#include <criterion/criterion.h>
#include <string.h>

#include "healthlook.h"

static struct health h;

static void deferral(enum diagnosis d, int64_t now_ms) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .status = MAILEV_STATUS_DEFERRED,
                        .diagnosis = d,
                        .daemon = SPAN("smtp"),
                        .text = SPAN("said: 535 no\033[31m")};

    health_note(&h, &ev, now_ms);
}

static void delivery(const char *daemon, int64_t now_ms) {
    struct mailev ev = {
        .kind = MAILEV_DELIVERY, .status = MAILEV_STATUS_SENT, .daemon = span_of(daemon)};

    health_note(&h, &ev, now_ms);
}

static void begin(void) {
    memset(&h, 0, sizeof h);
}

Test(health, a_refused_login_lasts_until_a_delivery, .init = begin) {
    cr_expect_not(health_is_broken(&h, AREA_LOGIN, 1000));
    deferral(DIAGNOSIS_G01_BAD_CREDENTIALS, 10000);
    deferral(DIAGNOSIS_G01_BAD_CREDENTIALS, 11000);
    cr_expect(health_is_broken(&h, AREA_LOGIN, 11000));
    cr_expect(health_is_broken(&h, AREA_LOGIN, 86400000), "silence mends nothing");
    cr_expect_eq(h.way[0].cause[AREA_LOGIN].count, 2u);
    cr_expect_eq(h.way[0].cause[AREA_LOGIN].since_ms, 10000);
    cr_expect_str_eq(h.way[0].cause[AREA_LOGIN].evidence, "said: 535 no?[31m");
    delivery("local", 12000);
    cr_expect(health_is_broken(&h, AREA_LOGIN, 20000), "a local delivery proves nothing");
    delivery("smtp", 12000);
    cr_expect(health_is_broken(&h, AREA_LOGIN, 12500), "too soon to be sure");
    cr_expect_not(health_is_broken(&h, AREA_LOGIN, 13001));
    health_expire(&h, 13001);
    cr_expect_eq(h.way[0].cause[AREA_LOGIN].diagnosis, DIAGNOSIS_NONE);
}

Test(health, a_new_incident_begins_anew, .init = begin) {
    deferral(DIAGNOSIS_G01_BAD_CREDENTIALS, 10000);
    delivery("smtp", 11000);
    deferral(DIAGNOSIS_G01_BAD_CREDENTIALS, 60000);
    cr_expect(health_is_broken(&h, AREA_LOGIN, 60000));
    cr_expect_eq(h.way[0].cause[AREA_LOGIN].since_ms, 60000);
    cr_expect_eq(h.way[0].cause[AREA_LOGIN].count, 1u);
}

Test(health, the_worst_diagnosis_leads, .init = begin) {
    deferral(DIAGNOSIS_G01_BAD_CREDENTIALS, 1000);
    deferral(DIAGNOSIS_G04_TEMP_AUTH_FAILURE, 1100);
    cr_expect_eq(h.way[0].cause[AREA_LOGIN].diagnosis, DIAGNOSIS_G01_BAD_CREDENTIALS);
    cr_expect_eq(h.way[0].cause[AREA_LOGIN].count, 2u);
}

Test(health, a_cause_leads_before_what_follows_from_it, .init = begin) {
    deferral(DIAGNOSIS_M03_BAD_STARTUP_THROTTLE, 1000);
    cr_expect_eq(h.way[0].cause[AREA_LOCAL].diagnosis, DIAGNOSIS_M03_BAD_STARTUP_THROTTLE);
    deferral(DIAGNOSIS_S04_MAP_MISSING, 2000);
    deferral(DIAGNOSIS_M03_BAD_STARTUP_THROTTLE, 3000);
    deferral(DIAGNOSIS_M12_TRANSPORT_UNAVAILABLE, 4000);
    cr_expect_eq(h.way[0].cause[AREA_LOCAL].diagnosis, DIAGNOSIS_S04_MAP_MISSING);
    deferral(DIAGNOSIS_G01_BAD_CREDENTIALS, 5000);
    deferral(DIAGNOSIS_G05_TOO_MANY_LOGINS, 6000);
    cr_expect_eq(h.way[0].cause[AREA_LOGIN].diagnosis, DIAGNOSIS_G01_BAD_CREDENTIALS);
}

Test(health, a_process_that_dies_of_its_tls_settings_is_one_fault, .init = begin) {
    deferral(DIAGNOSIS_T10_TLS_CONFIG, 10 * 1000);
    deferral(DIAGNOSIS_M03_BAD_STARTUP_THROTTLE, 11 * 1000);
    cr_expect_not(health_is_broken(&h, AREA_LOCAL, 11 * 1000));
    deferral(DIAGNOSIS_M03_BAD_STARTUP_THROTTLE, 611 * 1000);
    cr_expect(health_is_broken(&h, AREA_LOCAL, 611 * 1000), "of something else, later");
}

static void answered(enum diagnosis d, const char *words, int64_t now_ms) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .status = MAILEV_STATUS_DEFERRED,
                        .diagnosis = d,
                        .daemon = SPAN("smtp"),
                        .relay_ip = SPAN("192.0.2.1"),
                        .dsn = SPAN("4.7.0"),
                        .queue_id = SPAN("A1"),
                        .text = span_of(words)};

    health_note(&h, &ev, now_ms);
}

/* The port was closed, somebody changed the password, the port is open: one thing is wrong now. */
Test(health, what_comes_further_ends_what_stopped_it_before, .init = begin) {
    static const struct {
        enum diagnosis before, now;
        const char *words;
        bool over;
    } rows[] = {
        {DIAGNOSIS_N02_CONNECT_REFUSED, DIAGNOSIS_G01_BAD_CREDENTIALS, "said: 535 no", true},
        {DIAGNOSIS_T06_CERT_NAME, DIAGNOSIS_G01_BAD_CREDENTIALS, "said: 535 no", true},
        {DIAGNOSIS_N01_CONNECT_TIMEOUT, DIAGNOSIS_T06_CERT_NAME, "not verified", true},
        {DIAGNOSIS_N01_CONNECT_TIMEOUT, DIAGNOSIS_T09_TLS_HANDSHAKE, "lost", false},
        {DIAGNOSIS_N02_CONNECT_REFUSED, DIAGNOSIS_G09_MAIL_RELAY_DENIED, "said: 550 no", true},
        {DIAGNOSIS_T06_CERT_NAME, DIAGNOSIS_G11_EHLO_REJECTED, "h refused to talk to me: 421 no",
         false},
        {DIAGNOSIS_N02_CONNECT_REFUSED, DIAGNOSIS_G27_RECIPIENT, "said: 550 5.1.1", true},
        {DIAGNOSIS_N02_CONNECT_REFUSED, DIAGNOSIS_NONE, "said: 451 what", true},
        {DIAGNOSIS_N02_CONNECT_REFUSED, DIAGNOSIS_G18_TEMP_SYSTEM, "said: 421 later", false},
        {DIAGNOSIS_G01_BAD_CREDENTIALS, DIAGNOSIS_N02_CONNECT_REFUSED, "refused", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum health_area area = health_area(rows[i].before);

        begin();
        deferral(rows[i].before, 10000);
        answered(rows[i].now, rows[i].words, 11000);
        cr_expect(health_is_broken(&h, area, 11000), "row %zu: both at once", i);
        answered(rows[i].now, rows[i].words, 13000);
        cr_expect_eq(!health_is_broken(&h, area, 13000), rows[i].over, "row %zu", i);
    }
}

Test(health, a_session_that_broke_off_may_have_done_so_once, .init = begin) {
    static const struct {
        enum diagnosis d;
        const char *words;
        bool reached, broke_off;
    } rows[] = {
        {DIAGNOSIS_G18_TEMP_SYSTEM, "host h refused to talk to me: 421 4.3.0 later", false, true},
        {DIAGNOSIS_G18_TEMP_SYSTEM, "host h said: 421 4.3.0 later", true, false},
        {DIAGNOSIS_N05_LOST_CONNECTION,
         "lost connection with h while performing the EHLO "
         "handshake",
         false, true},
        {DIAGNOSIS_N05_LOST_CONNECTION, "lost connection with h while sending RCPT TO", true,
         false},
        {DIAGNOSIS_N06_CONVERSATION_TIMEOUT,
         "conversation with h timed out while receiving the "
         "initial server greeting",
         false, true},
        {DIAGNOSIS_T02_STARTTLS_REFUSED, "host h said: 454 4.7.0 TLS not available", true, true},
        {DIAGNOSIS_T09_TLS_HANDSHAKE, "SSL_connect error to h:587: lost connection", true, true},
        {DIAGNOSIS_T09_TLS_HANDSHAKE, "SSL_connect error to h:587: Connection reset by peer", true,
         true},
        {DIAGNOSIS_T09_TLS_HANDSHAKE, "Cannot start TLS: handshake failure", true, false},
        {DIAGNOSIS_T06_CERT_NAME, "hostname mismatch", true, false},
        {DIAGNOSIS_N02_CONNECT_REFUSED, "connect to h: Connection refused", false, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum health_area area = health_area(rows[i].d);

        begin();
        answered(rows[i].d, rows[i].words, 10000);
        cr_expect_eq(health_is_reached(&h, 11000), rows[i].reached, "%s", rows[i].words);
        cr_expect_eq(health_broke_off(&h, &h.way[0], area, 11000), rows[i].broke_off, "%s",
                     rows[i].words);
        health_note_probe(&h, DIAGNOSIS_NONE, (struct span){0}, 12000);
        cr_expect(health_is_reached(&h, 13000));
        cr_expect_not(health_broke_off(&h, &h.way[0], area, 13000));
    }
}

Test(health, policy_lingers_and_ends_by_time, .init = begin) {
    deferral(DIAGNOSIS_G08_INVALID_RELAY_CREDENTIALS, 1000);
    delivery("smtp", 2000);
    cr_expect(health_is_broken(&h, AREA_POLICY, 9000), "others' mail passing proves nothing");
    cr_expect_not(health_is_broken(&h, AREA_POLICY, 1000 + 600001));
}

static void refused_by_rule(const char *id, int64_t now_ms) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .status = MAILEV_STATUS_DEFERRED,
                        .diagnosis = DIAGNOSIS_G09_MAIL_RELAY_DENIED,
                        .daemon = SPAN("smtp"),
                        .relay_ip = SPAN("192.0.2.1"),
                        .queue_id = span_of(id),
                        .text = SPAN("host h[192.0.2.1] said: 550 5.7.0 Mail relay denied")};

    health_note(&h, &ev, now_ms);
}

static void removed(const char *id, int64_t now_ms) {
    struct mailev ev = {.kind = MAILEV_REMOVED, .daemon = SPAN("qmgr"), .queue_id = span_of(id)};

    health_note(&h, &ev, now_ms);
}

/* Postfix asks for it again after up to 4000 seconds, with ever the same answer. */
Test(health, a_rule_lasts_as_long_as_a_message_that_it_refused_waits, .init = begin) {
    enum { MINUTE = 60 * 1000 };

    refused_by_rule("A1", 1000);
    refused_by_rule("A2", 2000);
    delivery("smtp", 3000);
    cr_expect(health_is_broken(&h, AREA_POLICY, 70 * MINUTE), "other mail passes, these do not");
    removed("A1", 70 * MINUTE);
    removed("A7", 70 * MINUTE);
    refused_by_rule("A2", 71 * MINUTE);
    health_expire(&h, 72 * MINUTE);
    cr_expect(health_is_broken(&h, AREA_POLICY, 140 * MINUTE));
    removed("A2", 140 * MINUTE);
    cr_expect_not(health_is_broken(&h, AREA_POLICY, 140 * MINUTE), "nothing waits for it");
    refused_by_rule("A3", 150 * MINUTE);
    delivery("smtp", 151 * MINUTE);
    cr_expect_not(health_is_broken(&h, AREA_POLICY, 226 * MINUTE), "its end was not seen");
    refused_by_rule("A3", 230 * MINUTE);
    delivery("smtp", 231 * MINUTE);
    removed("A3", 231 * MINUTE);
    cr_expect_not(health_is_broken(&h, AREA_POLICY, 231 * MINUTE));
}

Test(health, a_message_refused_for_its_own_sake_keeps_nothing, .init = begin) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .status = MAILEV_STATUS_DEFERRED,
                        .diagnosis = DIAGNOSIS_G20_UNAUTHENTICATED_SENDER,
                        .daemon = SPAN("smtp"),
                        .queue_id = SPAN("A1"),
                        .text = SPAN("host h[192.0.2.1] said: 421 4.7.26 unauthenticated")};

    health_note(&h, &ev, 1000);
    delivery("smtp", 2000);
    cr_expect_not(health_is_broken(&h, AREA_POLICY, 62000));
}

Test(health, recipients_of_bounces_are_counted, .init = begin) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .status = MAILEV_STATUS_BOUNCED,
                        .daemon = SPAN("smtp"),
                        .diagnosis = DIAGNOSIS_G08_INVALID_RELAY_CREDENTIALS};

    health_note(&h, &ev, 1000);
    cr_expect_eq(h.way[0].cause[AREA_POLICY].bounced, 1u);
}

Test(health, probes_count, .init = begin) {
    health_note_probe(&h, DIAGNOSIS_G01_BAD_CREDENTIALS, SPAN("535 no"), 1000);
    cr_expect(health_is_broken(&h, AREA_LOGIN, 2000));
    health_note_probe(&h, DIAGNOSIS_NONE, (struct span){0}, 3000);
    cr_expect_not(health_is_broken(&h, AREA_LOGIN, 6000));
}

Test(health, the_last_tls_session_is_kept, .init = begin) {
    struct mailev ev = {.kind = MAILEV_TLS,
                        .counters = COUNTER_BIT(COUNTER_TLS_SESSIONS),
                        .tls_trust = SPAN("Verified"),
                        .tls_version = SPAN("TLSv1.3")};

    health_note(&h, &ev, 1000);
    cr_expect_str_eq(h.last_tls, "Verified TLSv1.3");
}

Test(health, what_is_wrong_with_a_certificate_is_kept_for_the_failure, .init = begin) {
    struct mailev ev = {.kind = MAILEV_TLS_FAILURE,
                        .daemon = SPAN("smtp"),
                        .diagnosis = DIAGNOSIS_T06_CERT_NAME,
                        .message =
                            SPAN("server certificate verification failed: hostname mismatch")};

    health_note(&h, &ev, 1000);
    cr_expect_not(health_is_broken(&h, AREA_TLS, 1000), "by itself it fails nothing");
    deferral(DIAGNOSIS_T04_CERT_UNTRUSTED, 1100);
    cr_expect(health_is_broken(&h, AREA_TLS, 1100));
    cr_expect_eq(h.way[0].cause[AREA_TLS].diagnosis, DIAGNOSIS_T06_CERT_NAME);
    cr_expect_not_null(strstr(h.way[0].cause[AREA_TLS].evidence, "hostname mismatch"));
    deferral(DIAGNOSIS_T04_CERT_UNTRUSTED, 60000);
    cr_expect_eq(h.way[0].cause[AREA_TLS].diagnosis, DIAGNOSIS_T04_CERT_UNTRUSTED,
                 "an old hint is none");
}

static void refusal(const char *dsn, int64_t now_ms) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .status = MAILEV_STATUS_DEFERRED,
                        .daemon = SPAN("smtp"),
                        .relay_ip = SPAN("192.0.2.1"),
                        .dsn = span_of(dsn),
                        .text = SPAN("host x said: 554 5.7.1 Sender address rejected")};

    health_note(&h, &ev, now_ms);
}

Test(health, refusals_that_nobody_knows_are_counted_until_a_delivery, .init = begin) {
    refusal("5.1.1", 1000);
    refusal("4.2.0", 1000);
    cr_expect_not(health_is_broken(&h, AREA_REFUSED, 1000), "about one address");
    refusal("5.7.1", 2000);
    refusal("4.7.1", 3000);
    cr_expect(health_is_broken(&h, AREA_REFUSED, 3000));
    cr_expect_eq(h.way[0].cause[AREA_REFUSED].count, 2u);
    cr_expect_eq(h.way[0].cause[AREA_REFUSED].diagnosis, DIAGNOSIS_W03_NOTHING_ACCEPTED);
    delivery("smtp", 4000);
    cr_expect_not(health_is_broken(&h, AREA_REFUSED, 6000));
}

Test(health, a_smarthost_that_greylists_all_accepts_nothing, .init = begin) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .daemon = SPAN("smtp"),
                        .diagnosis = DIAGNOSIS_W15_GREYLISTED,
                        .status = MAILEV_STATUS_DEFERRED,
                        .relay_ip = SPAN("192.0.2.1"),
                        .dsn = SPAN("4.7.1"),
                        .text = SPAN("host x said: 450 4.7.1 Greylisted")};

    health_note(&h, &ev, 1000);
    cr_expect(health_is_broken(&h, AREA_REFUSED, 1000));
    cr_expect_eq(h.way[0].cause[AREA_REFUSED].diagnosis, DIAGNOSIS_W03_NOTHING_ACCEPTED);
    cr_expect_not(health_is_relays_fault(DIAGNOSIS_W15_GREYLISTED));
    cr_expect_not(health_is_of_message(DIAGNOSIS_W15_GREYLISTED));
}

Test(health, a_reload_makes_postfix_miss_itself_for_a_moment, .init = begin) {
    struct mailev reload = {.kind = MAILEV_LIFECYCLE};

    h.last_reload_ms = -100000;
    health_note(&h, &reload, 1000);
    deferral(DIAGNOSIS_M20_INTERNAL_IPC, 2000);
    cr_expect_not(health_is_broken(&h, AREA_LOCAL, 2000));
    deferral(DIAGNOSIS_M20_INTERNAL_IPC, 30000);
    cr_expect(health_is_broken(&h, AREA_LOCAL, 30000));
    delivery("smtp", 31000);
    cr_expect(health_is_broken(&h, AREA_LOCAL, 80000));
    cr_expect_not(health_is_broken(&h, AREA_LOCAL, 91000), "a minute after, as mail passes");
}

Test(health, a_handshake_that_times_out_is_the_networks, .init = begin) {
    struct mailev ev = {.kind = MAILEV_TLS_FAILURE,
                        .daemon = SPAN("smtp"),
                        .diagnosis = DIAGNOSIS_N01_CONNECT_TIMEOUT,
                        .message =
                            SPAN("SSL_connect error to h[1.2.3.4]:465: Connection timed out")};

    health_note(&h, &ev, 1000);
    deferral(DIAGNOSIS_T09_TLS_HANDSHAKE, 1100);
    cr_expect(health_is_broken(&h, AREA_NETWORK, 1100));
    cr_expect_not(health_is_broken(&h, AREA_TLS, 1100));
}

Test(health, a_milter_that_postfix_does_not_reach, .init = begin) {
    struct mailev ev = {.kind = MAILEV_WARNING,
                        .daemon = SPAN("smtpd"),
                        .diagnosis = DIAGNOSIS_L01_MILTER_DOWN,
                        .message = SPAN("warning: connect to Milter service")};

    health_note(&h, &ev, 1000);
    cr_expect(health_is_broken(&h, AREA_MILTER, 60000));
    cr_expect_not(health_is_broken(&h, AREA_MILTER, 61001));
}

Test(health, an_answer_about_one_message_is_no_trouble, .init = begin) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .status = MAILEV_STATUS_DEFERRED,
                        .daemon = SPAN("smtp"),
                        .relay_ip = SPAN("192.0.2.1"),
                        .dsn = SPAN("4.2.2"),
                        .text = SPAN("mailbox full")};

    health_note(&h, &ev, 1000);
    cr_expect_eq(h.last_answer_ms, 1000);
    ev.diagnosis = DIAGNOSIS_G01_BAD_CREDENTIALS;
    health_note(&h, &ev, 2000);
    cr_expect_eq(h.last_answer_ms, 1000, "a refused login is none");
    delivery("smtp", 3000);
    cr_expect_eq(h.last_answer_ms, 3000);
}

Test(health, refusals_of_one_message_are_one, .init = begin) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .status = MAILEV_STATUS_DEFERRED,
                        .daemon = SPAN("smtp"),
                        .relay_ip = SPAN("192.0.2.1"),
                        .dsn = SPAN("4.7.1"),
                        .queue_id = SPAN("A1"),
                        .text = SPAN("no")};

    for (int i = 1; i <= 5; i++)
        health_note(&h, &ev, i * 1000);
    cr_expect_eq(h.way[0].refused.messages, 1u);
    ev.queue_id = SPAN("A2");
    health_note(&h, &ev, 6000);
    cr_expect_eq(h.way[0].refused.messages, 2u);
    delivery("smtp", 7000);
    health_note(&h, &ev, 20000);
    cr_expect_eq(h.way[0].refused.messages, 1u, "begun anew");
}

Test(health, a_clock_set_back_does_not_make_it_last, .init = begin) {
    deferral(DIAGNOSIS_G01_BAD_CREDENTIALS, 10000000);
    health_shift(&h, -5000000);
    delivery("smtp", 5003000);
    cr_expect_not(health_is_broken(&h, AREA_LOGIN, 5006000));
}

Test(health, a_milter_that_counts_is_reached, .init = begin) {
    health_note_probe(&h, DIAGNOSIS_L01_MILTER_DOWN, SPAN("refused"), 10000);
    cr_expect(health_is_broken(&h, AREA_MILTER, 15000));
    health_note_milter(&h, 9000);
    cr_expect(health_is_broken(&h, AREA_MILTER, 15000), "that was before");
    health_note_milter(&h, 14000);
    cr_expect_not(health_is_broken(&h, AREA_MILTER, 15000));
}
