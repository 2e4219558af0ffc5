/* The page's part on the past: charts of the last hour and the last two days, why mail waited or
 * came back, and all of it as tables. */
#ifndef DAEMON_PAGEPAST_H
#define DAEMON_PAGEPAST_H

#include <stdio.h>

#include "view.h"

void pagepast_print(FILE *out, const struct view *view);

/* Why mail was put off or returned, the most frequent causes of the last two days. */
void pagepast_print_causes(FILE *out, const struct view *view);

#endif
