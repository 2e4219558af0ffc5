/* receiverstate.c: words, and what the sum of all is. */
#include "receiverstate.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(receiverstate, words) {
    for (int i = 0; i < RECEIVER_CONDITIONS; i++)
        cr_expect_eq((int)receiverstate_find(receiverstate_name((enum receiver_condition)i)), i);
    cr_expect_eq(receiverstate_find("nonsense"), RECEIVER_CONDITIONS);
    cr_expect_eq(receiverstate_find(""), RECEIVER_CONDITIONS);
}

/* "o1": ok, tells; "f0@30": failing since 30 s, a heartbeat; "r", "i" as well. */
static struct receiver_report make(const char *text) {
    struct receiver_report report = {.count = 0};
    static const char letters[] = "iofr";

    while (*text != '\0') {
        struct receiver_state *state = &report.receiver[report.count++];
        int since_s = 0, n = 0;

        for (int i = 0; i < RECEIVER_CONDITIONS; i++) {
            if (letters[i] == text[0])
                state->condition = (enum receiver_condition)i;
        }
        state->tells = text[1] == '1';
        text += 2;
        if (sscanf(text, "@%d%n", &since_s, &n) == 1)
            text += n;
        state->since_ms = 1000000 - since_s * 1000;
        while (*text == ' ')
            text++;
    }
    return report;
}

Test(receiverstate, sum) {
    static const struct {
        const char *in;
        int tellers, bad;
        int64_t all_bad_s, worst_s;
        int worst; /* -1: none */
    } rows[] = {
        {"", 0, 0, 0, 0, -1},
        {"o1 i1", 2, 0, 0, 0, -1},
        {"o1 f1@30", 2, 1, 0, 30, 1},
        {"i1 f1@30", 2, 1, 0, 30, 1},
        {"r1@20 f1@30", 2, 2, 20, 30, 1},
        {"r1@20", 1, 1, 20, 20, 0},
        {"f0@50 o1", 1, 1, 0, 50, 0},
        {"f0@50", 0, 1, 0, 50, 0},
        {"o0 f1@9", 1, 1, 9, 9, 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct receiver_report report = make(rows[i].in);
        struct receiver_sum sum = receiverstate_sum(&report, 1000000);

        cr_expect_eq(sum.tellers, rows[i].tellers, "%s", rows[i].in);
        cr_expect_eq(sum.bad, rows[i].bad, "%s", rows[i].in);
        cr_expect_eq(sum.all_bad_ms, rows[i].all_bad_s * 1000, "%s: %lld", rows[i].in,
                     (long long)sum.all_bad_ms);
        cr_expect_eq(sum.worst_ms, rows[i].worst_s * 1000, "%s", rows[i].in);
        cr_expect_eq(sum.worst != NULL ? sum.worst - report.receiver : -1, rows[i].worst, "%s",
                     rows[i].in);
    }
}

Test(receiverstate, just_now_counts) {
    struct receiver_report report = make("f1@0");

    cr_expect_eq(receiverstate_sum(&report, 1000000).all_bad_ms, 1, "all are bad");
    cr_expect_eq(receiverstate_sum(&report, 900000).all_bad_ms, 1, "the clock was set back");
}
