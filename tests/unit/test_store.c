/* store.c with a real redis-server on a unix socket. Each test has its own server and process. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdbool.h>

#include "../support/redis_server.h"
#include "clock.h"
#include "file.h"
#include "log.h"
#include "owner.h"
#include "store.h"
#include "text.h"

#define LINEAGE_A "0123456789abcdef0123456789abcdef"
#define LINEAGE_B "fedcba9876543210fedcba9876543210"
#define LOG_KEY "rw:{host-1}:log"

struct writer {
    struct loop *loop;
    struct conf conf;
    struct store *store;
    struct store_stream *stream;
    struct totals from;
    struct totals now;
    int started, fenced, lineage;
    bool newborn;
    bool gives_way;
    char rival[OWNER_SIZE];
    char owner[OWNER_SIZE]; /* "": as usual */
    int64_t started_ms;
};

static struct redis_server server;
static struct loop *loop;
static int64_t longest_lag_ms;

static void set_up(void) {
    struct fault why;

    log_open("test", LOG_LEVEL_ERROR);
    redis_server_init(&server);
    loop = loop_new(&why);
    cr_assert(loop != NULL);
}

static void tear_down(void) {
    loop_free(&loop);
    redis_server_clear(&server);
}

TestSuite(store, .init = set_up, .fini = tear_down);

/* ---- the writer ---- */

static void on_start(const struct totals *from, void *arg) {
    struct writer *w = arg;

    w->from = w->now = *from;
    w->started++;
    w->started_ms = clock_mono_ms();
}

static void on_fenced(const char *rival, void *arg) {
    struct writer *w = arg;

    w->fenced++;
    text_copy(w->rival, sizeof w->rival, rival);
}

static void on_lineage(bool newborn, void *arg) {
    struct writer *w = arg;

    w->lineage++;
    w->newborn = newborn;
}

static void writer_configure(struct writer *w) {
    memset(w, 0, sizeof *w);
    text_copy(w->conf.host, sizeof w->conf.host, "host-1");
    text_format(w->conf.redis, sizeof w->conf.redis, "unix:%s", server.socket);
}

static void writer_open(struct writer *w, const struct totals *local) {
    struct store_stream_calls calls = {on_start, on_fenced, on_lineage, w};

    if (w->owner[0] == '\0')
        owner_make(w->owner, sizeof w->owner);
    w->store = store_new(loop, &w->conf, w->owner);
    w->stream = store_stream_new(w->store, "log", local, w->gives_way, &calls);
}

static void publish(struct writer *w, uint64_t p) {
    text_format(w->now.position, sizeof w->now.position, "v1;%" PRIu64, p);
    totals_set(&w->now, "c.lines", p);
    totals_set(&w->now, "c.sent", p / 2);
    store_publish(w->stream, &w->now);
}

/* ---- the loop, until something is so ---- */

struct until {
    bool (*is_so)(void *arg);
    void *arg;
    int64_t stop_ms;
    int64_t last_ms;
    bool was_so;
    struct loop_timer *timer;
};

static void on_poll(void *arg) {
    struct until *until = arg;
    int64_t now_ms = clock_mono_ms();

    if (now_ms - until->last_ms - 2 > longest_lag_ms)
        longest_lag_ms = now_ms - until->last_ms - 2;
    until->was_so = until->is_so != NULL && until->is_so(until->arg);
    if (until->was_so || now_ms >= until->stop_ms)
        loop_stop(loop);
    until->last_ms = clock_mono_ms();
    loop_timer_set(until->timer, 2);
}

static bool run_until(bool (*is_so)(void *arg), void *arg, int64_t limit_ms) {
    struct until until = {.is_so = is_so, .arg = arg, .stop_ms = clock_mono_ms() + limit_ms};

    until.last_ms = clock_mono_ms();
    until.timer = loop_timer_new(loop, on_poll, &until);
    loop_timer_set(until.timer, 0);
    loop_run(loop);
    loop_timer_free(&until.timer);
    return until.was_so;
}

static bool has_started(void *arg) {
    return ((struct writer *)arg)->started > 0;
}

static bool is_fenced(void *arg) {
    return ((struct writer *)arg)->fenced > 0;
}

static bool is_ok(void *arg) {
    return store_state(((struct writer *)arg)->store, NULL) == STORE_OK;
}

static bool is_down(void *arg) {
    return store_state(((struct writer *)arg)->store, NULL) == STORE_DOWN;
}

