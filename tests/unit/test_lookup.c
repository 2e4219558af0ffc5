/* lookup.c: names that /etc/hosts has, names that cannot be; asked for again, given up, freed. */
#include <criterion/criterion.h>
#include <string.h>

#include "clock.h"
#include "lookup.h"

static struct loop *loop;
static struct lookup *lookup;
static struct loop_timer *limit;
static struct fault why;
static int news;

static void on_news(void *arg) {
    (void)arg;
    news++;
    loop_stop(loop);
}

static void on_limit(void *arg) {
    (void)arg;
    loop_stop(loop);
}

static void set_up(void) {
    loop = loop_new(&why);
    cr_assert(loop != NULL);
    limit = loop_timer_new(loop, on_limit, NULL);
    lookup = lookup_new(loop, on_news, NULL);
}

static void tear_down(void) {
    lookup_free(&lookup);
    loop_timer_free(&limit);
    loop_free(&loop);
}

TestSuite(lookup, .init = set_up, .fini = tear_down);

/* The answer, waited for. */
static int answer(const char *host, unsigned which, char out[LOOKUP_ADDRESS]) {
    int got = lookup_ask(lookup, host, which, out, &why);

    for (int i = 0; got == 0 && i < 10; i++) {
        loop_timer_set(limit, 5000);
        loop_run(loop);
        got = lookup_ask(lookup, host, which, out, &why);
    }
    return got;
}

Test(lookup, addresses) {
    cr_expect(lookup_is_address("192.0.2.1"));
    cr_expect(lookup_is_address("2001:db8::1"));
    cr_expect_not(lookup_is_address("redis.example"));
    cr_expect_not(lookup_is_address("192.0.2"));
    cr_expect_not(lookup_is_address(""));
}

Test(lookup, a_name_of_this_host) {
    char address[LOOKUP_ADDRESS];

    for (unsigned which = 0; which < 3; which++) {
        cr_assert_eq(answer("localhost", which, address), 1, "%s", why.text);
        cr_expect(strcmp(address, "127.0.0.1") == 0 || strcmp(address, "::1") == 0, "%s", address);
        if (which == 0)
            cr_expect_str_eq(address, "127.0.0.1", "IPv4 first");
    }
    cr_expect_eq(news, 3, "told once each");
}

Test(lookup, names_that_cannot_be) {
    char address[LOOKUP_ADDRESS];

    cr_expect_eq(answer("a..b", 0, address), -1);
    cr_expect_not_null(strstr(why.text, "look up a..b: "), "%s", why.text);
    cr_expect_eq(answer("localhost", 0, address), 1, "the next one is not hurt");
}

Test(lookup, another_name_while_one_is_asked_for) {
    char address[LOOKUP_ADDRESS];

    cr_expect_eq(lookup_ask(lookup, "a..b", 0, address, &why), 0);
    cr_expect_eq(answer("localhost", 0, address), 1, "%s", why.text);
}

Test(lookup, does_not_wait) {
    char address[LOOKUP_ADDRESS];
    int64_t begin_ms = clock_mono_ms();

    cr_expect_eq(lookup_ask(lookup, "slow.invalid", 0, address, &why), 0);
    cr_expect_lt(clock_mono_ms() - begin_ms, 500);
    /* tear_down frees it while it may still be under way */
}
