#include <criterion/criterion.h>
#include <stdlib.h>

#include "sample_view.h"
#include "metrics.h"

Test(metrics, every_counter_is_there) {
    struct sample s;
    char *text;

    sample_fill(&s);
    text = metrics_print(&s.view, false);
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
    cr_expect_not_null(strstr(text, "relaywatch_relayhost_deferred_total{relayhost=\"b.example\","
                                    "fault=\"ours\"} 1\n"));
    cr_expect_not_null(strstr(text, "relaywatch_relayhost_bounced_total{relayhost=\"b.example\","
                                    "fault=\"recipient\"} 0\n"));
    cr_expect_not_null(
        strstr(text, "relaywatch_relayhost_sent_total{relayhost=\"b.example\"} 0\n"));
    cr_expect_not_null(strstr(text, "relaywatch_relayhost_failing{relayhost=\"b.example\",fault="
                                    "\"ours\"} 1\n"));
    cr_expect_not_null(strstr(text, "relaywatch_relayhost_failing{relayhost=\"b.example\",fault="
                                    "\"network\"} 0\n"));
    cr_expect_null(strstr(text, "tls-broken"), "an ended alert does not fire");
    cr_expect_not_null(strstr(text, "postfix_up{path=\"/etc/postfix\"} 1\n"));
    cr_expect_not_null(strstr(text, "relaywatch_source_up{source=\"/var/log/mail.log\"} 1\n"));
    cr_expect_not_null(strstr(text, "relaywatch_source_up{source=\"journal:/x\"} 0\n"));
    cr_expect_not_null(strstr(text, "relaywatch_poison_lines_total 0\n"));
    cr_expect_not_null(strstr(text, "relaywatch_notify_up 1\n"));
    cr_expect_not_null(strstr(text, "\nrelaywatch_sender_recipients_most 8200\n"));
    cr_expect_not_null(strstr(text, "\nrelaywatch_sender_recipients_limit 10000\n"));
    cr_expect_not_null(strstr(text, "\nrelaywatch_senders_near_limit 1\n"));
    cr_expect_not_null(strstr(text, "\nrelaywatch_canary_overdue 0\n"));
    cr_expect_not_null(strstr(text, "\nrelaywatch_canary_delay_seconds 1.5\n"));
    cr_expect_not_null(strstr(text, "\nrelaywatch_canary_delivered_timestamp_seconds 1080\n"));
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
    static const char *const suffixes[] = {"", "_bucket", "_sum", "_count", "_total"};
    char want[160];

    for (size_t i = 0; i < 5; i++) {
        text_format(want, sizeof want, "%s%s", metric, suffixes[i]);
        if (strlen(want) == n && strncmp(sample, want, n) == 0)
            return true;
    }
    return false;
}

