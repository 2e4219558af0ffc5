/* A kill at any second of an incident: neither told anew, nor ended, nor waiting from the start. */
#include "rulestate.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "rules_world.h"
#include "healthlook.h"

static char room[256 * 1024];
static size_t used;

static void print(struct world *w) {
    struct keptout out = {room, 0, sizeof room, false};

    rulestate_print(w->rules, &w->health, &out);
    cr_assert_not(out.full);
    used = out.n;
}

static void take(struct world *w, int64_t saved_ms) {
    struct span text = {room, used};
    struct span line;

    while (keptline_next(&text, &line))
        cr_expect(rulestate_take(w->rules, &w->health, line), "%.*s", (int)line.n, line.p);
    rulestate_settle(w->rules, &w->health, saved_ms, w->now_ms, 20 * 1000);
}

/* The process is killed and begins anew: what it had in memory is gone. */
static void reborn(struct world *w) {
    int64_t now_ms = w->now_ms;

    print(w);
    world_end(w);
    world_begin(w);
    w->now_ms = now_ms;
    w->s.queue_known = false; /* the keeper is not asked yet */
    w->s.disk_known = false;
    take(w, now_ms);
}

Test(rulestate, each_smarthost_is_kept) {
    struct mailev ev = {.kind = MAILEV_DELIVERY,
                        .status = MAILEV_STATUS_DEFERRED,
                        .diagnosis = DIAGNOSIS_G01_BAD_CREDENTIALS,
                        .daemon = SPAN("smtp"),
                        .queue_id = SPAN("AA"),
                        .relayhost = SPAN("a.example"),
                        .text = SPAN("535 no")};
    struct mailev sent = {.kind = MAILEV_DELIVERY,
                          .status = MAILEV_STATUS_SENT,
                          .daemon = SPAN("smtp"),
                          .relayhost = SPAN("b.example")};
    const struct mailev removed = {.kind = MAILEV_REMOVED, .queue_id = SPAN("AA")};
    const struct health_way *way;
    struct world w;

    world_begin(&w);
    health_note(&w.health, &ev, w.now_ms);
    health_note(&w.health, &sent, w.now_ms + 10000);
    w.now_ms += 20000;
    health_configure(&w.health, "b.example");
    health_note_probe(&w.health, DIAGNOSIS_T09_TLS_HANDSHAKE, SPAN("no"), w.now_ms);
    reborn(&w);
    cr_expect_str_eq(w.health.configured, "b.example");
    cr_expect(health_main(&w.health, AREA_TLS, w.now_ms)->cause[AREA_TLS].of_trial);
    way = health_way(&w.health, SPAN("a.example"));
    cr_assert_not_null(way);
    cr_expect_eq(way->cause[AREA_LOGIN].diagnosis, DIAGNOSIS_G01_BAD_CREDENTIALS);
    cr_expect_str_eq(way->cause[AREA_LOGIN].evidence, "535 no");
    cr_expect(health_is_broken(&w.health, AREA_LOGIN, w.now_ms),
              "the other one's delivery is none");
    cr_expect_eq(health_way(&w.health, SPAN("b.example"))->last_success_ms, w.now_ms - 10000);
    health_note(&w.health, &removed, w.now_ms);
    cr_expect_not(health_is_broken(&w.health, AREA_LOGIN, w.now_ms), "who waited is kept, too");
    world_end(&w);
}

Test(rulestate, who_was_put_off_is_kept) {
    struct world w;

    world_begin(&w);
    w.health.way[0].cause[AREA_POLICY] = (struct health_cause){
        .diagnosis = DIAGNOSIS_G20_UNAUTHENTICATED_SENDER, .last_ms = w.now_ms, .of_all = true};
    w.health.way[0].unwanted.messages = 2;
    w.health.way[0].cause[AREA_POLICY].put_off =
        (struct refusals){4, {7, 0, 4294967295u, 9, 0, 0, 0, 1}};
    reborn(&w);
    cr_expect(w.health.way[0].cause[AREA_POLICY].of_all);
    cr_expect_not(w.health.way[0].cause[AREA_NETWORK].of_all);
    cr_expect_eq(w.health.way[0].unwanted.messages, 2u);
    cr_expect_eq(w.health.way[0].cause[AREA_POLICY].put_off.messages, 4u);
    cr_expect_eq(w.health.way[0].cause[AREA_POLICY].put_off.id[2], 4294967295u);
    cr_expect_eq(w.health.way[0].cause[AREA_POLICY].put_off.id[7], 1u);
    world_end(&w);
}

