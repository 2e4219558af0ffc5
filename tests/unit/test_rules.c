#include <criterion/criterion.h>
#include <string.h>

#include "rules.h"

#include "rules_world.h"

static struct health health;
static struct signals signals;
static struct rules *rules;

static void begin(void) {
    memset(&health, 0, sizeof health);
    signals = (struct signals){.health = &health,
                               .queue_known = true,
                               .postfix_running = true,
                               .queue_lifetime_ms = 5 * 86400 * (int64_t)1000,
                               .disk_known = true,
                               .disk_free_bytes = (uint64_t)10 << 30,
                               .inodes_free = 1000000,
                               .log_path = "/var/log/mail.log",
                               .milter_expected = true,
                               .credential_detail = "",
                               .store_detail = "",
                               .host = "mx",
                               .rival = ""};
    rules = rules_new(&world_limits);
}

static void finish(void) {
    rules_free(&rules);
}

static void fail_login(int64_t now_ms) {
    health_note_probe(&health, DIAGNOSIS_G01_BAD_CREDENTIALS, SPAN("535 5.7.8 no"), now_ms);
}

static const struct alert *find(const char *id) {
    const struct alert_set *set = rules_alerts(rules);

    for (int i = 0; i < set->count; i++) {
        if (strcmp(set->alert[i].id, id) == 0)
            return &set->alert[i];
    }
    return NULL;
}

Test(rules, a_healthy_relay_is_quiet, .init = begin, .fini = finish) {
    for (int64_t now = 1000; now < 3600 * 1000; now += 1000)
        cr_assert_not(rules_eval(rules, &signals, now));
    cr_expect_eq(rules_alerts(rules)->count, 0);
}

Test(rules, a_refused_login_is_told_at_once_with_all_that_helps, .init = begin, .fini = finish) {
    const struct alert *a;

    fail_login(5000);
    signals.queue_messages = 23;
    signals.oldest_ms = 60 * 1000;
    cr_expect(rules_eval(rules, &signals, 5100));
    a = find("login-refused");
    cr_assert_not_null(a);
    cr_expect_eq(a->severity, SEVERITY_CRITICAL);
    cr_expect_eq(a->diagnosis, DIAGNOSIS_G01_BAD_CREDENTIALS);
    cr_expect_str_eq(a->evidence, "535 5.7.8 no");
    cr_expect_not_null(strstr(a->impact, "DELAYED: 23 messages wait"), "%s", a->impact);
    cr_expect_not_null(strstr(a->impact, "5 days"), "%s", a->impact);
    cr_expect_not(rules_eval(rules, &signals, 6100), "told once");
}

Test(rules, an_end_is_told_and_kept_for_a_while, .init = begin, .fini = finish) {
    fail_login(5000);
    cr_assert(rules_eval(rules, &signals, 5000));
    health_note_probe(&health, DIAGNOSIS_NONE, (struct span){0}, 8000);
    cr_expect(rules_eval(rules, &signals, 8000));
    cr_assert_not_null(find("login-refused"));
    cr_expect_eq(find("login-refused")->ended_ms, 8000);
    cr_expect_eq(find("login-refused")->since_ms, 5000);
    cr_expect_not(rules_eval(rules, &signals, 8000 + 14 * 60 * 1000));
    cr_expect_not_null(find("login-refused"));
    rules_eval(rules, &signals, 8000 + 16 * 60 * 1000);
    cr_expect_null(find("login-refused"));
}

Test(rules, one_cause_is_one_alert, .init = begin, .fini = finish) {
    signals.queue_messages = 5000;
    signals.queue_growth = 100;
    signals.oldest_ms = 3 * 3600 * 1000;
    fail_login(1000);
    for (int64_t now = 1000; now < 200 * 1000; now += 1000)
        rules_eval(rules, &signals, now);
    cr_expect_eq(rules_alerts(rules)->count, 1);
    cr_expect_not_null(find("login-refused"));
}