/* Each sample belongs to a # TYPE before it, and no name is declared twice. */
static void check_declarations(bool openmetrics) {
    struct sample s;
    char *text;
    char name[128] = "";
    char declaration[160];

    sample_fill(&s);
    sample_history(&s);
    s.delays.bucket[STAGE_BEFORE_QMGR][0] = 1;
    s.delays.bucket[STAGE_QMGR][0] = 1;
    text = metrics_print(&s.view, openmetrics);
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

Test(metrics, each_series_is_declared_once) {
    check_declarations(false);
    check_declarations(true);
}

Test(metrics, what_is_not_known_is_left_out) {
    struct sample s;
    char *text;

    sample_fill(&s);
    s.view.queue_stale = true;
    text = metrics_print(&s.view, false);
    cr_expect_null(strstr(text, "relaywatch_queue_messages"));
    cr_expect_null(strstr(text, "nan"));
    cr_expect_null(strstr(text, "postfix_smtp_delivery_delay_seconds"));
    cr_expect_null(strstr(text, "relaywatch_login_verified_timestamp_seconds"));
    cr_expect_not_null(strstr(text, "\nrelaywatch_queue_counted 0\n"));
    free(text);
}

Test(metrics, delays_are_cumulative) {
    static const char *const lines[] = {
        "# TYPE postfix_smtp_delivery_delay_seconds histogram\n",
        "postfix_smtp_delivery_delay_seconds_bucket{stage=\"connection_setup\",le=\"0.001\"} 0\n",
        "postfix_smtp_delivery_delay_seconds_bucket{stage=\"connection_setup\",le=\"0.1\"} 2\n",
        "postfix_smtp_delivery_delay_seconds_bucket{stage=\"connection_setup\",le=\"172800\"} 2\n",
        "postfix_smtp_delivery_delay_seconds_bucket{stage=\"connection_setup\",le=\"+Inf\"} 5\n",
        "postfix_smtp_delivery_delay_seconds_sum{stage=\"connection_setup\"} 2.5\n",
        "postfix_smtp_delivery_delay_seconds_count{stage=\"connection_setup\"} 5\n",
        "relaywatch_delivery_delay_seconds_bucket{stage=\"connection_setup\",le=\"0.05\"} 2\n",
    };
    struct sample s;
    char *text;

    sample_fill(&s);
    s.delays.bucket[STAGE_BEFORE_QMGR][0] = 5;
    s.delays.bucket[STAGE_SETUP][2] = 2;
    s.delays.bucket[STAGE_SETUP][DELAYS_BUCKETS - 1] = 3;
    s.delays.sum_us[STAGE_SETUP] = 2500000;
    text = metrics_print(&s.view, false);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        cr_expect_not_null(strstr(text, lines[i]), "%s", lines[i]);
    cr_expect_null(
        strstr(text, "delay_seconds_bucket{stage=\"connection_setup\",le=\"0.05\"} 2\npost"),
        "the exporter has no such bucket");
    free(text);
}

/* Each bound of the exporter has what our finer buckets have up to it. */
Test(metrics, buckets_are_the_exporters) {
    static const struct {
        const char *le;
        int below;
    } rows[] = {{"0.001", 1}, {"0.01", 2},  {"0.1", 4},    {"1", 6},       {"10", 8},
                {"60", 10},   {"3600", 12}, {"86400", 13}, {"172800", 14}, {"+Inf", 15}};
    struct sample s;
    char *text;

    sample_fill(&s);
    for (size_t i = 0; i < DELAYS_BUCKETS; i++)
        s.delays.bucket[STAGE_BEFORE_QMGR][i] = 1;
    text = metrics_print(&s.view, false);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[160];

        text_format(line, sizeof line,
                    "\npostfix_smtp_delivery_delay_seconds_bucket{stage=\"before_queue_manager\","
                    "le=\"%s\"} %d\n",
                    rows[i].le, rows[i].below);
        cr_expect_not_null(strstr(text, line), "%s", line);
    }
    free(text);
}

Test(metrics, exporters_series) {
    static const char *const lines[] = {
        "\npostfix_smtp_messages_processed_total{status=\"deferred\"} 1\n",
        "\npostfix_smtp_deferred_messages_total 1\n",
        "\n# TYPE postfix_smtp_status_deferred untyped\npostfix_smtp_status_deferred 1\n",
        "\npostfix_smtp_deferred_messages_by_dsn_total{dsn=\"4.7.8\"} 1\n",
        "\npostfix_smtp_tls_connections_total{trust=\"Verified\",protocol=\"TLSv1.3\",cipher="
        "\"TLS_AES_256_GCM_SHA384\",secret_bits=\"256\",algorithm_bits=\"256\"} 1\n",
        "\npostfix_smtpd_messages_processed_total{sasl_method=\"\"} 1\n",
        "\npostfix_smtpd_disconnects_total 0\n",
        "\npostfix_qmgr_messages_inserted_recipients_bucket{le=\"2\"} 1\n",
        "\npostfix_qmgr_messages_inserted_receipients_count 1\n",
        "\npostfix_qmgr_messages_inserted_size_bytes_sum 1500\n",
        "\npostfix_cleanup_messages_processed_total 103\n",
    };
    const struct mailev events[] = {
        {.kind = MAILEV_DELIVERY,
         .daemon = SPAN("smtp"),
         .status = MAILEV_STATUS_DEFERRED,
         .dsn = SPAN("4.7.8")},
        {.kind = MAILEV_CLIENT, .daemon = SPAN("smtpd")},
        {.kind = MAILEV_QUEUED,
         .daemon = SPAN("qmgr"),
         .counters = COUNTER_BIT(COUNTER_QUEUED),
         .recipients = 2,
         .size_bytes = 1500},
    };
    static const char tls[] = "Verified TLS_AES_256_GCM_SHA384 (256/256 bits)";
    const struct mailev secured = {.kind = MAILEV_TLS,
                                   .daemon = SPAN("smtp"),
                                   .counters = COUNTER_BIT(COUNTER_TLS_SESSIONS),
                                   .tls_trust = {tls, 8},
                                   .tls_version = SPAN("TLSv1.3"),
                                   .tls_cipher = {tls + 9, 22},
                                   .message = {tls, sizeof tls - 1}};
    struct sample s;
    char *text;

    sample_fill(&s);
    text = metrics_print(&s.view, false);
    cr_expect_null(strstr(text, "sasl_method="), "no series before there is a value");
    free(text);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        exporter_note(&s.exporter, &events[i]);
    exporter_note(&s.exporter, &secured);
    text = metrics_print(&s.view, false);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        cr_expect_not_null(strstr(text, lines[i]), "%s", lines[i]);
    free(text);
}

