/* /metrics: relaywatch_* of this host, and the names of postfix_exporter (metricspostfix.h), which
 * its users' dashboards query; in OpenMetrics or in the classic text format (exposition.h). What is
 * not known is left out: no series before there is a value, never NaN.
 *
 * The number of series is bounded whatever the log holds: labels are of sets that we know (alerts,
 * queues, sources, ...) or of tables with so many places (logic/exporter.h). */
#ifndef DAEMON_METRICS_H
#define DAEMON_METRICS_H

#include <stdbool.h>

#include "view.h"

/* Series of a whole answer, at most: buckets of histograms each count as one. */
enum { METRICS_SERIES_MOST = 2000 };

/* The text, to be freed with free(). */
char *metrics_print(const struct view *view, bool openmetrics);

#endif
