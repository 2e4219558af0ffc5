/* fleetview.c and fleetdoc.c: the worst first, within 80 columns, what to type; nothing harmful of
 * another host's text reaches the terminal. */
#include <criterion/criterion.h>
#include <string.h>

#include "fleetdoc.h"
#include "fleetview.h"

static struct fleet fleet;
static struct sheet s;
static struct json_t *doc;

static void end(void) {
    fleet_clear(&fleet);
    if (doc != NULL)
        json_release(&doc);
}

TestSuite(fleetview, .fini = end);

static struct fleet_host *add(const char *name, enum hostsum_state state) {
    struct fleet_host *host;

    fleet.gone_after_ms = 60000;
    fleet.stopped_after_ms = 3600000;
    host = fleet_see(&fleet, span_of(name), SPAN("1764320000"), INT64_C(1764320000000));
    cr_assert_not_null(host);
    host->sum.state = state;
    host->sum.queue_known = true;
    return host;
}

static void draw(int64_t read_age_ms, const char *trouble, int columns) {
    const struct fleetdoc_about about = {"mx1", INT64_C(1764320000000), read_age_ms, trouble};

    doc = fleetdoc_make(&fleet, &about);
    sheet_init(&s, columns, false);
    fleetview_fill(&s, doc, "");
}

static int line_of(const char *what) {
    for (size_t i = 0; i < s.count; i++) {
        if (strstr(s.line[i].text, what) != NULL)
            return (int)i;
    }
    return -1;
}

static void add_refusing(const char *name) {
    struct fleet_host *host = add(name, HOSTSUM_CRITICAL);
    struct hostsum_alert *a = &host->sum.alert[host->sum.count++];

    host->sum.all = 3;
    host->sum.queue_messages = 1204;
    host->sum.oldest_s = 720;
    a->severity = SEVERITY_CRITICAL;
    text_copy(a->id, sizeof a->id, "login-refused");
    text_copy(a->summary, sizeof a->summary, "The smarthost refuses our user name \x1b[2J.");
    text_copy(a->diagnosis, sizeof a->diagnosis, "G01 BAD_CREDENTIALS");
}

Test(fleetview, worst_first_in_80_columns) {
    add("mx1", HOSTSUM_OK);
    add("mx2", HOSTSUM_OK);
    add_refusing("mx3");
    add("mx4", HOSTSUM_OK)->silent_ms = 300 * 1000;
    add("mx5", HOSTSUM_STOPPED)->silent_ms = 90 * 1000;
    draw(1000, "", 80);
    cr_expect_str_eq(s.line[0].text,
                     "FLEET CRITICAL - 5 hosts: 1 critical, 1 gone, 1 stopped, 2 ok");
    cr_expect_geq(line_of("CRITICAL  mx3"), 0);
    cr_expect_lt(line_of("CRITICAL  mx3"), line_of("GONE      mx4"));
    cr_expect_lt(line_of("GONE      mx4"), line_of("STOPPED   mx5"));
    cr_expect_lt(line_of("STOPPED   mx5"), line_of("OK        mx1, mx2"));
    cr_expect_geq(line_of("1204 wait, oldest 12 min"), 0);
    cr_expect_geq(line_of("; 2 more"), 0);
    cr_expect_geq(line_of("To act: operator of"), 0);
    cr_expect_geq(line_of("no sign of life for 5 min"), 0);
    cr_expect_geq(line_of("relaywatchd was stopped there 90 s ago"), 0);
    for (size_t i = 0; i < s.count; i++) {
        cr_expect_leq(strlen(s.line[i].text), 80, "%s", s.line[i].text);
        cr_expect_null(strchr(s.line[i].text, '\x1b'), "%s", s.line[i].text);
    }
}

/* Whoever writes to the same Redis gives the names: none becomes a command of its own. */
Test(fleetview, a_name_that_a_shell_would_read_is_in_no_command) {
    add("mx1", HOSTSUM_OK);
    add("x;reboot", HOSTSUM_OK)->silent_ms = 300 * 1000;
    add("-rf", HOSTSUM_OK)->silent_ms = 300 * 1000;
    draw(1000, "", 200);
    cr_expect_geq(line_of("GONE      x;reboot"), 0);
    cr_expect_geq(line_of("relaywatch fleet --forget HOST"), 0);
    cr_expect_eq(line_of("--forget x"), -1);
    cr_expect_eq(line_of("--forget -rf"), -1);
}

