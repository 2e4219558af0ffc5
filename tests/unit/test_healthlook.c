/* healthlook.c: several smarthosts, each for itself: what is broken, where, until when, and what
 * that says of main.cf's relayhost. */
#include "healthlook.h"

#include <criterion/criterion.h>
#include <string.h>

static struct health h;

static void begin(void) {
    memset(&h, 0, sizeof h);
}

static void fails_at(const char *relayhost, enum diagnosis d, const char *queue_id,
                     int64_t now_ms) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .status = MAILEV_STATUS_DEFERRED,
                        .diagnosis = d,
                        .daemon = SPAN("smtp"),
                        .queue_id = span_of(queue_id),
                        .relayhost = span_of(relayhost),
                        .text = SPAN("no")};

    health_note(&h, &ev, now_ms);
}

static void sends_at(const char *relayhost, int64_t now_ms) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .status = MAILEV_STATUS_SENT,
                        .daemon = SPAN("smtp"),
                        .relayhost = span_of(relayhost)};

    health_note(&h, &ev, now_ms);
}

static void leaves(const char *queue_id, int64_t now_ms) {
    struct mailev ev = {.kind = MAILEV_REMOVED, .queue_id = span_of(queue_id)};

    health_note(&h, &ev, now_ms);
}

Test(healthlook, one_that_delivers_proves_nothing_of_another, .init = begin) {
    health_configure(&h, "a.example");
    sends_at("a.example", 1000);
    fails_at("b.example", DIAGNOSIS_G01_BAD_CREDENTIALS, "B1", 2000);
    sends_at("a.example", 3000);
    sends_at("a.example", 60000);
    health_expire(&h, 60000);
    cr_expect(health_is_broken(&h, AREA_LOGIN, 60000));
    cr_expect_str_eq(health_worst(&h, AREA_LOGIN, 60000)->relayhost, "b.example");
    cr_expect_str_eq(health_main(&h, AREA_LOGIN, 60000)->relayhost, "a.example");
    cr_expect_not(health_way_is_broken(&h, health_main(&h, AREA_LOGIN, 60000), AREA_LOGIN, 60000));
    cr_expect(health_is_reached(&h, 60000));
    health_note_probe(&h, DIAGNOSIS_NONE, (struct span){0}, 61000);
    cr_expect(health_is_broken(&h, AREA_LOGIN, 65000), "a trial is of main.cf's relayhost");
    sends_at("B.EXAMPLE", 70000);
    cr_expect_not(health_is_broken(&h, AREA_LOGIN, 70001));
}

/* main.cf's relayhost is not known yet, or the log names servers that it stands for (MX). */
Test(healthlook, nobody_knows_which_is_the_main_one, .init = begin) {
    fails_at("b.example", DIAGNOSIS_G01_BAD_CREDENTIALS, "B1", 1000);
    cr_expect_str_eq(health_main(&h, AREA_LOGIN, 2000)->relayhost, "b.example");
    health_configure(&h, "example.com");
    cr_expect_str_eq(health_main(&h, AREA_LOGIN, 2000)->relayhost, "b.example");
    fails_at("b.example", DIAGNOSIS_N02_CONNECT_REFUSED, "B1", 3000);
    cr_expect_not(health_is_reached(&h, 3000));
    sends_at("c.example", 4000);
    cr_expect(health_is_reached(&h, 5000), "a delivery by any is one by all");
    fails_at("b.example", DIAGNOSIS_G01_BAD_CREDENTIALS, "B1", 6000);
    health_note_probe(&h, DIAGNOSIS_NONE, (struct span){0}, 9000);
    cr_expect_not(health_is_broken(&h, AREA_LOGIN, 9001));
}

Test(healthlook, nothing_waits_for_it_any_more, .init = begin) {
    sends_at("a.example", 1000);
    fails_at("b.example", DIAGNOSIS_N02_CONNECT_REFUSED, "B1", 2000);
    fails_at("b.example", DIAGNOSIS_N02_CONNECT_REFUSED, "B2", 3000);
    leaves("B1", 4000);
    leaves("XX", 4000);
    cr_expect(health_is_broken(&h, AREA_NETWORK, 10000), "as long as nothing is delivered at all");
    sends_at("a.example", 11000);
    cr_expect(health_is_broken(&h, AREA_NETWORK, 12000), "one still waits");
    leaves("B2", 13000);
    cr_expect_not(health_is_broken(&h, AREA_NETWORK, 13001));
}

/* Postfix tries what waits again within maximal_backoff_time. */
Test(healthlook, nobody_heard_of_it_again, .init = begin) {
    fails_at("b.example", DIAGNOSIS_N02_CONNECT_REFUSED, "B1", 2000);
    sends_at("a.example", 3000);
    cr_expect(health_is_broken(&h, AREA_NETWORK, 2000 + HEALTH_BACKOFF_MS - 1));
    cr_expect_not(health_is_broken(&h, AREA_NETWORK, 2000 + HEALTH_BACKOFF_MS));
}

