/* A chart of a time line as an HTML figure with SVG in it: columns for what happened, steps for
 * what is measured; an axis with units on either side; a time of which nothing is known is a shaded
 * gap. Words that say the same are in its label for screen readers, each point has a hint for the
 * pointer. No script, no inline style: the page's policy forbids both. Writes into memory. */
#ifndef DAEMON_CHART_H
#define DAEMON_CHART_H

#include <stdio.h>

#include "timeline.h"

enum { CHART_SERIES = 3 };

enum chart_kind {
    CHART_COLUMNS, /* counts, one upon the other */
    CHART_STEPS,   /* counts, a line */
    CHART_TIMES,   /* durations in milliseconds, lines on a logarithmic axis */
};

struct chart_series {
    const char *name;            /* "sent" */
    const char *class;           /* of its colour: "good", "warn", "bad", "one", "two", "three" */
    double value[TIMELINE_MOST]; /* below 0: not known */
};

struct chart {
    const char *id;    /* in the page */
    const char *title; /* "Deliveries, last hour" */
    const char *unit;  /* "recipients a minute"; of CHART_TIMES "" */
    enum chart_kind kind;
    const char *words; /* what it shows, in a sentence */
    size_t count;      /* of series */
    struct chart_series series[CHART_SERIES];
};

void chart_print(FILE *out, const struct chart *chart, const struct timeline *line);

/* The upper end of an axis that holds this value: a round number, whose half is whole, or 1. */
double chart_top(double value);

#endif
