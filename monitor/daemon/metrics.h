/* /metrics: the Prometheus text format, version 0.0.4. relaywatch_* and the names that dashboards
 * made for postfix_exporter query. */
#ifndef DAEMON_METRICS_H
#define DAEMON_METRICS_H

#include "view.h"

/* The text, to be freed with free(). */
char *metrics_print(const struct view *view);

#endif
