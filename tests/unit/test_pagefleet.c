/* pagefleet.c: the fleet on the page: worst first, another host's words as text, what is not known
 * now. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"
#include "sample_view.h"

static struct sample *sample;
static struct fleet fleet;

static void begin(void) {
    sample = calloc(1, sizeof *sample);
    sample_fill(sample);
    fleet.gone_after_ms = 60000;
    fleet.stopped_after_ms = 3600000;
    sample->view.fleet = &fleet;
    sample->view.fleet_read_ms = 1;
    sample->view.fleet_trouble = "";
}

static void end(void) {
    fleet_clear(&fleet);
    free(sample);
}

TestSuite(pagefleet, .init = begin, .fini = end);

static struct hostsum *add(const char *name, enum hostsum_state state, int64_t silent_s) {
    struct fleet_host *host =
        fleet_see(&fleet, span_of(name), SPAN("1764320000"), INT64_C(1764320000000));

    host->sum.state = state;
    host->silent_ms = silent_s * 1000;
    return &host->sum;
}

static void add_hostile(const char *name) {
    struct hostsum *sum = add(name, HOSTSUM_CRITICAL, 0);

    sum->queue_known = true;
    sum->queue_messages = 1204;
    sum->oldest_s = 300;
    sum->count = 1;
    sum->all = 3;
    text_copy(sum->alert[0].summary, sizeof sum->alert[0].summary, SAMPLE_HOSTILE);
    text_copy(sum->alert[0].diagnosis, sizeof sum->alert[0].diagnosis, "G09 MAIL_RELAY_DENIED");
}

static void expect_in_order(const char *page, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *at = strstr(page, words[i]);

        cr_assert_not_null(at, "'%s' is not there, or too early", words[i]);
        page = at + 1;
    }
}

Test(pagefleet, all_hosts_worst_first) {
    static const char *const words[] = {
        "data-path=\"/fleet\"",
        "<section class=\"state critical\">",
        "<h1>4 hosts: 1 critical, 1 gone, 1 stopped, 1 ok</h1>",
        "class=\"critical\"",
        "&lt;b&gt;mx&lt;/b&gt;",
        "&lt;script&gt;",
        "To act: ",
        "and 2 more",
        "1,204<span class=\"narrow\"> waiting,</span> <span class=\"faint\">oldest 5 min",
        "No sign of life for 2 min",
        "relaywatchd was stopped there 90 s ago",
        "class=\"ok\"",
        ">mx1</th>"};
    char *page;

    add("mx1", HOSTSUM_OK, 0);
    add_hostile("<b>mx</b>");
    add("mx3", HOSTSUM_OK, 120);
    add("mx4", HOSTSUM_STOPPED, 90);
    page = page_print_fleet(&sample->view);
    expect_in_order(page, words, sizeof words / sizeof words[0]);
    cr_expect_null(strstr(page, "<script>alert"));
    cr_expect_null(strstr(page, "<b>mx"));
    free(page);
}

Test(pagefleet, in_short_on_the_page_of_one_host) {
    char name[16];
    char *page;

    page = page_print(&sample->view, false);
    cr_expect_null(strstr(page, "The fleet"), "nobody else");
    free(page);
    for (int i = 0; i < 20; i++) {
        text_format(name, sizeof name, "mx%02d", i);
        add(name, HOSTSUM_OK, 0);
    }
    page = page_print(&sample->view, false);
    cr_expect_not_null(strstr(page, "The fleet: all 20 hosts are well"));
    cr_expect_not_null(strstr(page, ">mx07</th>"));
    cr_expect_null(strstr(page, ">mx08</th>"), "eight are enough here");
    cr_expect_not_null(strstr(page, "<a href=\"/fleet\">All 20 hosts</a>"));
    free(page);
}

Test(pagefleet, what_is_not_known_now) {
    char *page;

    add("mx1", HOSTSUM_OK, 0);
    add("mx2", HOSTSUM_OK, 0);
    sample->view.fleet_read_ms = 0;
    sample->view.fleet_trouble = "no <answer> within 2 s";
    page = page_print_fleet(&sample->view);
    cr_expect_not_null(strstr(page, "<section class=\"state unknown\">"));
    cr_expect_not_null(strstr(page, "The fleet is not known now"));
    cr_expect_not_null(strstr(page, "no &lt;answer&gt; within 2 s"));
    free(page);
    page = page_print(&sample->view, false);
    cr_expect_not_null(strstr(page, "this is what was known last"));
    free(page);
    sample->view.fleet = NULL;
    page = page_print_fleet(&sample->view);
    cr_expect_not_null(strstr(page, "No Redis is configured"));
    free(page);
}
