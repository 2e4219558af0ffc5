#include <criterion/criterion.h>
#include <stdlib.h>

#include "sample_view.h"
#include "metrics.h"

Test(metrics, every_counter_is_there) {
    struct sample s;
    char *text;

    sample_fill(&s);
    text = metrics_print(&s.view);
    for (int c = 0; c < COUNTER_COUNT; c++) {
        char line[96];

        text_format(line, sizeof line, "\nrelaywatch_%s_total %d\n", counter_name((enum counter)c),
                    100 + c);
        cr_expect_not_null(strstr(text, line), "%s", line);
    }
    cr_expect_not_null(strstr(text, "relaywatch_milter_accepted_total 77\n"));
    cr_expect_not_null(strstr(text, "relaywatch_queue_messages{queue=\"deferred\"} 22\n"));
    cr_expect_not_null(strstr(text, "relaywatch_alert_firing{alert=\"login-refused\",diagnosis="
                                    "\"G01\",severity=\"critical\"} 1\n"));
    cr_expect_not_null(strstr(text, "relaywatch_unknown_lines_total{severity=\"warning\"} 9\n"));
    cr_expect_null(strstr(text, "tls-broken"), "an ended alert does not fire");
    cr_expect_not_null(strstr(text, "postfix_up{path=\"/etc/postfix\"} 1\n"));
    cr_expect_not_null(strstr(text, "relaywatch_source_up{source=\"/var/log/mail.log\"} 1\n"));
    cr_expect_not_null(strstr(text, "relaywatch_source_up{source=\"journal:/x\"} 0\n"));
    cr_expect_not_null(strstr(text, "relaywatch_notify_up 1\n"));
    cr_expect_not_null(
        strstr(text, "relaywatch_receiver_up{receiver=\"on-call\",kind=\"pagerduty\"} 0\n"));
    cr_expect_not_null(
        strstr(text, "relaywatch_receiver_up{receiver=\"chat\",kind=\"slack\"} 1\n"));
    cr_expect_not_null(
        strstr(text, "relaywatch_receiver_waiting{receiver=\"on-call\",kind=\"pagerduty\"} 2\n"));
    cr_expect_not_null(strstr(text, "relaywatch_receiver_last_success_timestamp_seconds{receiver="
                                    "\"chat\",kind=\"slack\"} 1091\n"));
    free(text);
}

/* Is the sample of n characters of this metric, or of this histogram? */
static bool belongs_to(const char *sample, size_t n, const char *metric) {
    static const char *const suffixes[] = {"", "_bucket", "_sum", "_count"};
    char want[160];

    for (size_t i = 0; i < 4; i++) {
        text_format(want, sizeof want, "%s%s", metric, suffixes[i]);
        if (strlen(want) == n && strncmp(sample, want, n) == 0)
            return true;
    }
    return false;
}

/* Each sample belongs to a # TYPE before it, and no name is declared twice. */
Test(metrics, each_series_is_declared_once) {
    struct sample s;
    char *text;
    char name[128] = "";
    char declaration[160];

    sample_fill(&s);
    s.delays.bucket[STAGE_QMGR][0] = 1;
    text = metrics_print(&s.view);
    for (char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        size_t n = strcspn(line, "{ \n");

        if (strncmp(line, "# TYPE ", 7) == 0) {
            text_copy_span(name, sizeof name, (struct span){line + 7, strcspn(line + 7, " ")});
            text_format(declaration, sizeof declaration, "\n# TYPE %s ", name);
            cr_expect_null(strstr(strchr(line, '\n'), declaration), "%s is declared twice", name);
        } else if (line[0] != '#') {
            cr_expect(belongs_to(line, n, name), "%.60s is not below its # TYPE", line);
        }
    }
    free(text);
}

Test(metrics, what_is_not_known_is_left_out) {
    struct sample s;
    char *text;

    sample_fill(&s);
    s.view.queue_stale = true;
    text = metrics_print(&s.view);
    cr_expect_null(strstr(text, "relaywatch_queue_messages"));
    cr_expect_null(strstr(text, "nan"));
    cr_expect_null(strstr(text, "postfix_smtp_delivery_delay_seconds"));
    free(text);
}

Test(metrics, delays_are_cumulative) {
    static const char *const lines[] = {
        "# TYPE postfix_smtp_delivery_delay_seconds histogram\n",
        "_bucket{stage=\"connection_setup\",le=\"0.001\"} 0\n",
        "_bucket{stage=\"connection_setup\",le=\"0.05\"} 2\n",
        "_bucket{stage=\"connection_setup\",le=\"172800\"} 2\n",
        "_bucket{stage=\"connection_setup\",le=\"+Inf\"} 5\n",
        "_sum{stage=\"connection_setup\"} 2.5\n",
        "_count{stage=\"connection_setup\"} 5\n",
    };
    struct sample s;
    char *text;

    sample_fill(&s);
    s.delays.bucket[STAGE_SETUP][2] = 2;
    s.delays.bucket[STAGE_SETUP][DELAYS_BUCKETS - 1] = 3;
    s.delays.sum_us[STAGE_SETUP] = 2500000;
    text = metrics_print(&s.view);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        cr_expect_not_null(strstr(text, lines[i]), "%s", lines[i]);
    cr_expect_null(strstr(text, "stage=\"transmission\""), "no series before there is a value");
    free(text);
}