Test(rules, unreachable_waits_its_time, .init = begin, .fini = finish) {
    health_note_probe(&health, DIAGNOSIS_N02_CONNECT_REFUSED, SPAN("refused"), 1000);
    cr_expect_not(rules_eval(rules, &signals, 1000));
    cr_expect_not(rules_eval(rules, &signals, 10900));
    cr_expect(rules_eval(rules, &signals, 11000));
    cr_assert_not_null(find("relay-unreachable"));
    cr_expect_eq(find("relay-unreachable")->since_ms, 1000, "dated from its beginning");
}

Test(rules, a_short_trouble_wakes_nobody, .init = begin, .fini = finish) {
    health_note_probe(&health, DIAGNOSIS_N02_CONNECT_REFUSED, SPAN("refused"), 1000);
    rules_eval(rules, &signals, 1000);
    health_note_probe(&health, DIAGNOSIS_NONE, (struct span){0}, 4000);
    for (int64_t now = 4000; now < 60000; now += 1000)
        cr_expect_not(rules_eval(rules, &signals, now));
    cr_expect_eq(rules_alerts(rules)->count, 0);
}

Test(rules, each_condition_has_its_alert, .init = begin, .fini = finish) {
    static const struct {
        const char *id;
        enum diagnosis d;
        enum severity severity;
    } want[] = {
        {"postfix-down", DIAGNOSIS_M01_NOT_RUNNING, SEVERITY_CRITICAL},
        {"credential-rejected", DIAGNOSIS_C01_NEW_CREDENTIAL_REJECTED, SEVERITY_WARNING},
        {"disk-low", DIAGNOSIS_Q01_DISK_LOW_SMTPD, SEVERITY_CRITICAL},
        {"log-silent", DIAGNOSIS_M16_LOG_MISSING, SEVERITY_CRITICAL},
        {"milter-gone", DIAGNOSIS_L01_MILTER_DOWN, SEVERITY_WARNING},
        {"certificate-expiring", DIAGNOSIS_T05_CERT_EXPIRED_NOT_YET_VALID, SEVERITY_WARNING},
        {"store-down", DIAGNOSIS_W01_STORE_UNAVAILABLE, SEVERITY_WARNING},
        {"keeper-gone", DIAGNOSIS_W02_KEEPER_SILENT, SEVERITY_WARNING},
        {"duplicate-host", DIAGNOSIS_W04_DUPLICATE_HOST, SEVERITY_WARNING},
    };

    signals.postfix_running = false;
    signals.credential = RULES_CREDENTIAL_REJECTED;
    signals.credential_detail = "535 no";
    signals.disk_free_bytes = 1;
    signals.log = RULES_LOG_MISSING;
    signals.milter_silent_ms = 11 * 1000;
    signals.certificate_expires_ms = 10 * 86400 * (int64_t)1000;
    signals.store_down = true;
    signals.store_detail = "connection refused";
    signals.keeper_silent_ms = 61 * 1000;
    signals.flips = 4;
    for (int64_t now = 1000; now <= 62 * 1000; now += 1000)
        rules_eval(rules, &signals, now);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        const struct alert *a = find(want[i].id);

        cr_expect_not_null(a, "%s does not fire", want[i].id);
        if (a == NULL)
            continue;
        cr_expect_eq(a->diagnosis, want[i].d, "%s", want[i].id);
        cr_expect_eq(a->severity, want[i].severity, "%s", want[i].id);
        cr_expect_gt(strlen(a->summary), 10u, "%s", want[i].id);
        cr_expect_gt(strlen(a->impact), 3u, "%s", want[i].id);
    }
}

Test(rules, suppressed_lines_are_a_warning, .init = begin, .fini = finish) {
    signals.log_suppressed = 17;
    cr_expect(rules_eval(rules, &signals, 1000));
    cr_assert_not_null(find("log-silent"));
    cr_expect_eq(find("log-silent")->diagnosis, DIAGNOSIS_M16_LOG_MISSING);
    cr_expect_eq(find("log-silent")->severity, SEVERITY_WARNING);
    cr_expect_eq(find("log-silent")->count, 17u);
    cr_expect_not_null(strstr(find("log-silent")->summary, "threw away 17 lines"));
    signals.log_suppressed = 0;
    cr_expect(rules_eval(rules, &signals, 2000));
    cr_expect_neq(find("log-silent")->ended_ms, 0);
}

