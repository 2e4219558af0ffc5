/* Rules about the hosts that share our Redis (fleetsight.h): for the one host that speaks for them.
 * Each says whether its condition holds and, if so, fills in the finding. Pure. */
#ifndef LOGIC_RULESFLEET_H
#define LOGIC_RULESFLEET_H

#include "rule.h"

rule_fn rulesfleet_trouble, rulesfleet_hosts_gone;

#endif
