/* See exposition.h. Numbers are written as Prometheus' own libraries write them: "1" and "1e+06" in
 * the classic text, bounds of buckets as "1.0" in OpenMetrics, so that the series of a histogram
 * are the same as those of an exporter that was there before. */
#include "exposition.h"

#include <string.h>

#include "text.h"

static const char *type_name(const struct exposition *e) {
    switch (e->type) {
    case EXPOSITION_COUNTER:
        return "counter";
    case EXPOSITION_GAUGE:
        return "gauge";
    case EXPOSITION_HISTOGRAM:
        return "histogram";
    case EXPOSITION_UNKNOWN:
        break;
    }
    return e->openmetrics ? "unknown" : "untyped";
}

static const char *total(const struct exposition *e) {
    return e->type == EXPOSITION_COUNTER ? "_total" : "";
}

static const char *unit_of(const char *name) {
    static const char *const units[] = {"seconds", "bytes"};
    size_t n = strlen(name);

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t length = strlen(units[i]);

        if (n > length && name[n - length - 1] == '_' && strcmp(name + n - length, units[i]) == 0)
            return units[i];
    }
    return NULL;
}

void exposition_family(struct exposition *e, enum exposition_type type, const char *name,
                       const char *help) {
    const char *unit = unit_of(name);
    const char *suffix;

    e->family = name;
    e->type = type;
    suffix = e->openmetrics ? "" : total(e);
    fprintf(e->out, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, suffix, help, name, suffix,
            type_name(e));
    if (e->openmetrics && unit != NULL)
        fprintf(e->out, "# UNIT %s %s\n", name, unit);
}

/* ---- labels ---- */

void exposition_escape(char out[EXPOSITION_ESCAPED], const char *text) {
    char plain[EXPOSITION_TEXT];
    size_t n = 0;

    text_copy_printable(plain, sizeof plain, span_of(text)); /* so no newline is left */
    for (const char *p = plain; *p != '\0'; p++) {
        if (*p == '\\' || *p == '"')
            out[n++] = '\\';
        out[n++] = *p;
    }
    out[n] = '\0';
}

static void put_label(FILE *out, char before, const struct exposition_label *label) {
    char text[EXPOSITION_ESCAPED];

    exposition_escape(text, label->value);
    fprintf(out, "%c%s=\"%s\"", before, label->name, text);
}

/* `le`: NULL, or the bound of a bucket. */
static void put_labels(struct exposition *e, const struct exposition_label *labels, size_t count,
                       const char *le) {
    char before = '{';

    for (size_t i = 0; i < count; i++, before = ',')
        put_label(e->out, before, &labels[i]);
    if (le != NULL) {
        fprintf(e->out, "%cle=\"%s\"", before, le);
        before = ',';
    }
    if (before == ',')
        fputc('}', e->out);
}

/* ---- samples ---- */

static void put_sample(struct exposition *e, const char *suffix,
                       const struct exposition_label *labels, size_t count, const char *le,
                       double value) {
    fprintf(e->out, "%s%s", e->family, suffix);
    put_labels(e, labels, count, le);
    fprintf(e->out, " %.17g\n", value);
}

void exposition_labelled(struct exposition *e, const struct exposition_label *labels, size_t count,
                         double value) {
    put_sample(e, total(e), labels, count, NULL, value);
}

void exposition_sample(struct exposition *e, const char *label, const char *text, double value) {
    const struct exposition_label one = {label, text};

    exposition_labelled(e, &one, 1, value);
}

void exposition_value(struct exposition *e, double value) {
    exposition_labelled(e, NULL, 0, value);
}

void exposition_single(struct exposition *e, enum exposition_type type, const char *name,
                       const char *help, double value) {
    exposition_family(e, type, name, help);
    exposition_value(e, value);
}

/* "0.001"; "10" or "10.0"; "1e+06". */
static void bound_text(const struct exposition *e, double bound, char out[32]) {
    text_format(out, 32, "%g", bound);
    if (e->openmetrics && strpbrk(out, ".e") == NULL)
        text_format(out, 32, "%g.0", bound);
}

void exposition_histogram(struct exposition *e, const struct exposition_label *labels, size_t count,
                          const struct exposition_histogram *h) {
    uint64_t below = 0;
    char le[32];

    for (size_t i = 0; i <= h->bounds; i++) {
        below += h->bucket[i];
        if (i < h->bounds)
            bound_text(e, h->bound[i], le);
        else
            text_copy(le, sizeof le, "+Inf");
        put_sample(e, "_bucket", labels, count, le, (double)below);
    }
    put_sample(e, "_sum", labels, count, NULL, h->sum);
    put_sample(e, "_count", labels, count, NULL, (double)below);
}

void exposition_end(struct exposition *e) {
    if (e->openmetrics)
        fputs("# EOF\n", e->out);
}