Test(rulestate, killed_each_second_of_an_incident) {
    for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
        struct world w;
        int64_t since_ms = 0;
        int begins = 0;

        world_begin(&w);
        for (int second = 0; second < 200; second++) {
            bool fired = world_fires(&w, rule);

            if (fired)
                rules_set_told(w.rules, (int)rule);
            reborn(&w);
            cr_assert_eq(world_fires(&w, rule), fired, "%s, second %d", rules_id((int)rule),
                         second);
            cr_assert(!fired || rules_is_told(w.rules, (int)rule));
            if (second % 5 == 0) { /* the first look after a restart knows little */
                cr_expect(!fired || !world_tick(&w), "%s, second %d: news", rules_id((int)rule),
                          second);
                cr_expect_eq(world_fires(&w, rule), fired, "%s, second %d: ends",
                             rules_id((int)rule), second);
            }
            w.s.queue_known = true;
            w.s.disk_known = true;
            world_break(&w, rule);
            world_tick(&w);
            begins += !fired && world_fires(&w, rule);
            if (since_ms == 0 && world_fires(&w, rule))
                since_ms = world_alert(&w, rule)->since_ms;
        }
        cr_expect_eq(begins, 1, "%s begins %d times", rules_id((int)rule), begins);
        cr_expect_eq(world_alert(&w, rule)->since_ms, since_ms, "%s", rules_id((int)rule));
        cr_expect_leq(since_ms, WORLD_EPOCH + 5000, "%s waited anew", rules_id((int)rule));
        world_end(&w);
    }
}

Test(rulestate, the_same_text_again) {
    struct world w;
    char *first;

    world_begin(&w);
    for (int i = 0; i < 100; i++) {
        world_break(&w, RULE_LOGIN_REFUSED);
        world_break(&w, RULE_STORE_DOWN);
        world_tick(&w);
    }
    print(&w);
    first = strdup(room);
    reborn(&w);
    print(&w);
    cr_expect_str_eq(room, first);
    cr_expect_eq(rules_alerts(w.rules)->count, 2, "shown before the first look");
    cr_expect_str_eq(rules_alerts(w.rules)->alert[0].evidence, "its words");
    cr_expect_gt(strlen(rules_alerts(w.rules)->alert[0].fix[0]), 3u);
    free(first);
    world_end(&w);
}

Test(rulestate, mended_while_we_were_down) {
    struct world w;
    int second = 0;

    world_begin(&w);
    for (int i = 0; i < 30; i++) {
        world_break(&w, RULE_STORE_DOWN);
        world_tick(&w);
    }
    cr_assert(world_fires(&w, RULE_STORE_DOWN));
    reborn(&w);
    while (world_fires(&w, RULE_STORE_DOWN) && second++ < 100)
        world_tick(&w);
    cr_expect(second >= 19 && second <= 21, "ends after %d s", second);
    world_end(&w);
}

Test(rulestate, the_clock_was_set_back_meanwhile) {
    struct world w;

    world_begin(&w);
    for (int i = 0; i < 5; i++) {
        world_break(&w, RULE_RELAY_UNREACHABLE);
        world_tick(&w);
    }
    print(&w);
    world_end(&w);
    world_begin(&w);
    w.now_ms -= 7200 * 1000;
    take(&w, WORLD_EPOCH + 5000);
    for (int i = 0; i < 8; i++)
        world_tick(&w);
    cr_expect(world_fires(&w, RULE_RELAY_UNREACHABLE));
    world_end(&w);
}

Test(rulestate, strange_lines) {
    static const char *const rows[] = {"",
                                       "rule",
                                       "rule nobody 1 2 3 4 5 6 - 0",
                                       "rule login-refused 1 2 3 4 5 6 - 2",
                                       "rule login-refused -1 2 3 4 5 6 - 0",
                                       "alert login-refused G01 9 1 0 1 text",
                                       "alert login-refused X99 3 1 0 1 text",
                                       "fix login-refused 4 text",
                                       "cause 99 G01 1 2 3 4 text",
                                       "health 1 2",
                                       "silence a 1 2 who"};
    struct world w;

    world_begin(&w);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_not(rulestate_take(w.rules, &w.health, span_of(rows[i])), "%s", rows[i]);
    world_tick(&w);
    cr_expect_eq(rules_alerts(w.rules)->count, 0);
    world_end(&w);
}
