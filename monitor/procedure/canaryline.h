/* The verb C: one line of our own into Postfix's log, by postlog(1), so that it goes the way of all
 * lines (syslog, the journal or postlogd). Who reads it in the log knows that the whole way works.
 * Blocks for one run of postlog. */
#ifndef PROCEDURE_CANARYLINE_H
#define PROCEDURE_CANARYLINE_H

#include "verbs.h"

void canaryline_write(const struct keeper *keeper, struct keeper_reply *reply);

#endif
