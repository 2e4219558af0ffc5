/* fleetlink.c with a real redis-server on a unix socket: reads index and summaries, hosts without a
 * summary, what a user without rights gets, a Redis that goes away; forgets a host. */
#include <criterion/criterion.h>
#include <stdbool.h>

#include "../support/redis_server.h"
#include "clock.h"
#include "fleetlink.h"
#include "log.h"
#include "loop.h"
#include "text.h"

static struct redis_server server;
static struct loop *loop;
static struct conf conf;
static struct fleetlink *fl;
static int reads, faults;
static char forgotten[200];

static void on_read(void *arg) {
    (void)arg;
    reads++;
    loop_stop(loop);
}

static void on_fault(void *arg) {
    (void)arg;
    faults++;
    loop_stop(loop);
}

static void on_forgotten(const char *why, void *arg) {
    (void)arg;
    text_copy(forgotten, sizeof forgotten, why[0] != '\0' ? why : "done");
    loop_stop(loop);
}

static void on_limit(void *arg) {
    (void)arg;
    loop_stop(loop);
}

static void run(void) {
    struct loop_timer *limit = loop_timer_new(loop, on_limit, NULL);

    loop_timer_set(limit, 10000);
    loop_run(loop);
    loop_timer_free(&limit);
}

static bool read_all(void) {
    int before = reads;

    fleetlink_read(fl);
    run();
    return reads == before + 1;
}

static void set_up(void) {
    const struct fleetlink_calls calls = {on_read, on_fault, NULL};
    struct fault why;

    log_open("test", LOG_LEVEL_ERROR);
    redis_server_init(&server);
    redis_server_start(&server, NULL);
    loop = loop_new(&why);
    cr_assert_not_null(loop);
    conf_defaults(&conf);
    text_copy(conf.host, sizeof conf.host, "host-1");
    text_format(conf.redis, sizeof conf.redis, "unix:%s", server.socket);
    fl = fleetlink_new(loop, &conf, &calls);
}

static void tear_down(void) {
    fleetlink_free(&fl);
    loop_free(&loop);
    redis_server_clear(&server);
}

TestSuite(fleetlink, .init = set_up, .fini = tear_down);

static void beat(const char *host) {
    char line[200];

    text_format(line, sizeof line, "ZADD rw:hosts %lld.5 %s", (long long)clock_wall_ms() / 1000,
                host);
    redis_server_ask(&server, line);
}

static const struct hostsum *sum_of(const char *host) {
    const struct fleet_host *h = fleet_find(fleetlink_fleet(fl), host);

    cr_assert_not_null(h, "%s", host);
    return &h->sum;
}

static void say(const char *host, const char *state) {
    char line[300];

    text_format(line, sizeof line,
                "HSET rw:{%s}:alert summary '{\"v\":1,\"state\":\"%s\",\"queue\":5}'", host, state);
    redis_server_ask(&server, line);
    beat(host);
}

Test(fleetlink, reads_summaries_and_what_changed) {
    say("host-2", "critical");
    say("host-3", "ok");
    cr_assert(read_all());
    cr_expect_eq(fleetlink_fleet(fl)->count, 2);
    cr_expect_eq(sum_of("host-2")->state, HOSTSUM_CRITICAL);
    cr_expect_eq(sum_of("host-2")->queue_messages, 5);
    cr_expect_eq(sum_of("host-3")->state, HOSTSUM_OK);
    cr_expect_neq(fleetlink_read_ms(fl), 0);
    redis_server_ask(&server, "HSET rw:{host-3}:alert summary '{\"v\":1,\"state\":\"warning\"}'");
    cr_assert(read_all());
    cr_expect_eq(sum_of("host-3")->state, HOSTSUM_OK, "not read again without a sign of life");
    redis_server_ask(&server, "ZADD rw:hosts 17 host-3");
    cr_assert(read_all());
    cr_expect_eq(sum_of("host-3")->state, HOSTSUM_WARNING);
}