Test(rules, a_queue_that_grows_rises_to_critical, .init = begin, .fini = finish) {
    signals.queue_messages = 200;
    signals.queue_growth = 10;
    for (int64_t now = 1000; now <= 62 * 1000; now += 1000)
        rules_eval(rules, &signals, now);
    cr_assert_not_null(find("queue-growing"));
    cr_expect_eq(find("queue-growing")->severity, SEVERITY_WARNING);
    signals.queue_messages = 2000;
    cr_expect(rules_eval(rules, &signals, 63 * 1000), "a rise is news");
    cr_expect_eq(find("queue-growing")->severity, SEVERITY_CRITICAL);
    signals.queue_growth = -1;
    cr_expect(rules_eval(rules, &signals, 64 * 1000), "it shrinks");
    cr_expect_neq(find("queue-growing")->ended_ms, 0);
}

Test(rules, lost_mail_is_said_first, .init = begin, .fini = finish) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .status = MAILEV_STATUS_BOUNCED,
                        .daemon = SPAN("smtp"),
                        .diagnosis = DIAGNOSIS_G09_MAIL_RELAY_DENIED};

    health_note(&health, &ev, 1000);
    health_note(&health, &ev, 1000);
    cr_assert(rules_eval(rules, &signals, 1000));
    cr_assert_not_null(find("relay-refuses"));
    cr_expect_str_eq(find("relay-refuses")->impact,
                     "LOST: mail to 2 recipients was returned to the sender.");
    signals.queue_messages = 1;
    signals.oldest_ms = 1000;
    rules_eval(rules, &signals, 2000);
    cr_expect_not_null(
        strstr(find("relay-refuses")->impact, "to the sender. DELAYED: 1 message waits"), "%s",
        find("relay-refuses")->impact);
}

/* What the log's causes do not tell any more, as mail passes again, the rules that count know. */
Test(rules, what_was_returned_is_never_denied, .init = begin, .fini = finish) {
    signals.returned = 5;
    signals.returned_for = DIAGNOSIS_G09_MAIL_RELAY_DENIED;
    cr_assert(rules_eval(rules, &signals, 1000));
    cr_assert_not_null(find("mail-returned"));
    cr_expect_not_null(strstr(find("mail-returned")->impact, "LOST: mail to 5 recipients"), "%s",
                       find("mail-returned")->impact);
    signals.returned = 0;
    signals.unwanted = 20;
    signals.unwanted_returned = 1;
    signals.judged = 40;
    signals.unwanted_for = DIAGNOSIS_G24_REPUTATION_POLICY;
    signals.unwanted_evidence = "its words";
    rules_eval(rules, &signals, 2000);
    cr_assert_not_null(find("relay-refuses"));
    cr_expect_not_null(strstr(find("relay-refuses")->impact, "LOST: mail to 1 recipient was"), "%s",
                       find("relay-refuses")->impact);
}

Test(rules, nothing_accepted_is_told_though_nobody_knows_why, .init = begin, .fini = finish) {
    for (int64_t now = 1000; now <= 12 * 1000; now += 1000)
        health_note_probe(&health, DIAGNOSIS_W03_NOTHING_ACCEPTED, SPAN("554 5.7.1 no"), now);
    cr_expect_not(rules_eval(rules, &signals, 12 * 1000));
    cr_expect(rules_eval(rules, &signals, 42 * 1000));
    cr_assert_not_null(find("nothing-accepted"));
    cr_expect_eq(find("nothing-accepted")->severity, SEVERITY_CRITICAL);
    cr_expect_str_eq(find("nothing-accepted")->evidence, "554 5.7.1 no");
}

Test(rules, two_refusals_are_not_yet_an_alert, .init = begin, .fini = finish) {
    health_note_probe(&health, DIAGNOSIS_W03_NOTHING_ACCEPTED, SPAN("no"), 1000);
    health_note_probe(&health, DIAGNOSIS_W03_NOTHING_ACCEPTED, SPAN("no"), 2000);
    for (int64_t now = 2000; now < 120 * 1000; now += 1000)
        cr_expect_not(rules_eval(rules, &signals, now));
}