static bool needs_operator(void *arg) {
    return store_state(((struct writer *)arg)->store, NULL) == STORE_OPERATOR;
}

static const char *field(const char *name) {
    char command[200];

    text_format(command, sizeof command, "HGET " LOG_KEY " %s", name);
    return redis_server_ask(&server, command);
}

/* All of position p is there. */
static bool redis_has(void *arg) {
    uint64_t p = *(const uint64_t *)arg;
    char want[3][32];

    text_format(want[0], sizeof want[0], "v1;%" PRIu64, p);
    text_format(want[1], sizeof want[1], "%" PRIu64, p);
    text_format(want[2], sizeof want[2], "%" PRIu64, p / 2);
    return strcmp(field("_pos"), want[0]) == 0 && strcmp(field("c.lines"), want[1]) == 0 &&
           strcmp(field("c.sent"), want[2]) == 0;
}

static void expect_redis(uint64_t p, int64_t limit_ms, const char *what) {
    cr_assert(run_until(redis_has, &p, limit_ms), "%s: redis has %s", what, field("_pos"));
}

static void bring_up(struct writer *w) {
    writer_configure(w);
    writer_open(w, NULL);
    cr_assert(run_until(has_started, w, 2000));
}

static struct totals known(const char *lineage, uint64_t seq, uint64_t p) {
    struct totals t = {.epoch = 1, .seq = seq};

    text_copy(t.lineage, sizeof t.lineage, lineage);
    text_format(t.position, sizeof t.position, "v1;%" PRIu64, p);
    totals_set(&t, "c.lines", p);
    totals_set(&t, "c.sent", p / 2);
    return t;
}

/* ---- the tests ---- */

static bool has_alert(void *arg) {
    return strcmp(redis_server_ask(&server, "HGET rw:{host-1}:alert a"), arg) == 0;
}

static bool is_listed(void *arg) {
    (void)arg;
    return redis_server_ask(&server, "ZSCORE rw:hosts host-1")[0] != '\0';
}

Test(store, writes_all_of_it) {
    struct writer w;
    struct totals saved;
    const char *detail;

    redis_server_start(&server, NULL);
    bring_up(&w);
    cr_expect_eq(w.from.count, 0);
    publish(&w, 7);
    expect_redis(7, 500, "first");
    publish(&w, 8);
    publish(&w, 9);
    expect_redis(9, 500, "newest");
    cr_expect_str_eq(field("_v"), "1");
    cr_expect_str_eq(field("_ep"), "1");
    cr_expect_eq(strlen(field("_lin")), 32);
    cr_expect(strlen(field("_own")) > 10);
    cr_expect(strlen(field("_ts")) == 13);
    store_stream_snapshot(w.stream, &saved);
    cr_expect_str_eq(saved.position, "v1;9");
    cr_expect_str_eq(field("_lin"), saved.lineage);
    cr_expect_eq(saved.epoch, 1);
    cr_expect(saved.seq >= 3);
    cr_expect(run_until(is_listed, NULL, 500));
    store_set_alert(w.store, "a", "{\"x\": 1}");
    cr_expect(run_until(has_alert, (void *)(uintptr_t) "{\"x\": 1}", 500));
    store_set_alert(w.store, "a", NULL);
    cr_expect(run_until(has_alert, (void *)(uintptr_t) "", 500));
    cr_expect_eq(store_state(w.store, &detail), STORE_OK);
    cr_expect_str_eq(detail, "");
    cr_expect_eq(w.started, 1);
    store_free(&w.store);
    cr_expect_eq(w.store, NULL);
}

static bool has_ended_alert(void *arg) {
    const char *text;

    (void)arg;
    text = redis_server_ask(&server, "HGET rw:{host-1}:alert a");
    return text[0] == '\0' &&
           strcmp(redis_server_ask(&server, "HEXISTS rw:{host-1}:alert a"), "1") == 0;
}

