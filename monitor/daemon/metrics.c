/* See metrics.h. A figure that is not known is left out: no series before there is a value, never
 * NaN. */
#include "metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "log.h"

static void head(FILE *out, const char *name, const char *type, const char *help) {
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put(FILE *out, const char *name, const char *type, const char *help, double value) {
    head(out, name, type, help);
    fprintf(out, "%s %.17g\n", name, value);
}

static void put_count(FILE *out, const char *name, const char *help, uint64_t value) {
    head(out, name, "counter", help);
    fprintf(out, "%s %llu\n", name, (unsigned long long)value);
}

/* A label value: backslash, quote and newline escaped as the format wants. */
static void put_label(FILE *out, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '\\' || *text == '"')
            fputc('\\', out);
        if (*text == '\n')
            fputs("\\n", out);
        else
            fputc(*text, out);
    }
}

static void put_counters(FILE *out, const struct view *v) {
    char name[80];

    for (int c = 0; c < COUNTER_COUNT; c++) {
        text_format(name, sizeof name, "relaywatch_%s_total", counter_name((enum counter)c));
        put_count(out, name, counter_help((enum counter)c), v->counters->value[c]);
    }
    for (int c = 0; c < MLTPAGE_COUNTER_COUNT; c++) {
        text_format(name, sizeof name, "relaywatch_milter_%s_total",
                    mltpage_counter_name((enum mltpage_counter)c));
        put_count(out, name, "Counted by relaywatch-milter.", v->milter[c]);
    }
}

static void put_queue(FILE *out, const struct view *v) {
    const struct keeper_queue *q = v->queue;

    if (q == NULL || v->queue_stale)
        return;
    head(out, "relaywatch_queue_messages", "gauge", "Messages in Postfix's queue.");
    fprintf(out, "relaywatch_queue_messages{queue=\"active\"} %llu\n",
            (unsigned long long)q->active);
    fprintf(out, "relaywatch_queue_messages{queue=\"deferred\"} %llu\n",
            (unsigned long long)q->deferred);
    fprintf(out, "relaywatch_queue_messages{queue=\"incoming\"} %llu\n",
            (unsigned long long)q->incoming);
    fprintf(out, "relaywatch_queue_messages{queue=\"hold\"} %llu\n", (unsigned long long)q->hold);
    fprintf(out, "relaywatch_queue_messages{queue=\"maildrop\"} %llu\n",
            (unsigned long long)q->maildrop);
    fprintf(out, "relaywatch_queue_messages{queue=\"corrupt\"} %llu\n",
            (unsigned long long)q->corrupt);
    put(out, "relaywatch_queue_oldest_seconds", "gauge", "Age of the oldest message in the queue.",
        (double)view_oldest_s(v));
    put(out, "relaywatch_queue_free_bytes", "gauge", "Free bytes where the queue stands.",
        (double)q->bytes_free);
    head(out, "postfix_up", "gauge", "Whether Postfix is running.");
    fputs("postfix_up{path=\"", out);
    put_label(out, v->conf->postfix_config_dir);
    fprintf(out, "\"} %d\n", q->postfix_running ? 1 : 0);
}

static void put_relay(FILE *out, const struct view *v) {
    put(out, "relaywatch_relay_reachable", "gauge", "Whether the smarthost can be reached.",
        view_reachable(v) ? 1 : 0);
    put(out, "relaywatch_relay_login_refused", "gauge", "Whether the smarthost refuses our login.",
        health_is_broken(v->health, AREA_LOGIN, v->now_ms) ? 1 : 0);
    put(out, "relaywatch_relay_tls_failing", "gauge", "Whether TLS with the smarthost fails.",
        health_is_broken(v->health, AREA_TLS, v->now_ms) ? 1 : 0);
    if (v->health->last_success_ms != 0)
        put(out, "relaywatch_relay_last_delivery_timestamp_seconds", "gauge",
            "When the smarthost last took a message.", (double)v->health->last_success_ms / 1000);
    if (v->login->certificate_expires_ms != 0)
        put(out, "relaywatch_relay_certificate_expires_timestamp_seconds", "gauge",
            "When the smarthost's certificate expires.",
            (double)v->login->certificate_expires_ms / 1000);
}

static void put_alerts(FILE *out, const struct view *v) {
    head(out, "relaywatch_alert_firing", "gauge", "Alerts that fire now.");
    for (int i = 0; i < v->alerts->count; i++) {
        const struct alert *a = &v->alerts->alert[i];

        if (a->ended_ms != 0)
            continue;
        fprintf(out, "relaywatch_alert_firing{alert=\"%s\",diagnosis=\"%s\",severity=\"%s\"} 1\n",
                a->id, diagnosis_entry(a->diagnosis)->id, severity_name(a->severity));
    }
}

