/* outbox.c and told.c: who is told of what and when, over made-up time; and the same after each
 * restart. */
#include "outbox.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "told.h"

enum { T0 = 1700000000, RECEIVERS = 8 };
#define MS(s) ((int64_t)(s)*1000)

/* One alert of a set; a since of 0 ends the list. */
struct row {
    const char *id;
    int64_t since;
    int64_t ended;
    const char *severity;
    const char *more; /* of the alert, as JSON: ",\"host\":\"fleet\"" */
};

static bool take(struct outbox *o, int64_t now, const struct row *rows) {
    char packet[4096];
    struct alertset *set;
    struct fault why;
    bool changed;
    size_t n = (size_t)snprintf(packet, sizeof packet,
                                "{\"version\":1,\"host\":\"h\",\"url\":\"http://x/\",\"alerts\":[");

    for (; rows->since != 0; rows++) {
        char ended[32] = "null";

        if (rows->ended != 0)
            snprintf(ended, sizeof ended, "%lld", (long long)rows->ended);
        n += (size_t)snprintf(packet + n, sizeof packet - n,
                              "%s{\"id\":\"%s\",\"diagnosis\":\"G01 X\",\"severity\":\"%s\","
                              "\"since\":%lld,\"ended\":%s%s}",
                              packet[n - 1] == '[' ? "" : ",", rows->id,
                              rows->severity != NULL ? rows->severity : "warning",
                              (long long)rows->since, ended, rows->more != NULL ? rows->more : "");
    }
    n += (size_t)snprintf(packet + n, sizeof packet - n, "]}");
    set = alertset_read(packet, n, &why);
    cr_assert(set != NULL, "%s: %s", why.text, packet);
    changed = outbox_take(o, set, MS(now));
    alertset_free(&set);
    return changed;
}
#define SET(...) ((const struct row[]){__VA_ARGS__, {NULL, 0, 0, NULL}})
#define EMPTY ((const struct row[]){{NULL, 0, 0, NULL}})

static const char *const two[] = {"hook", "other"};

static bool enlist(struct outbox *o, const char *const *identities, int count, int64_t now_ms) {
    struct wish wishes[RECEIVERS];

    for (int i = 0; i < count; i++) {
        wishes[i] = (struct wish){.wants_end = true, .repeat_ms = MS(4 * 3600)};
        text_copy(wishes[i].identity, sizeof wishes[i].identity, identities[i]);
    }
    return outbox_list(o, wishes, count, now_ms);
}

static struct outbox *make(void) {
    struct outbox *o = outbox_new(MS(T0));

    enlist(o, two, 2, MS(T0));
    return o;
}

/* Tells a receiver all that is due; the result is "id:firing:nth:severity id:resolved:1:..." */
static const char *tell_all(struct outbox *o, const char *who, int64_t now) {
    static char text[2048];
    struct notice notice;
    size_t n = 0;
    int slot = outbox_slot(o, who);

    text[0] = '\0';
    for (int i = 0; i < 200 && outbox_next(o, slot, MS(now), &notice); i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s:%s:%u:%s", n > 0 ? " " : "",
                              notice.id, notice.status == TOLD_FIRING ? "firing" : "resolved",
                              notice.nth, rank_name(notice.rank));
        outbox_told(o, slot, &notice, MS(now));
    }
    return text;
}

/* As kill -9 and a start: what is on disk is all that is left. */
static void restart(struct outbox **o, int64_t now) {
    char *text = told_print(*o);
    struct fault why;

    outbox_free(o);
    *o = outbox_new(MS(now));
    cr_assert_eq(told_read(text, strlen(text), *o, &why), 0, "%s", why.text);
    enlist(*o, two, 2, MS(now));
    free(text);
}

Test(outbox, firing_then_resolved_each_once) {
    struct outbox *o = make();

    cr_expect(take(o, T0 + 10, SET({"a", T0 + 10, 0, NULL})));
    cr_expect(!take(o, T0 + 11, SET({"a", T0 + 10, 0, NULL})), "nothing new");
    cr_expect_str_eq(tell_all(o, "hook", T0 + 11), "a:firing:1:warning");
    cr_expect_str_eq(tell_all(o, "hook", T0 + 12), "");
    cr_expect_str_eq(tell_all(o, "other", T0 + 12), "a:firing:1:warning",
                     "each receiver has its own");
    cr_expect(take(o, T0 + 20, SET({"a", T0 + 10, T0 + 20, NULL})));
    cr_expect_str_eq(tell_all(o, "hook", T0 + 20), "a:resolved:1:warning");
    cr_expect_str_eq(tell_all(o, "hook", T0 + 21), "");
    outbox_free(&o);
}

