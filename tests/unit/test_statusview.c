/* statusview.c: on a terminal of 80x24, whatever is wrong, the first screen has the state, what is
 * wrong and what to do; for monitoring the first line has all. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "statusdoc.h"
#include "sample_view.h"
#include "statusview.h"

static struct sample *sample;
static struct sheet s;

static struct json_t *document(void) {
    struct fault why;
    char *text = statusdoc_print(&sample->view);
    struct json_t *doc = json_read(text, strlen(text), &why);

    setenv("TZ", "UTC", 1);
    cr_assert_not_null(doc, "%s", why.text);
    free(text);
    return doc;
}

static void begin(void) {
    sample = calloc(1, sizeof *sample);
    sample_fill(sample);
}

static bool shows(const char *what) {
    for (size_t i = 0; i < s.count; i++) {
        if (strstr(s.line[i].text, what) != NULL)
            return true;
    }
    return false;
}

Test(statusview, as_monitoring_wants_it, .init = begin) {
    struct json_t *doc = document();

    sheet_init(&s, 80, false);
    statusview_fill(&s, doc, false);
    cr_expect(strncmp(s.line[0].text,
                      "RELAY CRITICAL - The smarthost refuses our login | queue=23 ", 59) == 0,
              "%s", s.line[0].text);
    cr_expect(shows("    what   The smarthost refuses our login"));
    cr_expect(shows("    mail   DELAYED: 23 messages wait"));
    cr_expect(shows("delivery  no deliveries"));
    cr_expect(shows("relay1, critical since 1970-01-01 00:18:10 UTC"));
    cr_expect(shows("new       seen for the first time: smtpd: warning: the flux is low"));
    cr_expect(shows("over      G01 BAD_CREDENTIALS at 00:18:15"));
    cr_expect(!shows("made relaywatchd crash"));
    cr_expect(shows("  canary    waiting, last delivered 1970-01-01 00:18:00 UTC, took "));
    cr_expect(shows("  sender    <script>alert(1)</script>\"'& to 8200 recipients in 24 h, 82 %"));
    json_release(&doc);
    sample->senders.recipients = 4999;
    sample->view.poison_lines = 2;
    doc = document();
    sheet_init(&s, 80, false);
    statusview_fill(&s, doc, false);
    cr_expect(!shows("recipients in 24 h"), "far from the limit");
    cr_expect(shows("2 lines of the log skipped that made relaywatchd crash"));
    json_release(&doc);
    free(sample);
}

/* As much as can be wrong at once, in the longest words. */
Test(statusview, fits_into_80x24, .init = begin) {
    struct json_t *doc;

    for (int i = 0; i < 12; i++) {
        struct alert *a = &sample->alerts.alert[i];

        *a = sample->alerts.alert[0];
        a->ended_ms = i < 8 ? 0 : 1095 * 1000;
        memset(a->impact, 'm', sizeof a->impact - 1);
        memset(a->evidence, 'e', sizeof a->evidence - 1);
        text_format(a->summary, sizeof a->summary, "Trouble number %d with a long word or two: %s",
                    i, "there is something amiss and it takes more than one line to tell");
        for (int k = 0; k < DIAGNOSIS_FIXES; k++)
            text_format(a->fix[k], sizeof a->fix[k],
                        "postconf -c /a/folder/with/a/long/name -e some_parameter=some_value%d.%d",
                        i, k);
    }
    sample->alerts.count = 12;
    doc = document();
    for (int rows = 13; rows <= 60; rows++) {
        size_t taken = 0;
        bool full;

        sheet_init(&s, 80, false);
        statusview_fill(&s, doc, true);
        sheet_fit(&s, (size_t)rows, "more");
        for (size_t i = 0; i < s.count; i++) {
            size_t height = sheet_rows(&s, i, &full);

            taken += height;
            cr_expect(height == 1 || strstr(s.line[i].text, "postconf") != NULL, "%s",
                      s.line[i].text);
        }
        cr_expect(taken <= (size_t)rows, "%d rows: %zu", rows, taken);
        cr_expect(shows("RELAY CRITICAL"), "%d rows", rows);
        cr_expect(shows("Trouble number 0"), "%d rows", rows);
        cr_expect(shows("some_value0.3"), "%d rows: the last step", rows);
        cr_expect(shows("more"), "%d rows", rows);
    }
    json_release(&doc);
    free(sample);
}

/* The headline says what the worst alert is, but not where that is no fault of this host: hosts of
 * the fleet that are gone leave its mail flowing. */
Test(statusview, what_is_wrong_stands_somewhere, .init = begin) {
    struct json_t *doc = document();

    sheet_init(&s, 80, false);
    statusview_fill(&s, doc, true);
    cr_expect(shows("RELAY CRITICAL - The smarthost refuses our login"));
    cr_expect(!shows("    what   The smarthost refuses our login"), "it is in the headline");
    json_put_text(doc, "state", "ok");
    sheet_init(&s, 80, false);
    statusview_fill(&s, doc, true);
    cr_expect(shows("RELAY OK - mail flows"));
    cr_expect(shows("    what   The smarthost refuses our login"));
    json_release(&doc);
    free(sample);
}

Test(statusview, keys_change_with_what_is_told, .init = begin) {
    char before[1024], after[1024], line[300];
    struct json_t *doc = document();

    statusview_key(doc, before, sizeof before);
    statusview_headline(doc, line, sizeof line);
    cr_expect_str_eq(line, "RELAY CRITICAL - The smarthost refuses our login");
    json_release(&doc);
    sample->queue.deferred += 100;
    sample->alerts.alert[0].count++;
    doc = document();
    statusview_key(doc, after, sizeof after);
    cr_expect_str_eq(before, after, "figures are no change");
    json_release(&doc);
    sample->alerts.alert[0].ended_ms = 1099 * 1000;
    doc = document();
    statusview_key(doc, after, sizeof after);
    cr_expect_str_neq(before, after);
    json_release(&doc);
    free(sample);
}

Test(statusview, delays) {
    static const struct {
        const char *json, *want;
    } rows[] = {
        {"{\"count\":0}", "no deliveries"},
        {"{\"count\":3,\"p50\":0.354,\"p90\":4.25,\"p99\":300}",
         "half within 0.35 s, 90 % within 4.2 s, 99 % within 5 min (3)"},
    };
    struct fault why;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_t *doc = json_read(rows[i].json, strlen(rows[i].json), &why);
        char text[200];

        statusview_delay(doc, doc, text, sizeof text);
        cr_expect_str_eq(text, rows[i].want);
        json_release(&doc);
    }
}

Test(statusview, no_answer) {
    sheet_init(&s, 80, false);
    statusview_fill_unknown(&s, "127.0.0.1:1", "refused\033[2J");
    cr_expect(shows("RELAY UNKNOWN - relaywatchd does not answer at 127.0.0.1:1: refused?[2J"));
    cr_expect(shows("systemctl start relaywatchd"));
}
