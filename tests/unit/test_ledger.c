/* ledger.c: each way in which a message can go, by short scripts; what the queue tells; restarts.
 * tests/unit/test_ledgerkept.c has random traffic with crashes against a model. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger.h"

#define S(seconds) ((int64_t)(seconds)*1000)
#define NOW S(1800000000)

static const struct hash_key key = {{1, 2}};
static int64_t clock_ms; /* of the lines */

static void note(struct ledger *l, enum mailev_kind kind, enum mailev_status status,
                 enum mailev_act act, char id, char other) {
    struct mailev ev = {.kind = kind,
                        .status = status,
                        .act = act,
                        .time_ms = clock_ms,
                        .pid = 7,
                        .recipients = 1,
                        .daemon = SPAN("qmgr"),
                        .queue_id = {&id, id != ' '},
                        .other_id = {&other, 1}};

    (void)ledger_note(l, &ev);
}

static void by_hand(struct ledger *l, char id) {
    struct mailev ev = {.kind = MAILEV_REMOVED,
                        .time_ms = clock_ms,
                        .daemon = SPAN("postsuper"),
                        .queue_id = {&id, 1}};

    (void)ledger_note(l, &ev);
}

static void queued(struct ledger *l, char id, uint32_t recipients) {
    struct mailev ev = {
        .kind = MAILEV_QUEUED, .time_ms = clock_ms, .recipients = recipients, .queue_id = {&id, 1}};

    (void)ledger_note(l, &ev);
}

/* A word is a letter for the line and the message's name. */
static void play_word(struct ledger *l, const char *word) {
    char id = word[1];

    switch (word[0]) {
    case 'c': /* client= */
        note(l, MAILEV_CLIENT, 0, 0, id, 0);
        break;
    case 'm': /* message-id= */
        note(l, MAILEV_ACCEPTED, 0, 0, id, 0);
        break;
    case 'M': /* the milter's ring */
        ledger_note_milter(l, (struct span){&id, 1}, clock_ms);
        break;
    case 'q': /* queue active; a digit behind it: recipients */
        queued(l, id, word[2] >= '1' && word[2] <= '9' ? (uint32_t)(word[2] - '0') : 1);
        break;
    case 's':
        note(l, MAILEV_DELIVERY, MAILEV_STATUS_SENT, 0, id, 0);
        break;
    case 'd':
        note(l, MAILEV_DELIVERY, MAILEV_STATUS_DEFERRED, 0, id, 0);
        break;
    case 'b':
        note(l, MAILEV_DELIVERY, MAILEV_STATUS_BOUNCED, 0, id, 0);
        break;
    case 'v': /* of verify(8) */
        note(l, MAILEV_DELIVERY, MAILEV_STATUS_OTHER, 0, id, 0);
        break;
    case 'e':
        note(l, MAILEV_EXPIRED, MAILEV_STATUS_EXPIRED, 0, id, 0);
        break;
    case 'r':
        note(l, MAILEV_REMOVED, 0, 0, id, 0);
        break;
    case 'D': /* postsuper -d ID */
        by_hand(l, id);
        break;
    case 'x':
        note(l, MAILEV_REJECTED, 0, 0, id, 0);
        break;
    case 'i':
        note(l, MAILEV_NOTE, 0, MAILEV_ACT_DISCARDED, id, 0);
        break;
    case 'N': /* cleanup: removed (canceled) */
        note(l, MAILEV_REMOVED, 0, MAILEV_ACT_CANCELED, id, 0);
        break;
    case 'n':
        note(l, MAILEV_NOTE, 0, MAILEV_ACT_CANCELED, id, 0);
        break;
    case 'h':
        note(l, MAILEV_NOTE, 0, MAILEV_ACT_HELD, id, 0);
        break;
    case 'H':
        note(l, MAILEV_NOTE, 0, MAILEV_ACT_RELEASED, id, 0);
        break;
    case 'p': /* renamed: the new name, then the old one */
        note(l, MAILEV_NOTE, 0, MAILEV_ACT_RENAMED, id, word[2]);
        break;
    case 'l': /* the client was lost */
        note(l, MAILEV_DISCONNECT, 0, MAILEV_ACT_CUT, ' ', 0);
        break;
    default:
        cr_assert_fail("no such line: %s", word);
    }
}