/* The rights of the manual's ACL line without HDEL and CONFIG GET: all else works. */
Test(store, fewest_rights) {
    char path[100];
    struct writer w;
    struct fault why;

    redis_server_start(&server, NULL);
    if (!redis_server_has_users(&server))
        cr_skip_test("this Redis knows no users");
    cr_assert_str_eq(redis_server_ask(&server, "ACL SETUSER fewest on >secret ~rw:* +eval +evalsha "
                                               "+script|load +hset +hmget +hgetall +zadd +zrange "
                                               "+set +get +ping +role +auth +hello"),
                     "OK");
    writer_configure(&w);
    text_format(path, sizeof path, "%s/password", server.folder);
    cr_assert_eq(file_replace(path, "secret\n", 7, 0600, &why), 0, "%s", why.text);
    text_copy(w.conf.redis_user, sizeof w.conf.redis_user, "fewest");
    text_copy(w.conf.redis_password_file, sizeof w.conf.redis_password_file, path);
    writer_open(&w, NULL);
    cr_assert(run_until(has_started, &w, 2000));
    publish(&w, 7);
    expect_redis(7, 500, "written");
    for (int i = 0; i < 2; i++) {
        store_set_alert(w.store, "a", "{\"x\": 1}");
        cr_expect(run_until(has_alert, (void *)(uintptr_t) "{\"x\": 1}", 500));
        store_set_alert(w.store, "a", NULL);
        cr_expect(run_until(has_ended_alert, NULL, 500), "emptied");
    }
    cr_expect(run_until(is_listed, NULL, 500));
    cr_expect(is_ok(&w));
    cr_expect_str_eq(store_advice(w.store), "");
    store_free(&w.store);
}

static bool has_advice(void *arg) {
    return strstr(store_advice(((struct writer *)arg)->store), "appendfsync") != NULL;
}

Test(store, settings) {
    static const char *const arguments[] = {"--maxmemory-policy", "allkeys-lru", "--appendfsync",
                                            "no", NULL};
    struct writer w;
    const char *advice;

    redis_server_start(&server, arguments);
    bring_up(&w);
    cr_assert(run_until(has_advice, &w, 500), "%s", store_advice(w.store));
    advice = store_advice(w.store);
    cr_expect(strstr(advice, "maxmemory-policy is allkeys-lru, should be noeviction") != NULL, "%s",
              advice);
    cr_expect(strstr(advice, "appendonly") == NULL, "%s", advice);
    redis_server_ask(&server, "CONFIG SET maxmemory-policy volatile-lru");
    redis_server_ask(&server, "CONFIG SET appendfsync always");
    redis_server_ask(&server, "CLIENT KILL TYPE normal");
    publish(&w, 5);
    expect_redis(5, 2000, "again");
    run_until(NULL, NULL, 50);
    cr_expect_str_eq(store_advice(w.store), "", "mended");
    store_free(&w.store);
}

/* By TCP and a name; nobody at one of its addresses is no trouble. */
Test(store, host_by_name) {
    char port[8];
    const char *const arguments[] = {"--port", port, "--bind", "127.0.0.1", NULL};
    struct writer w;

    text_format(port, sizeof port, "%d", 20000 + (int)(getpid() % 20000));
    redis_server_start(&server, arguments);
    writer_configure(&w);
    text_format(w.conf.redis, sizeof w.conf.redis, "localhost:%s", port);
    writer_open(&w, NULL);
    cr_assert(run_until(has_started, &w, 3000));
    publish(&w, 7);
    expect_redis(7, 500, "by name");
    redis_server_ask(&server, "CLIENT KILL TYPE normal");
    publish(&w, 8);
    expect_redis(8, 3000, "again");
    store_free(&w.store);

    writer_configure(&w);
    text_copy(w.conf.redis, sizeof w.conf.redis, "a..b:6379");
    writer_open(&w, NULL);
    cr_expect(run_until(is_down, &w, 2000));
    store_free(&w.store);
}

static bool has_last_field(void *arg) {
    return strcmp(field("m.3069"), arg) == 0;
}

/* As many fields as there can be, through both scripts, through HGETALL and as little as possible
 * afterwards. */
