/* See metricspostfix.h. Where the exporter has figures from its first scrape on (a counter without
 * labels, a queue), so have we; where it has none before the first event, neither have we. */
#include "metricspostfix.h"

#include <string.h>

#include "text.h"

enum { LABELS = 5 };

/* Families that logic/exporter.h counts. */
static const struct {
    enum exporter_family family;
    enum exposition_type type;
    const char *name, *help;
    const char *label[LABELS];
} counted[] = {
    {EXPORTER_CLEANUP_REJECTED,
     EXPOSITION_COUNTER,
     "postfix_cleanup_messages_rejected",
     "Messages rejected by cleanup.",
     {NULL}},
    {EXPORTER_CLEANUP_NOT_ACCEPTED,
     EXPOSITION_COUNTER,
     "postfix_cleanup_messages_not_accepted",
     "Messages that a milter had cleanup refuse.",
     {NULL}},
    {EXPORTER_SMTP_STATUS,
     EXPOSITION_COUNTER,
     "postfix_smtp_messages_processed",
     "Attempts of delivery by smtp, one a recipient, by their status.",
     {"status"}},
    {EXPORTER_SMTP_DEFERRED,
     EXPOSITION_COUNTER,
     "postfix_smtp_deferred_messages_by_dsn",
     "Recipients that smtp put off, by status code.",
     {"dsn"}},
    {EXPORTER_SMTP_BOUNCED,
     EXPOSITION_COUNTER,
     "postfix_smtp_bounced_messages_by_dsn",
     "Recipients that smtp bounced, by status code.",
     {"dsn"}},
    {EXPORTER_SMTP_TIMED_OUT,
     EXPOSITION_COUNTER,
     "postfix_smtp_connection_timed_out",
     "Connections of smtp that timed out.",
     {NULL}},
    {EXPORTER_SMTP_TLS,
     EXPOSITION_COUNTER,
     "postfix_smtp_tls_connections",
     "Outgoing TLS connections.",
     {"trust", "protocol", "cipher", "secret_bits", "algorithm_bits"}},
    {EXPORTER_SMTPD_DISCONNECTS,
     EXPOSITION_COUNTER,
     "postfix_smtpd_disconnects",
     "Incoming connections that ended.",
     {NULL}},
    {EXPORTER_SMTPD_NAME_MISMATCH,
     EXPOSITION_COUNTER,
     "postfix_smtpd_forward_confirmed_reverse_dns_errors",
     "Clients whose name does not resolve to their address.",
     {NULL}},
    {EXPORTER_SMTPD_LOST,
     EXPOSITION_COUNTER,
     "postfix_smtpd_connections_lost",
     "Incoming connections that were lost, by the stage.",
     {"after_stage"}},
    {EXPORTER_SMTPD_CLIENT,
     EXPOSITION_COUNTER,
     "postfix_smtpd_messages_processed",
     "Messages that smtpd took, by the mechanism of the login.",
     {"sasl_method"}},
    {EXPORTER_SMTPD_REJECTED,
     EXPOSITION_COUNTER,
     "postfix_smtpd_messages_rejected",
     "NOQUEUE rejects, by reply code.",
     {"code"}},
    {EXPORTER_SMTPD_TLS,
     EXPOSITION_COUNTER,
     "postfix_smtpd_tls_connections",
     "Incoming TLS connections.",
     {"trust", "protocol", "cipher", "secret_bits", "algorithm_bits"}},
    {EXPORTER_BOUNCE_NOTICES,
     EXPOSITION_COUNTER,
     "postfix_bounce_non_delivery_notification",
     "Non-delivery notifications sent by bounce.",
     {NULL}},
    {EXPORTER_VIRTUAL_DELIVERED,
     EXPOSITION_COUNTER,
     "postfix_virtual_delivered",
     "Messages delivered to a virtual mailbox.",
     {NULL}},
    {EXPORTER_UNSUPPORTED,
     EXPOSITION_COUNTER,
     "postfix_unsupported_log_entries",
     "Lines of the log that are not understood.",
     {"service", "level"}},
};

/* The values of a place, which are joined by ','. */
static size_t take_labels(const struct exporter_place *place, const char *const names[LABELS],
                          char text[EXPORTER_LABELS], struct exposition_label out[LABELS]) {
    char *value = text;
    size_t count = 0;

    text_copy(text, EXPORTER_LABELS, place->labels);
    for (; count < LABELS && names[count] != NULL && value != NULL; count++) {
        out[count] = (struct exposition_label){names[count], value};
        value = strchr(value, ',');
        if (value != NULL)
            *value++ = '\0';
    }
    return count;
}