static void play(struct ledger *l, const char *script) {
    for (const char *word = script; word != NULL && word[0] != '\0';) {
        play_word(l, word);
        word = strchr(word, ' ');
        word = word != NULL ? word + 1 : NULL;
    }
}

/* accepted sent bounced expired queued unknown, then what is of them or beside them, if not 0. */
static const char *sum_text(struct ledger *l) {
    const struct ledger_totals *t = ledger_totals(l);
    struct ledger_sum s = ledger_sum(l);
    static char text[160];
    int n;

    cr_expect_eq(s.accepted, s.sent + s.bounced + s.expired + s.queued + s.unknown, "the sum");
    cr_expect_eq(t->accepted,
                 t->sent + t->bounced + t->expired + t->unknown + s.queued - s.arriving,
                 "the sum of the totals");
    n = snprintf(text, sizeof text, "%d %d %d %d %d %d", (int)s.accepted, (int)s.sent,
                 (int)s.bounced, (int)s.expired, (int)s.queued, (int)s.unknown);
    if (s.arriving > 0)
        n += snprintf(text + n, sizeof text - (size_t)n, " arriving=%d", (int)s.arriving);
    if (t->deleted > 0)
        n += snprintf(text + n, sizeof text - (size_t)n, " deleted=%d", (int)t->deleted);
    if (t->unlogged > 0)
        n += snprintf(text + n, sizeof text - (size_t)n, " unlogged=%d", (int)t->unlogged);
    if (t->spilled > 0)
        n += snprintf(text + n, sizeof text - (size_t)n, " spilled=%d", (int)t->spilled);
    if (t->stray > 0)
        snprintf(text + n, sizeof text - (size_t)n, " stray=%d", (int)t->stray);
    return text;
}

static void expect(struct ledger *l, const char *name, const char *want) {
    cr_expect_str_eq(sum_text(l), want, "%s: want \"%s\", got \"%s\"", name, want, sum_text(l));
}