Test(outbox, began_and_ended_unheard_is_told_once_as_resolved) {
    struct outbox *o = make();
    struct notice notice;
    int slot = outbox_slot(o, "hook");

    take(o, T0 + 10, SET({"a", T0 + 10, 0, NULL}));
    take(o, T0 + 70, SET({"a", T0 + 10, T0 + 70, NULL}));
    take(o, T0 + 1000, EMPTY); /* it has left the set */
    restart(&o, T0 + 8000);
    take(o, T0 + 8001, EMPTY);
    cr_assert(outbox_next(o, slot, MS(T0 + 8002), &notice));
    cr_expect_eq(notice.status, TOLD_RESOLVED);
    cr_expect_eq(outbox_find(o, "h", "a", notice.since_ms)->ended_ms, MS(T0 + 70));
    cr_expect_str_eq(tell_all(o, "hook", T0 + 8002), "a:resolved:1:warning");
    cr_expect_str_eq(tell_all(o, "hook", T0 + 8003), "");
    outbox_free(&o);
}

Test(outbox, forgets_when_all_know_and_gives_up_in_the_end) {
    struct outbox *o = make();

    take(o, T0 + 10, SET({"a", T0 + 10, 0, NULL}));
    take(o, T0 + 20, SET({"a", T0 + 10, T0 + 20, NULL}));
    tell_all(o, "hook", T0 + 21);
    take(o, T0 + 7200, EMPTY);
    cr_expect_eq(o->count, 1, "the other one does not know");
    tell_all(o, "other", T0 + 7200);
    outbox_tick(o, MS(T0 + 7201));
    cr_expect_eq(o->count, 0);

    take(o, T0 + 8000, SET({"b", T0 + 8000, T0 + 8001, NULL}));
    take(o, T0 + 8001 + 3 * 86400 - 1, EMPTY);
    cr_expect_eq(o->count, 1);
    outbox_tick(o, MS(T0 + 8001 + 3 * 86400 + 1));
    cr_expect_eq(o->count, 0);
    outbox_free(&o);
}

Test(outbox, tells_again_when_severity_rises_and_each_4_hours) {
    struct outbox *o = make();
    int64_t at = T0 + 10;

    take(o, at, SET({"a", T0 + 10, 0, "warning"}));
    cr_expect_str_eq(tell_all(o, "hook", at), "a:firing:1:warning");
    cr_expect(take(o, at + 1, SET({"a", T0 + 10, 0, "critical"})));
    cr_expect_str_eq(tell_all(o, "hook", at + 1), "a:firing:2:critical");
    take(o, at + 2, SET({"a", T0 + 10, 0, "warning"}));
    cr_expect_str_eq(tell_all(o, "hook", at + 2), "", "a fall is no news");
    cr_expect_str_eq(tell_all(o, "hook", at + 4 * 3600), "");
    cr_expect_str_eq(tell_all(o, "hook", at + 4 * 3600 + 1), "a:firing:3:warning");
    cr_expect_str_eq(tell_all(o, "hook", at + 4 * 3600 + 2), "");
    outbox_free(&o);
}

Test(outbox, restart_tells_nobody_twice) {
    struct outbox *o = make();

    take(o, T0 + 10, SET({"a", T0 + 10, 0, NULL}));
    tell_all(o, "hook", T0 + 10);
    restart(&o, T0 + 20);
    cr_expect_str_eq(tell_all(o, "hook", T0 + 20), "");
    cr_expect_str_eq(tell_all(o, "other", T0 + 20), "", "not certain before the sender has spoken");
    take(o, T0 + 21, SET({"a", T0 + 10, 0, NULL}));
    cr_expect_str_eq(tell_all(o, "hook", T0 + 21), "");
    cr_expect_str_eq(tell_all(o, "other", T0 + 21), "a:firing:1:warning");
    restart(&o, T0 + 30);
    cr_expect_str_eq(tell_all(o, "hook", T0 + 31 + 4 * 3600), "a:firing:2:warning",
                     "a sender that is dead for long does not silence us");
    outbox_free(&o);
}

