/* The page's part on incidents: each alert of late from beginning to end, what it came to, and the
 * command that tells the rest. */
#ifndef DAEMON_PAGEINCIDENTS_H
#define DAEMON_PAGEINCIDENTS_H

#include <stdio.h>

#include "view.h"

void pageincidents_print(FILE *out, const struct view *view);

#endif