Test(rules, nothing_lost_is_not_called_lost, .init = begin, .fini = finish) {
    signals.queue_counted_ms = 2000;
    health_note_probe(&health, DIAGNOSIS_G24_REPUTATION_POLICY, SPAN("554"), 1000);
    cr_assert(rules_eval(rules, &signals, 1000));
    cr_assert_not_null(find("relay-refuses"));
    cr_expect_str_eq(find("relay-refuses")->impact,
                     "No message was returned, and none waits for this now.");
}

Test(rules, a_milter_that_is_not_reached_is_told_though_it_lives, .init = begin, .fini = finish) {
    health_note_probe(&health, DIAGNOSIS_L03_MILTER_PERMISSION, SPAN("no such file"), 1000);
    rules_eval(rules, &signals, 1000);
    rules_eval(rules, &signals, 10900);
    cr_expect_null(find("milter-gone"), "as one that shows no sign of life: it may be starting");
    cr_expect(rules_eval(rules, &signals, 11000));
    cr_assert_not_null(find("milter-gone"));
    cr_expect_eq(find("milter-gone")->diagnosis, DIAGNOSIS_L03_MILTER_PERMISSION);
}

/* relaywatch as a whole was started anew, and mail came in between. */
Test(rules, a_milter_that_was_missed_before_the_start_calls_nobody, .init = begin, .fini = finish) {
    health_note_milter(&health, 5000);
    health_note_probe(&health, DIAGNOSIS_L03_MILTER_PERMISSION, SPAN("no such file"), 1000);
    for (int64_t now_ms = 1000; now_ms < 70000; now_ms += 1000) {
        rules_eval(rules, &signals, now_ms);
        cr_assert_null(find("milter-gone"), "at %lld", (long long)now_ms);
    }
}

/* Said at once, before the queue was counted again. */
Test(rules, impact_of_mail_that_is_not_counted_yet, .init = begin, .fini = finish) {
    signals.queue_counted_ms = 4000;
    fail_login(5000);
    rules_eval(rules, &signals, 5100);
    cr_expect_str_eq(find("login-refused")->impact,
                     "DELAYED: mail that meets this waits in the queue, safe.");
    signals.queue_counted_ms = 6000;
    rules_eval(rules, &signals, 6100);
    cr_expect_str_eq(find("login-refused")->impact,
                     "No message was returned, and none waits for this now.");
}

Test(rules, a_second_host_of_our_name, .init = begin, .fini = finish) {
    const struct alert *a;

    signals.flips = 3;
    cr_expect_not(rules_eval(rules, &signals, 1000), "moved and moved back");
    signals.rival = "mx2, process 812";
    signals.store_down = true;
    signals.store_detail = "another relaywatchd writes here";
    for (int64_t now = 2000; now < 30000; now += 1000)
        rules_eval(rules, &signals, now);
    a = find("duplicate-host");
    cr_assert_not_null(a);
    cr_expect_eq(a->since_ms, 2000, "at once");
    cr_expect_not_null(strstr(a->summary, "mx2, process 812"), "%s", a->summary);
    cr_expect_null(find("store-down"), "one cause, one alert");
    signals.rival = "";
    signals.store_down = false;
    cr_expect(rules_eval(rules, &signals, 31000));
    cr_expect_eq(find("duplicate-host")->ended_ms, 31000);
}