Test(store, all_fields) {
    struct writer w;
    struct writer next;
    char name[TOTALS_NAME_SIZE];
    uint64_t bytes;

    redis_server_start(&server, NULL);
    bring_up(&w);
    for (uint64_t i = 0; w.now.count < TOTALS_FIELDS - 2; i++) {
        text_format(name, sizeof name, "m.%" PRIu64, i);
        totals_set(&w.now, name, i + 1000000);
    }
    publish(&w, 7);
    cr_assert_eq(w.now.count, TOTALS_FIELDS);
    expect_redis(7, 1000, "committed at once");
    cr_expect_str_eq(field("m.3069"), "1003069");
    redis_server_ask(&server, "FLUSHALL");
    expect_redis(7, 2500, "taken at once");
    cr_expect_str_eq(field("m.3069"), "1003069");
    bytes = strtoull(redis_server_ask(&server, "MEMORY USAGE " LOG_KEY " SAMPLES 0"), NULL, 10);
    cr_expect(bytes > 10000 && bytes < 300 * 1024, "%" PRIu64 " bytes", bytes);

    totals_set(&w.now, "m.3069", 5);
    publish(&w, 7);
    cr_expect(run_until(has_last_field, (void *)(uintptr_t) "5", 500));
    store_free(&w.store);

    bring_up(&next);
    cr_expect_eq(next.from.count, TOTALS_FIELDS);
    cr_expect_eq(totals_get(&next.from, "m.3068"), 1003068);
    cr_expect_eq(totals_get(&next.from, "m.3069"), 5);
    publish(&next, 8);
    expect_redis(8, 500, "goes on");
    store_free(&next.store);
}

Test(store, emptied_while_idle) {
    struct writer w;

    redis_server_start(&server, NULL);
    bring_up(&w);
    publish(&w, 100);
    store_set_alert(w.store, "a", "1");
    expect_redis(100, 500, "before");
    cr_expect(run_until(has_alert, (void *)(uintptr_t) "1", 500));
    for (int i = 0; i < 3; i++) {
        redis_server_ask(&server, "FLUSHALL");
        expect_redis(100, 2000, "after FLUSHALL");
        cr_expect(run_until(has_alert, (void *)(uintptr_t) "1", 500));
        cr_expect(run_until(is_listed, NULL, 500));
    }
    cr_expect_eq(w.fenced + w.lineage, 0);
    store_free(&w.store);
}

/* The store goes back under a connection that stays, as at a failover behind one address. */
Test(store, rolled_back_while_connected) {
    static const struct {
        const char *name, *command;
    } rows[] = {
        {"number", "HSET " LOG_KEY " _seq 1 _pos v1;3 c.lines 3 c.sent 1"},
        {"epoch", "HSET " LOG_KEY " _ep 0 _pos v1;3 c.lines 3 c.sent 1"},
        {"number ahead", "HINCRBY " LOG_KEY " _seq 7\r\nHSET " LOG_KEY " _pos v1;3 c.lines 3"},
    };
    struct writer w;

    redis_server_start(&server, NULL);
    bring_up(&w);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        publish(&w, 99 + i);
        publish(&w, 100 + i);
        expect_redis(100 + i, 500, rows[i].name);
        redis_server_ask(&server, rows[i].command);
        expect_redis(100 + i, 2000, rows[i].name);
    }
    cr_expect_eq(w.fenced + w.lineage, 0);
    store_free(&w.store);
}

Test(store, killed_and_restarted) {
    struct writer w;
    const char *detail;

    redis_server_start(&server, NULL);
    bring_up(&w);
    for (uint64_t round = 1; round <= 4; round++) {
        publish(&w, round * 1000);
        if (round % 2 == 0)
            expect_redis(round * 1000, 1000, "before");
        redis_server_stop(&server);
        cr_assert(run_until(is_down, &w, 1000));
        store_state(w.store, &detail);
        cr_expect_neq(detail[0], '\0');
        for (uint64_t p = 0; p < 20000; p++)
            publish(&w, round * 1000 + p / 100);
        run_until(NULL, NULL, round == 1 ? 2500 : 300);
        if (round >= 3)
            redis_server_wipe(&server);
        redis_server_start(&server, NULL);
        expect_redis(round * 1000 + 199, 2000, "back");
        cr_assert(run_until(is_ok, &w, 500));
    }
    cr_expect_eq(w.fenced + w.lineage, 0);
    store_free(&w.store);
}

Test(store, starts_from_the_further_one) {
    static const struct {
        const char *name;
        uint64_t local_seq, local_p, want_p;
    } rows[] = {
        {"nothing local", 0, 0, 50}, {"local behind", 3, 20, 50}, {"local further", 1000, 80, 80}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct writer w;
        struct totals local;

        redis_server_start(&server, NULL);
        writer_configure(&w);
        local = known(LINEAGE_A, 10, 0);
        writer_open(&w, &local);
        cr_assert(run_until(has_started, &w, 2000));
        publish(&w, 50);
        expect_redis(50, 500, rows[i].name);
        store_free(&w.store);

        writer_configure(&w);
        local = known(LINEAGE_A, rows[i].local_seq, rows[i].local_p);
        writer_open(&w, rows[i].local_seq > 0 ? &local : NULL);
        cr_assert(run_until(has_started, &w, 2000));
        cr_expect_eq(totals_get(&w.from, "c.lines"), rows[i].want_p, "%s", rows[i].name);
        expect_redis(rows[i].want_p, 500, rows[i].name);
        store_free(&w.store);
        redis_server_stop(&server);
        redis_server_wipe(&server);
    }
}

