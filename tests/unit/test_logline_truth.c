/* tests/data/logline/truth.tsv: lines of every daemon behind every kind of head, and all that is to
 * be understood of them. Its columns: the line; kind[/status] and the counters but for `lines`;
 * then field=value. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "logline.h"

enum { LINES_LEAST = 500, NOW_S = 1795834000 }; /* 2026-11-28 */

static void put_counters(const struct mailev *ev, char *out, size_t size) {
    size_t at = (size_t)snprintf(out, size, "%s", mailev_kind_name(ev->kind));

    if (ev->status != MAILEV_STATUS_NONE)
        at += (size_t)snprintf(out + at, size - at, "/%s", mailev_status_name(ev->status));
    for (enum counter c = COUNTER_LINES + 1; c < COUNTER_COUNT; c++) {
        if (ev->counters & COUNTER_BIT(c))
            at += (size_t)snprintf(out + at, size - at, " %s", counter_name(c));
    }
}

/* The field's value as text; "?" for a name that is none. */
static const char *value_of(const struct mailev *ev, const char *name, char out[2048]) {
    const struct {
        const char *name;
        struct span value;
    } texts[] = {{"host", ev->host},
                 {"instance", ev->instance},
                 {"daemon", ev->daemon},
                 {"queue_id", ev->queue_id},
                 {"to", ev->to},
                 {"from", ev->from},
                 {"relay", ev->relay},
                 {"relay_ip", ev->relay_ip},
                 {"dsn", ev->dsn},
                 {"tls_trust", ev->tls_trust},
                 {"tls_version", ev->tls_version},
                 {"tls_cipher", ev->tls_cipher},
                 {"tls_peer", ev->tls_peer},
                 {"sasl_method", ev->sasl_method},
                 {"sasl_username", ev->sasl_username},
                 {"client", ev->client},
                 {"client_ip", ev->client_ip},
                 {"message_id", ev->message_id},
                 {"text", ev->text}};
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {{"time_ms", ev->time_ms},       {"pid", ev->pid},
                   {"relay_port", ev->relay_port}, {"delay_us", ev->delay_us},
                   {"nrcpt", ev->recipients},      {"size", (int64_t)ev->size_bytes}};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(name, texts[i].name) == 0) {
            snprintf(out, 2048, "%.*s", (int)texts[i].value.n, texts[i].value.p);
            return out;
        }
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            snprintf(out, 2048, "%" PRId64, numbers[i].value);
            return out;
        }
    }
    if (strcmp(name, "delays_us") != 0)
        return "?";
    snprintf(out, 2048, "%" PRId64 "/%" PRId64 "/%" PRId64 "/%" PRId64, ev->delays_us[0],
             ev->delays_us[1], ev->delays_us[2], ev->delays_us[3]);
    return out;
}

static void check_record(char *record, struct logline_clock *clock) {
    char *line = strsep(&record, "\t");
    char *summary = strsep(&record, "\t");
    char *field;
    char got[2048];
    struct mailev ev;

    cr_assert_not_null(summary, "%s", line);
    logline_parse(span_of(line), clock, &ev);
    put_counters(&ev, got, sizeof got);
    cr_expect_str_eq(got, summary, "%s: %s, not %s", line, got, summary);
    while ((field = strsep(&record, "\t")) != NULL) {
        char *value = strchr(field, '=');

        cr_assert_not_null(value, "%s", field);
        *value++ = '\0';
        cr_expect_str_eq(value_of(&ev, field, got), value, "%s: %s is \"%s\", not \"%s\"", line,
                         field, got, value);
    }
}

Test(logline_truth, every_field) {
    struct logline_clock clock;
    FILE *file = fopen(TEST_DATA "/logline/truth.tsv", "r");
    char *record = NULL;
    size_t size = 0, count = 0;
    ssize_t n;

    cr_assert_not_null(file);
    setenv("TZ", "UTC", 1);
    tzset();
    logline_clock_init(&clock);
    clock.now_ms = INT64_C(1000) * NOW_S;
    while ((n = getline(&record, &size, file)) > 0) {
        record[n - 1] = '\0';
        check_record(record, &clock);
        count++;
    }
    cr_expect_geq(count, LINES_LEAST);
    free(record);
    fclose(file);
}
