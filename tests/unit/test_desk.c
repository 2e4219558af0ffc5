/* desk.c over its socket: what is listed, silenced and refused; packets of another build, clients
 * that say nothing. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alertq.h"
#include "clock.h"
#include "json.h"
#include "rules_world.h"
#include "sock.h"
#include "state.h"

static char folder[] = "/tmp/desk.XXXXXX";
static char path[200];
static struct daemon *d;
static struct loop_timer *limit;
static struct json_t *doc;

static void on_limit(void *arg) {
    loop_stop(arg);
}

/* A while on the loop. */
static void turn(void) {
    loop_timer_set(limit, 50);
    loop_run(d->loop);
}

static void begin(void) {
    struct fault why;

    cr_assert_not_null(mkdtemp(folder));
    text_format(path, sizeof path, "%s/" ALERTQ_SOCKET, folder);
    d = calloc(1, sizeof *d);
    d->loop = loop_new(&why);
    d->rules = rules_new(&world_limits);
    text_copy(d->conf.state_dir, sizeof d->conf.state_dir, folder);
    text_copy(d->conf.host, sizeof d->conf.host, "relay1");
    d->shown.count = 2;
    text_copy(d->shown.alert[0].id, sizeof d->shown.alert[0].id, "login-refused");
    d->shown.alert[0].since_ms = 1700000000000;
    text_copy(d->shown.alert[1].id, sizeof d->shown.alert[1].id, "disk-low");
    d->shown.alert[1].since_ms = 1700000000000;
    d->shown.alert[1].ended_ms = 1700000060000;
    limit = loop_timer_new(d->loop, on_limit, d->loop);
    d->desk = desk_new(d);
    cr_assert_not_null(d->desk);
}

static void finish(void) {
    json_release(&doc);
    desk_free(&d->desk);
    loop_timer_free(&limit);
    rules_free(&d->rules);
    loop_free(&d->loop);
    free(d);
    unlink(path);
    rmdir(folder);
}

TestSuite(desk, .init = begin, .fini = finish);

static int connected(void) {
    struct fault why;
    int fd = sock_connect(path, &why);

    cr_assert_neq(fd, -1, "%s", why.text);
    return fd;
}

/* Sends these bytes; the answer is in `doc`. */
static void ask_bytes(const void *bytes, size_t size) {
    static char reply[ALERTQ_REPLY_MOST];
    struct fault why;
    int fd = connected();
    ssize_t n;

    cr_assert_eq(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
    turn();
    n = recv(fd, reply, sizeof reply, MSG_DONTWAIT);
    cr_assert_gt(n, 0);
    json_release(&doc);
    doc = json_read(reply, (size_t)n, &why);
    cr_assert_not_null(doc, "%s", why.text);
    close(fd);
}

static void ask(enum alertq_verb verb, const char *id, int64_t duration_ms) {
    struct alertq_request r = {.version = ALERTQ_VERSION,
                               .verb = verb,
                               .duration_ms = duration_ms,
                               .who = "ann\033",
                               .why = "known"};

    text_copy(r.id, sizeof r.id, id);
    ask_bytes(&r, sizeof r);
}

static const char *error(void) {
    return json_get_text(doc, "error");
}

Test(desk, lists_what_fires_and_what_ended) {
    struct stat st;

    cr_expect_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600u, "for our own user and root");
    ask(ALERTQ_LIST, "", 0);
    cr_expect_str_eq(json_get_text(doc, "host"), "relay1");
    cr_assert_eq(json_count(json_get(doc, "alerts")), 1u);
    cr_expect_str_eq(json_get_text(json_at(json_get(doc, "alerts"), 0), "id"), "login-refused");
    cr_assert_eq(json_count(json_get(doc, "ended_alerts")), 1u);
    cr_expect_str_eq(json_get_text(json_at(json_get(doc, "ended_alerts"), 0), "id"), "disk-low");
    cr_expect_eq(json_count(json_get(doc, "silences")), 0u);
}

Test(desk, requests_that_are_refused) {
    static const struct {
        enum alertq_verb verb;
        const char *id;
        int64_t duration_ms;
        const char *want;
    } rows[] = {
        {ALERTQ_SILENCE, "no-such-alert", 60000, "no alert of this id"},
        {ALERTQ_SILENCE, "login-refused", 999, "from 1 second to 30 days"},
        {ALERTQ_SILENCE, "login-refused", INT64_C(31) * 86400 * 1000, "from 1 second to 30 days"},
        {ALERTQ_SILENCE, "login-refused", -1, "from 1 second to 30 days"},
        {ALERTQ_UNSILENCE, "login-refused", 0, "no silence for this"},
        {ALERTQ_INCIDENT, "7", 0, "no such incident"},
        {ALERTQ_INCIDENT, "", 0, "no such incident"},
        {(enum alertq_verb)'x', "", 0, "does not know this question"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ask(rows[i].verb, rows[i].id, rows[i].duration_ms);
        cr_expect_not_null(strstr(error(), rows[i].want), "row %zu: %s", i, error());
    }
    cr_expect_eq(d->silences.silence[0].id[0], '\0');
}

Test(desk, packets_of_another_build) {
    struct alertq_request r = {.version = ALERTQ_VERSION + 1, .verb = ALERTQ_LIST};

    ask_bytes(&r, sizeof r);
    cr_expect_not_null(strstr(error(), "of different versions"));
    r.version = ALERTQ_VERSION;
    ask_bytes(&r, sizeof r - 1);
    cr_expect_not_null(strstr(error(), "of different versions"));
    memset(&r, 'x', sizeof r); /* no text ends */
    r.version = ALERTQ_VERSION;
    r.verb = ALERTQ_INCIDENT;
    ask_bytes(&r, sizeof r);
    cr_expect_not_null(strstr(error(), "no such incident"));
}

Test(desk, incidents_in_short_and_whole) {
    struct incident_figures none = {0};

    incidents_follow(&d->chronicle.incidents, &d->shown, &none, &d->chronicle.changes,
                     1700000000000);
    ask(ALERTQ_HISTORY, "", 0);
    cr_expect_geq(json_count(json_get(doc, "incidents")), 1u);
    ask(ALERTQ_INCIDENT, "login-refused", 0);
    cr_expect_str_eq(json_get_text(json_get(doc, "incident"), "id"), "login-refused");
    ask(ALERTQ_INCIDENT, "1", 0);
    cr_expect_not_null(json_get(doc, "incident"));
}

Test(desk, who_says_nothing_gives_way) {
    int idle[12];

    for (int i = 0; i < 12; i++) {
        idle[i] = connected();
        turn();
    }
    ask(ALERTQ_LIST, "", 0);
    cr_expect_str_eq(json_get_text(doc, "host"), "relay1");
    for (int i = 0; i < 12; i++)
        close(idle[i]);
    turn();
    ask(ALERTQ_LIST, "", 0);
    cr_expect_str_eq(json_get_text(doc, "host"), "relay1");
}
