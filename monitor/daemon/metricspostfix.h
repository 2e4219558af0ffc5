/* The part of /metrics that postfix_exporter's users know: its names, types, labels and buckets. */
#ifndef DAEMON_METRICSPOSTFIX_H
#define DAEMON_METRICSPOSTFIX_H

#include "exposition.h"
#include "view.h"

void metricspostfix_put(struct exposition *e, const struct view *view);

#endif
