/* The page's table of relay hosts: of each smarthost whether it delivers, and by whose fault
 * deliveries failed. */
#ifndef DAEMON_PAGERELAYS_H
#define DAEMON_PAGERELAYS_H

#include <stdio.h>

#include "view.h"

/* Nothing while nothing was delivered. */
void pagerelays_print(FILE *out, const struct view *v);

#endif
