/* Rules about the mail's way: does it go out, does the smarthost take it, does our login work. Each
 * says whether its condition holds and, if so, fills in the finding. Pure. */
#ifndef LOGIC_RULESMAIL_H
#define LOGIC_RULESMAIL_H

#include "rule.h"

rule_fn rulesmail_login_refused, rulesmail_tls_broken, rulesmail_relay_unreachable,
    rulesmail_limit_reached, rulesmail_relay_refuses, rulesmail_nothing_accepted,
    rulesmail_mail_returned, rulesmail_deliveries_fail, rulesmail_queue_growing,
    rulesmail_credential_rejected, rulesmail_mail_unaccounted, rulesmail_limit_near,
    rulesmail_canary_overdue, rulesmail_certificate_expiring, rulesmail_login_unverified,
    rulesmail_login_unconfirmed;

#endif
