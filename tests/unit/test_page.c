#include <criterion/criterion.h>
#include <stdlib.h>

#include "sample_view.h"
#include "page.h"

Test(page, says_what_matters_and_escapes_what_is_foreign) {
    struct sample s;
    char *text;

    sample_fill(&s);
    text = page_print(&s.view);
    cr_expect_null(strstr(text, "<script>alert"), "text of the world became markup");
    cr_expect_not_null(strstr(text, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;"));
    cr_expect_not_null(strstr(text, "<h1>Mail does not leave: it waits in the queue, safe</h1>"));
    cr_expect_not_null(strstr(text, "The smarthost refuses our login"));
    cr_expect_not_null(strstr(text, "DELAYED: 23 messages wait"));
    cr_expect_not_null(strstr(text, "refuses login"));
    cr_expect_not_null(strstr(text, "0 sent, 0 put off, 1 bounced"));
    cr_expect_not_null(strstr(text, "Seen for the first time"));
    cr_expect_not_null(strstr(text, "<dt>warning</dt><dd>smtpd: the flux is low &lt;script&gt;"));
    cr_expect_not_null(strstr(text, "<!doctype html>"));
    cr_expect_null(strstr(text, "=\"http"), "no outside request");
    free(text);
}

Test(page, starts_without_anything_known) {
    struct sample s;
    char *text;

    sample_fill(&s);
    s.view.facts = NULL;
    s.view.queue = NULL;
    s.view.sources = 0;
    s.view.state = OVERALL_UNKNOWN;
    s.alerts.count = 0;
    text = page_print(&s.view);
    cr_expect_not_null(strstr(text, "Not known yet"));
    free(text);
}

Test(page, style_and_script_are_built_in) {
    cr_expect_not_null(strstr(page_style(), "prefers-color-scheme"));
    cr_expect_not_null(strstr(page_script(), "use strict"));
}

Test(page, a_silence_is_shown_with_who_and_why) {
    struct sample s;
    char *text;

    sample_fill(&s);
    text_copy(s.alerts.alert[0].silenced_who, sizeof s.alerts.alert[0].silenced_who, "ann");
    text_copy(s.alerts.alert[0].silenced_why, sizeof s.alerts.alert[0].silenced_why, "<b>known");
    s.alerts.alert[0].silenced_until_ms = 1700000000000;
    text = page_print(&s.view);
    cr_expect_not_null(strstr(text, "<dt>Quiet</dt><dd>nobody is called until 2023-11-14"));
    cr_expect_not_null(strstr(text, "(ann: &lt;b&gt;known)"));
    free(text);
}
