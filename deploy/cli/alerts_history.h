/* `relaywatch alerts history` and `report`: the incidents that relaywatchd keeps. */
#ifndef CLI_ALERTS_HISTORY_H
#define CLI_ALERTS_HISTORY_H

#include <stdbool.h>

#include "conf.h"

int alerts_history(const struct conf *conf, bool as_json);

/* A post-incident report in Markdown. `what`: a number of the history, or an alert's id. */
int alerts_report(const struct conf *conf, const char *what, bool as_json);

#endif
