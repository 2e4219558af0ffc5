/* See logs_explain.h. */
#include "logs_explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "clock.h"
#include "text.h"
#include "xmem.h"
#include "diagnose.h"
#include "logline.h"
#include "json.h"
#include "sdjournal.h"
#include "cli.h"

static void put_span(struct json_t *o, const char *key, struct span s) {
    char *text;

    if (s.p == NULL || (s.n == 0 && strcmp(key, "from") != 0 && strcmp(key, "to") != 0))
        return;
    text = xcalloc(1, s.n * 3 + 1);
    text_copy_printable(text, s.n * 3 + 1, s);
    json_put_text(o, key, text);
    free(text);
}

static void put_time(struct json_t *o, int64_t time_ms) {
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm tm;
    char text[48];
    size_t n;

    if (time_ms == 0 || gmtime_r(&seconds, &tm) == NULL) {
        json_put_null(o, "time");
        return;
    }
    n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    text_format(text + n, sizeof text - n, ".%03dZ", (int)(time_ms % 1000));
    json_put_text(o, "time", text);
}

static void put_counters(struct json_t *o, counter_set set) {
    struct json_t *a = json_make_array();

    for (int c = 0; c < COUNTER_COUNT; c++) {
        if ((set & COUNTER_BIT(c)) != 0)
            json_add_text(a, counter_name((enum counter)c));
    }
    json_put(o, "counters", a);
}

static void put_delays(struct json_t *o, const struct mailev *ev) {
    if (ev->delay_us >= 0)
        json_put_real(o, "delay", (double)ev->delay_us / 1e6);
    if (ev->delays_us[0] >= 0) {
        char text[96];

        text_format(text, sizeof text, "%.12g/%.12g/%.12g/%.12g", (double)ev->delays_us[0] / 1e6,
                    (double)ev->delays_us[1] / 1e6, (double)ev->delays_us[2] / 1e6,
                    (double)ev->delays_us[3] / 1e6);
        json_put_text(o, "delays", text);
    }
}

static void put_fields(struct json_t *o, const struct mailev *ev) {
    put_span(o, "from", ev->from);
    put_span(o, "to", ev->to);
    put_span(o, "relay", ev->relay);
    put_span(o, "relay_ip", ev->relay_ip);
    if (ev->relay_port != 0)
        json_put_int(o, "relay_port", ev->relay_port);
    put_delays(o, ev);
    put_span(o, "dsn", ev->dsn);
    if (ev->status != MAILEV_STATUS_NONE)
        json_put_text(o, "status", mailev_status_name(ev->status));
    if (ev->kind == MAILEV_QUEUED) {
        json_put_int(o, "size", (int64_t)ev->size_bytes);
        json_put_int(o, "nrcpt", ev->recipients);
    }
    put_span(o, "tls_trust", ev->tls_trust);
    put_span(o, "tls_version", ev->tls_version);
    put_span(o, "tls_cipher", ev->tls_cipher);
    put_span(o, "tls_peer", ev->tls_peer);
    put_span(o, "sasl_method", ev->sasl_method);
    put_span(o, "sasl_username", ev->sasl_username);
    put_span(o, "client", ev->client);
    put_span(o, "client_ip", ev->client_ip);
    put_span(o, "message_id", ev->message_id);
    put_span(o, "severity", ev->severity);
    put_span(o, "text", ev->text);
}

struct json_t *logs_explain_json(const struct mailev *ev) {
    struct json_t *o = json_make_object();

    put_time(o, ev->time_ms);
    put_span(o, "host", ev->host);
    put_span(o, "instance", ev->instance);
    put_span(o, "daemon", ev->daemon);
    if (ev->pid != 0)
        json_put_int(o, "pid", ev->pid);
    put_span(o, "queue_id", ev->queue_id);
    json_put_text(o, "kind", mailev_kind_name(ev->kind));
    put_counters(o, ev->counters);
    if (ev->diagnosis != DIAGNOSIS_NONE) {
        char name[64];

        text_format(name, sizeof name, "%s %s", diagnosis_entry(ev->diagnosis)->id,
                    diagnosis_entry(ev->diagnosis)->name);
        json_put_text(o, "diagnosis", name);
    } else {
        json_put_null(o, "diagnosis");
    }
    put_fields(o, ev);
    return o;
}

void logs_explain_print(const struct mailev *ev) {
    struct json_t *o = logs_explain_json(ev);
    char *text = json_print(o, false);

    puts(text);
    free(text);
    json_release(&o);
}

struct reader {
    struct diagnoser *diagnoser;
    struct logline_clock clock;
};

static void explain_line(struct reader *reader, struct span line) {
    struct mailev ev;

    logline_parse(line, &reader->clock, &ev);
    ev.diagnosis = diagnose_event(reader->diagnoser, &ev);
    logs_explain_print(&ev);
}

static int explain_file(struct reader *reader, const char *path) {
    FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    ssize_t n;

    if (in == NULL) {
        fprintf(stderr, "relaywatch logs: %s: %s\n", path, strerror(errno));
        return 1;
    }
    while ((n = getline(&line, &size, in)) != -1) {
        struct span s = {line, (size_t)n};

        while (s.n > 0 && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r'))
            s.n--;
        explain_line(reader, s);
    }
    free(line);
    if (in != stdin)
        fclose(in);
    return 0;
}

static int explain_journal(struct reader *reader, const struct logsource *source) {
    const struct hash_key no_key = {{0, 0}};
    struct sdjournal_entry entry;
    enum sdjournal_step step;
    struct sdjournal *in;
    struct fault why;

    in = sdjournal_open(logsource_path(source), &no_key, &why);
    if (in == NULL) {
        fprintf(stderr, "relaywatch logs: %s: %s\n", source->name, why.text);
        return 1;
    }
    sdjournal_seek_time(in, 0);
    while ((step = sdjournal_next(in, &entry)) != SDJOURNAL_END && step != SDJOURNAL_FAILED) {
        if (step == SDJOURNAL_LINE)
            explain_line(reader, entry.line);
    }
    if (step == SDJOURNAL_FAILED)
        fprintf(stderr, "relaywatch logs: %s: %s\n", source->name, strerror(entry.error));
    sdjournal_close(&in);
    return step == SDJOURNAL_FAILED;
}

int logs_explain(const char *name, const char *conf_path) {
    struct reader reader = {.diagnoser = NULL};
    struct logsources sources = {.count = 1};
    struct conf conf;
    int status = 0;

    if (name == NULL) {
        status = cli_load_conf(conf_path, &conf);
        if (status == 0)
            status = cli_parse_logs(&conf, &sources);
        if (status != 0)
            return status;
    } else {
        sources.item[0].is_journal = logsource_is_journal(name);
        if (!text_copy(sources.item[0].name, sizeof sources.item[0].name, name)) {
            fprintf(stderr, "relaywatch logs: %s: %s\n", name, strerror(ENAMETOOLONG));
            return EX_USAGE;
        }
    }
    reader.diagnoser = diagnoser_new();
    logline_clock_init(&reader.clock);
    reader.clock.now_ms = clock_wall_ms();
    for (size_t i = 0; i < sources.count && status == 0; i++)
        status = sources.item[i].is_journal ? explain_journal(&reader, &sources.item[i])
                                            : explain_file(&reader, sources.item[i].name);
    diagnoser_free(&reader.diagnoser);
    return status;
}