Test(rules, dead_logins_are_one_alert_that_explains_the_queue, .init = begin, .fini = finish) {
    fail_login(5000);
    cr_assert(rules_eval(rules, &signals, 5000));
    cr_expect_eq(find("login-refused")->diagnosis, DIAGNOSIS_G01_BAD_CREDENTIALS);
    signals.credential = RULES_CREDENTIAL_BOTH_DEAD;
    signals.credential_detail = "535 5.7.8 no";
    signals.queue_messages = 5000;
    signals.queue_growth = 100;
    cr_expect(rules_eval(rules, &signals, 6000), "it says more now");
    for (int64_t now = 7000; now < 200 * 1000; now += 1000)
        cr_expect_not(rules_eval(rules, &signals, now));
    cr_assert_not_null(find("login-refused"));
    cr_expect_eq(find("login-refused")->diagnosis, DIAGNOSIS_C05_BOTH_REJECTED);
    cr_expect_eq(find("login-refused")->severity, SEVERITY_CRITICAL);
    cr_expect_eq(find("login-refused")->since_ms, 5000);
    cr_expect_eq(find("login-refused")->ended_ms, 0);
    cr_expect_str_eq(find("login-refused")->evidence, "535 5.7.8 no");
    cr_expect_not_null(strstr(find("login-refused")->impact, "DELAYED: 5000"));
    cr_expect_null(find("queue-growing"));
    cr_expect_null(find("credential-rejected"));
    signals.credential = RULES_CREDENTIAL_PUT_BACK;
    rules_eval(rules, &signals, 201 * 1000);
    cr_assert_not_null(find("credential-rejected"));
    cr_expect_not_null(strstr(find("credential-rejected")->summary, "old one is live again"));
    signals.credential = RULES_CREDENTIAL_STUCK;
    rules_eval(rules, &signals, 202 * 1000);
    cr_expect_eq(find("credential-rejected")->diagnosis, DIAGNOSIS_C06_ROLLBACK_FAILED);
}

Test(rules, a_ca_file_that_is_gone, .init = begin, .fini = finish) {
    signals.ca_file_gone = "/etc/ssl/ca.pem";
    rules_eval(rules, &signals, 1000);
    cr_expect_null(find("ca-file-gone"), "a package that is upgraded takes it away for a moment");
    rules_eval(rules, &signals, 4000);
    cr_assert_not_null(find("ca-file-gone"));
    cr_expect_not_null(strstr(find("ca-file-gone")->summary, "/etc/ssl/ca.pem"));
    cr_expect_eq(find("ca-file-gone")->diagnosis, DIAGNOSIS_T03_TLS_ENGINE_UNAVAILABLE);
    signals.ca_file_gone = NULL;
    rules_eval(rules, &signals, 5000);
    cr_expect_eq(find("ca-file-gone")->ended_ms, 5000);
}

/* ---- what comes and goes ---- */

static void wave(struct world *w, enum rule rule, int seconds_on, int seconds_off) {
    for (int i = 0; i < seconds_on; i++) {
        world_break(w, rule);
        world_tick(w);
    }
    w->s.store_down = false;
    for (int i = 0; i < seconds_off; i++)
        world_tick(w);
}

static enum rules_hearing hear(struct world *w, enum rule rule, struct alert *out) {
    return rules_heard(w->rules, (int)rule, w->now_ms, out);
}

Test(rules, receivers_hear_of_a_third_time_until_it_stays_away) {
    struct world w;
    struct alert heard;
    int64_t since_ms;

    world_begin(&w);
    cr_expect_eq(hear(&w, RULE_STORE_DOWN, &heard), RULES_NOTHING);
    for (int times = 0; times < 2; times++) {
        wave(&w, RULE_STORE_DOWN, 20, 30);
        cr_expect_eq(hear(&w, RULE_STORE_DOWN, &heard), RULES_ENDED, "time %d", times);
    }
    wave(&w, RULE_STORE_DOWN, 20, 0);
    cr_expect_eq(hear(&w, RULE_STORE_DOWN, &heard), RULES_FIRING);
    since_ms = heard.since_ms;
    wave(&w, RULE_STORE_DOWN, 0, 30);
    cr_expect_not(world_fires(&w, RULE_STORE_DOWN), "it is over");
    cr_expect_eq(hear(&w, RULE_STORE_DOWN, &heard), RULES_HELD, "but not for the receivers");
    cr_expect_eq(heard.ended_ms, 0);
    rules_set_told(w.rules, RULE_STORE_DOWN);
    wave(&w, RULE_STORE_DOWN, 20, 299);
    cr_expect_eq(hear(&w, RULE_STORE_DOWN, &heard), RULES_HELD);
    cr_expect_eq(heard.since_ms, since_ms, "under the beginning that they know");
    cr_expect(rules_is_told(w.rules, RULE_STORE_DOWN));
    wave(&w, RULE_STORE_DOWN, 0, 3);
    cr_expect_eq(hear(&w, RULE_STORE_DOWN, &heard), RULES_ENDED, "5 minutes of quiet");
    cr_expect_neq(heard.ended_ms, 0);
    world_end(&w);
}