Test(fleetlink, hosts_that_write_no_summary) {
    redis_server_ask(&server, "HSET rw:{host-2}:log c.sent 41 c.deferred 2 _ep 1");
    redis_server_ask(&server,
                     "HSET rw:{host-2}:alert a.login-refused "
                     "'{\"id\":\"login-refused\",\"severity\":\"critical\",\"summary\":\"no\","
                     "\"ended\":null}' a.gone ''");
    beat("host-2");
    beat("host-4");
    say("host-3", "ok");
    cr_assert(read_all());
    cr_expect_eq(sum_of("host-2")->state, HOSTSUM_CRITICAL);
    cr_expect_str_eq(sum_of("host-2")->alert[0].id, "login-refused");
    cr_expect_eq(sum_of("host-2")->figure[1], 41);
    cr_expect_eq(sum_of("host-2")->figure[2], 2);
    cr_expect_eq(sum_of("host-4")->state, HOSTSUM_OK);
    cr_expect_eq(sum_of("host-3")->state, HOSTSUM_OK);
}

Test(fleetlink, a_summary_that_cannot_be_read_is_not_well) {
    redis_server_ask(&server, "HSET rw:{host-2}:alert summary 'no JSON'");
    redis_server_ask(&server, "HSET rw:{host-3}:alert summary '{\"v\":1' a.tls-broken "
                              "'{\"id\":\"tls-broken\",\"severity\":\"warning\"}'");
    beat("host-2");
    beat("host-3");
    cr_assert(read_all());
    cr_expect_eq(sum_of("host-2")->state, HOSTSUM_UNKNOWN);
    cr_expect_eq(sum_of("host-3")->state, HOSTSUM_WARNING);
}

Test(fleetlink, no_host_at_all) {
    cr_assert(read_all());
    cr_expect_eq(fleetlink_fleet(fl)->count, 0);
    cr_expect_str_eq(fleetlink_trouble(fl), "");
}

Test(fleetlink, without_rights_it_says_so) {
    if (!redis_server_has_users(&server))
        cr_skip_test("this Redis knows no users");
    redis_server_ask(&server, "ACL SETUSER default -zrange");
    beat("host-2");
    cr_expect_not(read_all());
    cr_expect_eq(faults, 1);
    cr_expect(strstr(fleetlink_trouble(fl), "zrange") != NULL, "%s", fleetlink_trouble(fl));
    redis_server_ask(&server, "ACL SETUSER default +zrange");
    cr_expect(read_all());
    cr_expect_str_eq(fleetlink_trouble(fl), "");
}

Test(fleetlink, a_strange_index) {
    redis_server_ask(&server, "SET rw:hosts 5");
    cr_expect_not(read_all());
    cr_expect(strstr(fleetlink_trouble(fl), "WRONGTYPE") != NULL, "%s", fleetlink_trouble(fl));
}

Test(fleetlink, a_redis_that_goes_and_comes) {
    say("host-2", "ok");
    cr_assert(read_all());
    redis_server_stop(&server);
    run(); /* until it is noticed */
    cr_expect_eq(faults, 1);
    cr_expect_eq(fleetlink_read_ms(fl), 0);
    cr_expect_neq(fleetlink_trouble(fl)[0], '\0');
    cr_expect_eq(fleetlink_fleet(fl)->count, 1, "what was known last stays");
    redis_server_start(&server, NULL);
    fleetlink_read(fl);
    while (reads == 1 && faults < 50)
        run();
    cr_expect_eq(reads, 2);
    cr_expect_str_eq(fleetlink_trouble(fl), "");
}

Test(fleetlink, forgets) {
    say("host-2", "ok");
    say("host-3", "ok");
    cr_assert(read_all());
    cr_assert(fleetlink_forget(fl, "host-2", on_forgotten, NULL));
    run();
    cr_expect_str_eq(forgotten, "done");
    cr_assert(read_all());
    cr_expect_eq(fleetlink_fleet(fl)->count, 1);
    beat("host-2");
    cr_assert(read_all());
    cr_expect_eq(sum_of("host-2")->state, HOSTSUM_OK, "back by itself");
    if (!redis_server_has_users(&server))
        return;
    redis_server_ask(&server, "ACL SETUSER default -zrem");
    cr_assert(fleetlink_forget(fl, "host-2", on_forgotten, NULL));
    run();
    cr_expect(strstr(forgotten, "zrem") != NULL, "%s", forgotten);
}