Test(outbox, crash_after_sending_gives_the_same_notice) {
    struct outbox *o = make();
    struct notice first, again;

    take(o, T0 + 10, SET({"a", T0 + 10, 0, NULL}));
    cr_assert(outbox_next(o, outbox_slot(o, "hook"), MS(T0 + 10), &first));
    restart(&o, T0 + 11); /* sent, not recorded */
    take(o, T0 + 12, SET({"a", T0 + 10, 0, NULL}));
    cr_assert(outbox_next(o, outbox_slot(o, "hook"), MS(T0 + 12), &again));
    cr_expect_eq(memcmp(&first, &again, sizeof first), 0);
    outbox_free(&o);
}

Test(outbox, sender_restarted_with_another_beginning_is_one_incident) {
    struct outbox *o = make();

    take(o, T0 + 10, SET({"a", T0 + 10, 0, NULL}));
    tell_all(o, "hook", T0 + 10);
    take(o, T0 + 30, EMPTY);
    cr_expect_str_eq(tell_all(o, "hook", T0 + 30), "");
    take(o, T0 + 50, SET({"a", T0 + 48, 0, NULL}));
    cr_expect_str_eq(tell_all(o, "hook", T0 + 50), "");
    take(o, T0 + 60, SET({"a", T0 + 48, T0 + 59, NULL}));
    cr_expect_str_eq(tell_all(o, "hook", T0 + 60), "a:resolved:1:warning");
    cr_expect_eq(o->incident[0]->since_ms, MS(T0 + 10));
    cr_expect_eq(o->incident[0]->ended_ms, MS(T0 + 59));
    outbox_free(&o);
}

Test(outbox, ended_and_began_anew_are_two) {
    struct outbox *o = make();

    take(o, T0 + 10, SET({"a", T0 + 10, 0, NULL}));
    tell_all(o, "hook", T0 + 10);
    take(o, T0 + 60, SET({"a", T0 + 50, 0, NULL}, {"a", T0 + 10, T0 + 20, NULL}));
    cr_expect_str_eq(tell_all(o, "hook", T0 + 60), "a:resolved:1:warning a:firing:1:warning",
                     "in the order in which they happened");
    outbox_free(&o);
}

Test(outbox, gone_without_a_word_counts_as_ended_after_a_minute) {
    struct outbox *o = make();

    take(o, T0 + 10, SET({"a", T0 + 10, 0, NULL}));
    tell_all(o, "hook", T0 + 10);
    take(o, T0 + 100, EMPTY);
    cr_expect(!outbox_tick(o, MS(T0 + 159)));
    cr_expect_str_eq(tell_all(o, "hook", T0 + 159), "");
    cr_expect_str_eq(tell_all(o, "other", T0 + 159), "", "not said to fire while it is missing");
    cr_expect(outbox_tick(o, MS(T0 + 160)));
    cr_expect_str_eq(tell_all(o, "hook", T0 + 160), "a:resolved:1:warning");
    cr_expect_eq(o->incident[0]->ended_ms, MS(T0 + 100));
    take(o, T0 + 170, SET({"a", T0 + 10, 0, NULL})); /* it was there all the time */
    cr_expect_str_eq(tell_all(o, "hook", T0 + 170), "a:firing:2:warning", "a key of its own");
    outbox_free(&o);
}

Test(outbox, a_new_receiver_hears_of_what_fires_only) {
    struct outbox *o = make();
    static const char *const three[] = {"hook", "other", "new"};

    take(o, T0 + 50, SET({"a", T0 + 10, T0 + 20, NULL}, {"b", T0 + 30, 0, NULL}));
    cr_expect(enlist(o, three, 3, MS(T0 + 60)));
    cr_expect_str_eq(tell_all(o, "new", T0 + 60), "b:firing:1:warning");
    cr_expect(!enlist(o, three, 3, MS(T0 + 61)));
    outbox_free(&o);
}

Test(outbox, a_receiver_taken_away_and_put_back_is_remembered_for_a_day) {
    struct outbox *o = make();

    take(o, T0 + 10, SET({"a", T0 + 10, 0, NULL}));
    tell_all(o, "hook", T0 + 10);
    enlist(o, &two[1], 1, MS(T0 + 20));
    cr_expect_eq(outbox_slot(o, "hook"), -1);
    enlist(o, two, 2, MS(T0 + 30));
    cr_expect_str_eq(tell_all(o, "hook", T0 + 30), "");
    enlist(o, &two[1], 1, MS(T0 + 40));
    outbox_tick(o, MS(T0 + 41 + 86400));
    enlist(o, two, 2, MS(T0 + 42 + 86400));
    cr_expect_str_eq(tell_all(o, "hook", T0 + 42 + 86400), "a:firing:1:warning");
    outbox_free(&o);
}

