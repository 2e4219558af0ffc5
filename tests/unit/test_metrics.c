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
    free(text);
}

/* Each sample belongs to a # TYPE before it, and no name is declared twice. */
Test(metrics, each_series_is_declared_once) {
    struct sample s;
    char *text;
    char name[128] = "";
    char declaration[160];

    sample_fill(&s);
    text = metrics_print(&s.view);
    for (char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        size_t n = strcspn(line, "{ \n");

        if (strncmp(line, "# TYPE ", 7) == 0) {
            text_copy_span(name, sizeof name, (struct span){line + 7, strcspn(line + 7, " ")});
            text_format(declaration, sizeof declaration, "\n# TYPE %s ", name);
            cr_expect_null(strstr(strchr(line, '\n'), declaration), "%s is declared twice", name);
        } else if (line[0] != '#') {
            cr_expect(strlen(name) == n && strncmp(line, name, n) == 0,
                      "%.60s is not below its # TYPE", line);
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
    free(text);
}
