/* The lines of the daemons at the door: smtpd(8), postscreen(8), pickup(8), cleanup(8). What comes
 * in, who brings it, what is refused. Pure. */
#ifndef LOGIC_LOGDOOR_H
#define LOGIC_LOGDOOR_H

#include "mailev.h"

/* `s` is the message behind its queue id, which is in *out already. They set kind, counters and
 * fields where they know the shape, and leave out->kind alone where they do not. */
void logdoor_smtpd(struct span s, struct mailev *out);
void logdoor_cleanup(struct span s, struct mailev *out);
void logdoor_pickup(struct span s, struct mailev *out);
void logdoor_postscreen(struct span s, struct mailev *out);

/* A warning of smtpd(8), behind "warning: ": a client's failed login, and who it is about. */
void logdoor_warning(struct span s, struct mailev *out);

#endif