Test(outbox, a_refused_notice_lets_others_pass) {
    struct outbox *o = make();
    struct notice notice;
    int slot = outbox_slot(o, "hook");

    take(o, T0 + 20, SET({"a", T0 + 10, 0, NULL}, {"b", T0 + 20, 0, NULL}));
    cr_assert(outbox_next(o, slot, MS(T0 + 20), &notice));
    cr_expect_str_eq(notice.id, "a");
    outbox_put_off(o, slot, &notice, MS(T0 + 320));
    cr_expect_str_eq(tell_all(o, "hook", T0 + 20), "b:firing:1:warning");
    cr_expect_str_eq(tell_all(o, "hook", T0 + 319), "");
    cr_expect_str_eq(tell_all(o, "hook", T0 + 320), "a:firing:1:warning");
    outbox_free(&o);
}

static int batch(struct outbox *o, int64_t now, struct notice *out, bool *news) {
    return outbox_batch(o, outbox_slot(o, "hook"), MS(now), out, news);
}

static void told_all(struct outbox *o, const struct notice *notices, int n, int64_t now) {
    for (int i = 0; i < n; i++)
        outbox_told(o, outbox_slot(o, "hook"), &notices[i], MS(now));
}

Test(outbox, alertmanager_batches) {
    static struct notice out[OUTBOX_BATCH];
    struct outbox *o = make();
    bool news;
    int n;

    cr_expect_eq(batch(o, T0, out, &news), 0);
    take(o, T0 + 10, SET({"a", T0 + 10, 0, "warning"}, {"b", T0 + 10, 0, NULL}));
    n = batch(o, T0 + 10, out, &news);
    cr_expect(n == 2 && news);
    told_all(o, out, n, T0 + 10);
    n = batch(o, T0 + 70, out, &news);
    cr_expect(n == 2 && !news, "sent again, as no news");

    take(o, T0 + 80, SET({"a", T0 + 10, 0, "critical"}, {"b", T0 + 10, T0 + 80, NULL}));
    n = batch(o, T0 + 80, out, &news);
    cr_assert(n == 3 && news, "%d", n);
    cr_expect(out[0].rank == RANK_CRITICAL && !out[0].farewell);
    cr_expect(out[1].rank == RANK_WARNING && out[1].farewell && out[1].status == TOLD_RESOLVED);
    cr_expect(strcmp(out[2].id, "b") == 0 && out[2].status == TOLD_RESOLVED);
    told_all(o, out, n, T0 + 80);
    n = batch(o, T0 + 80 + 14 * 60, out, &news);
    cr_expect(n == 2 && !news, "resolved is sent for 15 minutes: %d", n);
    n = batch(o, T0 + 80 + 16 * 60, out, &news);
    cr_expect(n == 1 && !news, "and then no more: %d", n);
    outbox_free(&o);
}

Test(outbox, alertmanager_hears_of_the_latest_only) {
    static struct notice out[OUTBOX_BATCH];
    struct outbox *o = make();
    bool news;
    int n;

    take(o, T0 + 60, SET({"a", T0 + 10, T0 + 20, NULL}, {"a", T0 + 50, 0, NULL}));
    n = batch(o, T0 + 60, out, &news);
    cr_assert(n == 1 && news, "%d", n);
    cr_expect_eq(out[0].since_ms, MS(T0 + 50));
    told_all(o, out, n, T0 + 60);
    tell_all(o, "other", T0 + 60);
    take(o, T0 + 7200, SET({"a", T0 + 50, 0, NULL}));
    cr_expect_eq(o->count, 1, "the earlier one is done with, too");
    outbox_free(&o);
}

Test(outbox, what_stays_in_the_set_is_not_news_again) {
    struct outbox *o = make();

    for (int i = 0; i < 3; i++) {
        take(o, T0 + 7200 + i, SET({"a", T0 + 1, T0 + 2, NULL}));
        cr_expect_str_eq(tell_all(o, "hook", T0 + 7200 + i), i == 0 ? "a:resolved:1:warning" : "");
        tell_all(o, "other", T0 + 7200 + i);
    }
    take(o, T0 + 7210, EMPTY);
    cr_expect_eq(o->count, 0);
    outbox_free(&o);
}

