/* Does the kernel's packet filter keep anything out? From what `nft list ruleset` and
 * iptables-save(8) print. Pure. */
#ifndef DOCTOR_RULESET_H
#define DOCTOR_RULESET_H

#include <stdbool.h>

/* Does the chain for what comes in drop or reject, by its policy or by a rule in it? */
bool ruleset_nft_filters(const char *text);
bool ruleset_iptables_filters(const char *text);

#endif