Test(fleetview, all_well) {
    char text[200];

    add("mx1", HOSTSUM_OK);
    add("mx2", HOSTSUM_OK);
    draw(0, "", 80);
    cr_expect_str_eq(s.line[0].text, "FLEET OK - all 2 hosts are well");
    fleetview_headline(doc, text, sizeof text);
    cr_expect_str_eq(text, "FLEET OK - all 2 hosts are well");
    fleetview_key(doc, text, sizeof text);
    cr_expect_str_eq(text, "ok");
}

Test(fleetview, a_change_is_who_is_how) {
    char text[200];

    add_refusing("mx3");
    add("mx4", HOSTSUM_OK);
    draw(0, "", 80);
    fleetview_key(doc, text, sizeof text);
    cr_expect_str_eq(text, "critical mx3/critical");
}

Test(fleetview, what_cannot_be_read_is_unknown) {
    add("mx1", HOSTSUM_OK);
    draw(-1, "connection refused", 80);
    cr_expect_str_eq(json_get_text(doc, "state"), "unknown");
    cr_expect_str_eq(s.line[0].text, "FLEET UNKNOWN - connection refused");
    cr_expect_geq(line_of("what was known last"), 0);
}

Test(fleetview, no_redis_no_fleet) {
    const struct fleetdoc_about about = {"mx1", INT64_C(1764320000000), -1, ""};

    doc = fleetdoc_make(NULL, &about);
    sheet_init(&s, 80, false);
    fleetview_fill(&s, doc, "");
    cr_expect_geq(line_of("FLEET UNKNOWN - no Redis is configured"), 0);
    cr_expect_eq(json_count(json_get(doc, "hosts")), 0);
}

Test(fleetview, a_hundred_that_are_not_well) {
    char name[32];

    for (int i = 0; i < 100; i++) {
        text_format(name, sizeof name, "mx%03d.example.com", i);
        add(name, HOSTSUM_WARNING);
    }
    draw(0, "", 80);
    cr_expect_geq(line_of("and 60 more: relaywatch fleet --json"), 0);
    cr_expect_leq(s.count, SHEET_LINES);
    cr_expect_eq(json_count(json_get(doc, "hosts")), 100);
}

Test(fleetview, many_with_the_same_trouble_are_one_paragraph) {
    char name[32];

    for (int i = 0; i < 50; i++) {
        text_format(name, sizeof name, "mx%02d", i);
        if (i % 2 == 0)
            add_refusing(name);
        else
            add(name, HOSTSUM_OK);
    }
    add("other", HOSTSUM_CRITICAL);
    draw(0, "", 80);
    cr_expect_geq(line_of("CRITICAL  The smarthost refuses our user name"), 0);
    cr_expect_geq(line_of("25 hosts, and how many messages wait there: mx00:1204 mx02:1204"), 0);
    cr_expect_geq(line_of("mx48:1204"), 0);
    cr_expect_geq(line_of("CRITICAL  other"), 0, "one without a word of what it is");
    cr_expect_lt(s.count, 23, "on one screen: %zu lines", s.count);
}

/* A rack that lost its network is one paragraph, too; the worst of the rest stays on the screen. */
Test(fleetview, many_that_are_gone_are_one_paragraph) {
    char name[32];

    for (int i = 0; i < 40; i++) {
        text_format(name, sizeof name, "mx%02d", i);
        add(name, HOSTSUM_OK)->silent_ms = i < 30 ? (300 + i * 60) * 1000 : 0;
    }
    add("other", HOSTSUM_WARNING);
    draw(0, "", 80);
    cr_expect_geq(line_of("GONE      No sign of life from 30 hosts: they, their network"), 0);
    cr_expect_geq(line_of("fleet --forget HOST"), 0);
    cr_expect_geq(line_of("mx00:5 min"), 0, "since when, by host");
    cr_expect_geq(line_of("mx29:34 min"), 0);
    cr_expect_geq(line_of("WARNING   other"), 0);
    cr_expect_geq(line_of("OK        mx30"), 0);
    cr_expect_lt(s.count, 23, "on one screen: %zu lines", s.count);
}