Test(outbox, is_bounded) {
    struct outbox *o = make();

    for (int i = 0; i < 3 * OUTBOX_INCIDENTS; i++)
        take(o, T0 + i, SET({"a", T0 + i, T0 + i + 1, NULL}));
    cr_expect_eq(o->count, OUTBOX_INCIDENTS);
    cr_expect_eq(o->dropped, 2u * OUTBOX_INCIDENTS);
    for (int i = 0; i < 200; i++) {
        char name[16];
        const char *list[] = {name};

        snprintf(name, sizeof name, "r%d", i);
        enlist(o, list, 1, MS(T0 + 1000 + i));
    }
    cr_expect_neq(outbox_slot(o, "r199"), -1);
    cr_expect_eq(outbox_slot(o, "r198"), -1);
    outbox_free(&o);
}

Test(outbox, the_clock_set_back_by_a_day) {
    struct outbox *o = make();

    take(o, T0 + 90000, SET({"a", T0 + 90000, 0, NULL}));
    tell_all(o, "hook", T0 + 90000);
    outbox_tick(o, MS(T0));
    cr_expect_str_eq(tell_all(o, "hook", T0 + 3600), "");
    cr_expect_str_eq(tell_all(o, "hook", T0 + 4 * 3600 + 1), "a:firing:2:warning");
    take(o, T0 + 4 * 3600 + 2, SET({"a", T0 + 90000, T0 + 4 * 3600, NULL}));
    cr_expect_str_eq(tell_all(o, "hook", T0 + 4 * 3600 + 3), "a:resolved:1:warning");
    cr_expect(o->incident[0]->ended_ms > o->incident[0]->since_ms);
    outbox_free(&o);
}

Test(outbox, told_json_that_is_damaged) {
    static const char *const rows[] = {
        "", "[]", "{\"version\":2}", "{\"version\":1", "nonsense",
    };
    struct fault why;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct outbox *o = outbox_new(0);

        cr_expect_eq(told_read(rows[i], strlen(rows[i]), o, &why), -1, "row %zu", i);
        outbox_free(&o);
    }
}

/* The first receiver wants only critical ones, the second no ends and no repeats. */
static struct outbox *make_choosy(void) {
    struct outbox *o = outbox_new(MS(T0));
    struct wish wishes[] = {
        {.identity = "hook", .least_rank = RANK_CRITICAL, .wants_end = true, .repeat_ms = MS(60)},
        {.identity = "other"}};

    outbox_list(o, wishes, 2, MS(T0));
    return o;
}

Test(outbox, a_severity_is_a_floor) {
    struct outbox *o = make_choosy();

    take(o, T0 + 1, SET({"a", T0 + 1, 0, "warning"}, {"b", T0 + 1, 0, "critical"}));
    cr_expect_str_eq(tell_all(o, "hook", T0 + 1), "b:firing:1:critical");
    take(o, T0 + 2, SET({"a", T0 + 1, T0 + 2, "warning"}, {"b", T0 + 1, 0, "warning"}));
    cr_expect_str_eq(tell_all(o, "hook", T0 + 2), "", "neither the end of what it never knew");
    cr_expect_str_eq(tell_all(o, "hook", T0 + 200), "", "nor a repeat of what is less now");
    take(o, T0 + 201, SET({"b", T0 + 1, T0 + 201, "warning"}));
    cr_expect_str_eq(tell_all(o, "hook", T0 + 201), "b:resolved:1:warning", "it knew of b");
    outbox_free(&o);
}

Test(outbox, what_rises_to_the_floor_is_news) {
    struct outbox *o = make_choosy();

    take(o, T0 + 1, SET({"a", T0 + 1, 0, "warning"}));
    cr_expect_str_eq(tell_all(o, "hook", T0 + 1), "");
    take(o, T0 + 2, SET({"a", T0 + 1, 0, "critical"}));
    cr_expect_str_eq(tell_all(o, "hook", T0 + 2), "a:firing:1:critical");
    cr_expect_str_eq(tell_all(o, "hook", T0 + 61), "");
    cr_expect_str_eq(tell_all(o, "hook", T0 + 63), "a:firing:2:critical", "each minute");
    outbox_free(&o);
}