Test(rules, of_a_square_wave_of_any_length_receivers_hear_three_times_at_most) {
    for (int half = 11; half <= 120; half++) {
        struct world w;
        struct alert heard;
        int64_t since_ms = 0;
        int begins = 0;

        world_begin(&w);
        for (int i = 0; i < 3600; i++) {
            w.s.store_down = i / half % 2 == 0;
            world_tick(&w);
            if (hear(&w, RULE_STORE_DOWN, &heard) == RULES_FIRING && heard.since_ms != since_ms) {
                begins++;
                since_ms = heard.since_ms;
            }
        }
        cr_expect_leq(begins, 3, "half a wave of %d s: %d alerts", half, begins);
        world_end(&w);
    }
}

Test(rules, times_that_lie_apart_are_of_their_own) {
    struct world w;
    struct alert heard;

    world_begin(&w);
    for (int times = 0; times < 5; times++) {
        wave(&w, RULE_STORE_DOWN, 20, 600);
        cr_expect_eq(hear(&w, RULE_STORE_DOWN, &heard), RULES_ENDED, "time %d", times);
    }
    world_end(&w);
}

/* ---- what nobody knows, and a clock that is set ---- */

Test(rules, what_is_not_known_neither_begins_nor_ends) {
    struct world w;

    world_begin(&w);
    w.s.queue_known = false;
    w.s.postfix_running = false;
    for (int i = 0; i < 60; i++)
        cr_assert_not(world_tick(&w));
    w.s.queue_known = true;
    for (int i = 0; i < 5; i++)
        world_tick(&w);
    cr_assert(world_fires(&w, RULE_POSTFIX_DOWN));
    w.s.queue_known = false;
    w.s.postfix_running = true;
    for (int i = 0; i < 60; i++)
        cr_assert_not(world_tick(&w));
    cr_assert(world_fires(&w, RULE_POSTFIX_DOWN));
    w.s.queue_known = true;
    cr_expect(world_tick(&w));
    cr_expect_not(world_fires(&w, RULE_POSTFIX_DOWN));
    world_end(&w);
}

Test(rules, a_clock_that_is_set_neither_hurries_nor_delays) {
    static const int64_t steps[] = {7200 * 1000, -7200 * 1000};

    for (size_t i = 0; i < 2; i++) {
        struct world w;
        int64_t since_ms;

        world_begin(&w);
        for (int second = 0; second < 5; second++) {
            world_break(&w, RULE_RELAY_UNREACHABLE);
            world_tick(&w);
        }
        w.now_ms += steps[i];
        rules_shift(w.rules, steps[i]);
        health_shift(&w.health, steps[i]);
        world_break(&w, RULE_RELAY_UNREACHABLE);
        world_tick(&w);
        cr_expect_not(world_fires(&w, RULE_RELAY_UNREACHABLE), "it waits 10 s, not 6");
        for (int second = 0; second < 6; second++)
            world_tick(&w);
        cr_assert(world_fires(&w, RULE_RELAY_UNREACHABLE));
        since_ms = world_alert(&w, RULE_RELAY_UNREACHABLE)->since_ms;
        w.now_ms -= steps[i];
        rules_shift(w.rules, -steps[i]);
        health_shift(&w.health, -steps[i]);
        cr_expect_not(world_tick(&w), "no news");
        cr_expect_eq(world_alert(&w, RULE_RELAY_UNREACHABLE)->since_ms, since_ms);
        health_note_probe(&w.health, DIAGNOSIS_NONE, (struct span){0}, w.now_ms + 3000);
        w.now_ms += 5000;
        world_tick(&w);
        cr_expect_not(world_fires(&w, RULE_RELAY_UNREACHABLE));
        cr_expect_gt(world_alert(&w, RULE_RELAY_UNREACHABLE)->ended_ms, since_ms);
        world_end(&w);
    }
}

