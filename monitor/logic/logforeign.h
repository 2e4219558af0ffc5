/* What others say of Postfix in the same log: that its lines were dropped (M16), that SELinux denied
 * it something (M15). Pure. */
#ifndef LOGIC_LOGFOREIGN_H
#define LOGIC_LOGFOREIGN_H

#include "diagnosis.h"
#include "text.h"

/* `s` is the tag and the message of a line that is not Postfix's, or absent. */
enum diagnosis logforeign_diagnosis(struct span s);

#endif