Test(store, passwords_and_rights) {
    static const struct {
        const char *name, *user, *password, *want; /* NULL: works */
        const char *want_before_6;
    } rows[] = {
        {"none", "", NULL, "NOAUTH", "NOAUTH"},
        {"wrong", "", "wrong", "WRONGPASS", "invalid password"},
        {"wrong user", "nobody", "right", "WRONGPASS", "knows no users"},
        {"default user", "", "right", NULL, NULL},
        {"own user", "relaywatch", "secret of ours", NULL, "knows no users"},
        {"user without rights", "reader", "read", "NOPERM", "knows no users"},
        {"no file", "", "", "missing", "missing"},
    };
    static const char *const arguments[] = {"--requirepass", "right", NULL};
    char path[100];
    bool users;

    redis_server_start(&server, arguments);
    text_format(path, sizeof path, "%s/password", server.folder);
    users = redis_server_version(&server, "right") >= 6;
    redis_server_ask(&server,
                     "AUTH right\r\nACL SETUSER relaywatch on \">secret of ours\" ~rw:* +eval "
                     "+evalsha +script|load +hset +hdel +hmget +hgetall +zadd +ping +role\r\n"
                     "ACL SETUSER reader on >read ~rw:* +hgetall +ping +role");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *want = users ? rows[i].want : rows[i].want_before_6;
        struct writer w;
        struct fault why;
        const char *detail;

        writer_configure(&w);
        text_copy(w.conf.redis_user, sizeof w.conf.redis_user, rows[i].user);
        if (rows[i].password != NULL)
            text_copy(w.conf.redis_password_file, sizeof w.conf.redis_password_file, path);
        if (rows[i].password != NULL && rows[i].password[0] != '\0') {
            char line[64];

            text_format(line, sizeof line, "%s\n", rows[i].password);
            cr_assert_eq(file_replace(path, line, strlen(line), 0600, &why), 0, "%s", why.text);
        } else {
            unlink(path);
        }
        writer_open(&w, NULL);
        if (want == NULL) {
            cr_expect(run_until(is_ok, &w, 1500), "%s", rows[i].name);
        } else {
            cr_expect(run_until(needs_operator, &w, 1500), "%s", rows[i].name);
            store_state(w.store, &detail);
            cr_expect(strstr(detail, want) != NULL || want[0] == 'm', "%s: %s", rows[i].name,
                      detail);
        }
        store_free(&w.store);
    }
}

Test(store, replica_is_not_written) {
    struct writer w;
    const char *detail;

    redis_server_start(&server, NULL);
    bring_up(&w);
    publish(&w, 5);
    expect_redis(5, 500, "master");
    redis_server_ask(&server, "REPLICAOF 127.0.0.1 1");
    publish(&w, 6);
    cr_expect(run_until(is_down, &w, 2500));
    run_until(NULL, NULL, 300);
    store_state(w.store, &detail);
    cr_expect(strstr(detail, "replica") != NULL || strstr(detail, "READONLY") != NULL, "%s",
              detail);
    redis_server_ask(&server, "REPLICAOF NO ONE");
    expect_redis(6, 2000, "master again");
    store_free(&w.store);
}

/* Demoted under a connection that stays, with what may be an old state of somebody else: not
 * believed. */
Test(store, replica_is_not_believed) {
    char answer[4096];
    struct writer w;

    redis_server_start(&server, NULL);
    bring_up(&w);
    publish(&w, 5);
    expect_redis(5, 500, "master");
    redis_server_talk(&server,
                      "CONFIG SET replica-read-only no\r\nREPLICAOF 127.0.0.1 1\r\n"
                      "HSET " LOG_KEY " _lin " LINEAGE_B "\r\n",
                      answer, sizeof answer);
    cr_expect(run_until(is_down, &w, 2500));
    run_until(NULL, NULL, 300);
    cr_expect_eq(w.fenced + w.lineage, 0);
    redis_server_ask(&server, "DEL " LOG_KEY);
    redis_server_ask(&server, "REPLICAOF NO ONE");
    publish(&w, 9);
    expect_redis(9, 3000, "master again");
    store_free(&w.store);
}