static void put_unknown(FILE *out, const struct view *v) {
    head(out, "relaywatch_unknown_lines_total", "counter",
         "Lines of trouble that the catalogue of diagnoses does not know.");
    for (int c = 0; c < SHAPE_CLASSES; c++)
        fprintf(out, "relaywatch_unknown_lines_total{severity=\"%s\"} %llu\n",
                shape_class_name((enum shape_class)c), (unsigned long long)v->unknown[c]);
}

static void put_ledger(FILE *out, const struct view *v) {
    static const char help[] = "Messages by what became of them.";

    head(out, "relaywatch_ledger_messages_total", "counter", help);
    fprintf(out, "relaywatch_ledger_messages_total{outcome=\"sent\"} %llu\n",
            (unsigned long long)v->ledger->sent);
    fprintf(out, "relaywatch_ledger_messages_total{outcome=\"bounced\"} %llu\n",
            (unsigned long long)v->ledger->bounced);
    fprintf(out, "relaywatch_ledger_messages_total{outcome=\"expired\"} %llu\n",
            (unsigned long long)v->ledger->expired);
    fprintf(out, "relaywatch_ledger_messages_total{outcome=\"unknown\"} %llu\n",
            (unsigned long long)v->ledger->unknown);
    put_count(out, "relaywatch_ledger_accepted_total", "Messages that came in.",
              v->ledger->accepted);
    put(out, "relaywatch_ledger_queued", "gauge", "Messages that came in and did not end yet.",
        (double)(v->ledger_sum.queued - v->ledger_sum.arriving));
    put(out, "relaywatch_ledger_arriving", "gauge",
        "Messages that are coming in and not counted as accepted yet.",
        (double)v->ledger_sum.arriving);
    put_count(out, "relaywatch_ledger_deleted_total", "Of unknown: deleted by hand.",
              v->ledger->deleted);
    put_count(out, "relaywatch_ledger_unlogged_total",
              "Of unknown: seen by the milter, never in the log.", v->ledger->unlogged);
    put_count(out, "relaywatch_ledger_spilled_total", "Of unknown: not followed to their end.",
              v->ledger->spilled);
    put_count(out, "relaywatch_ledger_stray_total",
              "Messages that ended and came in before the first start.", v->ledger->stray);
}

/* postfix_exporter's: every attempt of smtp(8). */
static void put_delays(FILE *out, const struct view *v) {
    static const char name[] = "postfix_smtp_delivery_delay_seconds";
    bool begun = false;

    for (unsigned part = 0; part < STAGE_COUNT; part++) {
        const char *stage = delays_part_name(part);
        uint64_t below = 0;

        for (size_t i = 0; i < DELAYS_BUCKETS; i++)
            below += v->delays->bucket[part][i];
        if (below == 0)
            continue;
        if (!begun)
            head(out, name, "histogram", "SMTP message processing time in seconds.");
        begun = true;
        below = 0;
        for (size_t i = 0; i < DELAYS_BUCKETS; i++) {
            below += v->delays->bucket[part][i];
            fprintf(out, "%s_bucket{stage=\"%s\",le=\"", name, stage);
            if (i < DELAYS_BUCKETS - 1)
                fprintf(out, "%g", (double)delays_bound_us[i] / 1e6);
            else
                fputs("+Inf", out);
            fprintf(out, "\"} %llu\n", (unsigned long long)below);
        }
        fprintf(out, "%s_sum{stage=\"%s\"} %.17g\n", name, stage,
                (double)v->delays->sum_us[part] / 1e6);
        fprintf(out, "%s_count{stage=\"%s\"} %llu\n", name, stage, (unsigned long long)below);
    }
}