Test(metrics, own_series) {
    static const char *const lines[] = {
        "\nrelaywatch_state{state=\"critical\"} 1\n",
        "\nrelaywatch_state{state=\"ok\"} 0\n",
        "\nrelaywatch_alerts{severity=\"critical\"} 1\n",
        "\nrelaywatch_alerts{severity=\"warning\"} 0\n",
        "\nrelaywatch_alert_since_timestamp_seconds{alert=\"login-refused\"} 1090\n",
        "\nrelaywatch_login_state{state=\"refused\"} 1\n",
        "\nrelaywatch_store_state{state=\"ok\"} 1\n",
        "\nrelaywatch_source_lag_seconds{source=\"journal:/x\"} 2.5\n",
        "\nrelaywatch_source_position{source=\"/var/log/mail.log\"} 4711\n",
        "\nrelaywatch_queue_growth_per_minute 1.5\n",
        "\nrelaywatch_queue_counted 1\n",
        "\npostfix_showq_message_size_bytes_bucket{queue=\"deferred\",le=\"1000\"} 20\n",
        "\npostfix_showq_message_size_bytes_sum{queue=\"deferred\"} 9000\n",
        "\npostfix_showq_message_size_bytes_count{queue=\"hold\"} 0\n",
        "\npostfix_showq_message_age_seconds_bucket{queue=\"deferred\",le=\"100\"} 0\n",
        "\npostfix_showq_message_age_seconds_bucket{queue=\"deferred\",le=\"1000\"} 22\n",
        "\npostfix_showq_queue_depth{queue=\"deferred\"} 22\n",
    };
    struct sample s;
    char *text;

    sample_fill(&s);
    text = metrics_print(&s.view, false);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        cr_expect_not_null(strstr(text, lines[i]), "%s", lines[i]);
    free(text);
    sample_history(&s);
    text = metrics_print(&s.view, true);
    cr_expect_not_null(strstr(text, "\nrelaywatch_last_hour{counter=\"sent\"} 7\n"));
    cr_expect_not_null(strstr(text, "\nrelaywatch_last_hour_delay_seconds{percentile=\"99\"} "));
    cr_expect_str_eq(text + strlen(text) - 6, "# EOF\n");
    cr_expect_not_null(strstr(text, "\nrelaywatch_sent_total 105\n"));
    cr_expect_not_null(strstr(text, "\n# TYPE relaywatch_sent counter\n"));
    free(text);
}

static size_t count_samples(const char *text) {
    size_t count = 0;

    for (; *text != '\0'; text = strchr(text, '\n') + 1)
        count += text[0] != '#';
    return count;
}

/* Every place of every table taken: no more than is promised. */
Test(metrics, series_are_bounded) {
    struct sample s;
    char *text;

    sample_fill(&s);
    sample_history(&s);
    for (size_t i = 0; i < EXPORTER_PLACES; i++)
        s.exporter.place[i].value = 1;
    for (size_t h = 0; h < EXPORTER_HISTOGRAMS; h++)
        s.exporter.histogram[h].bucket[0] = 1;
    s.delays.bucket[STAGE_BEFORE_QMGR][0] = 1;
    s.alerts.count = ALERTS_MOST;
    for (int i = 1; i < ALERTS_MOST; i++)
        s.alerts.alert[i] = s.alerts.alert[0];
    s.view.sources = LOGSOURCES_MOST;
    for (size_t i = 2; i < LOGSOURCES_MOST; i++)
        s.view.source[i] = s.view.source[0];
    text = metrics_print(&s.view, true);
    cr_expect(count_samples(text) <= METRICS_SERIES_MOST, "%zu", count_samples(text));
    free(text);
}