Test(store, foreign_key_is_left_alone) {
    static const struct {
        const char *name, *command;
    } rows[] = {
        {"a string", "SET " LOG_KEY " hello"},
        {"a strange hash", "HSET " LOG_KEY " a b"},
        {"a newer version",
         "HSET " LOG_KEY " _v 9 _lin " LINEAGE_A " _own x _ep 1 _seq 1 c.lines 5"},
        {"a broken number",
         "HSET " LOG_KEY " _v 1 _lin " LINEAGE_A " _own x _ep 1 _seq 1 c.lines x"},
    };

    redis_server_start(&server, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char before[2048];
        char after[2048];
        struct totals local = known(LINEAGE_A, 5, 500);
        struct writer w;

        redis_server_ask(&server, "FLUSHALL");
        redis_server_ask(&server, rows[i].command);
        redis_server_talk(&server, "GET " LOG_KEY "\r\nHGETALL " LOG_KEY "\r\n", before,
                          sizeof before);
        writer_configure(&w);
        writer_open(&w, &local);
        cr_expect(run_until(needs_operator, &w, 1500), "%s", rows[i].name);
        cr_expect(run_until(has_started, &w, 3500), "%s: counting goes on all the same",
                  rows[i].name);
        publish(&w, 501);
        run_until(NULL, NULL, 300);
        redis_server_talk(&server, "GET " LOG_KEY "\r\nHGETALL " LOG_KEY "\r\n", after,
                          sizeof after);
        cr_expect_str_eq(before, after, "%s", rows[i].name);
        store_free(&w.store);
    }
}

Test(store, script_flush_in_a_loop) {
    struct writer w;

    redis_server_start(&server, NULL);
    bring_up(&w);
    for (uint64_t p = 1; p < 100; p++) {
        redis_server_ask(&server, "SCRIPT FLUSH");
        publish(&w, p);
        expect_redis(p, 500, "after SCRIPT FLUSH");
    }
    cr_expect(is_ok(&w));
    store_free(&w.store);
}

Test(store, hung_server) {
    struct writer w;
    uint64_t p = 0;

    redis_server_start(&server, NULL);
    bring_up(&w);
    publish(&w, ++p);
    expect_redis(p, 500, "before");
    longest_lag_ms = 0;
    for (int round = 0; round < 2; round++) {
        kill(server.pid, SIGSTOP);
        publish(&w, ++p);
        cr_expect(run_until(is_down, &w, 2500), "noticed");
        publish(&w, ++p);
        run_until(NULL, NULL, 1000);
        kill(server.pid, SIGCONT);
        expect_redis(p, 2000, "after");
    }
    cr_expect(longest_lag_ms <= 250, "the loop stood for %lld ms", (long long)longest_lag_ms);
    cr_expect_eq(w.fenced, 0, "its own late commands do not fence it");
    store_free(&w.store);
}

Test(store, older_writer_is_fenced) {
    struct writer older;
    struct writer newer;

    redis_server_start(&server, NULL);
    bring_up(&older);
    publish(&older, 5);
    expect_redis(5, 500, "older");
    bring_up(&newer);
    cr_expect_eq(totals_get(&newer.from, "c.lines"), 5);
    publish(&newer, 6);
    cr_expect(run_until(is_fenced, &older, 2000), "also when it is idle");
    publish(&older, 7);
    run_until(NULL, NULL, 1300);
    cr_expect_eq(newer.fenced, 0);
    cr_expect_eq(older.fenced, 1, "told once");
    cr_expect_str_eq(older.rival, newer.owner);
    cr_expect_eq(store_flips(newer.store), 0, "of one machine");
    expect_redis(6, 100, "the newer one's");
    store_free(&older.store);
    store_free(&newer.store);
}

static bool gave_way(void *arg) {
    return store_rival(((struct writer *)arg)->store)[0] != '\0';
}

/* Started again after it was fenced: it counts on by itself, says to whom it gives way, leaves
 * alerts and heartbeat alone, and goes on when the other one is gone. */