Test(healthlook, the_worst_of_several_leads, .init = begin) {
    fails_at("a.example", DIAGNOSIS_G04_TEMP_AUTH_FAILURE, "A1", 1000);
    cr_expect_str_eq(health_worst(&h, AREA_LOGIN, 1000)->relayhost, "a.example");
    fails_at("b.example", DIAGNOSIS_G01_BAD_CREDENTIALS, "B1", 2000);
    cr_expect_str_eq(health_worst(&h, AREA_LOGIN, 2000)->relayhost, "b.example");
    fails_at("c.example", DIAGNOSIS_G01_BAD_CREDENTIALS, "C1", 3000);
    cr_expect_str_eq(health_worst(&h, AREA_LOGIN, 3000)->relayhost, "b.example", "the elder");
    fails_at("", DIAGNOSIS_G01_BAD_CREDENTIALS, "X1", 500);
    cr_expect_str_eq(health_worst(&h, AREA_LOGIN, 3000)->relayhost, "b.example", "who has a name");
    sends_at("b.example", 10000);
    cr_expect_str_eq(health_worst(&h, AREA_LOGIN, 10000)->relayhost, "c.example");
    cr_expect_null(health_way(&h, SPAN("d.example")));
}

Test(healthlook, of_more_than_a_few_leads, .init = begin) {
    fails_at("a.example", DIAGNOSIS_G13_UNUSUAL_RATE, "A1", 1000);
    for (int i = 0; i < 3; i++)
        fails_at("b.example", DIAGNOSIS_G13_UNUSUAL_RATE, (const char *[]){"B1", "B2", "B3"}[i],
                 2000);
    cr_expect_str_eq(health_worst(&h, AREA_POLICY, 3000)->relayhost, "b.example");
}

/* What is wrong with this host is nobody's else. */
Test(healthlook, local_trouble_is_of_no_smarthost, .init = begin) {
    fails_at("b.example", DIAGNOSIS_S04_MAP_MISSING, "B1", 1000);
    cr_expect_str_eq(health_worst(&h, AREA_LOCAL, 1000)->relayhost, "");
    cr_expect(health_is_broken(&h, AREA_LOCAL, 1000));
}

Test(healthlook, more_smarthosts_than_are_known, .init = begin) {
    fails_at("bad.example", DIAGNOSIS_G01_BAD_CREDENTIALS, "B1", 1000);
    for (int i = 0; i < 1000; i++) {
        char name[32];

        text_format(name, sizeof name, "s%d.example", i);
        sends_at(name, 2000 + i);
    }
    cr_assert_not_null(health_way(&h, SPAN("bad.example")), "one in trouble is not forgotten");
    cr_expect(health_is_broken(&h, AREA_LOGIN, 10000));
    cr_assert_not_null(health_way(&h, SPAN("s999.example")));
    cr_expect_null(health_way(&h, SPAN("s0.example")));
}

Test(healthlook, all_are_in_trouble_and_one_more, .init = begin) {
    for (int i = 0; i < HEALTH_WAYS + 3; i++) {
        char name[32];

        text_format(name, sizeof name, "s%d.example", i);
        fails_at(name, DIAGNOSIS_G01_BAD_CREDENTIALS, name, 1000 + i);
    }
    cr_expect_null(health_way(&h, SPAN("s9.example")), "counted with those without a name");
    cr_expect_eq(h.way[0].cause[AREA_LOGIN].count, 4u);
}

/* Where mail goes by another one, nothing but itself proves that the main one works. */
Test(healthlook, a_trial_of_the_main_one, .init = begin) {
    health_configure(&h, "a.example");
    sends_at("a.example", 1000);
    health_note_probe(&h, DIAGNOSIS_G01_BAD_CREDENTIALS, SPAN("535 no"), 2000);
    sends_at("b.example", 3000);
    cr_expect(health_is_broken(&h, AREA_LOGIN, 3000 + 2 * HEALTH_BACKOFF_MS));
    health_configure(&h, "a.example");
    cr_expect(health_is_broken(&h, AREA_LOGIN, 3000 + 2 * HEALTH_BACKOFF_MS));
    health_configure(&h, "b.example");
    cr_expect_not(health_is_broken(&h, AREA_LOGIN, 3000 + 2 * HEALTH_BACKOFF_MS),
                  "main.cf names another one now");
    health_configure(&h, "a.example");
    health_note_probe(&h, DIAGNOSIS_G01_BAD_CREDENTIALS, SPAN("535 no"), 4000);
    sends_at("b.example", 5000);
    cr_expect(health_is_broken(&h, AREA_LOGIN, 9000));
    sends_at("a.example", 10000);
    cr_expect_not(health_is_broken(&h, AREA_LOGIN, 10001));
}