Test(ledger, ways_of_a_message) {
    static const struct {
        const char *name, *script, *want;
    } rows[] = {
        {"coming in", "cA mA", "1 0 0 0 1 0 arriving=1"},
        {"in the queue", "cA mA qA", "1 0 0 0 1 0"},
        {"sent", "cA mA qA sA", "1 0 0 0 1 0"},
        {"removed", "cA mA qA sA rA", "1 1 0 0 0 0"},
        {"deferred, then sent", "mA qA dA qA sA rA", "1 1 0 0 0 0"},
        {"bounced", "mA qA bA rA", "1 0 1 0 0 0"},
        {"partly bounced", "mA qA3 sA bA sA rA", "1 0 1 0 0 0"},
        {"expired", "mA qA dA qA eA rA", "1 0 0 1 0 0"},
        {"partly sent, then expired", "mA qA2 sA dA qA eA rA", "1 0 0 1 0 0"},
        {"removed without an outcome", "mA qA rA", "1 0 0 0 0 1"},
        {"two at once", "mA mB qA qB sB sA rA dB", "2 1 0 0 1 0"},
        {"the queue id again", "mA qA bA rA mA qA sA rA", "2 1 1 0 0 0"},
        {"the queue id again, the first end missed", "mA qA dA mA qA sA rA", "2 1 0 0 0 1"},
        {"the queue id again, only the removal missed", "mA qA sA mA qA bA rA", "2 1 1 0 0 0"},
        {"the queue id again, the first was never queued", "mA mA qA sA rA", "1 1 0 0 0 0"},
        {"deleted by hand", "mA qA dA DA", "1 0 0 0 0 1 deleted=1"},
        {"deleted by hand, partly sent", "mA qA2 sA dA DA", "1 0 0 0 0 1 deleted=1"},
        {"deleted by hand, all sent", "mA qA sA DA", "1 1 0 0 0 0"},
        {"deleted by hand from hold", "mA hA DA", "1 0 0 0 0 1 deleted=1"},
        {"held and released", "mA hA HA qA sA rA", "1 1 0 0 0 0"},
        {"was there before us: tried", "qA dA", "0 0 0 0 0 0"},
        {"was there before us: sent", "qA sA rA", "0 0 0 0 0 0 stray=1"},
        {"was there before us: deleted", "DA", "0 0 0 0 0 0 stray=1"},
        {"a late line of one that ended", "mA qA sA rA sA", "1 1 0 0 0 0"},
        {"a probe of verify(8)", "mA qA vA rA", "1 1 0 0 0 0"},
        {"bounced by cleanup(8)", "mA bA", "1 0 0 0 1 0"},
        {"refused by cleanup(8) or a milter", "cA mA xA", "0 0 0 0 0 0"},
        {"refused after our milter saw it", "cA mA MA xA", "0 0 0 0 0 0"},
        {"refused before its message-id", "cA xA", "0 0 0 0 0 0"},
        {"a refusal long after", "mA qA xA", "1 0 0 0 1 0"},
        {"discarded", "mA iA", "0 0 0 0 0 0"},
        {"discarded before its message-id", "iA", "0 0 0 0 0 0"},
        {"canceled", "mA nA", "0 0 0 0 0 0"},
        {"canceled, as 3.10 says it", "cA mA NA", "0 0 0 0 0 0"},
        {"canceled before its message-id", "cA NA", "0 0 0 0 0 0"},
        {"canceled, was there before us", "NA", "0 0 0 0 0 0"},
        {"lost within DATA", "cA mA l", "0 0 0 0 0 0"},
        {"lost before the message-id", "cA l", "0 0 0 0 0 0"},
        {"given a queue id", "cA", "0 0 0 0 0 0"},
        {"given a queue id, then another", "cA cB mB qB", "1 0 0 0 1 0"},
        {"given a queue id, the message-id line missed", "cA qA sA rA", "1 1 0 0 0 0"},
        {"one of its recipients refused", "cA xA mA qA sA rA", "1 1 0 0 0 0"},
        {"discarded by smtpd(8)", "cA iA mA", "0 0 0 0 0 0"},
        {"lost after one that came in", "cA mA qA l", "1 0 0 0 1 0"},
        {"lost after one that came in, its queue line later", "cA mA l qA sA rA", "1 1 0 0 0 0"},
        {"lost after one that the milter saw whole", "cA mA MA l", "1 0 0 0 1 0 arriving=1"},
        {"the milter saw one whole after all", "cA mA l MA", "1 0 0 0 1 0 arriving=1"},
        {"lost within the second", "cA mA cB mB l qA", "1 0 0 0 1 0"},
        {"renamed", "mA qA dA pBA mB qB sB rB", "1 1 0 0 0 0"},
        {"renamed, on its way", "mA qA dA pBA", "1 0 0 0 1 0"},
        {"renamed, partly bounced before", "mA qA2 bA dA pBA mB qB sB rB", "1 0 1 0 0 0"},
        {"renamed, now refused", "mA qA dA pBA mB xB", "1 0 1 0 0 0"},
        {"renamed, now discarded", "mA qA dA pBA iB", "1 0 0 0 0 1 deleted=1"},
        {"renamed before it was tried", "mA pBA mB qB sB rB", "1 1 0 0 0 0"},
        {"renamed, was there before us", "pBA mB qB sB rB", "1 1 0 0 0 0"},
        {"renamed to one that is there", "mA qA mB qB pBA", "2 0 0 0 2 0"},
        {"the milter first", "MA", "1 0 0 0 1 0 arriving=1"},
        {"the milter first, then the log", "MA mA qA sA rA", "1 1 0 0 0 0"},
        {"the log first", "mA MA qA MA sA rA", "1 1 0 0 0 0"},
        {"the milter's, the message-id line missed", "MA qA sA rA", "1 1 0 0 0 0"},
        {"the milter's, refused by a later one", "MA xA", "0 0 0 0 0 0"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ledger *l = ledger_new(&key, NULL, NULL);

        clock_ms = NOW;
        play(l, rows[i].script);
        expect(l, rows[i].name, rows[i].want);
        ledger_free(&l);
        cr_expect_null(l);
    }
}

/* ---- what the queue tells ---- */

struct look {
    int at_s; /* since the lines */
    int messages;
    int oldest_s; /* likewise; 0: unknown */
};

static void reconcile(struct ledger *l, int at_s, int messages, int oldest_s) {
    const struct ledger_queue queue = {.known = messages >= 0,
                                       .log_read = true,
                                       .messages = messages >= 0 ? (uint64_t)messages : 0,
                                       .oldest_s = oldest_s != 0 ? NOW / 1000 + oldest_s : 0,
                                       .limit_ms = S(600)};

    ledger_reconcile(l, &queue, NOW + S(at_s));
}

Test(ledger, what_the_queue_does_not_have) {
    static const struct {
        const char *name, *script;
        struct look look[3];
        const char *want;
    } rows[] = {
        {"gone without a line", "mA qA dA", {{1, 0}, {601, 0}}, "1 0 0 0 0 1"},
        {"still there", "mA qA dA", {{1, 1}, {9001, 1}}, "1 0 0 0 1 0"},
        {"there for a moment in between", "mA qA dA", {{1, 0}, {300, 1}, {601, 0}}, "1 0 0 0 1 0"},
        {"the queue was not counted", "mA qA dA", {{1, -1}, {9001, -1}}, "1 0 0 0 1 0"},
        {"not for long enough", "mA qA dA", {{1, 0}, {600, 0}}, "1 0 0 0 1 0"},
        {"only the removal missed", "mA qA sA mB qB bB", {{1, 0}, {601, 0}}, "2 1 1 0 0 0"},
        {"bounced by cleanup(8)", "mA bA", {{1, 0}, {601, 0}}, "1 0 1 0 0 0"},
        {"one of two sent", "mA qA2 sA dA", {{1, 0}, {601, 0}}, "1 0 0 0 0 1"},
        {"never in the queue", "mA", {{1, 0}, {601, 0}}, "0 0 0 0 0 0"},
        {"never in the queue, but the milter saw it", "mA MA", {{1, 0}, {601, 0}}, "1 0 0 0 0 1"},
        {"held, then gone", "mA hA", {{1, 0}, {601, 0}}, "1 0 0 0 0 1"},
        {"no more than a queue id is forgotten", "cA", {{601, 5}}, "0 0 0 0 0 0"},
        {"lost within DATA is forgotten", "cA mA l", {{601, 5}}, "0 0 0 0 0 0"},
        {"came in before the oldest that is there",
         "mA qA dA mB qB dB",
         {{1, 1}, {700, 1, 61}},
         "2 0 0 0 1 1"},
        {"about as old as the oldest", "mA qA dA mB qB dB", {{1, 1}, {700, 1, 60}}, "2 0 0 0 2 0"},
        {"one of two is missing, silent for longer than any",
         "mA qA dA mB qB dB",
         {{1, 1}, {7300, 1}},
         "2 0 0 0 1 1"},
        {"one of two is missing, which?", "mA qA dA mB qB dB", {{1, 1}, {7100, 1}}, "2 0 0 0 2 0"},
        {"held ones are silent", "mA qA dA hA", {{1, 0}, {7300, 0}}, "1 0 0 0 0 1"},
        {"held ones are silent, another is missing",
         "mA qA hA mB qB dB",
         {{1, 1}, {7300, 1}},
         "2 0 0 0 1 1"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ledger *l = ledger_new(&key, NULL, NULL);

        clock_ms = NOW;
        play(l, rows[i].script);
        for (int k = 0; k < 3 && rows[i].look[k].at_s != 0; k++)
            reconcile(l, rows[i].look[k].at_s, rows[i].look[k].messages, rows[i].look[k].oldest_s);
        expect(l, rows[i].name, rows[i].want);
        ledger_free(&l);
    }
}

Test(ledger, an_unread_log_is_no_proof) {
    const struct ledger_queue queue = {.known = true, .limit_ms = S(600)};
    struct ledger *l = ledger_new(&key, NULL, NULL);

    clock_ms = NOW;
    play(l, "mA qA dA MB");
    ledger_reconcile(l, &queue, NOW + S(1));
    ledger_reconcile(l, &queue, NOW + S(9000));
    expect(l, "lag", "2 0 0 0 2 0 arriving=1");
    ledger_free(&l);
}

Test(ledger, what_only_the_milter_saw) {
    struct ledger *l = ledger_new(&key, NULL, NULL);

    clock_ms = NOW;
    play(l, "MA MB");
    reconcile(l, 601, 2, 0);
    expect(l, "the log says nothing at all", "2 0 0 0 2 0 arriving=2");
    clock_ms = NOW + S(600);
    play(l, "mC qC");
    reconcile(l, 602, 3, 0);
    expect(l, "the log went on", "3 0 0 0 1 2 unlogged=2");
    cr_expect_eq(ledger_totals(l)->unknown_ms, (uint64_t)(NOW + S(602)));
    play(l, "mA qA MA sA rA");
    expect(l, "late lines of one: it is not counted again", "3 0 0 0 1 2 unlogged=2");
    play(l, "mA qA sA rA");
    expect(l, "the queue id again", "4 1 0 0 1 2 unlogged=2");
    clock_ms = NOW + S(90000);
    play(l, "dC");
    reconcile(l, 90001, 1, 0);
    play(l, "mB qB sB rB");
    expect(l, "a day later it is another message", "5 2 0 0 1 2 unlogged=2");
    ledger_free(&l);
}

Test(ledger, a_stamp_of_the_future_stops_nothing) {
    struct ledger *l = ledger_new(&key, NULL, NULL);

    clock_ms = NOW + S(99999);
    play(l, "mA qA dA");
    clock_ms = NOW;
    play(l, "mB qB dB");
    reconcile(l, 1, 0, 0);
    reconcile(l, 601, 0, 0);
    expect(l, "future", "2 0 0 0 1 1");
    ledger_free(&l);
}

/* ---- ends are told ---- */

struct ends {
    int count;
    enum ledger_end last;
};

static void on_end(uint64_t id, enum ledger_end end, int64_t time_ms, void *arg) {
    struct ends *ends = arg;

    cr_expect_neq(id, 0u);
    cr_expect_gt(time_ms, 0);
    ends->count++;
    ends->last = end;
}

Test(ledger, each_end_is_told) {
    static const struct {
        const char *script;
        enum ledger_end end;
    } rows[] = {
        {"mA qA sA rA", LEDGER_SENT},    {"mA qA bA rA", LEDGER_BOUNCED},
        {"mA qA eA rA", LEDGER_EXPIRED}, {"mA qA DA", LEDGER_DELETED},
        {"mA qA rA", LEDGER_UNKNOWN},    {"rA", LEDGER_STRAY},
        {"mA xA", LEDGER_REFUSED},       {"mA iA", LEDGER_DISCARDED},
        {"mA nA", LEDGER_ABORTED},       {"mA qA pBA", LEDGER_RENAMED},
        {"cA cB", LEDGER_ABORTED},       {"mA qA dA mA", LEDGER_UNKNOWN},
        {"mA mA", LEDGER_ABORTED},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ends ends = {0};
        struct ledger *l = ledger_new(&key, on_end, &ends);

        clock_ms = NOW;
        play(l, rows[i].script);
        cr_expect_eq(ends.count, 1, "%s: %d", rows[i].script, ends.count);
        cr_expect_eq(ends.last, rows[i].end, "%s: %d", rows[i].script, (int)ends.last);
        ledger_free(&l);
    }
}

Test(ledger, says_what_a_line_is_about) {
    struct ledger *l = ledger_new(&key, NULL, NULL);
    struct mailev ev = {.kind = MAILEV_DELIVERY, .time_ms = NOW, .queue_id = SPAN("A")};

    cr_expect_eq(ledger_note(l, &ev).id, ledger_id(&key, SPAN("A")));
    ev.kind = MAILEV_ATTEMPT;
    cr_expect_eq(ledger_note(l, &ev).id, 0u);
    ev.kind = MAILEV_REJECTED;
    ev.queue_id = SPAN("NOQUEUE");
    cr_expect_eq(ledger_note(l, &ev).id, 0u);
    cr_expect_neq(ledger_id(&key, SPAN("NOQUEUE1")), 0u);
    clock_ms = NOW;
    play(l, "mA qA");
    ev = (struct mailev){.kind = MAILEV_DELIVERY, .time_ms = NOW, .queue_id = SPAN("A")};
    cr_expect_not(ledger_note(l, &ev).retried);
    cr_expect_eq(ledger_place(l, ledger_id(&key, SPAN("A"))), LEDGER_QUEUED);
    cr_expect_eq(ledger_place(l, ledger_id(&key, SPAN("B"))), LEDGER_NOWHERE);
    play(l, "cC");
    cr_expect_eq(ledger_place(l, ledger_id(&key, SPAN("C"))), LEDGER_COMING);
    play(l, "qA");
    cr_expect(ledger_note(l, &ev).retried);
    ledger_free(&l);
}

/* ---- restarts ---- */

static void keep(const struct open_change *change, void *arg) {
    openset_apply(arg, change);
}

static void bring_back(const struct open_change *change, void *arg) {
    ledger_restore_entry(arg, change);
}

Test(ledger, goes_on_where_it_was) {
    struct ledger *l = ledger_new(&key, NULL, NULL);
    struct openset *file = openset_new();
    struct ledger_totals totals;
    struct ledger *again;

    clock_ms = NOW;
    play(l, "mA qA2 bA mB qB MC mD");
    cr_expect(ledger_commit(l, keep, file));
    cr_expect_not(ledger_commit(l, keep, file), "nothing changed");
    play(l, "rB mB qB sA");
    cr_expect(ledger_commit(l, keep, file));
    totals = *ledger_totals(l);
    cr_expect_eq(totals.step, 2u * LEDGER_STEP);

    again = ledger_new(&key, NULL, NULL);
    ledger_restore(again, &totals);
    openset_each(file, bring_back, again);
    ledger_settle(again, 9 * LEDGER_STEP + 77, 5, NOW);
    cr_expect_eq(ledger_totals(again)->step, 10u * LEDGER_STEP + 5);
    cr_expect_str_eq(sum_text(again), "5 0 0 0 4 1 arriving=2");
    play(again, "rA qD sD rD mC qC dC rB");
    expect(again, "each was known", "5 1 1 0 1 2");
    ledger_free(&again);
    ledger_free(&l);
    openset_free(&file);
}

/* accepted 10, sent 4: 6 are open; the file has more or less. */
Test(ledger, the_sum_is_right_whatever_the_file_says) {
    static const struct {
        const char *name, *script, *want;
    } rows[] = {
        {"nothing", "", "10 4 0 0 0 6 spilled=6"},
        {"too few", "mA qA mB qB mC", "11 4 0 0 3 4 arriving=1 spilled=4"},
        {"as many", "mA qA mB qB mC qC mD qD mE qE mF qF", "10 4 0 0 6 0"},
        {"too many", "mA qA mB qB mC qC mD qD mE qE mF qF mG qG mH qH", "10 4 0 0 6 0"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct ledger_totals totals = {
            .accepted = 10, .sent = 4, .step = 5 * LEDGER_STEP + 1};
        struct ledger *l = ledger_new(&key, NULL, NULL);
        struct ledger *again = ledger_new(&key, NULL, NULL);

        clock_ms = NOW;
        play(l, rows[i].script);
        ledger_restore(again, &totals);
        ledger_each(l, bring_back, again);
        ledger_settle(again, 3 * LEDGER_STEP, 9, NOW);
        expect(again, rows[i].name, rows[i].want);
        cr_expect_eq(ledger_totals(again)->step, 6u * LEDGER_STEP + 9);
        ledger_free(&l);
        ledger_free(&again);
    }
}

/* ---- a flood ---- */

static void note_number(struct ledger *l, enum mailev_kind kind, int number) {
    char id[16];
    struct mailev ev = {.kind = kind, .time_ms = NOW, .queue_id = {id, 0}};

    ev.queue_id.n = (size_t)snprintf(id, sizeof id, "%X", number);
    (void)ledger_note(l, &ev);
}

static long resident_kb(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;

    cr_assert_not_null(file);
    cr_assert_eq(fscanf(file, "%*d %ld", &pages), 1);
    fclose(file);
    return pages * 4;
}

static void nowhere(const struct open_change *change, void *arg) {
    (void)change;
    (void)arg;
}

Test(ledger, a_million_open_messages) {
    long before_kb = resident_kb();
    struct ledger *l = ledger_new(&key, NULL, NULL);
    struct ledger_sum sum;

    for (int i = 0; i < LEDGER_OPEN_MOST; i++) {
        note_number(l, MAILEV_ACCEPTED, i);
        note_number(l, MAILEV_QUEUED, i);
        if (i % 1000 == 0)
            (void)ledger_commit(l, nowhere, NULL);
    }
    sum = ledger_sum(l);
    cr_expect_eq(sum.queued, (uint64_t)LEDGER_OPEN_MOST);
#ifndef __SANITIZE_ADDRESS__
    cr_expect_leq(resident_kb() - before_kb, 64 * 1024, "%ld KB", resident_kb() - before_kb);
#else
    (void)before_kb;
#endif
    for (int i = LEDGER_OPEN_MOST; i < LEDGER_OPEN_MOST + 1000; i++)
        note_number(l, MAILEV_ACCEPTED, i);
    sum = ledger_sum(l);
    cr_expect_eq(ledger_totals(l)->spilled, 1000u);
    cr_expect_eq(sum.unknown, 1000u);
    cr_expect_eq(sum.queued, (uint64_t)LEDGER_OPEN_MOST);
    for (int i = 0; i < LEDGER_OPEN_MOST + 1000; i++) {
        note_number(l, MAILEV_REMOVED, i);
        if (i % 1000 == 0)
            (void)ledger_commit(l, nowhere, NULL);
    }
    (void)ledger_commit(l, nowhere, NULL);
    sum = ledger_sum(l);
    cr_expect_eq(ledger_totals(l)->stray, 1000u, "the spilled ones");
    cr_expect_eq(sum.queued, 0u);
    cr_expect_eq(sum.accepted, (uint64_t)LEDGER_OPEN_MOST + 1000);
#ifndef __SANITIZE_ADDRESS__
    cr_expect_leq(resident_kb() - before_kb, 16 * 1024, "afterwards %ld KB",
                  resident_kb() - before_kb);
#endif
    ledger_free(&l);
}

Test(ledger, messages_of_old_logs_are_added_with_their_ends) {
    static const struct ledger_totals none;
    struct ledger *l = ledger_new(&key, NULL, NULL);
    struct ledger *old = ledger_new(&key, NULL, NULL);
    struct ledger_totals at;
    struct ledger_sum sum;
    uint64_t step;

    clock_ms = NOW;
    play(l, "ca ma qa"); /* in the queue now */
    play(old, "ca ma qa sa ra cb mb qb bb rb cc mc qc rd");
    step = ledger_totals(l)->step;
    at = *ledger_totals(old);
    ledger_add_ended(l, &at, &none);
    play(old, "sc rc ce me qe"); /* c's end; e never ends */
    ledger_add_ended(l, ledger_totals(old), &at);
    sum = ledger_sum(l);
    cr_expect_eq(sum.accepted, 4u);
    cr_expect_eq(sum.sent, 2u);
    cr_expect_eq(sum.bounced, 1u);
    cr_expect_eq(sum.queued, 1u);
    cr_expect_eq(sum.unknown, 0u);
    cr_expect_eq(ledger_totals(l)->stray, 1u);
    cr_expect_eq(ledger_totals(l)->step, step);
    cr_expect_eq(sum.accepted, sum.sent + sum.bounced + sum.expired + sum.unknown + sum.queued);
    ledger_free(&old);
    ledger_free(&l);
}

static struct ledger_noted line_of(struct ledger *l, enum mailev_kind kind, enum diagnosis d) {
    struct mailev ev = {.kind = kind,
                        .status = MAILEV_STATUS_DEFERRED,
                        .diagnosis = d,
                        .time_ms = clock_ms,
                        .daemon = SPAN("smtp"),
                        .queue_id = SPAN("A")};

    return ledger_note(l, &ev);
}

Test(ledger, whose_fault_it_is_that_a_message_waits) {
    struct ledger *l = ledger_new(&key, NULL, NULL);

    clock_ms = NOW;
    play(l, "mA qA");
    cr_expect_not(line_of(l, MAILEV_EXPIRED, DIAGNOSIS_NONE).ours);
    line_of(l, MAILEV_DELIVERY, DIAGNOSIS_N02_CONNECT_REFUSED);
    cr_expect(line_of(l, MAILEV_EXPIRED, DIAGNOSIS_NONE).ours);
    line_of(l, MAILEV_DELIVERY, DIAGNOSIS_G27_RECIPIENT);
    cr_expect_not(line_of(l, MAILEV_EXPIRED, DIAGNOSIS_NONE).ours, "the last reason counts");
    ledger_free(&l);
}