Test(store, fenced_one_gives_way) {
    struct totals ours = known(LINEAGE_A, 5, 500);
    struct writer other;
    struct writer w;
    const char *detail;

    redis_server_start(&server, NULL);
    writer_configure(&other);
    text_copy(other.owner, sizeof other.owner, "boot.812.2.3@mx2");
    writer_open(&other, &ours);
    cr_assert(run_until(is_ok, &other, 2000));
    publish(&other, 900);
    store_set_alert(other.store, "a", "theirs");
    expect_redis(900, 500, "the other one");
    cr_expect(run_until(has_alert, (void *)(uintptr_t) "theirs", 500));
    redis_server_ask(&server, "DEL rw:hosts");
    writer_configure(&w);
    w.gives_way = true;
    writer_open(&w, &ours);
    store_set_alert(w.store, "a", NULL);
    cr_assert(run_until(gave_way, &w, 2000));
    cr_expect_str_eq(store_rival(w.store), "mx2, process 812");
    cr_assert(run_until(has_started, &w, 100), "it does not wait with counting");
    publish(&w, 501);
    run_until(NULL, NULL, 3000);
    cr_expect_eq(store_state(w.store, &detail), STORE_OPERATOR);
    cr_expect(strstr(detail, "mx2, process 812") != NULL, "%s", detail);
    expect_redis(900, 100, "theirs");
    cr_expect(has_alert((void *)(uintptr_t) "theirs"));
    cr_expect_not(is_listed(NULL));
    cr_expect_eq(w.fenced + other.fenced + w.lineage, 0);
    store_free(&other.store);
    expect_redis(501, 30000, "ours again");
    cr_expect(run_until(is_ok, &w, 2000), "its answer comes after that");
    cr_expect_str_eq(store_rival(w.store), "");
    cr_expect_eq(store_flips(w.store), 1);
    cr_expect(run_until(has_alert, (void *)(uintptr_t) "", 500));
    store_free(&w.store);
}

Test(store, other_lineage) {
    struct totals theirs = known(LINEAGE_B, 5, 50);
    struct totals ours = known(LINEAGE_A, 5, 500);
    struct writer w;

    redis_server_start(&server, NULL);
    writer_configure(&w);
    writer_open(&w, &theirs);
    cr_assert(run_until(is_ok, &w, 1000));
    store_free(&w.store);
    writer_configure(&w);
    writer_open(&w, &ours);
    cr_assert(run_until(needs_operator, &w, 1000));
    run_until(NULL, NULL, 50);
    cr_expect_eq(w.lineage, 1);
    cr_expect_not(w.newborn);
    cr_expect_eq(totals_get(&w.from, "c.lines"), 500);
    publish(&w, 501);
    run_until(NULL, NULL, 500);
    expect_redis(50, 100, "left alone");
    store_free(&w.store);
}

static bool has_lineage_news(void *arg) {
    return ((struct writer *)arg)->lineage > 0;
}

Test(store, no_answer_and_nothing_local) {
    struct writer w;
    int64_t begin_ms;

    redis_server_start(&server, NULL);
    bring_up(&w);
    publish(&w, 50);
    expect_redis(50, 500, "before");
    store_free(&w.store);
    kill(server.pid, SIGSTOP);
    writer_configure(&w);
    begin_ms = clock_mono_ms();
    writer_open(&w, NULL);
    cr_assert(run_until(has_started, &w, 12000));
    cr_expect(w.started_ms - begin_ms >= 9900, "%lld", (long long)(w.started_ms - begin_ms));
    publish(&w, 3);
    kill(server.pid, SIGCONT);
    cr_assert(run_until(has_lineage_news, &w, 3000));
    cr_expect(w.newborn);
    expect_redis(50, 100, "left alone");
    store_free(&w.store);
}

Test(store, no_answer_but_local) {
    struct totals ours = known(LINEAGE_A, 5, 500);
    struct writer w;
    int64_t begin_ms = clock_mono_ms();

    writer_configure(&w);
    writer_open(&w, &ours);
    cr_expect_eq(store_state(w.store, NULL), STORE_CONNECTING);
    cr_assert(run_until(has_started, &w, 5000));
    cr_expect(w.started_ms - begin_ms >= 2900 && w.started_ms - begin_ms < 3500, "%lld",
              (long long)(w.started_ms - begin_ms));
    cr_expect_eq(totals_get(&w.from, "c.lines"), 500);
    publish(&w, 501);
    redis_server_start(&server, NULL);
    expect_redis(501, 2000, "store comes later");
    cr_expect_eq(w.started, 1);
    store_free(&w.store);
}

