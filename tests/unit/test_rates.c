#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "rates.h"

Test(rates, nothing_known_is_nothing) {
    struct rates r;
    struct counters c = {{0}};

    memset(&r, 0, sizeof r);
    cr_expect_eq(rates_per_minute(&r, COUNTER_SENT, &c, 1000, 60000), 0);
}

Test(rates, what_is_of_the_past_is_no_rate) {
    struct counters c = {{0}}, past = {{0}};
    struct rates r;

    memset(&r, 0, sizeof r);
    rates_note(&r, &c, 0);
    c.value[COUNTER_SENT] = 3;
    past.value[COUNTER_SENT] = 1000000;
    c.value[COUNTER_SENT] += past.value[COUNTER_SENT];
    rates_skip(&r, &past);
    cr_expect_eq(rates_per_minute(&r, COUNTER_SENT, &c, 60000, 60000), 3);
}

Test(rates, per_minute_over_the_window) {
    struct rates r;
    struct counters c = {{0}};
    double minute;
    double ten;

    memset(&r, 0, sizeof r);
    for (int64_t now = 0; now <= 600 * 1000; now += 1000) {
        rates_note(&r, &c, now); /* one a second in the last five minutes */
        if (now >= 300 * 1000)
            c.value[COUNTER_SENT]++;
    }
    minute = rates_per_minute(&r, COUNTER_SENT, &c, 600 * 1000, 60 * 1000);
    ten = rates_per_minute(&r, COUNTER_SENT, &c, 600 * 1000, 600 * 1000);
    cr_expect_lt(fabs(minute - 60), 2, "%f", minute);
    cr_expect_lt(fabs(ten - 30), 1, "%f", ten);
}

Test(rates, one_event_after_the_start_is_one_a_minute) {
    struct rates r;
    struct counters c = {{0}};

    memset(&r, 0, sizeof r);
    rates_note(&r, &c, 5000);
    c.value[COUNTER_SENT] = 1;
    cr_expect_lt(fabs(rates_per_minute(&r, COUNTER_SENT, &c, 6000, 60000) - 1), 0.01);
}

Test(rates, the_ring_goes_round) {
    struct rates r;
    struct counters c = {{0}};

    memset(&r, 0, sizeof r);
    for (int64_t i = 0; i < 3 * RATES_SLOTS; i++) {
        rates_note(&r, &c, i * RATES_STEP_MS);
        c.value[COUNTER_SENT] += 5;
    }
    cr_expect_lt(
        fabs(rates_per_minute(&r, COUNTER_SENT, &c, 3 * RATES_SLOTS * RATES_STEP_MS, 600000) - 60),
        1);
}