Test(healthlook, one_or_two_messages_may_be_for_once, .init = begin) {
    const struct health_way *way;

    fails_at("b.example", DIAGNOSIS_G13_UNUSUAL_RATE, "B1", 1000);
    fails_at("b.example", DIAGNOSIS_G13_UNUSUAL_RATE, "B1", 1000);
    fails_at("b.example", DIAGNOSIS_G13_UNUSUAL_RATE, "B2", 1000);
    way = health_way(&h, SPAN("b.example"));
    cr_expect(health_is_of_few(way, AREA_POLICY));
    fails_at("b.example", DIAGNOSIS_G13_UNUSUAL_RATE, "B3", 1000);
    cr_expect_not(health_is_of_few(way, AREA_POLICY));
    fails_at("c.example", DIAGNOSIS_G24_REPUTATION_POLICY, "C1", 1000);
    cr_expect(health_is_of_few(health_way(&h, SPAN("c.example")), AREA_POLICY));
    fails_at("d.example", DIAGNOSIS_N02_CONNECT_REFUSED, "D1", 1000);
    cr_expect_not(health_is_of_few(health_way(&h, SPAN("d.example")), AREA_NETWORK));
}

/* A list of relayhosts: the second is asked where the first is not reached. */
Test(healthlook, they_stand_for_each_other, .init = begin) {
    struct mailev sent = {.kind = MAILEV_DELIVERY,
                          .status = MAILEV_STATUS_SENT,
                          .daemon = SPAN("smtp"),
                          .queue_id = SPAN("B3"),
                          .relayhost = SPAN("a.example")};

    health_configure(&h, "a.example");
    sends_at("a.example", 500);
    for (int i = 0; i < 20; i++) {
        char id[8];

        text_format(id, sizeof id, "B%d", i % 7);
        fails_at("b.example", DIAGNOSIS_N02_CONNECT_REFUSED, id, 1000 + i);
    }
    sends_at("a.example", 5000);
    cr_expect(health_is_broken(&h, AREA_NETWORK, 5000), "other mail says nothing");
    health_note(&h, &sent, 6000);
    cr_expect_not(health_is_broken(&h, AREA_NETWORK, 6000), "what waited for b went by a");
}

/* Lines that name no smarthost may be about the main one. */
Test(healthlook, trouble_without_a_name, .init = begin) {
    struct mailev warning = {.kind = MAILEV_WARNING,
                             .diagnosis = DIAGNOSIS_T10_TLS_CONFIG,
                             .message = SPAN("warning: TLS policy lookup")};

    health_configure(&h, "a.example");
    sends_at("a.example", 1000);
    health_note(&h, &warning, 2000);
    cr_expect(health_way_is_broken(&h, health_main(&h, AREA_TLS, 2000), AREA_TLS, 2000));
    fails_at("b.example", DIAGNOSIS_T10_TLS_CONFIG, "B1", 2000);
    cr_expect_not(health_way_is_broken(&h, health_main(&h, AREA_TLS, 2000), AREA_TLS, 2000),
                  "of b, as it seems");
}

Test(healthlook, do_others_deliver, .init = begin) {
    const struct health_way *b;

    health_configure(&h, "a.example");
    sends_at("a.example", 1000);
    fails_at("b.example", DIAGNOSIS_G01_BAD_CREDENTIALS, "B1", 2000);
    b = health_way(&h, SPAN("b.example"));
    cr_expect_not(health_others_deliver(&h, b, AREA_LOGIN, 3000), "not since then");
    sends_at("a.example", 4000);
    cr_expect(health_others_deliver(&h, b, AREA_LOGIN, 5000));
    fails_at("a.example", DIAGNOSIS_N02_CONNECT_REFUSED, "A1", 6000);
    cr_expect_not(health_others_deliver(&h, b, AREA_LOGIN, 6000), "it is broken itself");
    cr_expect_eq(health_main_success(&h), 4000);
    sends_at("b.example", 7000);
    cr_expect_eq(health_main_success(&h), 4000);
    health_configure(&h, "example.com");
    cr_expect_eq(health_main_success(&h), 7000);
}

/* One smarthost that comes and goes within two seconds: nobody else delivers. */
Test(healthlook, alone, .init = begin) {
    health_configure(&h, "a.example");
    fails_at("a.example", DIAGNOSIS_N05_LOST_CONNECTION, "A1", 1000);
    sends_at("a.example", 2000);
    fails_at("a.example", DIAGNOSIS_N05_LOST_CONNECTION, "A1", 2500);
    cr_expect_not(health_others_deliver(&h, health_way(&h, SPAN("a.example")), AREA_NETWORK, 3000));
}
