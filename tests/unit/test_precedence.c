/* One cause, one alert: each pair of causes, through the whole of the rules. */
#include "precedence.h"

#include <criterion/criterion.h>

#include "rules_world.h"

Test(precedence, rows_are_sound) {
    const struct precedence *row;
    int rows = 0;

    for (; (row = precedence_row(rows)) != NULL; rows++) {
        cr_expect_lt((int)row->cause, (int)row->symptom, "row %d: %s is looked at after %s", rows,
                     rules_id((int)row->cause), rules_id((int)row->symptom));
        for (int other = 0; other < rows; other++)
            cr_expect(precedence_row(other)->symptom != row->symptom ||
                          precedence_row(other)->cause != row->cause ||
                          precedence_row(other)->family != row->family,
                      "rows %d and %d are one", other, rows);
    }
    cr_expect_gt(rows, 50);
    cr_expect_null(precedence_row(-1));
}

Test(precedence, a_family_is_heeded) {
    struct precedence_held held[RULE_COUNT] = {{.holds = false}};

    cr_expect_eq(precedence_of(RULE_CERTIFICATE_EXPIRING, "", held), PRECEDENCE_OWN);
    held[RULE_TLS_BROKEN] = (struct precedence_held){true, true, DIAGNOSIS_T09_TLS_HANDSHAKE};
    cr_expect_eq(precedence_of(RULE_CERTIFICATE_EXPIRING, "", held), PRECEDENCE_OWN);
    held[RULE_TLS_BROKEN].diagnosis = DIAGNOSIS_T05_CERT_EXPIRED_NOT_YET_VALID;
    cr_expect_eq(precedence_of(RULE_CERTIFICATE_EXPIRING, "", held), PRECEDENCE_END);
    held[RULE_TLS_BROKEN].fires = false;
    cr_expect_eq(precedence_of(RULE_CERTIFICATE_EXPIRING, "", held), PRECEDENCE_NOT_BEGIN,
                 "what only waits ends nothing");
    held[RULE_TLS_BROKEN].holds = false;
    cr_expect_eq(precedence_of(RULE_CERTIFICATE_EXPIRING, "", held), PRECEDENCE_OWN);
    held[RULE_POSTFIX_TROUBLE] = (struct precedence_held){true, true, DIAGNOSIS_S04_MAP_MISSING};
    cr_expect_eq(precedence_of(RULE_LOGIN_REFUSED, "", held), PRECEDENCE_END);
    held[RULE_POSTFIX_TROUBLE].diagnosis = DIAGNOSIS_M04_PROCESS_LIMIT;
    cr_expect_eq(precedence_of(RULE_LOGIN_REFUSED, "", held), PRECEDENCE_OWN);
}

/* What is wrong with one smarthost explains nothing of another. */
Test(precedence, each_smarthost_for_itself) {
    struct precedence_held held[RULE_COUNT] = {{.holds = false}};

    held[RULE_LOGIN_REFUSED] =
        (struct precedence_held){true, true, DIAGNOSIS_G01_BAD_CREDENTIALS, "a.example"};
    cr_expect_eq(precedence_of(RULE_RELAY_UNREACHABLE, "a.example", held), PRECEDENCE_NOT_BEGIN);
    cr_expect_eq(precedence_of(RULE_RELAY_UNREACHABLE, "A.Example", held), PRECEDENCE_NOT_BEGIN);
    cr_expect_eq(precedence_of(RULE_RELAY_UNREACHABLE, "", held), PRECEDENCE_NOT_BEGIN);
    cr_expect_eq(precedence_of(RULE_RELAY_UNREACHABLE, "b.example", held), PRECEDENCE_OWN);
    cr_expect_eq(precedence_of(RULE_QUEUE_GROWING, "", held), PRECEDENCE_END);
    held[RULE_LOGIN_REFUSED].relayhost[0] = '\0';
    cr_expect_eq(precedence_of(RULE_RELAY_UNREACHABLE, "b.example", held), PRECEDENCE_NOT_BEGIN);
}

/* Of these two not both can hold: they are read from one field. */
static bool exclude_each_other(enum rule a, enum rule b) {
    static const enum rule one[][2] = {{RULE_LIMIT_REACHED, RULE_RELAY_REFUSES},
                                       {RULE_DUPLICATE_HOST, RULE_STORE_DOWN},
                                       {RULE_QUEUE_GROWING, RULE_LOGIN_UNCONFIRMED}};

    for (size_t i = 0; i < sizeof one / sizeof one[0]; i++) {
        if ((one[i][0] == a && one[i][1] == b) || (one[i][0] == b && one[i][1] == a))
            return true;
    }
    return false;
}

static void hold(struct world *w, enum rule a, enum rule b, int seconds) {
    for (int i = 0; i < seconds; i++) {
        world_break(w, a);
        world_break(w, b);
        world_tick(w);
    }
}

Test(precedence, each_rule_fires_alone) {
    for (enum rule a = 0; a < RULE_COUNT; a++) {
        struct world w;

        world_begin(&w);
        hold(&w, a, a, 150);
        for (enum rule b = 0; b < RULE_COUNT; b++)
            cr_expect_eq(world_fires(&w, b), a == b, "%s broken: %s", rules_id((int)a),
                         rules_id((int)b));
        world_end(&w);
    }
}

Test(precedence, each_pair) {
    for (enum rule a = 0; a < RULE_COUNT; a++) {
        for (enum rule b = a + 1; b < RULE_COUNT; b++) {
            struct precedence_held held[RULE_COUNT] = {{.holds = false}};
            struct world w;
            bool own;

            if (exclude_each_other(a, b))
                continue;
            world_begin(&w);
            hold(&w, a, a, 5);
            hold(&w, a, b, 150);
            held[a] = (struct precedence_held){true, true, w.rules->rule[a].alert.diagnosis};
            own = precedence_of(b, "", held) == PRECEDENCE_OWN;
            cr_expect(world_fires(&w, a), "%s is hidden by %s", rules_id((int)a), rules_id((int)b));
            cr_expect_eq(world_fires(&w, b), own, "%s beside %s", rules_id((int)b),
                         rules_id((int)a));
            cr_expect_eq(rules_alerts(w.rules)->count, own ? 2 : 1, "%s, %s", rules_id((int)a),
                         rules_id((int)b));
            world_end(&w);
        }
    }
}

/* The symptom came first: it ends, or goes on, as the row says. */
Test(precedence, each_row_when_the_symptom_fires_already) {
    const struct precedence *row;

    for (int i = 0; (row = precedence_row(i)) != NULL; i++) {
        struct world w;

        if (row->family != NULL || exclude_each_other(row->symptom, row->cause))
            continue;
        world_begin(&w);
        hold(&w, row->symptom, row->symptom, 150);
        cr_expect(world_fires(&w, row->symptom), "%s", rules_id((int)row->symptom));
        hold(&w, row->symptom, row->cause, 150);
        cr_expect(world_fires(&w, row->cause), "%s after %s", rules_id((int)row->cause),
                  rules_id((int)row->symptom));
        cr_expect_eq(world_fires(&w, row->symptom), !row->ends, "%s, then %s",
                     rules_id((int)row->symptom), rules_id((int)row->cause));
        world_end(&w);
    }
}

Test(precedence, what_explains_a_queue) {
    cr_expect(precedence_explains_queue(RULE_LOGIN_REFUSED));
    cr_expect(precedence_explains_queue(RULE_POSTFIX_DOWN));
    cr_expect_not(precedence_explains_queue(RULE_STORE_DOWN));
    cr_expect_not(precedence_explains_queue(RULE_QUEUE_GROWING));
}