Test(store, without_redis) {
    struct writer w;
    struct totals saved;
    struct totals later;

    writer_configure(&w);
    w.conf.redis[0] = '\0';
    writer_open(&w, NULL);
    cr_expect_eq(w.started, 0, "not from inside");
    cr_assert(run_until(has_started, &w, 200));
    cr_expect_eq(store_state(w.store, NULL), STORE_OFF);
    publish(&w, 4);
    store_stream_snapshot(w.stream, &saved);
    cr_expect_eq(strlen(saved.lineage), 32);
    publish(&w, 5);
    store_stream_snapshot(w.stream, &later);
    cr_expect(later.seq > saved.seq);
    cr_expect_str_eq(later.position, "v1;5");
    store_set_alert(w.store, "a", "1");
    run_until(NULL, NULL, 50);
    store_free(&w.store);
}

Test(store, out_of_memory) {
    struct writer w;

    redis_server_start(&server, NULL);
    bring_up(&w);
    publish(&w, 5);
    expect_redis(5, 500, "before");
    redis_server_ask(&server, "CONFIG SET maxmemory 1000");
    publish(&w, 6);
    cr_expect(run_until(is_down, &w, 1500));
    expect_redis(5, 100, "nothing was written");
    redis_server_ask(&server, "CONFIG SET maxmemory 0");
    expect_redis(6, 5500, "after");
    cr_expect(run_until(is_ok, &w, 100));
    store_free(&w.store);
}

/* A server that answers the n-th connection with garbage. */
static pid_t start_liar(const char *path) {
    static const char *const lies[] = {
        "+OK\r\n+OK\r\n+OK\r\n+OK\r\n",
        "$2147483647\r\nx",
        "*1000000000\r\n",
        "*-7\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
        "-ERR max number of clients reached\r\n",
        "\r\n\r\n",
        "*1\r\n$6\r\nmaster\r\n$-1\r\n$-1\r\n*0\r\n:5\r\n*0\r\n",
        "*1\r\n$6\r\nmaster\r\n*0\r\n*0\r\n+x\r\n+x\r\n*3\r\n:1\r\n:2\r\n:3\r\n",
        ">2\r\n+a\r\n,1.5\r\n",
        "",
    };
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pid_t pid;

    text_copy(address.sun_path, sizeof address.sun_path, path);
    cr_assert(bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
              listen(fd, 9) == 0);
    pid = fork();
    if (pid != 0) {
        close(fd);
        return pid;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0;; i++) {
        const char *lie = lies[i % (sizeof lies / sizeof lies[0])];
        int peer = accept(fd, NULL, NULL);
        char garbage[4096];

        memset(garbage, 'a', sizeof garbage);
        if (i % 2 == 0)
            redis_server_pause(2);
        if (write(peer, lie, strlen(lie)) == -1)
            continue;
        if (lie[0] == '\0') { /* a line without end */
            for (int k = 0; k < 3000 && write(peer, garbage, sizeof garbage) > 0; k++)
                continue;
        }
        redis_server_pause(30);
        close(peer);
    }
}

Test(store, lying_server) {
    struct totals ours = known(LINEAGE_A, 5, 500);
    pid_t liar = start_liar(server.socket);
    struct writer w;

    writer_configure(&w);
    writer_open(&w, &ours);
    run_until(NULL, NULL, 20000);
    cr_expect(w.started == 1 && w.fenced == 0);
    cr_expect_neq(store_state(w.store, NULL), STORE_OK);
    kill(liar, SIGKILL);
    waitpid(liar, NULL, 0);
    redis_server_start(&server, NULL);
    publish(&w, 501);
    expect_redis(501, 2500, "an honest one");
    store_free(&w.store);
}

/* Connections that end at any moment: nothing is used after it was freed. */
Test(store, freed_at_any_moment) {
    redis_server_start(&server, NULL);
    for (int i = 0; i < 150; i++) {
        struct writer w;

        writer_configure(&w);
        writer_open(&w, NULL);
        store_set_alert(w.store, "a", "1");
        run_until(NULL, NULL, i % 12);
        if (w.started > 0)
            publish(&w, (uint64_t)i);
        if (i % 3 == 0)
            redis_server_ask(&server, "CLIENT KILL TYPE normal");
        run_until(NULL, NULL, i % 5);
        store_free(&w.store);
    }
}
