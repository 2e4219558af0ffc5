/* Rules about this host and about relaywatch itself: Postfix, disk, clock, log, milter, Redis,
 * keeper. Each says whether its condition holds and, if so, fills in the finding. Pure. */
#ifndef LOGIC_RULESHOST_H
#define LOGIC_RULESHOST_H

#include "rule.h"

rule_fn ruleshost_postfix_down, ruleshost_queue_damaged, ruleshost_postfix_trouble,
    ruleshost_disk_low, ruleshost_clock_wrong, ruleshost_log_silent, ruleshost_ca_file_gone,
    ruleshost_milter_gone, ruleshost_state_unwritable, ruleshost_duplicate_host,
    ruleshost_store_down, ruleshost_keeper_gone, ruleshost_nobody_told, ruleshost_receiver_failing,
    ruleshost_secret_readable;

/* One area of health (AREA_LOGIN, ...), as the log tells of it. */
enum verdict ruleshost_area(const struct look *look, enum health_area area, struct finding *f);

#endif