static void put_counted(struct exposition *e, const struct view *v, size_t i) {
    const struct exporter_place *place = exporter_series(v->exporter, counted[i].family, 0);

    if (place == NULL && counted[i].label[0] != NULL)
        return;
    exposition_family(e, counted[i].type, counted[i].name, counted[i].help);
    if (place == NULL)
        exposition_value(e, 0);
    for (size_t n = 1; place != NULL; n++) {
        struct exposition_label labels[LABELS];
        char text[EXPORTER_LABELS];
        size_t count = take_labels(place, counted[i].label, text, labels);

        exposition_labelled(e, labels, count, (double)place->value);
        place = exporter_series(v->exporter, counted[i].family, n);
    }
}

static uint64_t deferred_by_smtp(const struct view *v) {
    const struct exporter_place *place;

    for (size_t i = 0; (place = exporter_series(v->exporter, EXPORTER_SMTP_STATUS, i)) != NULL;
         i++) {
        if (strcmp(place->labels, "deferred") == 0)
            return place->value;
    }
    return 0;
}

/* Those that our own counters are the same as. */
static void put_same(struct exposition *e, const struct view *v) {
    const struct {
        const char *name, *help;
        enum counter counter;
    } same[] = {
        {"postfix_cleanup_messages_processed", "Messages processed by cleanup.", COUNTER_ACCEPTED},
        {"postfix_qmgr_messages_removed", "Messages removed from the queue.", COUNTER_REMOVED},
        {"postfix_qmgr_messages_expired", "Messages that expired in the queue.", COUNTER_EXPIRED},
        {"postfix_smtpd_connects", "Incoming connections.", COUNTER_CONNECTS},
        {"postfix_smtpd_sasl_authentication_failures", "Clients that failed to log in.",
         COUNTER_INBOUND_AUTH_FAILURES},
    };
    double deferred = (double)deferred_by_smtp(v);

    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        exposition_single(e, EXPOSITION_COUNTER, same[i].name, same[i].help,
                          (double)v->counters->value[same[i].counter]);
    exposition_single(e, EXPOSITION_COUNTER, "postfix_smtp_deferred_messages",
                      "Recipients that smtp put off.", deferred);
    exposition_single(e, EXPOSITION_UNKNOWN, "postfix_smtp_status_deferred",
                      "Recipients that smtp put off, by an old name.", deferred);
}

/* ---- histograms ---- */

static void put_histogram(struct exposition *e, const struct view *v, unsigned h, double unit,
                          const struct exposition_label *labels, size_t count) {
    const struct exporter_counts *counts = &v->exporter->histogram[h];
    struct exposition_histogram out = {.bucket = counts->bucket, .sum = (double)counts->sum * unit};

    out.bounds = exporter_bounds((enum exporter_histogram)h, &out.bound);
    exposition_histogram(e, labels, count, &out);
}

static bool is_empty(const uint64_t *bucket, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (bucket[i] != 0)
            return false;
    }
    return true;
}

static void put_inserted(struct exposition *e, const struct view *v) {
    exposition_family(e, EXPOSITION_HISTOGRAM, "postfix_qmgr_messages_inserted_recipients",
                      "Recipients of a message that came into the active queue.");
    put_histogram(e, v, EXPORTER_RECIPIENTS, 1, NULL, 0);
    exposition_family(e, EXPOSITION_HISTOGRAM, "postfix_qmgr_messages_inserted_receipients",
                      "The same by an old name.");
    put_histogram(e, v, EXPORTER_RECIPIENTS, 1, NULL, 0);
    exposition_family(e, EXPOSITION_HISTOGRAM, "postfix_qmgr_messages_inserted_size_bytes",
                      "Size of a message that came into the active queue.");
    put_histogram(e, v, EXPORTER_SIZE, 1, NULL, 0);
}

/* Our own buckets, which are finer, in those of the exporter. */
static void fold(const struct delays *d, unsigned part, const double *bound, size_t bounds,
                 uint64_t *out) {
    size_t to = 0;

    memset(out, 0, (bounds + 1) * sizeof out[0]);
    for (size_t i = 0; i < DELAYS_BUCKETS; i++) {
        while (to < bounds && (i == DELAYS_BUCKETS - 1 ||
                               (double)delays_bound_us[i] / 1e6 > bound[to] * 1.0000001))
            to++;
        out[to] += d->bucket[part][i];
    }
}

static void put_smtp_delays(struct exposition *e, const struct view *v) {
    uint64_t bucket[EXPORTER_BOUNDS + 1];
    struct exposition_histogram out = {.bucket = bucket};

    if (is_empty(v->delays->bucket[0], DELAYS_BUCKETS))
        return;
    out.bounds = exporter_bounds(EXPORTER_LMTP, &out.bound);
    exposition_family(e, EXPOSITION_HISTOGRAM, "postfix_smtp_delivery_delay_seconds",
                      "How long attempts of delivery by smtp took, by the stage.");
    for (unsigned part = 0; part < STAGE_COUNT; part++) {
        const struct exposition_label stage = {"stage", delays_part_name(part)};

        fold(v->delays, part, out.bound, out.bounds, bucket);
        out.sum = (double)v->delays->sum_us[part] / 1e6;
        exposition_histogram(e, &stage, 1, &out);
    }
}