/* The names of postfix_exporter that our counters are the same as. */
static void put_exporter_names(FILE *out, const struct view *v) {
    const uint64_t *c = v->counters->value;

    put_count(out, "postfix_cleanup_messages_processed_total",
              "Total number of messages processed by cleanup.", c[COUNTER_ACCEPTED]);
    put_count(out, "postfix_qmgr_messages_removed_total",
              "Total number of messages removed from mail queues.", c[COUNTER_REMOVED]);
    put_count(out, "postfix_qmgr_messages_expired_total",
              "Total number of messages expired from mail queues.", c[COUNTER_EXPIRED]);
    put_count(out, "postfix_smtpd_connects_total", "Total number of incoming connections.",
              c[COUNTER_CONNECTS]);
    put_count(out, "postfix_smtpd_sasl_authentication_failures_total",
              "Total number of SASL authentication failures.", c[COUNTER_INBOUND_AUTH_FAILURES]);
    put_count(out, "postfix_smtp_deferred_messages_total",
              "Total number of messages that have been deferred on SMTP.", c[COUNTER_DEFERRED]);
    put_count(out, "postfix_smtp_connection_timed_out_total",
              "Total number of messages that have been deferred on SMTP.", c[COUNTER_TIMEOUTS]);
    head(out, "postfix_smtp_messages_processed_total", "counter",
         "Total number of messages that have been processed by the smtp process.");
    fprintf(out, "postfix_smtp_messages_processed_total{status=\"sent\"} %llu\n",
            (unsigned long long)c[COUNTER_SENT]);
    fprintf(out, "postfix_smtp_messages_processed_total{status=\"deferred\"} %llu\n",
            (unsigned long long)c[COUNTER_DEFERRED]);
    fprintf(out, "postfix_smtp_messages_processed_total{status=\"bounced\"} %llu\n",
            (unsigned long long)c[COUNTER_BOUNCED]);
}

static void put_source(FILE *out, const char *name, const struct view_source *source,
                       uint64_t value) {
    fprintf(out, "%s{source=\"", name);
    put_label(out, source->spec->name);
    fprintf(out, "\"} %llu\n", (unsigned long long)value);
}

static void put_sources(FILE *out, const struct view *v) {
    if (v->sources == 0)
        return;
    head(out, "relaywatch_source_lag_bytes", "gauge",
         "Bytes of the log that wait to be read; of a journal 1 when something does.");
    for (size_t i = 0; i < v->sources; i++)
        put_source(out, "relaywatch_source_lag_bytes", &v->source[i],
                   v->source[i].figures.lag_bytes);
    head(out, "relaywatch_source_up", "gauge", "Whether this source of the mail log can be read.");
    for (size_t i = 0; i < v->sources; i++)
        put_source(out, "relaywatch_source_up", &v->source[i],
                   v->source[i].figures.state == TAIL_OK);
}

static void put_receiver(FILE *out, const char *name, const struct receiver_state *state,
                         double value) {
    fprintf(out, "%s{receiver=\"", name);
    put_label(out, state->name);
    fputs("\",kind=\"", out);
    put_label(out, state->kind);
    fprintf(out, "\"} %.17g\n", value);
}

static void put_receivers(FILE *out, const struct view *v) {
    const struct receiver_report *r = v->receivers;

    put(out, "relaywatch_notify_up", "gauge", "Whether relaywatch-notify answers.",
        v->notify_connected ? 1 : 0);
    if (r == NULL || r->count == 0)
        return;
    head(out, "relaywatch_receiver_up", "gauge",
         "Whether this receiver of alerts took what it was told last (1 also before the first).");
    for (int i = 0; i < r->count; i++)
        put_receiver(out, "relaywatch_receiver_up", &r->receiver[i],
                     !receiverstate_is_bad(&r->receiver[i]));
    head(out, "relaywatch_receiver_waiting", "gauge",
         "Notices that this receiver has still to get.");
    for (int i = 0; i < r->count; i++)
        put_receiver(out, "relaywatch_receiver_waiting", &r->receiver[i], r->receiver[i].waiting);
    head(out, "relaywatch_receiver_last_success_timestamp_seconds", "gauge",
         "When this receiver last took something; 0: never.");
    for (int i = 0; i < r->count; i++)
        put_receiver(out, "relaywatch_receiver_last_success_timestamp_seconds", &r->receiver[i],
                     (double)r->receiver[i].last_ok_ms / 1000);
}

char *metrics_print(const struct view *v) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        die(EX_OSERR, "metrics: out of memory");
    head(out, "relaywatch_build_info", "gauge", "Version of relaywatch.");
    fprintf(out, "relaywatch_build_info{version=\"%s\"} 1\n", RELAYWATCH_VERSION);
    put(out, "relaywatch_start_time_seconds", "gauge", "When relaywatchd was started.",
        (double)v->started_ms / 1000);
    put_counters(out, v);
    put_queue(out, v);
    put_relay(out, v);
    put_alerts(out, v);
    put_unknown(out, v);
    put_ledger(out, v);
    put_sources(out, v);
    put(out, "relaywatch_milter_up", "gauge", "Whether the milter gives signs of life.",
        v->milter_alive ? 1 : 0);
    put(out, "relaywatch_store_up", "gauge",
        "Whether Redis takes our figures (1 also without Redis).",
        v->store == STORE_OK || v->store == STORE_OFF ? 1 : 0);
    put_receivers(out, v);
    put_exporter_names(out, v);
    put_delays(out, v);
    if (fclose(out) != 0)
        die(EX_OSERR, "metrics: out of memory");
    return text;
}