/* What waits, waits for the login: an alert about something else does not claim it. */
Test(rules, what_waits_is_told_once, .init = begin, .fini = finish) {
    struct quota_top top = {"app@example.com", 9000, 1, 9000, QUOTA_BY_MILTER};

    fail_login(5000);
    signals.queue_messages = 30;
    signals.quota = &top;
    for (int64_t now = 5000; now < 20 * 1000; now += 1000)
        rules_eval(rules, &signals, now);
    cr_assert_not_null(find("login-refused"));
    cr_expect_not_null(strstr(find("login-refused")->impact, "DELAYED: 30"));
    cr_assert_not_null(find("limit-near"));
    cr_expect_str_eq(find("limit-near")->impact, "None yet.");
}

/* ---- several smarthosts ---- */

static void deliver_at(const char *relayhost, enum diagnosis d, const char *queue_id,
                       int64_t now_ms) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .status = d == DIAGNOSIS_NONE ? MAILEV_STATUS_SENT : MAILEV_STATUS_DEFERRED,
                        .diagnosis = d,
                        .daemon = SPAN("smtp"),
                        .queue_id = span_of(queue_id),
                        .relayhost = span_of(relayhost),
                        .relay_port = 2525,
                        .text = SPAN("no")};

    health_note(&health, &ev, now_ms);
}

Test(rules, an_alert_names_its_smarthost_and_goes_on_while_another_delivers, .init = begin,
     .fini = finish) {
    deliver_at("a.example", DIAGNOSIS_NONE, "A0", 500);
    deliver_at("b.example", DIAGNOSIS_G01_BAD_CREDENTIALS, "B1", 1000);
    cr_expect(rules_eval(rules, &signals, 1000));
    cr_assert_not_null(find("login-refused"));
    cr_expect_str_eq(find("login-refused")->relayhost, "b.example");
    cr_expect_eq(find("login-refused")->party, PARTY_OURS);
    for (int64_t now = 2000; now < 600 * 1000; now += 1000) {
        deliver_at("a.example", DIAGNOSIS_NONE, "A1", now);
        cr_assert_not(rules_eval(rules, &signals, now), "nothing new at %lld", (long long)now);
    }
    deliver_at("b.example", DIAGNOSIS_NONE, "B1", 601 * 1000);
    cr_expect(rules_eval(rules, &signals, 604 * 1000));
    cr_expect_neq(find("login-refused")->ended_ms, 0);
}

Test(rules, what_is_over_at_one_goes_on_at_another_anew, .init = begin, .fini = finish) {
    deliver_at("a.example", DIAGNOSIS_G01_BAD_CREDENTIALS, "A1", 1000);
    deliver_at("b.example", DIAGNOSIS_G01_BAD_CREDENTIALS, "B1", 2000);
    rules_eval(rules, &signals, 2000);
    cr_expect_str_eq(find("login-refused")->relayhost, "a.example");
    deliver_at("a.example", DIAGNOSIS_NONE, "A1", 5000);
    cr_expect(rules_eval(rules, &signals, 8000));
    cr_expect_neq(find("login-refused")->ended_ms, 0, "over at a");
    cr_expect(rules_eval(rules, &signals, 8100));
    cr_expect_eq(find("login-refused")->ended_ms, 0);
    cr_expect_str_eq(find("login-refused")->relayhost, "b.example");
    cr_expect_eq(find("login-refused")->since_ms, 8100);
}

Test(rules, one_cause_at_each_smarthost, .init = begin, .fini = finish) {
    deliver_at("a.example", DIAGNOSIS_G01_BAD_CREDENTIALS, "A1", 1000);
    deliver_at("b.example", DIAGNOSIS_N02_CONNECT_REFUSED, "B1", 1000);
    for (int64_t now = 1000; now < 60 * 1000; now += 1000)
        rules_eval(rules, &signals, now);
    cr_assert_not_null(find("login-refused"));
    cr_assert_not_null(find("relay-unreachable"), "a's refusal explains nothing of b");
    cr_expect_str_eq(find("relay-unreachable")->relayhost, "b.example");
    cr_expect_eq(find("relay-unreachable")->party, PARTY_NETWORK);
}