static uint64_t count_of(const struct exporter *x, unsigned h) {
    uint64_t count = 0;

    for (size_t i = 0; i <= EXPORTER_BOUNDS; i++)
        count += x->histogram[h].bucket[i];
    return count;
}

static void put_other_delays(struct exposition *e, const struct view *v) {
    const struct exporter *x = v->exporter;

    if (!is_empty(x->histogram[EXPORTER_LMTP].bucket, EXPORTER_BOUNDS + 1)) {
        /* The dashboard asks for it; the exporter itself never had it. */
        exposition_single(e, EXPOSITION_COUNTER, "postfix_lmtp_messages_processed",
                          "Attempts of delivery by lmtp.", (double)count_of(x, EXPORTER_LMTP));
        exposition_family(e, EXPOSITION_HISTOGRAM, "postfix_lmtp_delivery_delay_seconds",
                          "How long attempts of delivery by lmtp took, by the stage.");
    }
    for (unsigned h = EXPORTER_LMTP; h < EXPORTER_HISTOGRAMS; h++) {
        unsigned pipe = (h - EXPORTER_PIPE) / STAGE_COUNT;
        const struct exposition_label labels[2] = {
            {"stage", delays_part_name((h - EXPORTER_LMTP) % STAGE_COUNT)},
            {"relay", h >= EXPORTER_PIPE ? x->pipe[pipe] : ""}};

        if (is_empty(x->histogram[h].bucket, EXPORTER_BOUNDS + 1))
            continue;
        if (h >= EXPORTER_PIPE && strcmp(e->family, "postfix_pipe_delivery_delay_seconds") != 0)
            exposition_family(e, EXPOSITION_HISTOGRAM, "postfix_pipe_delivery_delay_seconds",
                              "How long deliveries by pipe took, by the stage.");
        put_histogram(e, v, h, 1e-6, labels, h >= EXPORTER_PIPE ? 2 : 1);
    }
}

static void put_up(struct exposition *e, const struct view *v) {
    if (v->queue == NULL || v->queue_stale)
        return;
    exposition_family(e, EXPOSITION_GAUGE, "postfix_up", "Whether Postfix is running.");
    exposition_sample(e, "path", v->conf->postfix_config_dir, v->queue->postfix_running ? 1 : 0);
}

/* Of each queue also where it is empty, as showq(8) told the exporter of each. */
static void put_showq(struct exposition *e, const struct view *v) {
    static const char *const names[KEEPER_FOLDERS] = {"active", "deferred", "incoming", "hold",
                                                      "maildrop"};
    static const double sizes[] = {1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    static const double ages[] = {1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};

    if (v->queue == NULL || v->queue_stale)
        return;
    exposition_family(e, EXPOSITION_HISTOGRAM, "postfix_showq_message_size_bytes",
                      "Size of the messages that are in the queue now.");
    for (size_t i = 0; i < KEEPER_FOLDERS; i++) {
        const struct keeper_shape *shape = &v->queue->shape[i];
        const struct exposition_label queue = {"queue", names[i]};

        exposition_histogram(e, &queue, 1,
                             &(struct exposition_histogram){sizes, KEEPER_SIZES - 1, shape->size,
                                                            (double)shape->bytes});
    }
    exposition_family(e, EXPOSITION_HISTOGRAM, "postfix_showq_message_age_seconds",
                      "Age of the messages that are in the queue now.");
    for (size_t i = 0; i < KEEPER_FOLDERS; i++) {
        const struct keeper_shape *shape = &v->queue->shape[i];
        const struct exposition_label queue = {"queue", names[i]};

        exposition_histogram(e, &queue, 1,
                             &(struct exposition_histogram){ages, KEEPER_AGES - 1, shape->age,
                                                            (double)shape->seconds});
    }
    exposition_family(e, EXPOSITION_GAUGE, "postfix_showq_queue_depth",
                      "Messages that are in the queue now.");
    exposition_sample(e, "queue", "active", (double)v->queue->active);
    exposition_sample(e, "queue", "deferred", (double)v->queue->deferred);
    exposition_sample(e, "queue", "incoming", (double)v->queue->incoming);
    exposition_sample(e, "queue", "hold", (double)v->queue->hold);
    exposition_sample(e, "queue", "maildrop", (double)v->queue->maildrop);
}

void metricspostfix_put(struct exposition *e, const struct view *v) {
    put_up(e, v);
    put_showq(e, v);
    put_same(e, v);
    for (size_t i = 0; i < sizeof counted / sizeof counted[0]; i++)
        put_counted(e, v, i);
    put_inserted(e, v);
    put_smtp_delays(e, v);
    put_other_delays(e, v);
}
