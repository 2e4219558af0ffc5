/* Writes metrics in the form of OpenMetrics 1.0 or in Prometheus' classic text, 0.0.4: the same
 * families and samples, to a stream that is the caller's. A family is begun, then its samples are
 * written:
 *
 *     exposition_family(&e, EXPOSITION_GAUGE, "relaywatch_queue_messages", "Messages in ...");
 *     exposition_sample(&e, 22, "queue", "deferred");
 *
 * A counter's family is named without its _total. Values of labels may be any bytes: what is not
 * printable UTF-8 becomes '?', what the form wants escaped is. Never blocks. */
#ifndef DAEMON_EXPOSITION_H
#define DAEMON_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum exposition_type {
    EXPOSITION_COUNTER,
    EXPOSITION_GAUGE,
    EXPOSITION_HISTOGRAM,
    EXPOSITION_UNKNOWN, /* what postfix_exporter calls a counter and does not name like one */
};

enum { EXPOSITION_TEXT = 256, EXPOSITION_ESCAPED = 2 * EXPOSITION_TEXT };

struct exposition {
    FILE *out;
    bool openmetrics;
    const char *family;
    enum exposition_type type;
};

/* A label and its value. */
struct exposition_label {
    const char *name;
    const char *value;
};

/* `name` is lent until the next family, `help` is a sentence of ours. A unit is told where the name
 * ends in one. */
void exposition_family(struct exposition *e, enum exposition_type type, const char *name,
                       const char *help);

/* A sample of the family with `count` labels. */
void exposition_labelled(struct exposition *e, const struct exposition_label *labels, size_t count,
                         double value);
/* The same with one label, and with none. */
void exposition_sample(struct exposition *e, const char *label, const char *text, double value);
void exposition_value(struct exposition *e, double value);

/* A family with one sample without labels. */
void exposition_single(struct exposition *e, enum exposition_type type, const char *name,
                       const char *help, double value);

struct exposition_histogram {
    const double *bound; /* ascending, without the last, which is infinity */
    size_t bounds;
    const uint64_t *bucket; /* bounds + 1 of them, not cumulative */
    double sum;
};

void exposition_histogram(struct exposition *e, const struct exposition_label *labels, size_t count,
                          const struct exposition_histogram *h);

/* "# EOF" where the form has it. */
void exposition_end(struct exposition *e);

/* The value of a label as it stands between the quotes, cut to what EXPOSITION_TEXT holds. */
void exposition_escape(char out[EXPOSITION_ESCAPED], const char *text);

#endif
