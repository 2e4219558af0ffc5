#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "historydoc.h"
#include "sample_view.h"
#include "sinceview.h"

static struct sheet s;

static bool shows(const char *what) {
    for (size_t i = 0; i < s.count; i++) {
        if (strstr(s.line[i].text, what) != NULL)
            return true;
    }
    return false;
}

static void fill(const struct sample *sample, const char *query) {
    struct fault why;
    int status;
    char *text = historydoc_print(&sample->view, query, &status);
    struct json_t *doc = json_read(text, strlen(text), &why);

    setenv("TZ", "UTC", 1);
    sheet_init(&s, 80, false);
    sinceview_fill(&s, doc);
    json_release(&doc);
    free(text);
}

Test(sinceview, what_happened) {
    struct sample *sample = calloc(1, sizeof *sample);

    sample_fill(sample);
    sample_history(sample);
    fill(sample, "since=5m");
    cr_expect(shows("relay1 since 2026-08-29 10:35:00 UTC (6 min), now critical"), "%s",
              s.line[0].text);
    cr_expect(shows("outcome   7 sent, 2 put off, 0 bounced, 0 expired"));
    cr_expect(shows("login refused 2,"));
    cr_expect(shows("delivery  half within 2.0 s, 90 % within 2.0 s, 99 % within 2.0 s (7)"));
    cr_expect(shows("at most 9 messages, in the minute from 2026-08-29 10:40:00 UTC"));
    cr_expect(shows("causes    2 put off, 0 returned: G01 The smarthost refuses our user name"));
    cr_expect(shows("To act: operator of this host"));
    cr_expect(shows("alerts    critical Sat 10:30, goes on for"));
    cr_expect(shows("critical Sat 10:35, over after 100 s: G01"));
    cr_expect(shows("gap       relaywatchd did not run for"));
    for (size_t i = 0; i < s.count; i++)
        cr_expect(strlen(s.line[i].text) <= 80, "%s", s.line[i].text);
    free(sample);
}

Test(sinceview, a_bad_night) {
    struct sample *sample = calloc(1, sizeof *sample);

    sample_fill(sample);
    sample_history(sample);
    for (int i = 1; i <= 20; i++) {
        struct incident *one = &sample->incidents.incident[i];

        one->number = (uint64_t)i;
        one->since_ms = sample->view.now_ms - 4000 * 1000 - i;
        one->ended_ms = one->since_ms + 60 * 1000;
    }
    sample->incidents.last = 20;
    fill(sample, "since=3h");
    cr_expect(shows("and 14 more: relaywatch alerts history"), "of 22, eight are shown");
    free(sample);
}

Test(sinceview, nothing_happened) {
    struct sample *sample = calloc(1, sizeof *sample);

    sample_fill(sample);
    sample->view.now_ms = INT64_C(29800000) * 60000;
    sample->alerts.count = 0;
    fill(sample, "since=2h");
    cr_expect(shows(", by whole hours)"));
    cr_expect(shows("delivery  no deliveries"));
    cr_expect(shows("queue     not counted"));
    cr_expect(shows("alerts    none"));
    free(sample);
}
