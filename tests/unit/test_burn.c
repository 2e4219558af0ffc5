#include "burn.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct burn_limits limits = {.allowed = 0.001, .at_least = 10};
static struct burn b;

enum { MINUTE = 60 * 1000 };

/* `minutes` of `good` and `bad` a minute, up to `now`. */
static void traffic(int64_t *now, int minutes, int good, int bad) {
    for (int m = 0; m < minutes; m++, *now += MINUTE) {
        for (int i = 0; i < good; i++)
            burn_note(&b, false, *now);
        for (int i = 0; i < bad; i++)
            burn_note(&b, true, *now);
    }
    *now -= MINUTE;
}

static enum burn_speed look(int64_t now, bool firing) {
    struct burn_look out;

    burn_eval(&b, &limits, firing, now, &out);
    return out.speed;
}

static void begin(void) {
    memset(&b, 0, sizeof b);
}

Test(burn, speeds, .init = begin) {
    static const struct {
        const char *name;
        int minutes, good, bad;
        enum burn_speed want;
    } rows[] = {
        {"nothing at all", 1, 0, 0, BURN_FINE},
        {"all is well", 400, 100, 0, BURN_FINE},
        {"all fail, but too few to say", 1, 0, 9, BURN_FINE},
        {"all fail", 1, 0, 10, BURN_FAST},
        {"2 % for an hour", 60, 98, 2, BURN_FAST},
        {"1 % for six hours", 360, 99, 1, BURN_SLOW},
        {"0.5 % for six hours", 360, 199, 1, BURN_FINE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t now = (int64_t)1700000000 * 1000;

        begin();
        traffic(&now, rows[i].minutes, rows[i].good, rows[i].bad);
        cr_expect_eq(look(now, false), rows[i].want, "%s", rows[i].name);
    }
}

Test(burn, what_is_over_is_not_told, .init = begin) {
    int64_t now = (int64_t)1700000000 * 1000;

    traffic(&now, 60, 98, 2);
    cr_assert_eq(look(now, true), BURN_FAST);
    now += MINUTE;
    traffic(&now, 6, 100, 0);
    cr_expect_neq(look(now, true), BURN_FAST, "five minutes without a failure");
    now += MINUTE;
    traffic(&now, 30, 100, 0);
    cr_expect_eq(look(now, true), BURN_FINE);
}

Test(burn, one_that_fires_ends_lower, .init = begin) {
    int64_t now = (int64_t)1700000000 * 1000;

    traffic(&now, 60, 95, 5);
    now += MINUTE;
    traffic(&now, 5, 99, 1);
    cr_expect_eq(look(now, false), BURN_SLOW, "1 % of the last 5 minutes is below 1.44 %");
    cr_expect_eq(look(now, true), BURN_FAST, "but above half of it");
}

Test(burn, the_share_and_the_window_are_told, .init = begin) {
    int64_t now = (int64_t)1700000000 * 1000;
    struct burn_look out;

    traffic(&now, 10, 90, 10);
    burn_eval(&b, &limits, false, now, &out);
    cr_expect_eq(out.bad, 100u);
    cr_expect_eq(out.all, 1000u);
    cr_expect_eq(out.window_s, 3600u);
}

Test(burn, a_clock_set_back_hides_what_is_to_come, .init = begin) {
    int64_t now = (int64_t)1700000000 * 1000;

    traffic(&now, 5, 0, 100);
    cr_expect_eq(look(now - 3600 * 1000, false), BURN_FINE);
    burn_note(&b, true, 0);
    burn_note(&b, true, -5);
    cr_expect_eq(look(-5, false), BURN_FINE);
}

Test(burn, what_an_alert_explains_is_forgiven, .init = begin) {
    int64_t now = (int64_t)1700000000 * 1000;

    traffic(&now, 30, 50, 50);
    cr_assert_eq(look(now, false), BURN_FAST);
    burn_forgive(&b, now - 29 * MINUTE);
    cr_expect_eq(look(now, false), BURN_FINE);
    traffic(&now, 1, 50, 50);
    cr_expect_eq(look(now, false), BURN_FAST, "new ones are not");
}