Test(outbox, no_ends_and_no_repeats) {
    struct outbox *o = make_choosy();

    take(o, T0 + 1, SET({"a", T0 + 1, 0, NULL}));
    cr_expect_str_eq(tell_all(o, "other", T0 + 1), "a:firing:1:warning");
    cr_expect_str_eq(tell_all(o, "other", T0 + 90000), "");
    take(o, T0 + 90001, SET({"a", T0 + 1, T0 + 90001, NULL}));
    cr_expect_str_eq(tell_all(o, "other", T0 + 90001), "");
    take(o, T0 + 95000, EMPTY);
    cr_expect_eq(o->count, 0, "and it is forgotten");
    outbox_free(&o);
}

Test(outbox, batches_keep_to_the_floor) {
    struct outbox *o = make_choosy();
    struct notice out[OUTBOX_BATCH];
    bool news;

    take(o, T0 + 1, SET({"a", T0 + 1, 0, "warning"}, {"b", T0 + 1, 0, "critical"}));
    cr_assert_eq(outbox_batch(o, outbox_slot(o, "hook"), MS(T0 + 1), out, &news), 1);
    cr_expect_str_eq(out[0].id, "b");
    outbox_free(&o);
}

/* Who was down need not hear that it was; the others do. */
Test(outbox, a_receiver_that_is_mended_does_not_hear_of_itself) {
    struct outbox *o = make();

    take(o, T0 + 1, SET({OUTBOX_OF_RECEIVERS, T0 + 1, 0, NULL}, {"b", T0 + 1, 0, NULL}));
    cr_expect_eq(outbox_waiting(o, outbox_slot(o, "hook"), MS(T0 + 2)), 2);
    outbox_note_ok(o, outbox_slot(o, "hook"), MS(T0 + 2), true);
    cr_expect_eq(o->slot[outbox_slot(o, "hook")].ok_ms, MS(T0 + 2));
    cr_expect_eq(outbox_waiting(o, outbox_slot(o, "hook"), MS(T0 + 2)), 1);
    cr_expect_str_eq(tell_all(o, "hook", T0 + 2), "b:firing:1:warning");
    cr_expect_str_eq(tell_all(o, "other", T0 + 2),
                     OUTBOX_OF_RECEIVERS ":firing:1:warning b:firing:1:warning");
    restart(&o, T0 + 3);
    cr_expect_eq(o->slot[outbox_slot(o, "hook")].ok_ms, MS(T0 + 2), "it is on the disk");
    outbox_free(&o);
}

#define FLEETS ",\"host\":\"fleet\""

/* The fleet's is one incident, whichever host speaks; who does not speak any more tells no end. */
Test(outbox, another_host_goes_on_with_it) {
    struct outbox *o = make();
    struct notice notice;

    take(o, T0, SET({"fleet-trouble", T0, 0, "critical", FLEETS}));
    cr_assert(outbox_next(o, outbox_slot(o, "hook"), MS(T0), &notice));
    cr_expect_str_eq(notice.host, "fleet");
    tell_all(o, "hook", T0);
    take(o, T0 + 30, SET({"fleet-trouble", T0, T0 + 30, "critical", FLEETS ",\"elsewhere\":true"}));
    cr_expect_str_eq(tell_all(o, "hook", T0 + 31), "", "no end is told");
    cr_expect_str_eq(tell_all(o, "other", T0 + 31), "", "nor a beginning");
    restart(&o, T0 + 40);
    cr_expect_str_eq(tell_all(o, "hook", T0 + 100), "");
    take(o, T0 + 110, SET({"fleet-trouble", T0 + 90, 0, "critical", FLEETS}));
    cr_expect_str_neq(tell_all(o, "hook", T0 + 111), "", "the next one is news");
    outbox_free(&o);
}

/* Its sender is back and knows nothing of it: that is no end. */
Test(outbox, the_fleets_does_not_end_by_absence) {
    struct outbox *o = make();

    take(o, T0, SET({"fleet-trouble", T0, 0, "critical", FLEETS}));
    tell_all(o, "hook", T0);
    take(o, T0 + 10, EMPTY);
    outbox_tick(o, MS(T0 + 200));
    cr_expect_str_eq(tell_all(o, "hook", T0 + 200), "");
    outbox_free(&o);
}
