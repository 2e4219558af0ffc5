/* Where the mail goes: the recipients' domains with the most deliveries (busiest.h), each with how
 * many were sent, put off or bounced. In the totals as k.*. Pure. */
#ifndef LOGIC_DESTINATIONS_H
#define LOGIC_DESTINATIONS_H

#include "busiest.h"
#include "mailev.h"

/* Its figures are "sent", "deferred", "bounced", "missed". */
extern const struct busiest_kind destinations_kind;

/* Notes a delivery; other events and addresses without a domain are nothing. */
void destinations_note(struct busiest *d, const struct mailev *ev);

#endif
