#include <criterion/criterion.h>
#include <stdlib.h>

#include "sample_view.h"
#include "page.h"

static struct sample *s;
static char *text;

static void begin(void) {
    s = calloc(1, sizeof *s);
    sample_fill(s);
}

static void finish(void) {
    free(text);
    free(s);
}

static const char *print(bool charts) {
    free(text);
    text = page_print(&s->view, charts);
    return text;
}

Test(page, says_what_matters_and_escapes_what_is_foreign, .init = begin, .fini = finish) {
    print(true);
    cr_expect_null(strstr(text, "<script>alert"), "text of the world became markup");
    cr_expect_not_null(strstr(text, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;"));
    cr_expect_not_null(strstr(text, ">Mail does not leave: it waits in the queue, safe</h1>"));
    cr_expect_not_null(strstr(text, "The smarthost refuses our login"));
    cr_expect_not_null(strstr(text, "DELAYED: 23 messages wait"));
    cr_expect_not_null(strstr(text, "refuses login"));
    cr_expect_not_null(strstr(text, "</th><td>0</td><td>0</td><td>1</td></tr>"), "destinations");
    cr_expect_not_null(strstr(text,
                              ">b.example</th><td role=\"cell\" class=\"what\"><strong>Fault: "
                              "ours.</strong> The smarthost refuses"));
    cr_expect_not_null(strstr(text, "class=\"waits\">1 ours<span"), "what failed by whose fault");
    cr_expect_not_null(strstr(text, "<dt>Fault</dt><dd>ours, at b.example</dd>"), "of the alert");
    cr_expect_not_null(strstr(text, "Seen for the first time"));
    cr_expect_not_null(strstr(text, "smtpd: the flux is low &lt;script&gt;"));
    cr_expect_not_null(strstr(text, "<!doctype html>"));
    cr_expect_null(strstr(text, "=\"http"), "no outside request");
    cr_expect_null(strstr(text, "style=\""), "the policy forbids inline style");
    cr_expect_null(strstr(text, "onclick"));
}

/* The alert stands before all figures, its impact first, its commands to be copied. */
Test(page, what_is_wrong_comes_first, .init = begin, .fini = finish) {
    struct alert *a = &s->alerts.alert[0];
    const char *state, *impact, *command, *flow, *ended;

    text_copy(a->fix[0], sizeof a->fix[0], "Get a password <there>");
    text_copy(a->fix[1], sizeof a->fix[1], "postqueue -f && echo '<done>'");
    sample_history(s);
    print(true);
    state = strstr(text, "<h1");
    impact = strstr(text, "<dt>Mail</dt><dd>DELAYED");
    command =
        strstr(text, "<code>postqueue -f &amp;&amp; echo &#39;&lt;done&gt;&#39;</code><button "
                     "type=\"button\" class=\"copy\">");
    flow = strstr(text, "class=\"flow\"");
    ended = strstr(text, "Ended lately");
    cr_assert(state != NULL && impact != NULL && command != NULL && flow != NULL && ended != NULL);
    cr_expect(state < impact && impact < command && command < flow && flow < ended);
    cr_expect_not_null(strstr(text, "<li><p>Get a password &lt;there&gt;</p></li>"),
                       "a sentence is no command");
    cr_expect_not_null(strstr(text, "lasted 100 s"));
}

Test(page, charts_or_not, .init = begin, .fini = finish) {
    sample_history(s);
    print(true);
    cr_expect_not_null(strstr(text, "<section id=\"history\""));
    cr_expect_not_null(strstr(text, "aria-label=\"Deliveries, last hour: 7 sent, 2 put off, 0 "
                                    "returned\""));
    cr_expect_not_null(
        strstr(text, "aria-label=\"Queue, last two days: at most 9 messages waited\""));
    cr_expect_not_null(strstr(text, "The last hour as a table"));
    cr_expect_not_null(strstr(text, "The smarthost refuses our user name or password. <span "
                                    "class=\"faint\">G01. Fault: ours. To act: operator of this "
                                    "host</span></th><td>2</td><td>0</td>"));
    print(false);
    cr_expect_null(strstr(text, "<section id=\"history\""));
    cr_expect_not_null(strstr(text, "<div id=\"now\">"));
    cr_expect_not_null(strstr(text, "<div id=\"rest\">"));
}

Test(page, the_busiest_sender, .init = begin, .fini = finish) {
    print(false);
    cr_expect_not_null(strstr(text, "Busiest sender, 24 hours"));
    cr_expect_not_null(strstr(text, "canary message</th><td>waiting: &lt;script&gt;"));
    cr_expect_not_null(strstr(text, "82 % of 10000"));
    cr_expect_not_null(strstr(text, "the milter"));
    s->senders.sender = NULL;
    print(false);
    cr_expect_null(strstr(text, "Busiest sender"), "nobody sent");
}

Test(page, starts_without_anything_known, .init = begin, .fini = finish) {
    s->view.facts = NULL;
    s->view.queue = NULL;
    s->view.sources = 0;
    s->view.state = OVERALL_UNKNOWN;
    s->alerts.count = 0;
    print(true);
    cr_expect_not_null(strstr(text, "Not known yet"));
    cr_expect_not_null(strstr(text, "None was put off or returned"));
    cr_expect_null(strstr(text, "Ended lately"));
}

Test(page, style_and_script_are_built_in) {
    cr_expect_not_null(strstr(page_style(), "prefers-color-scheme"));
    cr_expect_not_null(strstr(page_script(), "use strict"));
}

Test(page, a_silence_is_shown_with_who_and_why, .init = begin, .fini = finish) {
    struct alert *alert = &s->alerts.alert[0];

    text_copy(alert->silenced_who, sizeof alert->silenced_who, "ann");
    text_copy(alert->silenced_why, sizeof alert->silenced_why, "<b>known");
    alert->silenced_until_ms = 1700000000000;
    print(false);
    cr_expect_not_null(strstr(text, "<dt>Quiet</dt><dd>nobody is called until <time"));
    cr_expect_not_null(strstr(text, "2023-11-14"));
    cr_expect_not_null(strstr(text, "(ann: &lt;b&gt;known)"));
}

/* The latest first; what is over says how long it was, what is not that it goes on. */
Test(page, incidents_with_what_they_came_to, .init = begin, .fini = finish) {
    const char *first, *second;

    print(false);
    first = strstr(text, "refused <span class=\"faint\">G01, no. 2, <time");
    second = strstr(text, "closed &lt;script&gt;");
    cr_assert(first != NULL && second != NULL);
    cr_expect(first < second);
    cr_expect_not_null(strstr(first, ", goes on for 10 s</span></th><td>0</td><td>0</td>"));
    cr_expect_not_null(strstr(second, "N02, no. 1"));
    cr_expect_not_null(strstr(second, ", lasted 90 s</span></th><td>1,234</td><td>2</td>"));
    memset(&s->incidents, 0, sizeof s->incidents);
    print(false);
    cr_expect_null(strstr(text, "Recent incidents"));
}