/* Until the answers of what was sent before are here. */
static void settle(void) {
    cr_assert(read_all());
}

Test(fleetlink, one_speaks_for_all) {
    int64_t now_ms = clock_mono_ms();

    settle();
    cr_expect_str_eq(fleetlink_leader(fl, now_ms), "");
    cr_expect_not(fleetlink_leads(fl, now_ms));
    redis_server_ask(&server, "SET rw:fleet:lease host-9 PX 15000");
    fleetlink_ask_lease(fl);
    settle();
    cr_expect_str_eq(fleetlink_leader(fl, clock_mono_ms()), "host-9");
    cr_expect_not(fleetlink_leads(fl, clock_mono_ms()));
    cr_expect_str_eq(redis_server_ask(&server, "GET rw:fleet:lease"), "host-9");
    redis_server_ask(&server, "DEL rw:fleet:lease");
    fleetlink_ask_lease(fl);
    settle();
    now_ms = clock_mono_ms();
    cr_expect(fleetlink_leads(fl, now_ms));
    cr_expect_str_eq(redis_server_ask(&server, "GET rw:fleet:lease"), "host-1");
    cr_expect_neq(atoi(redis_server_ask(&server, "PTTL rw:fleet:lease")), -1);
    cr_expect_not(fleetlink_leads(fl, now_ms + FLEETLINK_LEASE_MS),
                  "no longer than the lease, whatever Redis does");
    cr_expect_str_eq(fleetlink_leader(fl, now_ms + FLEETLINK_LEASE_MS), "");
    redis_server_ask(&server, "SET rw:fleet:lease host-9");
    fleetlink_ask_lease(fl);
    settle();
    cr_expect_not(fleetlink_leads(fl, clock_mono_ms()), "another one has it now");
}

Test(fleetlink, what_is_said_is_heard_while_it_is_fresh) {
    int64_t now_ms;

    settle();
    fleetlink_say(fl, "login-refused 3 host-1");
    settle();
    now_ms = clock_mono_ms();
    cr_expect_str_eq(fleetlink_word(fl, now_ms), "login-refused 3 host-1");
    cr_expect_neq(atoi(redis_server_ask(&server, "PTTL rw:fleet:alert")), -1);
    cr_expect_str_eq(fleetlink_word(fl, now_ms + FLEETLINK_FRESH_MS), "",
                     "what was read long ago may not be so any more");
    fleetlink_say(fl, NULL);
    settle();
    cr_expect_str_eq(fleetlink_word(fl, clock_mono_ms()), "");
    redis_server_ask(&server, "SET rw:fleet:alert 'tls-broken 9 host-9'");
    settle();
    cr_expect_str_eq(fleetlink_word(fl, clock_mono_ms()), "tls-broken 9 host-9");
}

Test(fleetlink, what_is_left_for_a_successor) {
    int64_t now_ms;

    cr_expect_null(fleetlink_left(fl, clock_mono_ms()), "nobody knows yet");
    settle();
    cr_expect_str_eq(fleetlink_left(fl, clock_mono_ms()), "");
    redis_server_ask(&server, "SET rw:fleet:open 'hosts-gone 5'");
    settle();
    now_ms = clock_mono_ms();
    cr_expect_str_eq(fleetlink_left(fl, now_ms), "hosts-gone 5");
    cr_expect_null(fleetlink_left(fl, now_ms + FLEETLINK_FRESH_MS));
    fleetlink_leave(fl, "fleet-trouble 7");
    cr_expect_str_eq(fleetlink_left(fl, clock_mono_ms()), "fleet-trouble 7");
    settle();
    cr_expect_str_eq(redis_server_ask(&server, "GET rw:fleet:open"), "fleet-trouble 7");
    cr_expect_neq(atoi(redis_server_ask(&server, "PTTL rw:fleet:open")), -1);
    fleetlink_leave(fl, NULL);
    settle();
    cr_expect_str_eq(fleetlink_left(fl, clock_mono_ms()), "");
}

Test(fleetlink, none_without_redis) {
    const struct fleetlink_calls calls = {on_read, on_fault, NULL};
    struct conf none;

    conf_defaults(&none);
    cr_expect_null(fleetlink_new(loop, &none, &calls));
}
