/* What the last reply to AUTH says of the login. Only a verdict about the login itself may stop it
 * from being tried again; what is about the mechanism, the channel or the moment is something else
 * and wants another cure. Pure. */
#ifndef PROBE_AUTHREPLY_H
#define PROBE_AUTHREPLY_H

#include "probeq.h"

/* `code` is not 334; `text` what follows it, with the enhanced code; terminated. */
enum probe_result authreply_result(unsigned code, const char *text);

#endif
